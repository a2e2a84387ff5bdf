"""What verification says becomes a refusal with source, step and file; a doubt is no edit."""

from __future__ import annotations

import pytest

from auditor.app.gating.doubts import (
    doubtful_steps,
    named_source,
    refuse_bad,
    refuse_doubtful,
)
from auditor.attest.result import Note, StepResult, StepVerdict, VerificationReport
from auditor.errors import StoreError, UndecidableError, UsageError, VerificationError

BAD, UNKNOWN, FINE = StepVerdict.BAD, StepVerdict.CANNOT_TELL, StepVerdict.OK


def report(
    *steps: tuple[int, StepVerdict], notes: int = 1, left_out: int = 0
) -> VerificationReport:
    return VerificationReport(
        tuple(
            StepResult(
                number,
                f"title {number}",
                verdict,
                "said",
                "a/file",
                (Note(verdict, "said", "a/file"),) * notes,
                left_out,
            )
            for number, verdict in steps
        )
    )


def test_what_is_bad_is_refused_before_what_is_in_doubt_and_whatever_is_accepted() -> None:
    found = report((1, FINE), (3, UNKNOWN), (7, BAD))
    for refuse in (refuse_bad, refuse_doubtful):
        with pytest.raises(VerificationError, match=r"^main, step 7 \(title 7\), a/file: said"):
            refuse(found, "main", "do that")


@pytest.mark.parametrize(
    ("number", "error"),
    [(0, VerificationError), (5, VerificationError), (6, UndecidableError), (8, UndecidableError)],
)
def test_a_doubt_about_a_signature_is_another_than_one_about_the_rest(
    number: int, error: type[Exception]
) -> None:
    found = report((number, UNKNOWN))
    with pytest.raises(error) as caught:
        refuse_doubtful(found, "main", "do that")
    assert "hint: do that" in str(caught.value)
    refuse_bad(found, "main", "do that")
    assert [step.number for step in doubtful_steps(found)] == [number]


@pytest.mark.parametrize(
    ("notes", "left_out", "said"),
    [(0, 0, "said\n"), (1, 0, "said\n"), (3, 0, "(and 2 more like it)"), (100, 5, "(and 104 more")],
)
def test_how_much_more_there_is_is_said(notes: int, left_out: int, said: str) -> None:
    with pytest.raises(VerificationError) as caught:
        refuse_bad(report((1, BAD), notes=notes, left_out=left_out), "main", "do that")
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", [VerificationError, UndecidableError, StoreError])
def test_what_is_refused_before_the_steps_has_its_place(kind: type[StoreError]) -> None:
    with (
        pytest.raises(kind, match=r"^main, step 1, manifest\.json: broken\n  hint: own"),
        named_source("main", "step 1", "other"),
    ):
        raise kind("broken", where="manifest.json", hint="own")
    with pytest.raises(UsageError, match=r"^no run$"), named_source("main", "step 1", "other"):
        raise UsageError("no run")
