"""The one error tree. A leaf of the import graph: imports nothing of this package.

There is a branch for each reader: the author of a control, the operator of a scan, the outside
auditor, the person who configures. A message says what was got, what was expected and where;
`hint` says the next action. Only `AuditorError` leaves the public API.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process answers. Documented in README.md; CI pipelines depend on the numbers."""

    OK = 0
    FAILING = 1
    USAGE = 2
    INCOMPLETE = 3
    NOTHING_EVALUATED = 4
    INTEGRITY = 5
    INTERNAL = 70
    INTERRUPTED = 130


class AuditorError(Exception):
    """Something that its reader can act on.

    Args:
        message: What was got and what was expected.
        hint: The next action, often a command to type.
        where: The place: `file:line:column`, a target, a step of verification.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class UsageError(AuditorError):
    """The command line asks for what does not exist, or contradicts itself."""


class ConfigError(AuditorError):
    """`auditor.yaml`, keys or trust are missing or wrong."""


class DependencyError(AuditorError):
    """An extra or a system library is missing; the hint is the command to type."""


class NothingEvaluatedError(AuditorError):
    """No control, no target or no check was left to judge: never an empty success."""

    exit_code = ExitCode.NOTHING_EVALUATED


class InternalError(AuditorError):
    """A defect of this program, not of its input."""

    exit_code = ExitCode.INTERNAL


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that a person wrote."""

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class DefinitionError(AuditorError):
    """A control, waiver, framework or configuration file is wrong; carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ExpressionError(AuditorError):
    """An expression that does not parse or type-check.

    `column` counts from 1 within the expression's text, `line` likewise.
    """

    def __init__(self, message: str, *, line: int = 1, column: int = 1, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column


class CollectionError(AuditorError):
    """Reading a system failed; collectors turn it into a gap, judgement turns that to error."""

    exit_code = ExitCode.INCOMPLETE


class StoreError(AuditorError):
    """The evidence store cannot be read or written, or another process holds it."""


class LedgerError(AuditorError):
    """The log's own rules are broken: an entry too large, a value that canonical JSON forbids."""

    exit_code = ExitCode.INTEGRITY


class VerificationError(AuditorError):
    """Evidence does not hold: wrong digest, signature, chain, proof or verdict.

    `where` names the step and the file.
    """

    exit_code = ExitCode.INTEGRITY


class UndecidableError(AuditorError):
    """Verification can say neither yes nor no: an unknown key, no trust given."""

    exit_code = ExitCode.INCOMPLETE
