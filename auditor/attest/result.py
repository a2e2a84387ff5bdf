"""What verification answers: numbered steps, each with one of four verdicts.

"Cannot tell" is an answer of its own and never ok; a warning is something that a stricter trust
policy would require.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.errors import ExitCode

MAX_NOTES = 100


class StepVerdict(StrEnum):
    """The answer of one step, from good to bad."""

    OK = "ok"
    WARNING = "warning"
    CANNOT_TELL = "cannot_tell"
    BAD = "bad"


_ORDER = list(StepVerdict)


def worst(verdicts: list[StepVerdict]) -> StepVerdict:
    """The worst of them; ok of none."""
    return max(verdicts, key=_ORDER.index, default=StepVerdict.OK)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing noticed: a file or entry (`where`) and what is wrong with it."""

    verdict: StepVerdict
    detail: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The answer of one step.

    Args:
        number: 0 to 8.
        title: What was checked.
        verdict: The worst of its notes.
        detail: What the first of the worst notes says; what was checked, where all is ok.
        where: File, as a path in the store, or entry; "" where all is ok.
        notes: Everything noticed, at most MAX_NOTES.
        left_out: How many notes more there were.
    """

    number: int
    title: str
    verdict: StepVerdict
    detail: str
    where: str = ""
    notes: tuple[Note, ...] = ()
    left_out: int = 0

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "number": self.number,
            "title": self.title,
            "verdict": self.verdict.value,
            "detail": self.detail,
            "where": self.where,
            "notes": [
                {"verdict": note.verdict.value, "detail": note.detail, "where": note.where}
                for note in self.notes
            ],
            "left_out": self.left_out,
        }


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The answer of all steps."""

    steps: tuple[StepResult, ...]

    @property
    def verdict(self) -> StepVerdict:
        """The worst of the steps."""
        return worst([step.verdict for step in self.steps])

    @property
    def exit_code(self) -> ExitCode:
        """5 for anything bad, else 3 for anything that cannot be told, else 0."""
        match self.verdict:
            case StepVerdict.BAD:
                return ExitCode.INTEGRITY
            case StepVerdict.CANNOT_TELL:
                return ExitCode.INCOMPLETE
            case _:
                return ExitCode.OK

    def to_json(self) -> dict[str, object]:
        """The verdict and all steps."""
        return {
            "verdict": self.verdict.value,
            "exit_code": int(self.exit_code),
            "steps": [step.to_json() for step in self.steps],
        }


class Notes:
    """Collects what a step notices."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._left_out = 0
        self._worst = StepVerdict.OK

    @property
    def verdict(self) -> StepVerdict:
        """The worst so far."""
        return self._worst

    def bad(self, detail: str, where: str) -> None:
        """Something is wrong."""
        self.add(Note(StepVerdict.BAD, detail, where))

    def cannot_tell(self, detail: str, where: str = "") -> None:
        """Something cannot be decided."""
        self.add(Note(StepVerdict.CANNOT_TELL, detail, where))

    def warn(self, detail: str, where: str = "") -> None:
        """Something is missing that a stricter policy would require."""
        self.add(Note(StepVerdict.WARNING, detail, where))

    def result(self, number: int, title: str, ok_detail: str) -> StepResult:
        """The step's answer."""
        first = next((note for note in self._notes if note.verdict == self._worst), None)
        return StepResult(
            number=number,
            title=title,
            verdict=self._worst,
            detail=first.detail if first else ok_detail,
            where=first.where if first else "",
            notes=tuple(self._notes),
            left_out=self._left_out,
        )

    def add(self, note: Note) -> None:
        """Take a note."""
        rises = _ORDER.index(note.verdict) > _ORDER.index(self._worst)
        if rises:
            self._worst = note.verdict
        if len(self._notes) < MAX_NOTES:
            self._notes.append(note)
            return
        self._left_out += 1
        if rises:  # the note that decides is never the one left out
            self._notes[-1] = note
