"""Each step of verification: what it calls ok, a warning, undecidable and bad."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.attest.bundle import Bundle
from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.attest.trust import Required, TrustPolicy
from auditor.attest.verify import verify_store
from auditor.core.canonical import digest
from auditor.errors import (
    ConfigError,
    StoreError,
    UndecidableError,
    UsageError,
    VerificationError,
)
from auditor.keys.file import generate_key
from auditor.ledger.checkpoint import Checkpoint, sign_checkpoint
from auditor.ledger.entries import (
    GENESIS,
    Collect,
    Entry,
    KeyRecord,
    LogBody,
    Report,
    RunAbort,
    RunEnd,
    RunStart,
    Verdicts,
    WaiverRecord,
    entry_digest,
)
from auditor.ledger.journal import encode_frame
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.note import Note, NoteKey, NoteSignature
from auditor.ledger.tiles import ENTRIES, TileEdge, TileName, encode_bundle
from tests.unit.store.building import (
    BEGIN,
    LATER,
    ORIGIN,
    MemoryReader,
    Site,
    rejudge,
    sign,
)

OK, WARNING, CANNOT_TELL, BAD = StepVerdict


@dataclasses.dataclass
class Case:
    """A store in memory, with the keys that made it."""

    site: Site
    files: dict[str, bytes]

    def verify(
        self,
        files: dict[str, bytes] | None = None,
        *,
        trust: TrustPolicy | str | None = "own",
        run: str | None = None,
        judge: Callable[[RunRecord], bytes] | None = rejudge,
        now: datetime = LATER,
        remembered: bytes | None = None,
        reports: dict[str, str] | None = None,
    ) -> VerificationReport:
        return verify_store(
            MemoryReader(self.files if files is None else files),
            self.site.trust if isinstance(trust, str) else trust,
            run=run,
            rejudge=judge,
            now=now,
            remembered=remembered,
            reports=reports,
        )

    def without(self, *paths: str) -> dict[str, bytes]:
        return {path: data for path, data in self.files.items() if path not in paths}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    site = Site(tmp_path_factory.mktemp("site"))
    site.record_run("run-1", [b"one", b"two"])
    site.record_run("run-2", [b"three"])
    return Case(site, site.files())


FORGED_AT = BEGIN + timedelta(hours=1)


def forged(case: Case, bodies: list[LogBody], files: dict[str, bytes] | None = None) -> Case:
    """A log with other entries, properly chained and signed by the real log key."""
    entries: list[bytes] = []
    edge = TileEdge()
    for index, body in enumerate(bodies):
        prev = entry_digest(entries[-1]) if entries else GENESIS
        entries.append(Entry(index, prev, FORGED_AT, body).to_bytes())
        edge.append(hash_leaf(entries[-1]))
    kept = {path: data for path, data in case.files.items() if not path.startswith("log/")}
    tiles = {f"log/{tile.name.path}": tile.data for tile in edge.partial_tiles()}
    bundle = {f"log/{TileName(ENTRIES, 0, len(entries)).path}": encode_bundle(entries)}
    head = Checkpoint(ORIGIN, len(entries), edge.root())
    key = case.site.log_key
    signed = sign_checkpoint(head, key.note_key(ORIGIN), key.sign).to_bytes()
    log = tiles | (bundle if entries else {}) | {"log/checkpoint": signed}
    return Case(case.site, kept | log | (files or {}))


def bodies(case: Case) -> list[LogBody]:
    return [entry.body for entry in case.site.store.entries()]


def verdicts(report: VerificationReport) -> list[StepVerdict]:
    return [step.verdict for step in report.steps]


def details(report: VerificationReport, number: int) -> list[str]:
    return [note.detail for note in report.steps[number].notes]


# Steps 0 and 1


def test_without_trust_nothing_that_is_signed_is_ok(case: Case) -> None:
    report = case.verify(trust=None)
    assert [verdicts(report)[step] for step in (0, 2, 5)] == [CANNOT_TELL] * 3
    assert [verdicts(report)[step] for step in (3, 4, 6, 7, 8)] == [OK] * 5
    assert report.exit_code == 3


def test_keys_of_the_future_cannot_be_judged(case: Case) -> None:
    assert verdicts(case.verify(now=BEGIN - timedelta(days=1)))[0] is CANNOT_TELL


def test_files_that_do_not_belong_are_named(case: Case) -> None:
    extra = ["log/tile/0/000.tmp", "log/note.txt", "blobs/sha256/x", "runs/run-1/extra", "other"]
    report = case.verify(case.files | dict.fromkeys(extra, b""))
    named = {note.where for step in report.steps for note in step.notes}
    assert named >= set(extra[:-1])
    assert "other" not in named
    assert report.exit_code == 0


def test_a_blob_that_no_entry_names_is_told(case: Case) -> None:
    path = "blobs/sha256/00/" + "0" * 62
    assert case.verify(case.files | {path: b""}).steps[6].where == path


def frame(number: int) -> bytes:
    return encode_frame(Entry(number, GENESIS, BEGIN, RunAbort(run="r", reason="x")).to_bytes())


@pytest.mark.parametrize(
    ("journal", "verdict", "detail"),
    [
        (b"", OK, ""),
        (frame(901) + frame(902), WARNING, "2 entries are not under a checkpoint yet"),
        (frame(1)[:-1], WARNING, "bytes of an entry that was not finished"),
        (b"\x00" + frame(1)[1:-2] + b"!!" + frame(2), BAD, "damaged"),
    ],
)
def test_the_journal_is_looked_at(
    case: Case, journal: bytes, verdict: StepVerdict, detail: str
) -> None:
    report = case.verify(case.files | {"log/journal": journal})
    assert report.steps[1].verdict is verdict
    assert detail in report.steps[1].detail


class ClosedReader(MemoryReader):
    """Some paths cannot be listed or read."""

    def __init__(self, files: dict[str, bytes], closed: str) -> None:
        super().__init__(files)
        self.closed = closed

    def paths(self, folder: str) -> Iterator[str]:
        if folder == self.closed:
            raise StoreError("denied", where=folder)
        return super().paths(folder)

    def chunks(self, path: str) -> Iterator[bytes]:
        if path == self.closed:
            raise StoreError("denied", where=path)
        return super().chunks(path)


def test_a_folder_that_cannot_be_listed_is_never_ok(case: Case) -> None:
    reader = ClosedReader(case.files, "runs")
    report = verify_store(reader, case.site.trust, now=LATER)
    assert verdicts(report)[1:] == [CANNOT_TELL] * 8
    assert "not reached" in report.steps[2].detail


def test_a_blob_that_cannot_be_read_is_never_ok(case: Case) -> None:
    path = next(path for path in case.files if path.startswith("blobs/"))
    report = verify_store(
        ClosedReader(case.files, path), case.site.trust, rejudge=rejudge, now=LATER
    )
    assert (report.steps[6].verdict, report.steps[6].where) == (CANNOT_TELL, path)
    assert report.exit_code == 3


# Step 2


def test_a_missing_checkpoint_is_bad_and_ends_the_search(case: Case) -> None:
    report = case.verify(case.without("log/checkpoint"))
    assert (report.steps[2].verdict, report.steps[2].where) == (BAD, "log/checkpoint")
    assert verdicts(report)[3:] == [CANNOT_TELL] * 6


def test_another_log_key_is_an_unknown_signer(case: Case, tmp_path: Path) -> None:
    other = Site(tmp_path).trust
    report = case.verify(trust=other)
    assert [verdicts(report)[step] for step in (2, 3, 5)] == [WARNING, CANNOT_TELL, CANNOT_TELL]
    assert report.exit_code == 3


def test_the_trusted_key_of_another_log_is_bad(case: Case) -> None:
    trust = case.site.trust.model_copy(update={"origin": "other/log"})
    assert "trusted is 'other/log'" in case.verify(trust=trust).steps[2].detail


def required(case: Case, **names: Any) -> TrustPolicy:
    return case.site.trust.model_copy(update={"required": Required(**names)})


def test_what_the_policy_requires_is_bad_or_undecided_when_missing(case: Case) -> None:
    assert verdicts(case.verify(trust=required(case, witnesses=1)))[2] is BAD
    assert verdicts(case.verify(trust=required(case, remembered_head=True)))[2] is CANNOT_TELL
    assert verdicts(case.verify(trust=required(case, timestamp=True)))[5] is BAD


def test_a_cosignature_by_an_unknown_witness_is_named_and_does_not_hurt(case: Case) -> None:
    note = Note.parse(case.files["log/checkpoint"])
    line = NoteSignature("witness.example", b"0123", b"x" * 72)
    cosigned = Note(note.text, (*note.signatures, line)).to_bytes()
    files = case.files | {"log/checkpoint": cosigned}
    report = case.verify(files)
    assert report.steps[2].verdict is WARNING
    assert any("witness.example" in text for text in details(report, 2))
    assert case.verify(files, trust=required(case, witnesses=1)).steps[2].verdict is BAD


def head(case: Case, size: int, root: bytes = bytes(32), origin: str = ORIGIN) -> bytes:
    key = case.site.log_key
    return sign_checkpoint(
        Checkpoint(origin, size, root), key.note_key(origin), key.sign
    ).to_bytes()


def test_a_log_that_continues_the_remembered_head_has_no_warning_of_it(case: Case) -> None:
    texts = details(case.verify(remembered=case.files["log/checkpoint"]), 2)
    assert texts == ["no witness has cosigned the checkpoint"]
    assert case.verify(remembered=case.files["log/checkpoint"], trust=None).exit_code == 3


@pytest.mark.parametrize(
    ("size", "message"), [(3, "does not continue"), (9_999, "cut off"), (0, "does not continue")]
)
def test_a_log_that_was_rewritten_or_cut_since_is_bad(case: Case, size: int, message: str) -> None:
    root = bytes(32) if size else bytes.fromhex(entry_digest(b""))
    report = case.verify(remembered=head(case, size, root))
    if size == 0:
        assert report.steps[2].verdict is WARNING
        return
    assert (report.steps[2].verdict, report.steps[2].where) == (BAD, "log/checkpoint")
    assert message in report.steps[2].detail


def test_a_remembered_head_of_another_log_or_key_does_not_pass(case: Case, tmp_path: Path) -> None:
    report = case.verify(remembered=head(case, 3, origin="other/log"), trust=None)
    assert report.steps[2].verdict is BAD
    other = Case(Site(tmp_path), {})
    assert case.verify(remembered=head(other, 3)).steps[2].verdict is CANNOT_TELL


def test_a_tile_missing_for_the_consistency_proof_is_named(case: Case) -> None:
    path = next(path for path in case.files if path.startswith("log/tile/0/"))
    files = {name: data for name, data in case.files.items() if "tile/0/" not in name}
    report = case.verify(files, remembered=head(case, 3))
    assert report.steps[2].verdict is BAD
    assert report.steps[2].where.startswith(path.rpartition("/")[0])


# Step 3


@pytest.mark.parametrize("level", ["entries", "0"])
def test_a_missing_file_of_the_log_is_named(case: Case, level: str) -> None:
    last = sorted(path for path in case.files if path.startswith(f"log/tile/{level}/"))
    current = max(last, key=lambda path: int(path.rpartition("/")[2]))
    report = case.verify(case.without(current))
    assert (report.steps[3].verdict, report.steps[3].where) == (BAD, current)


def test_with_entries_and_hashes_both_gone_the_first_is_named(case: Case) -> None:
    files = {path: data for path, data in case.files.items() if "/tile/" not in path}
    report = case.verify(files)
    assert report.steps[3].where.startswith("log/tile/entries/000.p/")


def test_a_checkpoint_of_another_root_is_named_when_entries_and_tiles_agree(case: Case) -> None:
    size = len(bodies(case))
    report = case.verify(case.files | {"log/checkpoint": head(case, size)})
    assert (report.steps[3].verdict, report.steps[3].where) == (BAD, "log/checkpoint")


def test_a_huge_size_ends_at_the_first_missing_file(case: Case) -> None:
    report = case.verify(case.files | {"log/checkpoint": head(case, 2**53 - 1)})
    assert report.exit_code == 5


def test_entries_and_hashes_changed_alike_are_not_the_signed_log(case: Case) -> None:
    other = forged(case, [*bodies(case)[:-1], RunAbort(run="x", reason="y")])
    files = other.files | {"log/checkpoint": case.files["log/checkpoint"]}
    assert case.verify(files).steps[3].verdict is BAD


def test_entries_and_hashes_changed_differently_are_both_named(case: Case) -> None:
    files = dict(case.files)
    changed = [path for path in files if path.endswith(f".p/{len(bodies(case))}")]
    assert len(changed) == 2
    for path in changed:
        files[path] = files[path][:-1] + bytes([files[path][-1] ^ 1])
    named = {note.where for note in case.verify(files).steps[3].notes}
    assert named >= set(changed)


def test_files_past_the_checkpoint_are_a_commit_under_way(case: Case) -> None:
    paths = [path for path in case.files if path.endswith(f".p/{len(bodies(case))}")]
    more = {path.rpartition("/")[0] + "/200": case.files[path] for path in paths}
    report = case.verify(case.files | {path: b"" for path in more if "entries" in path})
    assert report.steps[3].verdict is WARNING
    assert "past the checkpoint" in report.steps[3].detail


def test_a_full_bundle_that_replaced_the_partial_one_meanwhile_is_read(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.record_run("run-1", [b"one"])
    small = site.files()
    site.record_run("run-2", [b"%d" % number for number in range(300)])
    files = site.files() | {"log/checkpoint": small["log/checkpoint"]}
    report = Case(site, files).verify(run="run-1")
    assert (report.steps[3].verdict, report.exit_code) == (WARNING, 0)


def test_a_broken_chain_under_a_good_root_is_bad(case: Case) -> None:
    edge = TileEdge()
    entries = [
        Entry(index, GENESIS, BEGIN, RunAbort(run="r", reason="x")).to_bytes() for index in range(2)
    ]
    for data in entries:
        edge.append(hash_leaf(data))
    files = {f"log/{tile.name.path}": tile.data for tile in edge.partial_tiles()}
    files["log/tile/entries/000.p/2"] = encode_bundle(entries)
    files["log/checkpoint"] = head(case, 2, edge.root())
    report = case.verify(files)
    assert report.steps[3].where == "log/tile/entries/000.p/2"
    assert "entry 1: `prev`" in report.steps[3].detail
    assert verdicts(report)[4:] == [CANNOT_TELL] * 5


def test_the_log_names_its_own_keys(case: Case, tmp_path: Path) -> None:
    other = generate_key(tmp_path / "x.pem", "ed25519").note_key(ORIGIN)
    record = KeyRecord(use="log", action="introduce", key=other.vkey, since=BEGIN)
    report = forged(case, [record]).verify()
    assert (report.steps[3].verdict, report.steps[3].where) == (BAD, "log/checkpoint")
    assert "keys that the log itself names" in report.steps[3].detail
    no_key = record.model_copy(update={"key": "5"})
    broken = forged(case, [no_key]).verify()
    assert "entry 0" in broken.steps[3].detail
    other_use = forged(case, [no_key.model_copy(update={"use": "run"})]).verify()
    assert other_use.steps[3].verdict is BAD


def test_a_log_key_that_was_not_valid_any_more_is_bad(case: Case) -> None:
    key = case.site.trust.log_keys[0].model_copy(update={"not_after": BEGIN + timedelta(seconds=3)})
    unused = key.model_copy(update={"vkey": NoteKey(ORIGIN, bytes(32)).vkey})
    trust = case.site.trust.model_copy(update={"log_keys": (unused, key)})
    report = case.verify(trust=trust)
    assert (report.steps[3].verdict, report.steps[3].where) == (BAD, "log/checkpoint")
    assert "was not valid" in report.steps[3].detail


def test_entries_from_the_future_cannot_be_judged(case: Case) -> None:
    assert (
        "after the time of verification"
        in case.verify(now=BEGIN - timedelta(minutes=2)).steps[3].detail
    )


def test_one_blob_named_in_two_ways_is_bad(case: Case) -> None:
    start = next(body for body in bodies(case) if isinstance(body, RunStart))
    stored = start.policy.stored.model_copy(update={"size": 1})
    other = start.policy.model_copy(update={"stored": stored})
    report = forged(case, [start, start.model_copy(update={"policy": other})]).verify()
    assert "stored otherwise than before" in report.steps[3].detail


def test_blobs_named_in_free_entries_are_checked(case: Case) -> None:
    start = next(body for body in bodies(case) if isinstance(body, RunStart))
    present = WaiverRecord(fields={"blob": start.policy.model_dump(mode="json")})
    digest_of_none = "sha256:" + "0" * 64
    lost = start.policy.model_copy(update={"digest": digest_of_none}).model_dump(mode="json")
    report = forged(
        case, [present, WaiverRecord(fields={"blob": lost}), WaiverRecord(fields={"blob": "x"})]
    ).verify()
    assert details(report, 6)[0] == "the file is missing"
    assert report.steps[6].where.startswith("blobs/sha256/00/")


# Step 4


def test_a_log_without_runs_is_never_ok(case: Case) -> None:
    assert forged(case, []).verify().steps[4].verdict is CANNOT_TELL


def test_a_run_that_is_not_there_is_a_usage_error(case: Case) -> None:
    with pytest.raises(UsageError, match="run-3"):
        case.verify(run="run-3")


def test_unfinished_and_aborted_runs_are_told_and_disorder_is_bad(case: Case) -> None:
    start = next(body for body in bodies(case) if isinstance(body, RunStart))
    start = start.model_copy(update={"now": FORGED_AT})
    aborted = RunAbort(run=start.run, reason="power cut")
    assert "has no end" in forged(case, [start]).verify().steps[4].detail
    assert "power cut" in forged(case, [start, aborted]).verify().steps[4].detail
    report = forged(case, [aborted]).verify()
    assert report.steps[4].verdict is BAD
    assert report.steps[4].detail == "run run-1: entry 0: the run has not started"


def changed(case: Case, kind: type[LogBody], **changes: object) -> Case:
    """The log of run-1 and run-2 with one entry of run-1 changed by somebody with the log key."""
    old = bodies(case)
    at = next(number for number, body in enumerate(old) if isinstance(body, kind))
    old[at] = old[at].model_copy(update=changes)
    return forged(case, old)


def test_a_run_judged_after_its_end_is_bad(case: Case) -> None:
    report = changed(case, RunStart, now=LATER).verify()
    assert "judged at" in report.steps[4].detail


# Step 5


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (RunStart, {"now": BEGIN}, "now is"),
        (Verdicts, {"counts": {"pass": 2}}, "counts is"),
        (RunEnd, {"outcome": "failing"}, "outcome is"),
        (RunEnd, {"statement": "sha256:" + "0" * 64}, "another digest"),
    ],
)
def test_a_log_that_says_other_than_the_statement_is_bad(
    case: Case, kind: type[LogBody], changes: dict[str, object], message: str
) -> None:
    report = changed(case, kind, **changes).verify()
    assert report.steps[5].where == "runs/run-1/statement.sigstore.json"
    assert message in report.steps[5].detail


def test_evidence_swapped_in_the_log_is_not_that_of_the_statement(case: Case) -> None:
    verdict = next(body for body in bodies(case) if isinstance(body, Verdicts))
    report = changed(case, Collect, blob=verdict.blob).verify()
    assert "subjects are not" in report.steps[5].detail


def test_a_run_moved_to_another_place_in_the_log_is_bad(case: Case) -> None:
    report = forged(case, bodies(case)[1:]).verify()
    assert "log is" in report.steps[5].detail


def with_statement(case: Case, data: bytes) -> Case:
    path = "runs/run-1/statement.sigstore.json"
    moved = changed(case, RunEnd, statement=digest(data))
    return Case(case.site, moved.files | {path: data})


def test_a_statement_by_an_unknown_key_cannot_be_judged(case: Case, tmp_path: Path) -> None:
    site = Site(tmp_path)
    entries = bodies(case)
    start, verdict = entries[1], next(body for body in entries if isinstance(body, Verdicts))
    assert isinstance(start, RunStart)
    collects = [body for body in entries if isinstance(body, Collect) and body.run == "run-1"]
    data = site.statement(start, 1, collects, verdict)
    report = with_statement(case, data).verify()
    assert report.steps[5].verdict is CANNOT_TELL
    assert "unknown key" in report.steps[5].detail


def test_a_statement_of_another_type_is_bad(case: Case) -> None:
    data = sign(b"{}", case.site.run_key).replace(
        b"application/vnd.in-toto+json", b"application/vnd.in-toto+jsox"
    )
    assert "payload type" in with_statement(case, data).verify().steps[5].detail


def test_a_run_key_that_was_not_valid_is_bad(case: Case) -> None:
    key = case.site.trust.run_keys[0].model_copy(update={"not_before": BEGIN + timedelta(days=30)})
    trust = case.site.trust.model_copy(update={"run_keys": (key,)})
    assert "was not valid" in case.verify(trust=trust).steps[5].detail


def test_a_time_stamp_that_is_none_is_bad(case: Case) -> None:
    bundle = Bundle.parse(case.files["runs/run-1/statement.sigstore.json"])
    stamped = dataclasses.replace(bundle, timestamps=(b"token",)).to_bytes()
    report = with_statement(case, stamped).verify()
    assert report.steps[5].verdict is BAD
    assert "not DER" in report.steps[5].detail


# Steps 6 to 8


def test_one_run_is_verified_with_its_own_blobs_only(case: Case) -> None:
    body = next(body for body in bodies(case) if isinstance(body, Collect) and body.run == "run-2")
    files = case.without(body.blob.path)
    assert case.verify(files, run="run-1").exit_code == 0
    report = case.verify(files, run="run-2")
    assert (report.steps[6].verdict, report.steps[6].where) == (BAD, body.blob.path)
    assert report.steps[7].verdict is CANNOT_TELL


def test_a_run_without_an_end_has_its_blobs_checked(case: Case) -> None:
    first = bodies(case)[:3]
    report = forged(case, first).verify(run="run-1")
    assert report.steps[6].detail == "2 blobs have the digests that the log names"
    assert forged(case, [RunAbort(run="r", reason="x")]).verify(run="r").steps[6].verdict is OK


def raising(error: Exception) -> Callable[[RunRecord], bytes]:
    def judge(_record: RunRecord) -> bytes:
        raise error

    return judge


@pytest.mark.parametrize(
    ("judge", "verdict", "message"),
    [
        (None, WARNING, "were not judged again"),
        (lambda _record: b"other", BAD, "the verdicts are others"),
        (raising(VerificationError("forged", where="x")), BAD, "forged"),
        (raising(UndecidableError("another engine")), CANNOT_TELL, "another engine"),
        (raising(ConfigError("no library")), CANNOT_TELL, "no library"),
    ],
)
def test_judging_again(
    case: Case,
    judge: Callable[[RunRecord], bytes] | None,
    verdict: StepVerdict,
    message: str,
) -> None:
    report = case.verify(judge=judge)
    assert report.steps[7].verdict is verdict
    assert message in report.steps[7].detail


def test_a_judgement_sees_policy_and_observations(case: Case) -> None:
    seen: list[tuple[str, bytes, list[bytes]]] = []

    def judge(record: RunRecord) -> bytes:
        seen.append((record.run, record.policy, list(record.observations())))
        return rejudge(record)

    assert case.verify(judge=judge).exit_code == 0
    assert seen == [
        ("run-1", b'{"controls":[],"engine":"cel 0"}', [b"one", b"two"]),
        ("run-2", b'{"controls":[],"engine":"cel 0"}', [b"three"]),
    ]


def test_given_reports_are_compared_with_the_log(case: Case) -> None:
    recorded = next(body for body in bodies(case) if isinstance(body, Report))
    assert case.verify(reports={"a.html": recorded.digest}).steps[8].verdict is OK
    report = case.verify(reports={"a.html": "sha256:" + "0" * 64})
    assert (report.steps[8].verdict, report.steps[8].where) == (BAD, "a.html")


def test_a_report_that_is_gone_from_the_store_is_named(case: Case) -> None:
    report = case.verify(case.without("runs/run-1/report.html"))
    assert (report.steps[8].verdict, report.steps[8].where) == (BAD, "runs/run-1/report.html")


def test_a_report_kept_elsewhere_is_not_missed(case: Case) -> None:
    assert changed(case, Report, file=None).verify(run="run-1").steps[8].verdict is OK


def test_evidence_without_a_checkpoint_has_no_ground() -> None:
    evidence = Evidence(MemoryReader({}), None, None, None, LATER)
    with pytest.raises(VerificationError, match="no checkpoint"):
        _ = evidence.checkpoint
    assert evidence.runs() == []


def test_a_run_that_judges_at_another_moment_than_it_began_is_bad(case: Case) -> None:
    start = next(body for body in bodies(case) if isinstance(body, RunStart))
    for apart in (timedelta(minutes=11), timedelta(minutes=-11)):
        moved = start.model_copy(update={"now": FORGED_AT + apart})
        report = forged(case, [moved]).verify()
        assert report.steps[4].verdict is BAD
        assert "began at" in report.steps[4].detail


def test_one_run_that_has_no_end_cannot_be_verified(case: Case) -> None:
    start = next(body for body in bodies(case) if isinstance(body, RunStart))
    start = start.model_copy(update={"now": FORGED_AT})
    report = forged(case, [start]).verify(run=start.run)
    assert report.steps[4].verdict is CANNOT_TELL
    assert report.exit_code == 3
