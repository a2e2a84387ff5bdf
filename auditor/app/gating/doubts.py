"""What verification says against a run, as a refusal that names source, step and file.

Verification answers in steps; a gate takes a run or refuses it. What is bad is refused always. What
cannot be told is refused too, unless somebody accepts that for the run that is gated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from auditor.attest.result import StepResult, StepVerdict, VerificationReport
from auditor.errors import StoreError, UndecidableError, VerificationError

_LAST_SIGNATURE_STEP = 5


def refuse_bad(report: VerificationReport, source: str, hint: str) -> None:
    """Refuse what was edited or is otherwise not what was signed.

    Raises:
        VerificationError: It was.
    """
    for step in report.steps:
        if step.verdict is StepVerdict.BAD:
            raise VerificationError(_detail(step), where=_where(step, source), hint=hint)


def refuse_doubtful(report: VerificationReport, source: str, hint: str) -> None:
    """Refuse what is bad or not signed; what is signed and undecided otherwise is another matter.

    Raises:
        VerificationError: It was edited, or nobody signed it whom the trust policy knows.
        UndecidableError: It is signed, and the rest cannot be told.
    """
    refuse_bad(report, source, hint)
    for step in doubtful_steps(report):
        where = _where(step, source)
        if step.number <= _LAST_SIGNATURE_STEP:
            message = f"by this trust policy it cannot be believed: {_detail(step)}"
            raise VerificationError(message, where=where, hint=hint)
        raise UndecidableError(_detail(step), where=where, hint=hint)


def doubtful_steps(report: VerificationReport) -> list[StepResult]:
    """The steps that can say neither yes nor no, in order."""
    return [step for step in report.steps if step.verdict is StepVerdict.CANNOT_TELL]


def step_words(number: int, title: str) -> str:
    """A step as every message names it."""
    return f"step {number} ({title})"


@contextmanager
def named_source(source: str, step: str, hint: str) -> Iterator[None]:
    """Name source and step in what is refused before the steps are taken.

    Raises:
        VerificationError, UndecidableError, StoreError: As raised inside, with the place.
    """
    try:
        yield
    except (VerificationError, UndecidableError, StoreError) as error:
        where = ", ".join(part for part in (source, step, error.where) if part)
        raise type(error)(error.message, where=where, hint=error.hint or hint) from error


def _where(step: StepResult, source: str) -> str:
    place = f"{source}, {step_words(step.number, step.title)}"
    return f"{place}, {step.where}" if step.where else place


def _detail(step: StepResult) -> str:
    """What the worst note says, and how many notes there are besides."""
    more = sum(note.verdict is step.verdict for note in step.notes) + step.left_out - 1
    return f"{step.detail} (and {more:,} more like it)" if more > 0 else step.detail
