"""`auditor archive`: B-LTA, in one revision, prolonged, and refused where it would be of no use."""

from __future__ import annotations

import asyncio
import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.keys.pemder import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from auditor.app.project import load_trust
from auditor.app.reports.archive import archive_report
from auditor.app.reports.outputs import write_outputs
from auditor.app.reports.requests import OutputRequest
from auditor.attest.report_proof import verify_report_alone
from auditor.attest.result import StepVerdict
from auditor.attest.trust import Authority, TrustPolicy
from auditor.core.canonical import digest
from auditor.errors import ConfigError, UsageError, VerificationError
from auditor.ledger.entries import Report
from tests.e2e.program import auditor
from tests.services.reports.conftest import Office
from tests.unit.app.company import Company, found, target

pytestmark = pytest.mark.service


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def working(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A working folder whose authorities are those of the office, and a signed report."""
    company = found(tmp_path_factory.mktemp("archive") / "work", target())
    company.configure(timestamping=[office.url])
    project = company.project()
    certificate = office.root.issue_for_reports(project.run_key().public_key, office.url)
    (company.folder / "keys" / "run.crt").write_text(certificate)
    begin = now() - timedelta(days=30)
    root = Authority(name="root", certificate=office.root.pem, not_before=begin)
    policy = company.folder / "trust" / "policy.json"
    trust = TrustPolicy.parse(policy.read_text()).model_copy(
        update={"timestamp_authorities": (root,), "certificate_authorities": (root,)}
    )
    policy.write_text(trust.to_json())
    request = OutputRequest("pdf", company.folder / "report.pdf")
    write_outputs(project, company.scan(), [request])
    return company


def test_an_archived_report_holds_by_our_own_and_by_pyhankos_judgement(
    office: Office, working: Company
) -> None:
    project = working.project()
    report, out = working.folder / "report.pdf", working.folder / "archived.pdf"
    made = archive_report(project, report, out, now(), print)
    data = out.read_bytes()
    assert data == made.data
    assert data.startswith(report.read_bytes())
    logged = [e.body for e in project.store.entries() if isinstance(e.body, Report)]
    assert (logged[-1].digest, logged[-1].run) == (digest(data), made.run)
    reader = PdfFileReader(io.BytesIO(data))
    assert reader.xrefs.total_revisions == 3  # the report, its signature, DSS with time-stamp
    assert "/DSS" in reader.root
    _check_by_pyhanko(office, data)
    steps = verify_report_alone(data, load_trust(project.trust_folder), now()).steps
    assert "signed by a trusted run key, time-stamped at" in steps[8].detail
    edited = bytearray(data)
    edited[-20] ^= 1
    edited_report = verify_report_alone(bytes(edited), None, now())
    assert edited_report.verdict is StepVerdict.BAD
    archive_report(project, out, working.folder / "again.pdf", now(), print)
    _check_by_pyhanko(office, (working.folder / "again.pdf").read_bytes())


def _check_by_pyhanko(office: Office, data: bytes) -> None:
    roots = list(load_certs_from_pemder_data(office.root.pem.encode()))
    manager: SimpleTrustManager = SimpleTrustManager.build(trust_roots=roots)
    policy = CertValidationPolicySpec(
        trust_manager=manager,
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require")),
    )
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(cert_validation_policy=policy))
    signature = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
    result = asyncio.run(ades_lta_validation(signature, spec))
    assert result.ades_subindic is AdESPassed.OK, result.failure_msg


def test_a_verification_with_the_store_accepts_report_and_archived_form(working: Company) -> None:
    done = auditor(working.folder, "archive", "report.pdf", "-o", "kept.pdf")
    assert (done.code, "PAdES B-LTA" in done.err) == (0, True), done.err
    for name in ("report.pdf", "kept.pdf"):
        step = auditor(working.folder, "verify", name, "--format", "json").json["steps"][8]
        assert step["verdict"] == "ok", step


def test_what_cannot_or_must_not_be_archived_is_refused(
    office: Office, working: Company, tmp_path: Path
) -> None:
    project = working.project()
    out = tmp_path / "out.pdf"
    for data in (office.pdf, b"{}"):
        (tmp_path / "in").write_bytes(data)
        with pytest.raises(UsageError, match="only a signed PDF report"):
            archive_report(project, tmp_path / "in", out, now(), print)
    edited = bytearray((working.folder / "report.pdf").read_bytes())
    edited[-20] ^= 1
    (tmp_path / "in").write_bytes(bytes(edited))
    with pytest.raises(VerificationError):
        archive_report(project, tmp_path / "in", out, now(), print)
    assert not out.exists()


def test_without_an_authority_that_answers_nothing_is_written(
    working: Company, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    shutil.copytree(working.folder, folder)
    company = Company(folder, working.clock)
    lines: list[str] = []
    for urls, error, said in (
        ([], UsageError, "no time-stamp authority"),
        (["http://127.0.0.1:9/"], ConfigError, "no time-stamp authority answers"),
    ):
        company.configure(timestamping=urls)
        with pytest.raises(error, match=said):
            archive_report(
                company.project(), folder / "report.pdf", tmp_path / "o.pdf", now(), lines.append
            )
    assert lines[0].startswith("no time-stamp from http://127.0.0.1:9/")
    assert not (tmp_path / "o.pdf").exists()
