"""What people attested and what samples were drawn of can be read from a bundle."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from auditor.app.evidence.redaction import disclose
from auditor.app.export.choice import Wish
from auditor.app.export.make import Exported, Extras, export
from auditor.app.export.people import RecordSurvey
from auditor.app.export.period import Period
from auditor.app.period.bounds import parse_bounds
from auditor.app.sampling.drawing import SizeWish, draw_sample, freeze
from auditor.app.sampling.records import sample_entries
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.attest.package import MANIFEST, Manifest
from auditor.attest.result import StepVerdict, VerificationReport
from auditor.core.sampling import parse_population
from auditor.ledger.blobs import BlobRef
from auditor.ledger.entries import AttestationRecord, Entry, SampleRecord
from tests.unit.app.bundles import Members, pack, sealed, unpacked
from tests.unit.app.company import ticking
from tests.unit.app.records.people import BEGIN, BOARD, Organisation, found

MINUTES = "minutes of the board"
LATER = BEGIN + timedelta(days=60)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    """The board's review is recorded by the first run; a month later it counts in the second."""
    made = found(tmp_path_factory.mktemp("people") / "work")
    made.attest()
    made.scan()
    later = replace(made, clock=ticking(BEGIN + timedelta(days=30)))
    later.scan()
    return later


@pytest.fixture(scope="module")
def drawn(people: Organisation) -> Organisation:
    """A population of the second run, frozen a fortnight later, and a sample of it."""
    clock = ticking(BEGIN + timedelta(days=45))
    bounds = parse_bounds("2026-11")
    frozen = freeze(people.project(), BOARD, bounds, clock, print)
    draw_sample(people.project(), frozen, "n-1", SizeWish(1), "", clock, print)
    return people


def packed(
    people: Organisation, path: Path, extras: Extras | None = None, wish: Wish | None = None
) -> Exported:
    project = people.project()
    runs = sorted(line.id for line in project.store.runs())
    chosen = extras or Extras(trust=project.trust_folder)
    return export(project.store, wish or Wish(runs=(runs[-1],)), chosen, project.run_key(), path)


def checked(people: Organisation, path: Path) -> VerificationReport:
    trust = people.project().trust_folder
    return verify(find_subject(path), trust=trust, run=None, now=LATER)


def entries(people: Organisation, kind: type) -> list[Entry]:
    return [entry for entry in people.project().store.entries() if isinstance(entry.body, kind)]


def blob(entry: Entry) -> BlobRef:
    return BlobRef.model_validate(entry.body.to_json()["blob"])


def test_an_attestation_recorded_before_the_run_goes_along_with_its_documents(
    drawn: Organisation, tmp_path: Path
) -> None:
    done = packed(drawn, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    said, attached = entries(drawn, AttestationRecord)
    texts = [gzip.decompress(members[blob(entry).path]).decode() for entry in (said, attached)]
    assert f"check: {BOARD}" in texts[0]
    assert texts[1] == MINUTES
    assert {said.index, attached.index} <= set(Manifest.parse(members[MANIFEST]).entries)
    refs = [blob(said), blob(attached), *_populations(drawn)]
    assert (done.records, done.record_bytes) == (3, sum(ref.size for ref in refs))
    guide = members["VERIFY.md"].decode()
    assert f"entry {attached.index}: `{blob(attached).path}`, {len(MINUTES)} bytes" in guide


def _populations(people: Organisation) -> list[BlobRef]:
    found_ = sample_entries(people.project().store)
    return [logged.freeze.blob for logged in found_ if logged.freeze is not None]


def test_a_population_frozen_after_the_run_goes_along_with_its_draw(
    drawn: Organisation, tmp_path: Path
) -> None:
    period = Period(BEGIN + timedelta(days=27), BEGIN + timedelta(days=35))
    packed(drawn, tmp_path / "x.zip", wish=Wish(period=period))
    members = unpacked(tmp_path / "x.zip")
    (population,) = _populations(drawn)
    document = parse_population(gzip.decompress(members[population.path]))
    assert document["control"] == BOARD.partition("/")[0]
    manifest = Manifest.parse(members[MANIFEST])
    assert {entry.index for entry in entries(drawn, SampleRecord)} <= set(manifest.indexes)
    report = checked(drawn, tmp_path / "x.zip")
    assert report.steps[6].verdict is StepVerdict.OK, report.steps[6]


def test_a_changed_document_is_found(drawn: Organisation, tmp_path: Path) -> None:
    packed(drawn, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    path = blob(entries(drawn, AttestationRecord)[1]).path
    members[path] = gzip.compress(b"other minutes", mtime=0)
    step = _sealed(drawn, members, tmp_path).steps[6]
    assert (step.verdict, step.where) == (StepVerdict.BAD, path)


def _sealed(people: Organisation, members: Members, folder: Path) -> VerificationReport:
    """The verification of these members, signed anew by somebody who holds the run key."""
    other = sealed(members, people.project().run_key())
    return checked(people, pack(other, folder / "y.zip"))


def test_a_document_that_is_gone_without_a_word_cannot_be_told(
    drawn: Organisation, tmp_path: Path
) -> None:
    packed(drawn, tmp_path / "x.zip")
    members = unpacked(tmp_path / "x.zip")
    path = blob(entries(drawn, AttestationRecord)[1]).path
    del members[path]
    step = _sealed(drawn, members, tmp_path).steps[6]
    assert (step.verdict, step.where) == (StepVerdict.CANNOT_TELL, path)
    assert "neither here nor said to be left out" in step.detail


def test_redaction_leaves_attached_documents_out_and_names_their_size(
    drawn: Organisation, tmp_path: Path
) -> None:
    extras = Extras(
        trust=drawn.project().trust_folder, disclose=partial(disclose, show=()), attachments=False
    )
    done = packed(drawn, tmp_path / "x.zip", extras)
    members = unpacked(tmp_path / "x.zip")
    said, attached = entries(drawn, AttestationRecord)
    assert blob(said).path in members
    assert blob(attached).path not in members
    document = f"an attached document of {len(MINUTES)} bytes"
    assert [(item.path, item.reason) for item in done.left_out] == [
        (blob(attached).path, f"{document}, which redaction cannot look into")
    ]
    report = checked(drawn, tmp_path / "x.zip")
    assert report.steps[6].verdict is StepVerdict.OK, report.steps[6]
    notes = [note.detail for note in report.steps[1].notes]
    assert any(document in note for note in notes)


def test_attestations_of_another_control_or_time_stay_out(drawn: Organisation) -> None:
    during = Period(BEGIN + timedelta(days=27), BEGIN + timedelta(days=35))
    after = Period(BEGIN + timedelta(days=400), BEGIN + timedelta(days=410))
    log = list(drawn.project().store.entries())

    def wanted(moments: Period, control: str | None = None) -> set[int]:
        survey = RecordSurvey(moments, control)
        for entry in log:
            survey.take(entry)
        return survey.wanted

    every = {e.index for e in [*entries(drawn, AttestationRecord), *entries(drawn, SampleRecord)]}
    assert wanted(during) == wanted(during, BOARD.partition("/")[0]) == every
    assert wanted(during, "another") == set()
    assert wanted(after) == set()


def test_entries_that_cannot_be_read_go_along() -> None:
    reference = BlobRef.model_validate(
        {
            "digest": f"sha256:{hashlib.sha256(b'x').hexdigest()}",
            "size": 1,
            "stored": {"encoding": "gzip", "digest": f"sha256:{'0' * 64}", "size": 9},
        }
    )
    said = AttestationRecord(
        fields={"attestation": "A", "valid_until": "some day", "blob": reference.model_dump()}
    )
    survey = RecordSurvey(Period(BEGIN, LATER), "mfa")
    survey.take(Entry(3, "0" * 64, BEGIN, said))
    assert survey.wanted == {3}
    (one,) = survey.within([3])
    assert (one.control, one.blob) == ("", reference)
