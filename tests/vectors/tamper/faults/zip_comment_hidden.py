from __future__ import annotations

import shutil
import zipfile

from tests.vectors.tamper.case import Case, Fault


def apply(case: Case) -> None:
    case.subject = case.folder / "given.zip"
    shutil.copy(case.bundle, case.subject)
    with zipfile.ZipFile(case.subject, "a") as file:
        file.comment = b"hidden"


FAULT = Fault(
    attack="hid text in the comment of the zip",
    artefact="bundle",
    step=1,
    says="",
    apply=apply,
    threat="hostile files",
)
