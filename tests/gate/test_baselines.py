"""Where baselines and trust may come from, and every way in which one is refused."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from auditor.render.gate.document import DiffDocument, GateDocument
from tests.gate import changes as do
from tests.gate.conftest import Gate
from tests.gate.repository import Repository

GIT = "git:main:baseline.zip"


@pytest.fixture
def runs(change: Repository, auditor: Gate) -> tuple[str, str]:
    """The run of the base, and one of the branch, where a thing regressed and one was mended."""
    (first,) = auditor("run", "list", "--format", "json").json
    do.level("a", 1)(change)
    do.level("b", 4)(change)
    change.commit()
    assert auditor("scan").code == 1
    second = auditor("run", "list", "--format", "json").json[0]
    return first["run"], second["run"]


@pytest.mark.parametrize("name", ["latest", "ID"])
def test_a_run_of_the_ledger_is_a_baseline(
    change: Repository, auditor: Gate, runs: tuple[str, str], name: str
) -> None:
    baseline = f"ledger:{runs[0] if name == 'ID' else name}"
    trust = ("--trust", "git:main")
    said = auditor("gate", "--run", "latest", "--baseline", baseline, *trust, "--format", "json")
    document = GateDocument.model_validate_json(said.out)
    assert said.code == 1
    assert document.baseline is not None
    assert document.baseline.run == runs[0]
    assert [c.resource for c in document.changes if c.new_failure] == ["a"]
    assert (change.folder / "evidence").is_dir()


def test_a_bundle_beside_the_repository_is_a_baseline_packed_or_not(
    change: Repository, auditor: Gate
) -> None:
    bundle = change.folder.parent / "main.zip"
    shutil.copy(change.folder / "baseline.zip", bundle)
    with zipfile.ZipFile(bundle) as file:
        file.extractall(change.folder.parent / "main")
    trust = ("--trust", str(change.folder / "trust"))
    for place in (bundle, bundle.with_suffix("")):
        assert auditor("gate", "--baseline", str(place), *trust).code == 0


def test_an_unpacked_bundle_in_a_commit_is_a_baseline_and_a_link_in_it_is_not(
    change: Repository, auditor: Gate
) -> None:
    with zipfile.ZipFile(change.folder / "baseline.zip") as file:
        file.extractall(change.folder / "unpacked")
    change.git("add", "-f", "unpacked")
    change.commit()
    assert auditor("gate", "--baseline", "git:HEAD:unpacked").code == 0
    (change.folder / "unpacked" / "VERIFY.md").unlink()
    (change.folder / "unpacked" / "VERIFY.md").symlink_to("/etc/hostname")
    change.git("add", "-f", "unpacked/VERIFY.md")
    change.commit()
    said = auditor("gate", "--baseline", "git:HEAD:unpacked")
    assert said.code == 5
    assert "is no plain file" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--baseline", "ledger:latest"), 2, "is not to be taken from the change"),
        (("--baseline", "main.zip"), 2, "is not to be taken from the change"),
        (("--baseline", "main.zip", "--trust", "trust"), 2, "there is no baseline main.zip"),
        (("--baseline", "git:nowhere:baseline.zip"), 2, "git knows no commit"),
        (("--baseline", "git:--upload-pack=x:y"), 2, "git knows no commit"),
        (("--baseline", "git:main:none.zip"), 2, "there is no none.zip"),
        (("--baseline", "git:"), 2, "got --baseline"),
        (("--baseline", "ledger:2001", "--trust", "git:main"), 2, "no run"),
        (("--baseline", GIT, "--trust", "nowhere"), 2, "no trust policy"),
        (("--baseline", GIT, "--fail-on", "everything"), 2, "got --fail-on"),
        (("--baseline", GIT, "--fail-on", "severity=dire"), 2, "severities:"),
        (("--baseline", GIT, "--max-age", "soon"), 2, "--max-age"),
        (("--baseline", GIT, "--output", "json="), 2, "expected FORMAT=FILE"),
        (("--baseline", GIT, "--output", "json=none/x"), 2, "does not exist"),
        (("--baseline", GIT, "--run", "latest", "--manifests", "."), 2, "give no --run"),
    ],
)
def test_what_is_no_baseline_is_said_and_never_passes(
    change: Repository, auditor: Gate, arguments: tuple[str, ...], code: int, says: str
) -> None:
    said = auditor("gate", *arguments)
    assert said.code == code
    assert says in said.err
    assert len(list((change.folder / "evidence" / "runs").iterdir())) == 1, "nothing was scanned"


def test_a_run_is_not_its_own_baseline_and_none_is_before_the_first(
    change: Repository, auditor: Gate
) -> None:
    (only,) = auditor("run", "list", "--format", "json").json
    trust = ("--run", "latest", "--trust", str(change.folder / "trust"))
    itself = auditor("gate", "--baseline", f"ledger:{only['run']}", *trust)
    assert (itself.code, "its own baseline" in itself.err) == (2, True)
    before = auditor("gate", "--baseline", "ledger:latest", *trust)
    assert (before.code, "no complete run" in before.err) == (2, True)


def test_a_gated_run_whose_evidence_was_changed_is_refused(
    change: Repository, auditor: Gate, runs: tuple[str, str]
) -> None:
    for blob in (change.folder / "evidence" / "blobs").rglob("*"):
        if blob.is_file():
            data = blob.read_bytes()
            blob.chmod(0o600)
            blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    said = auditor("gate", "--run", runs[1], "--baseline", GIT)
    assert said.code == 5


def test_all_outputs_are_written_of_the_gate_and_of_the_run(
    change: Repository, auditor: Gate
) -> None:
    do.level("a", 1)(change)
    forms = {"json": "gate", "summary": "sum", "github": "notes", "sarif": "s", "junit": "j"}
    outputs = [f"--output={form}={name}.out" for form, name in forms.items()]
    assert auditor("gate", "--baseline", GIT, *outputs).code == 1
    texts = {form: (change.folder / f"{name}.out").read_text() for form, name in forms.items()}
    GateDocument.model_validate_json(texts["json"])
    assert texts["github"].startswith("::error title=New failure::things-level/thing@one/a")
    assert '"version":"2.1.0"' in texts["sarif"].replace(" ", "")
    assert "<testsuite" in texts["junit"]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "summary"])
def test_no_name_of_a_resource_is_a_command_for_the_log_of_the_job(
    change: Repository, auditor: Gate, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    change.world(
        lambda world: world["world.thing"].append({"name": "##[stop]", "level": 1, "region": "x"})
    )
    elsewhere = auditor("gate", "--baseline", GIT, "--format", form)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = auditor("gate", "--baseline", GIT, "--format", form)
    assert ("##[stop]" in elsewhere.out, "##[" in said.out) == (True, False)
    assert said.code == 1
    if form == "json":
        assert "##[stop]" in {row["resource"] for row in said.json["changes"]}


def test_diff_tells_two_runs_apart_and_finds_nothing_in_equal_ones(
    change: Repository, auditor: Gate, runs: tuple[str, str]
) -> None:
    same = auditor("diff", runs[1], runs[1], "--format", "json").json
    assert (same["changes"], same["policy"]) == ([], [])
    said = auditor("diff", *runs, "--format", "json")
    document = DiffDocument.model_validate_json(said.out)
    assert said.code == 0
    assert [(c.kind.value, c.resource) for c in document.changes] == [("new", "a"), ("fixed", "b")]
    assert "### New (1)" in auditor("diff", *runs, "--format", "markdown").out
    assert "Fixed (1)" in auditor("diff", runs[0]).out
    assert change.folder.is_dir()


def test_a_run_that_was_limited_to_a_selection_hides_nothing_from_the_next(
    change: Repository, auditor: Gate
) -> None:
    """Scan one target alone, then lose the other: the whole run before it is what counts."""
    trust = ("--trust", "git:main", "--fail-on", "any")
    assert auditor("scan").code in {0, 1}
    assert auditor("scan", "--target", "two").code in {0, 1}
    do.world(denied=True)(change)
    said = auditor("gate", "--baseline", "ledger:latest", *trust)
    assert said.code == 3
    newest, limited, whole, _first = auditor("run", "list", "--format", "json").json
    assert f"auditor diff {whole['run']} {newest['run']}" in said.out
    named = auditor(
        "gate", "--run", newest["run"], "--baseline", f"ledger:{limited['run']}", *trust
    )
    assert limited["run"] in named.out
