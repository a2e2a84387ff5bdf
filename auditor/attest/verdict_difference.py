"""Two verdict documents of one run, where values were withheld or erased after it.

Without these values some findings cannot be decided any more. That is no contradiction, and no
confirmation either. Any other difference is one: the verdicts were not made from this evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.core.canonical import parse_canonical
from auditor.core.model.observation import WITHHELD
from auditor.core.model.status import Cause, Status
from auditor.errors import LedgerError

_UNDECIDED = "undecided"
_SETTLED_BY_VALUES = ("status", "severity", "reason", "cause", "action", "hint", "assertions")
_Finding = Mapping[str, Any]


def undecided_findings(recorded: bytes, again: bytes) -> int | None:
    """How many findings differ only because a value is withheld; None for any other difference.

    Args:
        recorded: The verdicts of the run, schema `verdicts-1`.
        again: Those of judging again without the values.
    """
    try:
        before, after = _findings(recorded), _findings(again)
    except (LedgerError, KeyError, TypeError):
        return None
    if before.keys() != after.keys() or _others(recorded) != _others(again):
        return None
    changed = [key for key in before if before[key] != after[key]]
    controls = {after[key]["control"] for key in changed if _withheld(after[key])}
    if all(_explained(before[key], after[key], controls) for key in changed):
        return len(changed)
    return None


def _findings(data: bytes) -> dict[str, _Finding]:
    document: Any = parse_canonical(data)
    found = {item["fingerprint"]: item for item in document["findings"]}
    if len(found) != len(document["findings"]):
        raise TypeError("a finding stands twice")
    return found


def _others(data: bytes) -> object:
    document: Any = parse_canonical(data)
    return {name: value for name, value in document.items() if name != "findings"}


def _withheld(after: _Finding) -> bool:
    return WITHHELD in after.get("reason", "") or any(map(_is_open, after.get("assertions", ())))


def _explained(before: _Finding, after: _Finding, controls: set[str]) -> bool:
    """The values that are gone are the whole difference between two findings."""
    same = all(
        before.get(name) == after.get(name)
        for name in before.keys() | after.keys()
        if name not in (*_SETTLED_BY_VALUES, "waiver")
    )
    if not same:
        return False
    if after["status"] == Status.ERROR and after.get("cause") == Cause.DEPENDENCY:
        # Emptiness shows nothing while a check of the same control is undecided.
        return after["control"] in controls
    if not _withheld(after):
        return False
    if "assertions" not in after:  # its key, `when` or slot cannot be told
        return after["status"] == Status.ERROR and after.get("cause") == Cause.REDACTED
    return _same_assertions(before.get("assertions", []), after["assertions"])


def _same_assertions(before: list[_Finding], after: list[_Finding]) -> bool:
    """Assertions that can still be decided are decided as before."""
    if [item["id"] for item in before] != [item["id"] for item in after]:
        return False
    return all(one == two or _is_open(two) for one, two in zip(before, after, strict=True))


def _is_open(assertion: _Finding) -> bool:
    return assertion["truth"] == _UNDECIDED and WITHHELD in assertion.get("detail", "")
