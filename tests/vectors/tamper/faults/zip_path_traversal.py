from __future__ import annotations

import zipfile

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    with zipfile.ZipFile(case.subject, "w") as file:
        for name, data in {**case.members(), "../../trust/policy.json": b"{}"}.items():
            file.writestr(name, data)


FAULT = Fault(
    attack="named a file so that unpacking writes outside the folder",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
