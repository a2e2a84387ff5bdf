"""Coverage: what no case has seen is named, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.app.cases.coverage import Coverage
from tests.unit.app_cases.small import CASES, CONTROL, run
from tests.unit.lint.library import changed


def coverage(folder: Path, control: str = CONTROL, cases: str = CASES) -> Coverage:
    seen = run(folder, control, cases).coverage
    assert seen is not None
    return seen


def test_all_outcomes_of_a_whole_set_of_cases_are_seen(tmp_path: Path) -> None:
    seen = coverage(tmp_path)
    assert (seen.seen, seen.wanted, seen.missing, seen.complete) == (4, 4, (), True)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"size: 2": "size: 1"}, ("thing/closed never false",)),
        ({"live: false": "live: true"}, ("thing/when never false",)),
        ({"live: true,": "live: false,"}, ("thing/closed never", "thing/when never true")),
        ({"size: 1,": "size: 9,"}, ("thing/closed never true",)),
        # An undecided assertion shows neither.
        ({"size: 2": "size: x"}, ("thing/closed never false",)),
        # Nothing to judge is another reason for not applicable.
        ({"patch: {thing: {0: {live: false}}}": "empty: [thing]"}, ("thing/when never false",)),
    ],
)
def test_what_no_case_has_seen_is_named(
    tmp_path: Path, changes: Mapping[str, str], missing: tuple[str, ...]
) -> None:
    control = CONTROL.replace("on_empty: error", "on_empty: not_applicable")
    seen = coverage(tmp_path, control, changed(changes, CASES))
    assert not seen.complete
    assert len(seen.missing) == seen.wanted - seen.seen
    for sentence in missing:
        assert any(name.startswith(sentence) for name in seen.missing), seen.missing
    assert all(name.startswith(missing) for name in seen.missing), seen.missing
