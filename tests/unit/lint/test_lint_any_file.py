"""Lint of any file ends in diagnostics or in a DefinitionError, never in a crash."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.catalog.lint import split_place
from auditor.errors import DefinitionError, NothingEvaluatedError
from tests.unit.lint.library import GOOD, found, load

LINES = GOOD.splitlines()
WORDS = sorted({word for line in LINES for word in line.replace("(", " ").split()})
edits = st.lists(
    st.tuples(
        st.integers(0, len(LINES) - 1),
        st.sampled_from(["drop", "repeat", "swap"]),
        st.sampled_from(WORDS),
    ),
    min_size=1,
    max_size=4,
)


def edited(changes: list[tuple[int, str, str]]) -> str:
    lines = list(LINES)
    for index, what, word in changes:
        if what == "drop":
            lines[index] = ""
        elif what == "repeat":
            lines[index] = f"{lines[index]}\n{lines[index]}"
        else:
            head, _, last = lines[index].rpartition(" ")
            lines[index] = f"{head} {word}" if last else word
    return "\n".join(lines) + "\n"


@settings(max_examples=200, deadline=None)
@given(edits)
def test_any_edit_of_a_good_control_is_judged_or_refused(
    changes: list[tuple[int, str, str]],
) -> None:
    text = edited(changes)
    with tempfile.TemporaryDirectory() as folder:
        try:
            library = load(Path(folder), text)
        except (DefinitionError, NothingEvaluatedError):
            return
        rows = text.splitlines()
        for diagnostic in found(library):
            _file, line, column = split_place(diagnostic.problem.where)
            assert 1 <= line <= len(rows)
            assert 1 <= column <= len(rows[line - 1]) + 1
