"""Values that explanations must not tell: verdicts and reports cannot be redacted afterwards.

A masked path is one that the resource type declares personal. What is read there, what holds it and
what lies within it is shown as `(personal)`; for those who may see it, with that word beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.core.expression.interface import Expression, UndecidedError
from auditor.core.model.field_path import Path, overlap, shown_steps

PERSONAL = "(personal)"
_ROOT = "resource"


@dataclass(frozen=True, slots=True)
class Masking:
    """Which values are not told.

    Args:
        paths: Of personal fields, from the resource downwards.
        reveal: Tell them, and say what they are.
    """

    paths: tuple[Path, ...] = ()
    reveal: bool = False

    def hides(self, path: str) -> bool:
        """True for a path, as explanations print it, that leads to or contains such a field."""
        return bool(self.paths) and self.covers(shown_steps(path))

    def covers(self, steps: tuple[str, ...]) -> bool:
        """The same for the steps of a path, the variable first."""
        return steps[:1] == (_ROOT,) and any(overlap(path, steps[1:]) for path in self.paths)

    def shown(self, path: str, text: str) -> str:
        """What to print of a value."""
        if not self.hides(path):
            return text
        return f"{text} {PERSONAL}" if self.reveal else PERSONAL

    def told(self, error: UndecidedError, expression: Expression) -> UndecidedError:
        """The error, without its sentence where that may quote a personal value."""
        if self.reveal or not any(self.covers(read.path) for read in expression.references):
            return error
        detail = f"it ended in an error ({error.cause.value}) over values that are not told"
        return UndecidedError(error.cause, f"{detail} {PERSONAL}")

    def absorbed(self, sentences: tuple[str, ...], expression: Expression) -> tuple[str, ...]:
        """Sentences of absorbed errors, likewise."""
        if sentences and any(self.covers(read.path) for read in expression.references):
            return (PERSONAL,)
        return sentences
