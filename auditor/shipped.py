"""Where the data that ships with the program lies: controls, report templates, schemas.

In a checkout they are folders at the top; in a wheel they are inside the package.
"""

from __future__ import annotations

from pathlib import Path

from auditor.errors import InternalError

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The folder `controls`, `reports` or `schemas`.

    Raises:
        InternalError: The installation is incomplete.
    """
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        if (base / folder).is_dir():
            return base / folder
    raise InternalError(
        f"the folder {folder!r} is missing from this installation",
        hint="pip install --force-reinstall auditor",
    )
