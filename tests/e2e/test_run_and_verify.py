"""One run from end to end: recorded, judged again, verified, and found out when changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.core.canonical import digest
from auditor.keys.file import load_key
from auditor.ledger.checkpoint import log_origin
from auditor.ledger.entries import Report
from auditor.store.local import LocalStore
from tests.e2e.program import auditor, aws_target, working_folder, write_control
from tests.services.aws.faults import FaultProxy, Rule, denied
from tests.services.aws.seed import seed
from tests.services.aws.server import moto_server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("e2e-moto") / "moto.log") as url:
        seed(url)
        yield url


@pytest.fixture(scope="module")
def scanned(cloud: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs over an unchanged account, and an HTML report."""
    folder = tmp_path_factory.mktemp("scanned") / "work"
    working_folder(folder, targets=[aws_target(cloud)])
    for number in (1, 2):
        done = auditor(folder, "scan", "--format", "json", "--output", f"html=r{number}.html")
        assert done.code == 3, done.err  # a stand-in cannot answer everything
        (folder / f"scan{number}.json").write_text(done.out, "utf-8")
    return folder


def test_two_scans_of_unchanged_systems_differ_only_in_run_times_and_digests(
    scanned: Path,
) -> None:
    first, second = (
        auditor(scanned, "run", "show", run["run"], "--format", "json").json
        for run in auditor(scanned, "run", "list", "--format", "json").json
    )
    verdicts = [document.pop("verdicts") for document in (first, second)]
    for document in (first, second):
        for name in ("run", "now", "finished_at", "ledger", "policy"):
            del document[name]
        for finding in document["findings"]:
            del finding["observation"]
        for reading in document["coverage"]["readings"]:
            # The first to ask for a credential report asks once more until it is made.
            for name in ("digest", "read_at", "as_of", "calls"):
                del reading[name]
    assert first == second
    assert verdicts[0] == verdicts[1]


def test_judging_a_recorded_run_again_gives_the_same_bytes(scanned: Path) -> None:
    done = auditor(scanned, "run", "rejudge", "latest", "--format", "json")
    assert done.code == 0
    assert done.json["identical"] is True
    assert done.json["recorded"] == done.json["rejudged"]


def test_judged_at_a_later_moment_the_evidence_is_stale(scanned: Path) -> None:
    done = auditor(scanned, "run", "rejudge", "latest", "--now", "2099-01-01T00:00:00Z")
    assert done.code == 0
    assert "pass -> absent" in done.out


def test_judged_at_an_earlier_moment_is_refused(scanned: Path) -> None:
    done = auditor(scanned, "run", "rejudge", "latest", "--now", "2020-01-01T00:00:00Z")
    assert done.code == 2
    assert "from the future" in done.err


def test_verify_walks_nine_steps_and_holds(scanned: Path) -> None:
    done = auditor(scanned, "verify", "--format", "json")
    assert done.code == 0, done.out
    assert [step["number"] for step in done.json["steps"]] == list(range(9))
    assert done.json["steps"][7]["verdict"] == "ok"


def test_verify_without_trust_cannot_tell(scanned: Path, tmp_path: Path) -> None:
    store = tmp_path / "evidence"
    shutil.copytree(scanned / "evidence", store)
    assert auditor(tmp_path, "verify", str(store)).code == 3
    trusted = auditor(tmp_path, "verify", str(store), "--trust", str(scanned / "trust"))
    assert trusted.code == 0, trusted.out


def test_a_report_with_other_content_is_found_although_the_log_knows_it(scanned: Path) -> None:
    """Somebody with the log's key can note any bytes; what they say is compared as well."""
    store = LocalStore(scanned / "evidence")
    run = store.latest()
    assert run is not None
    honest = auditor(scanned, "report", "--format", "json")
    document = honest.json
    document["counts"]["fail"] = 0
    for name, text, code in (
        ("other.json", json.dumps(document), 5),
        ("other.html", "<p>all is well</p>", 3),
    ):
        path = scanned / name
        path.write_text(text, "utf-8")
        key = load_key(scanned / "keys" / "log.pem")
        note_key = key.note_key(log_origin("My organisation"))
        with store.open_log(key=note_key, sign=key.sign, clock=lambda: datetime.now(UTC)) as log:
            entry = Report(run=run.id, format=path.suffix[1:], digest=digest(text.encode()))
            log.append(entry)
            log.commit()
        done = auditor(scanned, "verify", name)
        assert done.code == code, done.out
        assert name in done.out
        path.unlink()


def test_verify_knows_a_report_and_refuses_an_edited_one(scanned: Path, tmp_path: Path) -> None:
    assert auditor(scanned, "verify", "r1.html").code == 0
    edited = tmp_path / "r1.html"
    edited.write_bytes((scanned / "r1.html").read_bytes().replace(b"fail", b"pass", 1))
    done = auditor(scanned, "verify", str(edited), "--store", ".")
    assert done.code == 5
    assert "r1.html" in done.out


def test_a_flipped_byte_in_any_stored_file_is_exit_5_and_named(
    scanned: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "work"
    shutil.copytree(scanned, copy)
    store = copy / "evidence"
    outside_the_claim = {"index.sqlite", "lock"}
    files = sorted(
        p
        for p in store.rglob("*")
        if p.is_file() and p.name not in outside_the_claim and p.stat().st_size
    )
    kinds = {p.relative_to(store).parts[0] for p in files}
    assert kinds == {"log", "blobs", "runs", "vault"}
    blobs = [p for p in files if p.relative_to(store).parts[0] == "blobs"]
    chosen = [p for p in files if p not in blobs] + blobs[:3]
    for path in chosen:
        original = path.read_bytes()
        middle = len(original) // 2
        changed = original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1 :]
        path.write_bytes(changed)
        done = auditor(copy, "verify", "--format", "json")
        path.write_bytes(original)
        name = str(path.relative_to(store))
        assert done.code == 5, f"{name}: {done.out}"
        bad = [step for step in done.json["steps"] if step["verdict"] == "bad"]
        noted = [note["where"] for step in bad for note in step["notes"]]
        assert any(name in where for where in noted), f"{name}: {noted}"
    assert auditor(copy, "verify").code == 0


def test_everything_denied_but_the_identity_passes_nothing(cloud: str, tmp_path: Path) -> None:
    with FaultProxy(cloud, rules=[Rule(denied, but=("sts",))]) as url:
        folder = working_folder(tmp_path / "work", targets=[aws_target(url)])
        done = auditor(folder, "scan", "--format", "json")
    assert done.code == 3
    document = done.json
    assert document["outcome"] == "incomplete"
    assert document["counts"]["pass"] == 0
    assert document["counts"]["fail"] == 0
    assert {f["status"] for f in document["findings"]} <= {"error"}
    judged = {(f["control"], f["check"]) for f in document["findings"]}
    listed = {(n["control"], n["check"]) for n in document["coverage"]["not_tested"]}
    library = auditor(folder, "controls", "list", "--format", "json").json
    selected = {(c["id"], k["id"]) for c in library for k in c["checks"]}
    assert judged | listed == selected
    aws = {(c["id"], k["id"]) for c in library for k in c["checks"] if k["collector"] == "aws"}
    assert judged == aws - {("account-scope", "accounts"), ("account-scope", "guard-rails")}
    for finding in document["findings"]:
        if finding["cause"] == "incomplete":  # the region that holds the events of IAM is not read
            assert finding["control"] == "privileged-actions", finding
            continue
        assert finding["cause"] == "denied", finding
        assert ":" in finding["action"], finding


def test_an_interrupted_run_stays_visible(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", controls=["library"])
    write_control(folder / "library")
    assert auditor(folder, "scan").code == 0
    (folder / "keys" / "run.pem").write_text("no key", "utf-8")
    done = auditor(folder, "scan")
    assert done.code == 2
    assert "run.pem" in done.err
    assert len(auditor(folder, "run", "list", "--format", "json").json) == 1


def test_encrypted_keys_need_their_passphrase(tmp_path: Path) -> None:
    secret = {"AUDITOR_KEY_PASSPHRASE": "correct horse"}
    done = auditor(tmp_path, "init", "work", "--target", "host", env=secret)
    assert done.code == 0, done.err
    folder = tmp_path / "work"
    assert "ENCRYPTED" in (folder / "keys" / "run.pem").read_text("utf-8")
    config = (folder / "auditor.yaml").read_text("utf-8")
    (folder / "auditor.yaml").write_text(config.replace("package:auditor", "library"), "utf-8")
    write_control(folder / "library")
    refused = auditor(folder, "scan")
    assert refused.code == 2
    assert "AUDITOR_KEY_PASSPHRASE" in refused.err
    assert auditor(folder, "scan", env=secret).code == 0
    assert auditor(folder, "verify").code == 0
