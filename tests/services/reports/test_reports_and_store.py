"""Reports of a working folder: written signed, noted in the log, compared with the store."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.app.assess import assemble, recorded
from auditor.app.project import load_trust
from auditor.app.reports.checks import compare_report
from auditor.app.reports.outputs import log_reports, write_outputs
from auditor.app.reports.proof import make_proof
from auditor.app.reports.requests import OutputRequest
from auditor.attest.page_signature import sign_page
from auditor.attest.report_parts import read_report
from auditor.attest.report_proof import verify_report_alone
from auditor.attest.result import StepResult, StepVerdict, VerificationReport
from auditor.attest.verify import verify_store
from auditor.core.canonical import digest
from auditor.errors import ConfigError, UsageError
from auditor.keys.file import generate_key
from auditor.render.html import HtmlRenderer
from auditor.render.json_v1 import JsonRenderer
from tests.services.reports.conftest import Office
from tests.unit.app.company import Company, found, target

pytestmark = pytest.mark.service
FORMS = ("pdf", "html", "json", "text")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, office: Office) -> Company:
    made = found(tmp_path_factory.mktemp("store") / "work", target())
    made.configure(timestamping=[office.url])
    made.scan()
    made.scan()
    return made


@pytest.fixture(scope="module")
def run(company: Company) -> str:
    latest = company.project().store.latest()
    assert latest is not None
    return latest.id


@pytest.fixture(scope="module")
def written(company: Company, run: str) -> dict[str, Path]:
    """A report of each format, as `auditor report` writes them."""
    project = company.project()
    certificate = project.loaded.path(project.loaded.config.keys.certificate)
    assert certificate.is_file(), "auditor init makes it"
    lines: list[str] = []
    requests = [OutputRequest(form, company.folder / f"r.{form}") for form in FORMS]
    assessment = assemble(recorded(project.store, run))
    write_outputs(project, assessment, requests, progress=lines.append)
    assert any("r.pdf: signed, PAdES B-T" in line for line in lines), lines
    assert any("r.html: signed with the run key" in line for line in lines), lines
    return {form: company.folder / f"r.{form}" for form in FORMS}


def step_8(company: Company, path: Path) -> StepResult:
    project = company.project()
    trust = load_trust(project.trust_folder)
    now = datetime.now(UTC)
    names = {path.name: digest(path.read_bytes())}
    before = verify_store(project.store.reader(), trust, now=now, reports=names)
    after: VerificationReport = compare_report(path, project.store, before, trust, now)
    return after.steps[8]


@pytest.mark.parametrize("form", FORMS)
def test_a_report_is_what_its_run_gives_also_when_the_log_has_grown(
    form: str, company: Company, written: dict[str, Path]
) -> None:
    step = step_8(company, written[form])
    assert step.verdict in (StepVerdict.OK, StepVerdict.WARNING, StepVerdict.CANNOT_TELL)
    said = "; ".join(note.detail for note in step.notes)
    if form == "pdf":  # the policy of this folder does not know the test's authority
        assert said.startswith("time-stamp: a time-stamp by an unknown authority")
    else:
        assert (step.verdict, said) == (StepVerdict.OK, "")
    assert "other bytes" not in said


def test_an_edited_report_is_unknown_to_the_log(
    company: Company, written: dict[str, Path], tmp_path: Path
) -> None:
    for form, path in written.items():
        edited = tmp_path / f"e.{form}"
        edited.write_bytes(path.read_bytes()[:-40] + b" " + path.read_bytes()[-39:])
        step = step_8(company, edited)
        assert step.verdict is StepVerdict.BAD
        assert step.detail == "the log has recorded no report with these bytes"


def test_bytes_that_were_noted_in_the_log_are_compared_with_what_is_stored(
    company: Company, run: str, tmp_path: Path
) -> None:
    """Who has both keys can note and sign anything; what it carries and shows is compared."""
    project = company.project()
    proof = make_proof(project, run)
    other = make_proof(project, _earlier_run(company))
    assessment = assemble(recorded(project.store, run))
    rendered = HtmlRenderer().render(assessment, proof)
    forged = {
        "is not that of the store": HtmlRenderer().render(assessment, other),
        "not of this log": HtmlRenderer().render(
            assessment, replace(proof, end_proof=_other_head(proof.end_proof))
        ),
        "other bytes": rendered.replace(b"Outcome</h2>", b"0utcome</h2>"),
    }
    for number, (said, page) in enumerate(forged.items()):
        path = tmp_path / f"{number}.html"
        path.write_bytes(sign_page(page, project.run_key()))
        log_reports(project, run, [("html", digest(path.read_bytes()))], print)
        step = step_8(company, path)
        assert step.verdict in (StepVerdict.BAD, StepVerdict.CANNOT_TELL)
        assert any(said in note.detail for note in step.notes), step


def _earlier_run(company: Company) -> str:
    return company.project().store.runs()[-1].id


def _other_head(proof: bytes) -> bytes:
    lines = proof.split(b"\n")
    at = lines.index(b"") + 3
    lines[at] = (b"B" if lines[at][:1] == b"A" else b"A") + lines[at][1:]
    return b"\n".join(lines)


def test_a_page_signed_by_a_key_that_is_not_trusted_is_no_false_ok(
    company: Company, run: str, tmp_path: Path
) -> None:
    project = company.project()
    stranger = generate_key(tmp_path / "k.pem", "ecdsa-p256-sha256")
    assessment = assemble(recorded(project.store, run))
    page = HtmlRenderer().render(assessment, make_proof(project, run))
    path = tmp_path / "s.html"
    path.write_bytes(sign_page(page, stranger))
    log_reports(project, run, [("html", digest(path.read_bytes()))], print)
    step = step_8(company, path)
    assert step.verdict is StepVerdict.CANNOT_TELL
    assert "unknown key" in step.detail


def test_unsigned_on_request_and_without_a_certificate_and_said_so(
    company: Company, run: str, tmp_path: Path
) -> None:
    project = company.project()
    assessment = assemble(recorded(project.store, run))
    requests = [OutputRequest(form, tmp_path / f"u.{form}") for form in ("pdf", "html")]
    lines: list[str] = []
    write_outputs(project, assessment, requests, signed=False, progress=lines.append)
    for request in requests:
        parts = read_report(request.path.read_bytes())
        assert (parts.signed, parts.proof is not None) == (False, True)
        assert step_8(company, request.path).verdict is StepVerdict.OK
    project.loaded.path(project.loaded.config.keys.certificate).rename(tmp_path / "away.crt")
    try:
        write_outputs(project, assessment, requests[:1], progress=lines.append)
    finally:
        (tmp_path / "away.crt").rename(project.loaded.path(project.loaded.config.keys.certificate))
    assert any("not signed, for there is no certificate" in line for line in lines)


def test_a_report_of_a_run_signed_by_a_forgotten_key_is_refused_with_the_next_step(
    company: Company, run: str, tmp_path: Path
) -> None:
    project = company.project()
    new = generate_key(tmp_path / "new.pem", "ecdsa-p256-sha256")
    before = (company.folder / "auditor.yaml").read_text()
    trust = (company.folder / "trust" / "policy.json").read_text()
    company.configure(keys={"run": str(new.path), "log": "keys/log.pem"})
    try:
        assert make_proof(company.project(), run).run_key == project.run_key().public_key
        (company.folder / "trust" / "policy.json").unlink()
        with pytest.raises(ConfigError, match="not known here"):
            make_proof(company.project(), run)
    finally:
        (company.folder / "auditor.yaml").write_text(before)
        (company.folder / "trust" / "policy.json").write_text(trust)
    with pytest.raises(UsageError, match="has no end"):
        make_proof(project, "20200101T000000Z-abcdef")


def test_every_flipped_bit_of_a_signed_page_is_found(office: Office, signed_page: bytes) -> None:
    """By itself, without the store."""
    chance = random.Random(8)  # noqa: S311 - which bits are tried
    trust, now = office.trust(), datetime.now(UTC)
    end = len(signed_page)
    places = chance.sample(range(end), 150) + chance.sample(range(end - 600, end), 150)
    for place in places:
        edited = bytearray(signed_page)
        edited[place] ^= 1 << chance.randrange(8)
        report = verify_report_alone(bytes(edited), trust, now)
        step = report.steps[8]
        assert report.verdict is StepVerdict.BAD, (place - end, step)


def test_a_json_report_alone_tells_nothing(office: Office) -> None:
    data = JsonRenderer().render(office.material.assessment)
    for document in (data, b"plain text"):
        report = verify_report_alone(document, office.trust(), datetime.now(UTC))
        assert {step.verdict for step in report.steps[1:]} == {StepVerdict.CANNOT_TELL}
