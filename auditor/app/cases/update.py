"""Bringing the expected verdicts of a case file to what the control now gives.

Only words that stand in `expect` are replaced, in place, so that comments and layout stay. A
verdict that became laxer (fail or error to pass or not applicable) is named, and not written unless
the caller accepts it: a test that follows the code proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.app.cases.control_cases import CaseResult, finding_name
from auditor.catalog.source import Location, Source, parse_yaml
from auditor.core.rollup import control_status

_STRICT = frozenset({"fail", "error"})
_LAX = frozenset({"pass", "not_applicable"})


@dataclass(frozen=True, slots=True)
class Change:
    """One expected verdict that is another now; `got` is "" where there is no such finding."""

    case: str
    name: str
    expected: str
    got: str
    location: Location

    @property
    def loosens(self) -> bool:
        """It was bad and is good now."""
        return self.expected in _STRICT and self.got in _LAX

    def __str__(self) -> str:
        return f"{self.case}: {self.name}: {self.expected} -> {self.got or 'no such finding'}"


@dataclass(frozen=True, slots=True)
class Update:
    """The new text and what was changed, and what has to be changed by hand."""

    text: str
    changed: tuple[Change, ...]
    refused: tuple[Change, ...]
    by_hand: tuple[Change, ...]


def updated_cases(
    text: str, name: str, results: Sequence[CaseResult], *, accept_loosening: bool
) -> Update:
    """The text of a case file with the verdicts of `results` in its expectations."""
    source = parse_yaml(text, name)
    by_name = {result.name: result for result in results}
    changes = list(_changes(source, by_name))
    by_hand = tuple(change for change in changes if not change.got)
    refused = tuple(c for c in changes if c.got and c.loosens and not accept_loosening)
    changed = tuple(c for c in changes if c.got and c not in refused)
    lines = text.splitlines(keepends=True)
    for change in sorted(changed, key=lambda c: source.values[c.location], reverse=True):
        _replace(lines, source.values[change.location], change)
    return Update("".join(lines), changed, refused, by_hand)


def _changes(source: Source, results: Mapping[str, CaseResult]) -> Iterator[Change]:
    entries = source.data if isinstance(source.data, list) else []
    for index, entry in enumerate(entries):
        result = results.get(entry["name"])
        expect = entry.get("expect") or {}
        if result is None:  # made of `each`: every flaw fails, there is no word to replace
            continue
        got = {finding_name(finding): finding.status.value for finding in result.findings}
        for name, expected in (expect.get("findings") or {}).items():
            if got.get(name) != expected:
                location = (index, "expect", "findings", name)
                yield Change(result.name, name, expected, got.get(name, ""), location)
        whole, wanted = control_status(result.findings).value, expect.get("control")
        if wanted is not None and wanted != whole:
            yield Change(result.name, "control", wanted, whole, (index, "expect", "control"))


def _replace(lines: list[str], place: tuple[int, int], change: Change) -> None:
    """Replace the word at a place, inside its quotes if it has any."""
    line, column = place[0] - 1, place[1] - 1
    before, after = lines[line][:column], lines[line][column:]
    lines[line] = before + after.replace(change.expected, change.got, 1)
