from __future__ import annotations

import warnings
import zipfile

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    members = list(case.members().items())
    with warnings.catch_warnings(), zipfile.ZipFile(case.subject, "w") as file:
        warnings.simplefilter("ignore")
        for name, data in [*members, ("reports/report.json", b"{}")]:
            file.writestr(name, data)


FAULT = Fault(
    attack="put a second file of the same name into the zip",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
