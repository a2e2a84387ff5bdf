"""Making a signed PDF report last: PAdES B-LTA.

What is needed to check the signature later (certificates, answers on revocation) is put into the
file, and an authority time-stamps the whole. Doing so again before that time-stamp's certificate
ends prolongs it for as long as anybody wants. Standard: ETSI EN 319 142-1, level B-LTA.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from auditor.app.project import Project, load_trust
from auditor.app.reports.outputs import log_reports, write_files
from auditor.app.reports.pdf_signing import RESERVED, time_stamper
from auditor.attest.report_parts import ASSESSMENT, read_report
from auditor.attest.report_pdf import PdfReport, read_pdf
from auditor.attest.report_signature import check_pdf_signature
from auditor.attest.result import Notes, StepVerdict
from auditor.attest.trust import TrustPolicy
from auditor.core.canonical import digest
from auditor.errors import ConfigError, UsageError, VerificationError

if TYPE_CHECKING:
    from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper


@dataclass(frozen=True, slots=True)
class Archived:
    """What was written: the bytes, the authority, and the run that the report is of."""

    data: bytes
    authority: str
    run: str


def archive_report(
    project: Project, report: Path, out: Path, now: datetime, progress: Callable[[str], None]
) -> Archived:
    """Write the archived form of a signed PDF report, and note its digest in the log.

    Args:
        now: Time of the archiving; the certificates must be valid then.
        progress: Told a line for each authority that does not answer.

    Raises:
        UsageError: Not a signed PDF report, or no authority is configured.
        VerificationError: Its signature does not hold: what is wrong is not made to last.
        ConfigError: No authority answers, or the trust policy does not know its root.
    """
    config = project.loaded.config
    if not config.timestamping:
        raise UsageError(
            "there is no time-stamp authority to archive with",
            hint="name one or more under `timestamping` in auditor.yaml",
        )
    data = report.read_bytes()
    trust = load_trust(project.trust_folder)
    proven = _check(data, trust, now)
    made, authority = _with_any(data, trust, proven or now, config.timestamping, progress)
    run = _run_of(read_pdf(made))
    write_files([(out, made)])
    log_reports(project, run, [("pdf", digest(made))], progress)
    return Archived(made, authority, run)


def _check(data: bytes, trust: TrustPolicy, now: datetime) -> datetime | None:
    parts = read_report(data)
    if parts.pdf is None or parts.pdf.signature is None:
        raise UsageError(
            "only a signed PDF report can be archived",
            hint="auditor report --output pdf=FILE signs one",
        )
    notes = Notes()
    proven = check_pdf_signature(parts.pdf, trust, now, notes)
    if notes.verdict is StepVerdict.BAD:
        said = notes.result(0, "", "").detail
        raise VerificationError(f"the report's signature does not hold: {said}")
    return proven


def _run_of(pdf: PdfReport) -> str:
    try:
        return str(orjson.loads(pdf.attachments[ASSESSMENT])["run"])
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise UsageError(f"the PDF carries no assessment: {error}") from error


def _with_any(
    data: bytes,
    trust: TrustPolicy,
    signed_at: datetime,
    authorities: Sequence[str],
    progress: Callable[[str], None],
) -> tuple[bytes, str]:
    """The archived bytes by the first authority that answers."""
    from pyhanko.pdf_utils.misc import PdfError  # slow to import, as all of pyHanko
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.timestamps.common_utils import TimestampRequestError
    from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError

    problem: Exception = ValueError("no authority")
    for url in authorities:
        try:
            return asyncio.run(_extend(data, trust, signed_at, time_stamper(url))), url
        except (PathBuildingError, PathValidationError) as error:
            raise ConfigError(
                f"a certificate does not lead to a root of the trust policy: {error}",
                hint="name the root of the authority in `timestamp_authorities`",
            ) from error
        except (TimestampRequestError, SigningError, PdfError, OSError, ValueError) as error:
            progress(f"no time-stamp from {url}: {error}")
            problem = error
    raise ConfigError("no time-stamp authority answers: nothing was written") from problem


async def _extend(
    data: bytes, trust: TrustPolicy, signed_at: datetime, stamper: RequestsHTTPTimeStamper
) -> bytes:
    """Certificates, answers on revocation and time-stamp, all in one revision of the file."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import InvisSigSettings
    from pyhanko.sign.signers.pdf_signer import TimestampDSSContentSettings
    from pyhanko.sign.validation import DocumentSecurityStore
    from pyhanko.sign.validation.dss import collect_validation_info

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    signature = writer.prev.embedded_signatures[0]
    roots = _roots(trust, signature.signer_cert)
    now = _context(roots, None)
    # A certificate that has ended is checked at the time of the signature, which is proven.
    ended = signature.signer_cert.not_valid_after <= datetime.now(UTC)
    then = _context(roots, signed_at) if ended else now
    paths = await collect_validation_info(signature, then)
    DocumentSecurityStore.supply_dss_in_writer(writer, None, paths=paths, validation_context=then)
    out = io.BytesIO()
    await signers.PdfTimeStamper(
        stamper, invis_settings=InvisSigSettings(set_print_flag=True, set_hidden_flag=False)
    ).async_timestamp_pdf(
        writer,
        "sha256",
        validation_context=now,
        bytes_reserved=RESERVED,
        output=out,
        dss_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
    )
    return out.getvalue()


def _roots(trust: TrustPolicy, signer: Any) -> list[Any]:
    """Roots of time-stamps and certificates; the signer's own where it is pinned by its key."""
    from pyhanko.keys.pemder import load_certs_from_pemder_data

    named = [*trust.timestamp_authorities, *trust.certificate_authorities]
    roots = [next(iter(load_certs_from_pemder_data(item.certificate.encode()))) for item in named]
    return roots if trust.certificate_authorities else [*roots, signer]


def _context(roots: list[Any], moment: datetime | None) -> Any:
    """Certificates are checked at a moment, now where it is None; revocation where they ask it."""
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

    return ValidationContext(
        trust_roots=roots,
        moment=moment,
        allow_fetching=moment is None,
        fetcher_backend=RequestsFetcherBackend(),
        revocation_mode="soft-fail",
    )
