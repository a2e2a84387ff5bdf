from __future__ import annotations

import zipfile

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    with zipfile.ZipFile(case.subject, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {**case.members(), "reports/report.json": bytes(50_000_000)}.items():
            file.writestr(name, data)


FAULT = Fault(
    attack="replaced a file by one that unpacks to very much",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
