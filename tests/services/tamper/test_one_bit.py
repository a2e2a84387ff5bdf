"""One changed bit is never unseen: in any file of a store, of a bundle, or in a report.

Every kind of file is as likely as any other, however few there are of it. `index.sqlite` can be
rebuilt and is outside the claim; so are the lock and files that are being written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.app.export.controls import readable_controls
from auditor.app.project import load_trust
from auditor.app.subject import find_subject
from auditor.app.verifying import rejudge_record, verify
from auditor.attest.evidence import Evidence
from auditor.attest.report_proof import check_report
from auditor.attest.result import StepVerdict
from auditor.attest.verify import PACKAGE_STEPS, STORE_STEPS, Step, take_steps
from auditor.errors import ExitCode
from tests.unit.app.bundles import pack, unpacked
from tests.unit.store.building import MemoryReader
from tests.vectors.tamper.story import Honest

pytestmark = pytest.mark.service
NOT_CLAIMED = {"index.sqlite", "lock"}
KINDS = {
    "store": (
        "log/checkpoint", "log/journal", "log/tile/0", "log/tile/entries", "blobs", "vault",
        "statement.sigstore.json", "statement.1.tsr",
    ),
    "bundle": (
        "blobs", "consistency", "controls", "entries", "log/checkpoint", "proofs", "reports",
        "runs", "trust", "vault", "VERIFY.md", "manifest.json", "manifest.json.sig", "SHA256SUMS",
    ),
}  # fmt: skip


class Members(MemoryReader):
    """Files in memory; no folder means all."""

    def paths(self, folder: str) -> Iterator[str]:
        return iter(sorted(self.files)) if not folder else super().paths(folder)


@dataclass(frozen=True)
class Kept:
    """The honest store and bundle in memory."""

    honest: Honest
    store: Mapping[str, bytes] = field(repr=False)
    bundle: Mapping[str, bytes] = field(repr=False)

    def verify(self, files: Mapping[str, bytes], steps: tuple[Step, ...]) -> ExitCode:
        trust = load_trust(self.honest.trust)
        evidence = Evidence(
            reader=Members(dict(files)),
            trust=trust,
            run=None,
            rejudge=lambda record: rejudge_record(record, trust.approvers),
            now=self.honest.now,
            remembered=(self.honest.folder / "earlier" / "checkpoint").read_bytes(),
            readable=readable_controls,
        )
        return take_steps(evidence, steps).exit_code


@pytest.fixture(scope="module")
def kept(honest: Honest) -> Kept:
    folder = honest.work / "evidence"
    store = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in NOT_CLAIMED
    }
    return Kept(honest, store, unpacked(honest.folder / "full.zip"))


def of_kind(files: Mapping[str, bytes], kind: str) -> list[str]:
    """The files that a kind means: a path, a folder, or a name."""
    return sorted(
        name
        for name, data in files.items()
        if data and (name == kind or name.startswith(f"{kind}/") or name.endswith(f"/{kind}"))
    )


def flipped(data: st.DataObject, files: Mapping[str, bytes], kinds: tuple[str, ...]) -> str:
    """The name of a file, whose copy in the result has one changed bit."""
    kind = data.draw(st.sampled_from(kinds))
    return str(data.draw(st.sampled_from(of_kind(files, kind))))


def one_bit(data: st.DataObject, content: bytes) -> bytes:
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(changed)


def kinds_there(files: Mapping[str, bytes], wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind for kind in wanted if of_kind(files, kind))


def test_every_file_is_of_a_kind_and_the_untouched_are_ok(kept: Kept) -> None:
    for files, name, steps in (
        (kept.store, "store", STORE_STEPS),
        (kept.bundle, "bundle", PACKAGE_STEPS),
    ):
        covered = {path for kind in KINDS[name] for path in of_kind(files, kind)}
        assert covered == {path for path, data in files.items() if data}
        assert kept.verify(files, steps) is ExitCode.OK


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_one_changed_bit_in_any_file_of_a_store_is_found(kept: Kept, data: st.DataObject) -> None:
    kinds = kinds_there(kept.store, KINDS["store"])
    name = flipped(data, kept.store, kinds)
    files = {**kept.store, name: one_bit(data, kept.store[name])}
    assert kept.verify(files, STORE_STEPS) is not ExitCode.OK, name


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_one_changed_bit_in_any_member_of_a_bundle_is_found(
    kept: Kept, data: st.DataObject
) -> None:
    name = flipped(data, kept.bundle, KINDS["bundle"])
    files = {**kept.bundle, name: one_bit(data, kept.bundle[name])}
    assert kept.verify(files, PACKAGE_STEPS) is not ExitCode.OK, name


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, 2**24), bit=st.integers(0, 7))
def test_one_changed_bit_in_the_zip_file_itself_is_found(
    kept: Kept, at: int, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The packing too: names, sizes, dates and whatever else a zip file says twice."""
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    content = bytearray((kept.honest.folder / "bundle.zip").read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)
    report = verify(find_subject(path), trust=kept.honest.trust, run=None, now=kept.honest.now)
    assert report.exit_code is not ExitCode.OK


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(form=st.sampled_from(["html", "pdf"]), at=st.integers(0, 2**20), bit=st.integers(0, 7))
def test_one_changed_bit_in_a_signed_report_breaks_its_signature(
    kept: Kept, form: str, at: int, bit: int
) -> None:
    content = bytearray((kept.honest.folder / "reports" / f"report.{form}").read_bytes())
    content[at % len(content)] ^= 1 << bit
    step = check_report(bytes(content), load_trust(kept.honest.trust), kept.honest.now)
    assert step.verdict in {StepVerdict.BAD, StepVerdict.CANNOT_TELL}


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_untouched_reports_have_good_signatures(kept: Kept, form: str) -> None:
    content = (kept.honest.folder / "reports" / f"report.{form}").read_bytes()
    step = check_report(content, load_trust(kept.honest.trust), kept.honest.now)
    assert step.verdict is StepVerdict.OK, step


def test_a_bundle_packed_again_as_it_is_stays_ok(kept: Kept, tmp_path: Path) -> None:
    """So that what is found above is the bit, not the packing."""
    path = pack(kept.bundle, tmp_path / "x.zip")
    assert kept.verify(unpacked(path), PACKAGE_STEPS) is ExitCode.OK
