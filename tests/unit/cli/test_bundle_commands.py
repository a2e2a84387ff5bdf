"""`auditor export`, `verify` of a bundle and `reperform`, as they are typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.unit.app.company import CONTROL, Company
from tests.unit.cli.conftest import Auditor


def exported(auditor: Auditor, name: str = "x.zip") -> Path:
    assert auditor("scan", "--output", "json=report.json").code == 1
    done = auditor("export", "--run", "latest", "--report", "report.json", "-o", name)
    assert done.code == 0, done.err
    assert done.out == ""
    assert f"wrote {name}: 1 runs" in done.err
    return Path(name).absolute()


def test_export_verify_and_reperform_go_together(auditor: Auditor, here: Company) -> None:
    path = exported(auditor)
    verified = auditor("verify", str(path), "--trust", "trust", "--format", "json")
    assert verified.code == 0, verified.out
    assert [step["number"] for step in verified.json["steps"]] == list(range(9))
    assert auditor("verify", str(path)).code == 3  # a bundle is not believed by itself
    again = auditor("reperform", str(path))
    assert again.code == 0
    assert "same bytes" in again.out
    assert here.folder == Path.cwd()


def test_a_changed_bundle_is_bad(auditor: Auditor, here: Company) -> None:
    path = exported(auditor)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert auditor("verify", str(path), "--trust", "trust").code == 5
    path.write_bytes(data[:-5])
    done = auditor("verify", str(path), "--trust", "trust")
    assert done.code == 5
    assert "cut off" in done.out
    assert auditor("reperform", str(path)).code == 5
    assert here.folder == Path.cwd()


def test_a_report_for_people_is_rendered_again_from_the_bundle(
    auditor: Auditor, here: Company
) -> None:
    """Nothing of the store is needed: the state of the log at that time is in the proofs."""
    assert auditor("scan", "--output", "html=report.html").code == 1
    assert auditor("scan").code == 1
    first = auditor("run", "list", "--format", "json").json[-1]["run"]
    done = auditor("export", "--run", first, "--report", "report.html", "-o", "x.zip")
    assert done.code == 0, done.err
    verified = auditor("verify", "x.zip", "--trust", "trust", "--format", "json")
    assert verified.code == 0, verified.out
    assert "is what the signed data of run" in verified.json["steps"][8]["detail"]
    report = here.folder / "report.html"
    alone = here.folder.parent / "alone"
    alone.mkdir()
    (alone / "report.html").write_bytes(report.read_bytes())
    beside = auditor("verify", str(alone / "report.html"), "--store", "x.zip", "--trust", "trust")
    assert beside.code == 0, beside.out


def test_the_age_of_a_report_alone_is_asked_for(
    auditor: Auditor, here: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert auditor("scan", "--output", "html=report.html", "--output", "json=report.json").code == 1
    trust = str(here.folder / "trust")
    alone = here.folder.parent / "alone"
    alone.mkdir()
    for name in ("report.html", "report.json"):
        (alone / name).write_bytes((here.folder / name).read_bytes())
    monkeypatch.chdir(alone)
    young = auditor("verify", "report.html", "--trust", trust, "--max-age", "1h")
    assert young.code == 3, young.out  # without the store the rest cannot be told
    old = auditor("verify", "report.html", "--trust", trust, "--max-age", "0s")
    assert old.code == 5
    assert "older than" in old.out
    unknown = auditor("verify", "report.json", "--trust", trust, "--max-age", "0s")
    assert "how old it is, nothing tells" in unknown.out


def test_other_controls_are_compared_in_text_and_json(auditor: Auditor, here: Company) -> None:
    path = exported(auditor)
    library = here.folder / "stricter"
    source = next((here.folder / "library").rglob("control.yaml"))
    document = yaml.safe_load(source.read_text("utf-8"))
    document["checks"][0]["assert"][0]["expr"] = "!resource.ok"
    target = library / "access" / document["id"] / "control.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(yaml.safe_dump(document), "utf-8")
    done = auditor("reperform", str(path), "--controls", "stricter")
    assert done.code == 0, done.err
    assert "2 flip, 0 appear, 0 vanish" in done.out
    assert "fail -> pass" in done.out
    rows = auditor("reperform", str(path), "--controls", "stricter", "--format", "json").json
    assert {row["now"] for row in rows[0]["differences"]} == {"pass", "fail"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "-o", "x.zip"], "choose runs either by"),
        (["export", "--run", "latest", "--period", "2026", "-o", "x.zip"], "choose runs either by"),
        (["export", "--run", "latest", "--only-needed", "-o", "x.zip"], "without --control"),
        (["export", "--run", "latest", "-o", "no/x.zip"], "does not exist"),
        (["export", "--period", "1999", "-o", "x.zip"], "no such run"),
        (["export", "--period", "soon", "-o", "x.zip"], "got period"),
        (["export", "--run", "latest", "--since-size", "99", "-o", "x.zip"], "never had 99"),
        (["verify", "nowhere"], "there is no nowhere"),
        (["verify", ".", "--max-age", "soon"], "--max-age"),
        (["reperform", "nowhere"], "there is no nowhere"),
        (["reperform", "library"], "no working folder"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    auditor: Auditor, here: Company, arguments: list[str], said: str
) -> None:
    assert auditor("scan").code == 1
    done = auditor(*arguments)
    assert done.code == 2, done.err
    assert said in done.err
    assert list(here.folder.glob("*.zip")) == []


def test_age_and_an_earlier_checkpoint_are_asked_for(auditor: Auditor, here: Company) -> None:
    path = exported(auditor)
    assert auditor("verify", str(path), "--trust", "trust", "--max-age", "1h").code == 0
    assert auditor("verify", ".", "--max-age", "0s").code == 5
    head = here.folder / "head"
    head.write_text(auditor("ledger", "checkpoint").out, "utf-8")
    assert auditor("verify", str(path), "--trust", "trust", "--since", "head").code == 0
    assert auditor("scan").code == 1
    assert auditor("export", "--run", "latest", "--since", "head", "-o", "y.zip").code == 0
    assert auditor("verify", "y.zip", "--trust", "trust", "--since", "head").code == 0
    assert auditor("export", "--run", "latest", "-o", "z.zip").code == 0
    assert auditor("verify", "z.zip", "--trust", "trust", "--since", "head").code == 3


def test_a_control_and_a_run_of_a_bundle_can_be_named(auditor: Auditor, here: Company) -> None:
    exported(auditor)
    done = auditor("export", "--control", "things-in-order", "-o", "c.zip")
    assert done.code == 0, done.err
    assert auditor("verify", "c.zip", "--trust", "trust", "--run", "latest").code == 0
    assert auditor("verify", "c.zip", "--trust", "trust", "--run", "20").code == 0
    assert auditor("verify", "c.zip", "--trust", "trust", "--run", "x").code == 2
    assert here.folder == Path.cwd()


def test_what_goes_along_besides_the_chosen_runs_is_told(auditor: Auditor, here: Company) -> None:
    assert auditor("scan").code == 1
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert auditor("scan").code == 1
    period = f"{since}..2999-01-01"
    assert auditor("sample", "--control", CONTROL, "--period", period).code == 0
    done = auditor("export", "--period", period, "-o", "x.zip")
    assert done.code == 0, done.err
    assert "before the period, for its report: policy, verdicts, statements of 1 runs" in done.err
    assert "attestations and samples: 1 blobs, " in done.err
    verified = auditor("verify", "x.zip", "--trust", "trust", "--format", "json")
    assert verified.code == 0, verified.out
    first = here.project().store.runs()[-1].id
    (here.folder / "evidence" / "runs" / first / "statement.sigstore.json").unlink()
    done = auditor("export", "--period", period, "-o", "y.zip")
    assert done.code == 0, done.err
    assert "the report of the period cannot be made from this bundle: " in done.err
