"""Management's responses to findings: `responses/*.yaml`, file format `response-1`.

They are management's words; a report shows them as such beside the finding, and nothing is
concluded from them.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from auditor.catalog.config import LoadedConfig
from auditor.catalog.source import read_yaml, validate
from auditor.core.model.control import Model
from auditor.core.model.ident import SHORT_LENGTH, is_finding_id
from auditor.core.model.period_report import Response
from auditor.core.times import Instant
from auditor.errors import DefinitionError, Problem

_HEX = frozenset("0123456789abcdef")
_FINGERPRINT_LENGTH = 64


class ResponseFile(Model):
    """One response: what it is about, why it happened, what is done about it, who says so.

    `finding` is a finding's id (`control/check@target/key`), its fingerprint, or the beginning of
    it from 12 digits on.
    """

    finding: str = Field(min_length=SHORT_LENGTH)
    cause: str = Field(min_length=10)
    response: str = Field(min_length=10)
    by: str = Field(min_length=2)
    at: Instant


def load_responses(loaded: LoadedConfig) -> tuple[Response, ...]:
    """Every response of the folder, in order of file; none where there is no such folder.

    Raises:
        DefinitionError: A file is wrong; with every problem and its place.
    """
    folder = loaded.path(loaded.config.responses)
    problems: list[Problem] = []
    found = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        try:
            found.append(_load(path))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return tuple(found)


def _load(path: Path) -> Response:
    source = read_yaml(path, f"{path.parent.name}/{path.name}")
    file = validate(source, ResponseFile)
    if not is_finding_id(file.finding) and not _is_fingerprint(file.finding):
        message = f"`{file.finding}` is no finding's id, and no fingerprint or its beginning"
        hint = "auditor report --period PERIOD --format json names both"
        raise DefinitionError([source.problem(("finding",), message, hint)])
    return Response(file.finding, file.cause, file.response, file.by, file.at, path.name)


def _is_fingerprint(text: str) -> bool:
    return SHORT_LENGTH <= len(text) <= _FINGERPRINT_LENGTH and set(text) <= _HEX
