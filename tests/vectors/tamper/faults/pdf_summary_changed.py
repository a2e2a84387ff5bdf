from __future__ import annotations

from io import BytesIO

import pikepdf

from auditor.app.reports.pdf_signing import sign_pdf
from tests.vectors.tamper.case import Case, Fault, changed
from tests.vectors.tamper.insider import run_key


def apply(case: Case) -> None:
    case.subject = case.report("pdf")
    case.since = None
    unsigned = case.report("pdf").read_bytes()
    unsigned = unsigned[: unsigned.index(b"%%EOF") + 6]
    with pikepdf.open(BytesIO(unsigned)) as pdf:
        false = pdf.attachments["assessment.json"].get_file().read_bytes()
        false = changed(false, b'"fail": 1', b'"fail": 0')
        for file in pdf.Root.AF:
            if str(file.UF) == "assessment.json":
                file.EF.F.write(false)
        out = BytesIO()
        pdf.save(out)
    certificate = (case.work / "keys" / "run.crt").read_text("utf-8")
    made = sign_pdf(out.getvalue(), run_key(case), certificate, (), lambda _line: None)
    case.report("pdf").write_bytes(made.data)


FAULT = Fault(
    attack="attached an assessment with other counts to the PDF report, signed with the real key",
    artefact="report",
    step=8,
    says="was signed",
    apply=apply,
    needs="all keys of the company",
    threat="report differs from data",
)
