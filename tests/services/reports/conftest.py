"""One run with its proof, and its reports: rendered, signed and time-stamped once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.app.reports.pdf_signing import SignedPdf, sign_pdf
from auditor.attest.page_signature import sign_page
from auditor.attest.trust import Authority, TrustPolicy
from auditor.render.html import HtmlRenderer
from auditor.render.pdf import PdfRenderer
from tests.services.reports.authority import Issuer, time_stamp_authority
from tests.services.reports.material import Material, make_material


@dataclass(frozen=True)
class Office:
    """Everything that a signed report comes from.

    Args:
        url: Of the time-stamp authority.
        certificate: Of the run key, by `root`.
    """

    folder: Path
    material: Material
    root: Issuer
    url: str
    certificate: str
    page: bytes
    pdf: bytes

    def trust(self, **changes: object) -> TrustPolicy:
        """The policy of somebody who trusts the keys and both authorities."""
        begin = datetime.now(UTC) - timedelta(days=30)
        known = Authority(name="root", certificate=self.root.pem, not_before=begin)
        return self.material.trust.model_copy(
            update={"timestamp_authorities": (known,), "certificate_authorities": (known,)}
            | changes
        )

    def sign(self, *urls: str) -> SignedPdf:
        lines: list[str] = []
        return sign_pdf(self.pdf, self.material.run_key, self.certificate, urls, lines.append)


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    material = make_material(folder)
    root = Issuer.create("Example root")
    with time_stamp_authority(folder / "tsa", root) as url:
        yield Office(
            folder,
            material,
            root,
            url,
            root.issue_for_reports(material.run_key.public_key, url) + root.pem,
            HtmlRenderer().render(material.assessment, material.proof),
            PdfRenderer(findings=20).render(material.assessment, material.proof),
        )


@pytest.fixture(scope="session")
def signed_page(office: Office) -> bytes:
    return sign_page(office.page, office.material.run_key)


@pytest.fixture(scope="session")
def signed_pdf(office: Office) -> bytes:
    """PAdES B-T."""
    made = office.sign(office.url)
    assert made.authority == office.url
    return made.data
