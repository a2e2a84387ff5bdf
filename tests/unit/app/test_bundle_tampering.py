"""Whatever is changed in a bundle is found; and a whole forgery is never ok."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.app.export.choice import Wish
from auditor.app.export.controls import readable_controls
from auditor.app.export.make import Extras
from auditor.app.subject import find_subject
from auditor.app.verifying import rejudge_record, verify
from auditor.attest.evidence import Evidence
from auditor.attest.package import MANIFEST, OWN, SIGNATURE, SUMS, Manifest, Span
from auditor.attest.result import VerificationReport
from auditor.attest.trust import TrustPolicy
from auditor.attest.verify import PACKAGE_STEPS, take_steps
from auditor.core.canonical import canonical, parse_canonical
from auditor.errors import ExitCode, VerificationError
from auditor.keys.file import generate_key
from tests.unit.app.bundles import (
    LATER,
    Members,
    check,
    make,
    on_day,
    pack,
    sealed,
    unpacked,
    with_report,
)
from tests.unit.app.company import Company, found, target
from tests.unit.store.building import MemoryReader


@dataclass(frozen=True)
class Made:
    """A company and its bundle."""

    company: Company
    members: Members
    trust: TrustPolicy
    run: str

    def verify(self, members: Members) -> VerificationReport:
        """Without a zip file around it: faults of zip files are another test's matter."""
        evidence = Evidence(
            reader=_All(members),
            trust=self.trust,
            run=None,
            rejudge=lambda record: rejudge_record(record, self.trust.approvers),
            now=LATER,
            readable=readable_controls,
        )
        return take_steps(evidence, PACKAGE_STEPS)


class _All(MemoryReader):
    def paths(self, folder: str) -> Iterator[str]:
        return iter(sorted(self.files)) if not folder else super().paths(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    base = tmp_path_factory.mktemp("tampering")
    company = found(base / "work", target())
    on_day(company, 0)
    run = on_day(company, 10)
    report = with_report(company, run, base / "report.json", 11)
    on_day(company, 20)
    path = base / "x.zip"
    trust = company.project().trust_folder
    make(company, Wish(runs=(run,)), path, Extras(reports=(report,), since_sizes=(4,), trust=trust))
    policy = TrustPolicy.parse((trust / "policy.json").read_text("utf-8"))
    return Made(company, unpacked(path), policy, run)


def test_the_bundle_itself_is_ok_and_has_every_kind_of_member(made: Made) -> None:
    report = made.verify(made.members)
    assert report.exit_code is ExitCode.OK, report.to_json()
    kinds = {name.partition("/")[0] for name in made.members}
    assert kinds == {
        "blobs", "consistency", "controls", "entries", "log", "proofs", "reports", "runs",
        "trust", "VERIFY.md", *OWN,
    }  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_one_changed_bit_in_any_member_is_found(made: Made, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(made.members)))
    at = data.draw(st.integers(0, 8 * len(made.members[name]) - 1))
    changed = bytearray(made.members[name])
    changed[at // 8] ^= 1 << at % 8
    report = made.verify({**made.members, name: bytes(changed)})
    assert report.exit_code in {ExitCode.INTEGRITY, ExitCode.INCOMPLETE}, (name, at)


@pytest.mark.parametrize("change", ["gone", "cut", "longer", "empty"])
def test_a_member_that_is_gone_cut_or_longer_is_found(made: Made, change: str) -> None:
    for name, data in made.members.items():
        members = dict(made.members)
        del members[name]
        if change != "gone":
            members[name] = {"cut": data[:-1], "longer": data + b"\n", "empty": b""}[change]
        assert made.verify(members).exit_code is ExitCode.INTEGRITY, name


def test_a_member_that_the_manifest_does_not_list_is_found(made: Made) -> None:
    report = made.verify({**made.members, "reports/other.pdf": b"%PDF"})
    assert report.steps[1].where == "reports/other.pdf"
    assert report.exit_code is ExitCode.INTEGRITY


def test_a_listed_member_without_a_place_in_a_bundle_is_found(made: Made) -> None:
    members = sealed({**made.members, "etc/passwd": b"root"}, made.company.project().run_key())
    assert made.verify(members).steps[1].where == "etc/passwd"


# What an insider can do who holds the run key, but not the log's: the manifest always fits.
Edit = Callable[[Made, Members], None]


def _swap(one: str, two: str) -> Edit:
    def edit(_made: Made, members: Members) -> None:
        names = sorted(members)
        first = next(name for name in names if re.fullmatch(one, name))
        second = next(name for name in names if re.fullmatch(two, name) and name != first)
        members[first], members[second] = members[second], members[first]

    return edit


def _json(pattern: str, **changes: object) -> Edit:
    def edit(_made: Made, members: Members) -> None:
        name = next(name for name in sorted(members) if re.fullmatch(pattern, name))
        document = parse_canonical(members[name])
        assert isinstance(document, dict)
        members[name] = canonical({**document, **changes})

    return edit


def _drop(pattern: str) -> Edit:
    def edit(_made: Made, members: Members) -> None:
        del members[next(name for name in sorted(members) if re.fullmatch(pattern, name))]

    return edit


def _other_controls(_made: Made, members: Members) -> None:
    name = next(name for name in members if name.endswith("control.yaml"))
    members[name] = members[name].replace(b"severity: high", b"severity: info")


def _extra_controls(_made: Made, members: Members) -> None:
    members["controls/0123456789ab/mfa/control.yaml"] = b"id: mfa\n"


def _extra_entry(_made: Made, members: Members) -> None:
    members["entries/1.json"] = members["entries/0.json"]


INSIDER: dict[str, tuple[Edit, int, ExitCode]] = {
    "entry edited": (_json(r"entries/6\.json", time="2026-04-10T12:00:01Z"), 3, ExitCode.INTEGRITY),
    "entry dropped": (_drop(r"entries/7\.json"), 3, ExitCode.INTEGRITY),
    "entry added": (_extra_entry, 3, ExitCode.INTEGRITY),
    "entries swapped": (_swap(r"entries/6\.json", r"entries/7\.json"), 3, ExitCode.INTEGRITY),
    "proofs swapped": (_swap(r"proofs/.*", r"proofs/.*"), 3, ExitCode.INTEGRITY),
    "proof dropped": (_drop(r"proofs/7.*"), 3, ExitCode.INTEGRITY),
    "blobs swapped": (_swap(r"blobs/.*", r"blobs/.*"), 6, ExitCode.INTEGRITY),
    "statement dropped": (_drop(r"runs/.*"), 5, ExitCode.INTEGRITY),
    "controls otherwise": (_other_controls, 6, ExitCode.INCOMPLETE),
    "controls invented": (_extra_controls, 6, ExitCode.INTEGRITY),
    "checkpoint edited": (
        lambda _made, m: m.update({"log/checkpoint": m["log/checkpoint"].replace(b"\n1", b"\n2")}),
        2,
        ExitCode.INTEGRITY,
    ),
}


@pytest.mark.parametrize("name", INSIDER)
def test_what_an_insider_without_the_logs_key_changes_is_found(made: Made, name: str) -> None:
    edit, step, code = INSIDER[name]
    members = dict(made.members)
    edit(made, members)
    report = made.verify(sealed(members, made.company.project().run_key()))
    assert report.exit_code is code, report.to_json()
    worst = [item.number for item in report.steps if item.verdict is report.verdict]
    assert step in worst, worst


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"runs": ["nobody"]}, "no entry tells of"),
        ({"origin": "other/auditor-log"}, "another checkpoint"),
        ({"size": 10**6}, ""),
        ({"entries": []}, ""),
    ],
)
def test_a_manifest_that_does_not_fit_the_log_is_found(
    made: Made, changes: dict[str, object], match: str
) -> None:
    report = made.verify(sealed(made.members, made.company.project().run_key(), **changes))
    assert report.exit_code is ExitCode.INTEGRITY
    assert match in report.steps[3].detail


def test_a_span_that_cuts_a_run_is_found(made: Made) -> None:
    manifest = Manifest.parse(made.members[MANIFEST])
    span = Span(first=manifest.span.first + 1, last=manifest.span.last)
    entries = sorted([*manifest.entries, manifest.span.first])
    key = made.company.project().run_key()
    report = made.verify(sealed(made.members, key, span=span, entries=entries))
    assert "its beginning is not in the span" in report.steps[3].detail
    span = Span(first=manifest.span.first, last=manifest.span.last - 1)
    entries = sorted([*manifest.entries, manifest.span.last])
    report = made.verify(sealed(made.members, key, span=span, entries=entries))
    assert "its end is not in the span" in report.steps[3].detail


def test_a_manifest_signed_by_an_unknown_key_cannot_be_told(made: Made, tmp_path: Path) -> None:
    stranger = generate_key(tmp_path / "k.pem", "ecdsa-p256-sha256")
    report = made.verify(sealed(made.members, stranger))
    assert report.exit_code is ExitCode.INCOMPLETE
    assert "unknown key" in report.steps[1].detail


def test_without_a_trust_policy_nothing_is_ok(made: Made, tmp_path: Path) -> None:
    path = pack(made.members, tmp_path / "x.zip")
    report = verify(find_subject(path), trust=None, run=None, now=LATER)
    assert report.exit_code is ExitCode.INCOMPLETE


def test_a_bundle_forged_as_a_whole_is_never_ok(made: Made, tmp_path: Path) -> None:
    """Everything genuine in itself, by somebody of the same name with other keys."""
    forger = found(tmp_path / "forger", target())
    run = on_day(forger, 10)
    make(forger, Wish(runs=(run,)), tmp_path / "x.zip")
    assert check(forger, tmp_path / "x.zip").exit_code is ExitCode.OK
    report = made.verify(unpacked(tmp_path / "x.zip"))
    assert report.exit_code in {ExitCode.INTEGRITY, ExitCode.INCOMPLETE}
    assert check(made.company, tmp_path / "x.zip").exit_code is report.exit_code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"schema":"bundle-1","schema":"bundle-1"}',
        b'{"size":' + b"9" * 5000 + b"}",
        b'{"origin":"\xff\xfe"}',
        b'{"origin":"\\ud800"}',
        b"null",
    ],
)
def test_a_hostile_manifest_is_bad_and_nothing_else(made: Made, data: bytes) -> None:
    report = made.verify({**made.members, MANIFEST: data})
    assert report.steps[1].where == MANIFEST
    assert report.exit_code is ExitCode.INTEGRITY


@pytest.mark.parametrize(
    "name", [SIGNATURE, SUMS, "log/checkpoint", "entries/6.json", "proofs/6.tlog-proof"]
)
@pytest.mark.parametrize("data", [b"[" * 100_000, b"\xff" * 100, b"9" * 300_000, b"\n\n\n"])
def test_hostile_bytes_in_any_member_are_bad_and_nothing_else(
    made: Made, name: str, data: bytes
) -> None:
    key = made.company.project().run_key()
    members = {**made.members, name: data}
    if name not in OWN:
        members = sealed(members, key)
    assert made.verify(members).exit_code is ExitCode.INTEGRITY


def _manifest(made: Made, **changes: object) -> bytes:
    return Manifest.parse(made.members[MANIFEST]).model_copy(update=changes).to_bytes()


def test_a_manifest_with_a_list_out_of_order_or_beyond_the_log_is_refused(made: Made) -> None:
    manifest = Manifest.parse(made.members[MANIFEST])
    wrong: list[dict[str, object]] = [
        {"members": manifest.members[::-1]},
        {"members": [*manifest.members, manifest.members[-1]]},
        {"runs": ["b", "a"]},
        {"entries": [manifest.span.first]},
        {"entries": [manifest.size]},
        {"span": Span(first=5, last=4)},
        {"span": Span(first=0, last=manifest.size)},
        {"span": Span(first=0, last=2**40), "size": 2**41, "entries": []},
    ]
    for changes in wrong:
        with pytest.raises(VerificationError):
            Manifest.parse(_manifest(made, **changes))
