from __future__ import annotations

from io import BytesIO

from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.report("pdf")
    case.since = None
    writer = IncrementalPdfFileWriter(BytesIO(case.report("pdf").read_bytes()))
    writer.root["/Lang"] = pdf_string("de")
    writer.update_root()  # type: ignore[no-untyped-call] # pyHanko has no types here
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call] # idem
    case.report("pdf").write_bytes(out.getvalue())


FAULT = Fault(
    attack="added a revision to the PDF report after it was signed",
    artefact="report",
    step=1,
    says="after it was signed",
    apply=apply,
    threat="report differs from data",
)
