"""Insiders with both keys: what came into a report between rendering and signing is found."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from auditor.app.assess import assemble, recorded
from auditor.app.reports.checks import compare_report
from auditor.app.reports.outputs import log_reports
from auditor.app.reports.pdf_signing import sign_pdf
from auditor.app.reports.proof import make_proof
from auditor.attest.page_signature import sign_page
from auditor.attest.report_pdf import read_pdf
from auditor.attest.report_revision import check_only_signed
from auditor.attest.result import StepVerdict
from auditor.attest.trust import TrustPolicy
from auditor.attest.verify import verify_store
from auditor.core.canonical import digest
from auditor.errors import VerificationError
from auditor.render.html import HtmlRenderer
from tests.services.reports.conftest import Office
from tests.unit.app.company import found, target

pytestmark = pytest.mark.service
Change = Callable[[Any], None]


def paint(writer: Any) -> None:
    """Another content for the first page."""
    reference = writer.find_page_for_modification(0)[0]
    content = writer.add_object(StreamObject(stream_data=b"BT (no exceptions noted) Tj ET"))
    reference.get_object()[NameObject("/Contents")] = content
    writer.mark_update(reference)


def retitle(writer: Any) -> None:
    info = writer.trailer_view.raw_get("/Info")
    info.get_object()[NameObject("/Title")] = TextStringObject("No exceptions noted")
    writer.mark_update(info.reference)


def cover(writer: Any) -> None:
    """A note over the first page, beside the field of the signature."""
    number: Any = NumberObject
    make: Any = DictionaryObject
    kind = {"/Type": NameObject("/Annot"), "/Subtype": NameObject("/FreeText")}
    area = ArrayObject(number(n) for n in (0, 0, 600, 800))
    shown = make({NameObject(k): v for k, v in {**kind, "/Rect": area}.items()})
    reference = writer.find_page_for_modification(0)[0]
    annotations = ArrayObject([writer.add_object(shown)])
    reference.get_object()[NameObject("/Annots")] = annotations
    writer.mark_update(reference)


def changed(pdf: bytes, change: Change) -> bytes:
    """The file with a revision of its own."""
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def signed_with(office: Office, change: Change) -> bytes:
    """The change is in the very revision of the signature."""
    from pyhanko.sign import signers
    from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter

    from auditor.app.reports.pdf_signing import _load_chain, _port_signer

    writer: Any = IncrementalPdfFileWriter(io.BytesIO(office.pdf))
    change(writer)
    key, out = office.material.run_key, io.BytesIO()
    settings = InvisSigSettings(set_print_flag=True, set_hidden_flag=False)
    signers.sign_pdf(
        writer,
        signers.PdfSignatureMetadata(
            field_name="auditor", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        ),
        signer=_port_signer(key, _load_chain(office.certificate, key)),
        new_field_spec=SigFieldSpec("auditor", invis_sig_settings=settings),
        output=out,
    )
    return out.getvalue()


def test_a_file_that_was_only_signed_holds(office: Office, signed_pdf: bytes) -> None:
    check_only_signed(signed_pdf, office.pdf)
    check_only_signed(office.sign().data, office.pdf)


@pytest.mark.parametrize("change", [paint, retitle, cover])
def test_a_revision_between_rendering_and_signing_is_found(office: Office, change: Change) -> None:
    pdf = changed(office.pdf, change)
    key = office.material.run_key
    data = sign_pdf(pdf, key, office.certificate, [], lambda _line: None).data
    assert read_pdf(data).signature is not None, "as a signed PDF it is in order"
    with pytest.raises(VerificationError, match="between rendering and signing"):
        check_only_signed(data, office.pdf)


@pytest.mark.parametrize(
    ("change", "said"),
    [(paint, "was exchanged"), (retitle, "was exchanged"), (cover, "something visible")],
)
def test_a_change_in_the_revision_of_the_signature_is_found(
    office: Office, change: Change, said: str
) -> None:
    data = signed_with(office, change)
    assert read_pdf(data).signature is not None, "as a signed PDF it is in order"
    with pytest.raises(VerificationError, match=said):
        check_only_signed(data, office.pdf)


def test_another_file_is_no_signed_form_of_the_rendered_one(
    office: Office, signed_pdf: bytes
) -> None:
    for data in (office.pdf, signed_pdf.replace(b"Title", b"title", 1)):
        with pytest.raises(VerificationError):
            check_only_signed(data, office.pdf)


def test_what_stands_behind_a_page_and_before_its_signature_is_bad(tmp_path: Path) -> None:
    company = found(tmp_path / "work", target())
    run = company.scan().run
    project = company.project()
    page = HtmlRenderer().render(assemble(recorded(project.store, run)), make_proof(project, run))
    path, now = tmp_path / "r.html", datetime.now(UTC)
    trust = TrustPolicy.parse((project.trust_folder / "policy.json").read_text())
    verdicts = []
    for more in (b"", b"<p>All of this was closed.</p>\n"):
        path.write_bytes(sign_page(page + more, project.run_key()))
        found_digest = digest(path.read_bytes())
        log_reports(project, run, [("html", found_digest)], lambda _line: None)
        reports = {path.name: found_digest}
        before = verify_store(project.store.reader(), trust, now=now, reports=reports)
        step = compare_report(path, project.store, before, trust, now).steps[8]
        verdicts.append((step.verdict, step.detail))
    assert verdicts[0][0] is StepVerdict.OK
    assert verdicts[1] == (StepVerdict.BAD, "something was added to the page before it was signed")


def test_streams_that_stand_in_one_another_end_soon() -> None:
    """Each of 20,000 beginnings would read 5 MB to yield nothing."""

    def stored(data: bytes) -> bytes:
        size = len(data)
        return b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data

    begin = b"stream\n" + zlib.compress(b"")[:2]
    hostile = b"%PDF-1.7\n" + begin + stored(begin) * 20_000 + stored(b"") * 1_000_000
    with pytest.raises(VerificationError, match="unpacks to more than"):
        read_pdf(hostile)
