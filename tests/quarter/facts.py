"""The facts that were planted in the quarter, and where and how the period report says each.

`at` is where the JSON document says it: a list of keys, where `[name=value]` takes the one element
of a list that has that field. `says` is what stands there; `text` what the terminal text says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OF_A_CONTROL = "controls[id=%s]"
MFA, DISK, KEYS = "accounts-mfa", "disks-encrypted", "keys-rotated"


@dataclass(frozen=True)
class Fact:
    """One of them; `what` is for people."""

    what: str
    at: str
    says: object
    text: str


def _finding(key: str, **more: str) -> str:
    others = "".join(f"[{name}={value}]" for name, value in more.items())
    return f"findings[resource={key}]{others}"


def _check(control: str, check: str) -> str:
    return f"controls[id={control}].checks[id={check}]"


RUNS = (
    Fact("88 complete runs", "facts.runs_complete", 88, "88 complete"),
    Fact("one aborted run", "facts.runs_aborted", 1, "1 aborted"),
    Fact("one run without an end", "facts.runs_unfinished", 1, "1 without an end"),
    Fact("why it was aborted", "problems[kind=aborted_run].detail",
         "it is no evidence: it was given up: no space left on the device",
         "given up: no space left on the device"),
    Fact("the interrupted run is named", "problems[kind=unfinished_run].at",
         "2026-08-20T06:00:00Z", "it has no end: it was interrupted, or is still going on"),
    Fact("a run that dated itself back", "problems[kind=run_of_another_time].at",
         "2026-02-26T09:00:00Z", "judged at 2026-02-26T09:00:00Z: it is not counted"),
    Fact("the key of the runs was rotated", "events[kind=key].detail",
         "run key, rotate: yearly rotation", "run key, rotate: yearly rotation"),
    Fact("runs expected of a daily control", "controls[id=accounts-mfa].runs_expected", 92,
         "88 of 92 runs expected"),
    Fact("the baseline is the last run before the period", "baseline.now", "2026-06-30T06:00:00Z",
         "of 2026-06-30T06:00:00Z, then run by run"),
)  # fmt: skip
GAPS = (
    Fact("the missed week-end",
         "controls[id=accounts-named].gaps[until=2026-08-10T06:00:00Z].since",
         "2026-08-07T06:00:00Z",
         "no evidence from 2026-08-07T06:00:00Z to 2026-08-10T06:00:00Z"),
    Fact("the day of the aborted run",
         "controls[id=accounts-named].gaps[until=2026-08-14T06:00:00Z].since",
         "2026-08-12T06:00:00Z",
         "no evidence from 2026-08-12T06:00:00Z to 2026-08-14T06:00:00Z"),
    Fact("the day of the interrupted run",
         "controls[id=accounts-named].gaps[until=2026-08-21T06:00:00Z].since",
         "2026-08-19T06:00:00Z",
         "no evidence from 2026-08-19T06:00:00Z to 2026-08-21T06:00:00Z"),
    Fact("denied for three days", "coverage[first_at=2026-08-03T06:00:00Z].last_at",
         "2026-08-05T06:00:00Z", "2026-08-03T06:00:00Z to 2026-08-05T06:00:00Z, 3 runs"),
    Fact("denied again for one day", "coverage[first_at=2026-08-17T06:00:00Z].runs", 1,
         "2026-08-17T06:00:00Z to 2026-08-17T06:00:00Z, 1 run"),
    Fact("which right was missing", "coverage[first_at=2026-08-03T06:00:00Z].action",
         "directory:List", "missing: directory:List"),
    Fact("a clean control with gaps is incomplete", "controls[id=accounts-named].state",
         "incomplete", "INCOMPLETE The control accounts-named"),
    Fact("undecided runs are a reason",
         "controls[id=accounts-named].incomplete[kind=undecided].runs",
         4, "items in error or waiting for a person in at least one run: 1 (4 runs"),
)  # fmt: skip
STATES = (
    Fact("a weekly control without a deviation", "controls[id=reviews-done].state",
         "no_deviations", "reviews-done: 0 of 4 items"),
    Fact("a control without an occasion", "controls[id=restores-checked].state", "not_operated",
         "NOT OPERATED The control restores-checked"),
    Fact("the query that shows zero",
         _check("restores-checked", "restored") + ".population.most", 0,
         'estate.restore, of targets where target.name == "estate-a": 0 resources in 88 runs'),
    Fact("a control that nothing tested", "controls[id=staging-closed].state", "not_tested",
         "NOT TESTED The control staging-closed"),
    Fact("why nothing tested it", "controls[id=staging-closed].incomplete[kind=not_tested].runs",
         88, "is false for every target"),
    Fact("k of n", "controls[id=disks-encrypted].deviating", 12,
         "12 of 576 items (one check on one resource) deviated"),
    Fact("judgements beside it",
         "controls[id=accounts-mfa].failing_judgements",
         65, "65 of 1,680 judgements"),
)  # fmt: skip
FINDINGS = (
    Fact("failing since before the period", _finding("a-007") + ".first_seen",
         "2026-06-28T06:00:00Z", "first seen 2026-06-28T06:00:00Z (before the period)"),
    Fact("a late fix of 43 days", _finding("a-007") + ".late", says=True,
         text="fixed 2026-08-10T06:00:00Z; 43 d, target 30 d: LATE"),
    Fact("another late fix of 20 days", _finding("u-03") + ".late", says=True,
         text="fixed 2026-07-25T06:00:00Z; 20 d, target 7 d: LATE"),
    Fact("a fix in time", _finding("a-020") + ".late", says=False,
         text="fixed 2026-07-15T06:00:00Z; 5 d, target 30 d: in time"),
    Fact("open at the end", _finding("a-050") + ".closing", "open",
         "open; 25 d 18 h, target 30 d: in time"),
    Fact("management's response", _finding("u-03") + ".responses[file=u-03.yaml].cause",
         "the joiner was set up by hand while the directory was moved",
         "cause: the joiner was set up by hand while the directory was moved"),
    Fact("a response that fits nothing", "unmatched_responses",
         ["nobody.yaml: accounts-mfa/mfa@estate-a/u-99"],
         "nobody.yaml: accounts-mfa/mfa@estate-a/u-99"),
    Fact("a failing resource vanished", _finding("a-061") + ".closing", "vanished",
         "resource vanished 2026-07-18T06:00:00Z"),
    Fact("a failing resource was re-created", _finding("a-062") + ".closing", "recreated",
         "re-created under the same name 2026-07-22T06:00:00Z"),
    Fact("by another resource", _finding("a-062") + ".successor", "uid-a-062-2",
         "re-created: a-062 (2026-07-22T06:00:00Z)"),
    Fact("one vanished and came back failing", _finding("a-063", opening="returned") + ".closing",
         "open", "first seen 2026-07-27T06:00:00Z (it had vanished)"),
    Fact("no longer applicable", _finding("a-090") + ".closing", "not_applicable",
         "no longer applicable 2026-07-16T06:00:00Z"),
    Fact("waived while it failed", _finding("a-072") + ".closing_detail", "waiver W-2026-004",
         "waived 2026-07-09T06:00:00Z (waiver W-2026-004)"),
    Fact("the clock goes on while out of scope", _finding("b-005") + ".first_seen",
         "2026-07-24T06:00:00Z", "fixed 2026-08-06T06:00:00Z; 13 d, target 30 d: in time"),
    Fact("out of scope is not fixed", _finding("c-003") + ".closing", "out_of_scope",
         "out of scope 2026-09-20T06:00:00Z"),
    Fact("green by a loosened parameter",
         _finding("a-080", first_seen="2026-07-27T06:00:00Z") + ".closing", "loosened",
         "passes since the control was changed 2026-08-01T06:00:00Z"),
    Fact("red again when it was tightened",
         _finding("a-080", first_seen="2026-08-25T06:00:00Z") + ".closing", "fixed",
         "fixed 2026-09-02T06:00:00Z"),
    Fact("found by the new check", _finding("b-010") + ".opening", "first_judged",
         "first seen 2026-09-01T06:00:00Z (judged for the first time)"),
)  # fmt: skip
WAIVERS = (
    Fact("a waiver that expired", "waivers[id=W-2026-001].expired", says=True,
         text="in force 2026-07-01T00:00:00Z to 2026-08-15T00:00:00Z, expired"),
    Fact("and failed after", "waivers[id=W-2026-001].failing_after", 1,
         "1 item covered, 1 failed after"),
    Fact("the failure after it", _finding("u-09") + ".opening", "waiver_ended",
         "first seen 2026-08-15T06:00:00Z (its waiver had ended)"),
    Fact("one that expired after the fix", "waivers[id=W-2026-002].failing_after", 0,
         "expired 2026-09-10T00:00:00Z; 1 item covered, 0 failed after"),
    Fact("one that nobody signed", "waivers[id=W-2026-003].in_force_since", None,
         "never in force: it is not signed"),
    Fact("and why it was refused", "waivers[id=W-2026-003].refused",
         ["its signature does not count: it is not signed"],
         "not honoured: its signature does not count: it is not signed"),
    Fact("one that came in the middle", "waivers[id=W-2026-004].in_force_since",
         "2026-07-09T06:00:00Z", "in force 2026-07-09T06:00:00Z to 2026-10-01T00:00:00Z"),
)  # fmt: skip
CHANGES = (
    Fact("a parameter was loosened", "changes[subject=keys-rotated.max_days][before=30].effect",
         "loosens", "loosens parameter keys-rotated.max_days: value in prod: 30 -> 60"),
    Fact("and tightened", "changes[subject=keys-rotated.max_days][before=60].effect", "tightens",
         "tightens parameter keys-rotated.max_days: value in prod: 60 -> 30"),
    Fact("a mapping was removed", "changes[kind=mapping].effect", "loosens",
         "loosens mapping disks-encrypted: mapping to soc2 CC6.7 removed"),
    Fact("the requirement keeps its deviations",
         "requirements[framework=soc2][id=CC6.7].deviating", 12,
         "CC6.7: no longer mapped: disks-encrypted"),
    Fact("a check was added", "changes[subject=disks-encrypted/labelled].at",
         "2026-09-01T06:00:00Z", "tightens check disks-encrypted/labelled: added"),
    Fact("a target left the scope", "changes[subject=estate-b][effect=loosens].at",
         "2026-07-28T06:00:00Z", "loosens target estate-b: out of scope"),
    Fact("and came back", "changes[subject=estate-b][effect=tightens].at",
         "2026-07-31T06:00:00Z", "tightens target estate-b: in scope"),
    Fact("another left for good", "changes[subject=estate-c].effect", "loosens",
         "loosens target estate-c: out of scope"),
    Fact("what was not judged meanwhile",
         "controls[id=keys-rotated].incomplete[detail=check young did not judge estate-b, as it had"
         " before].runs", 3, "check young did not judge estate-b, as it had before (3 runs"),
    Fact("the tolerance for gaps grew", "changes[what=evaluate.gap_tolerance changed].effect",
         "loosens", "loosens control accounts-mfa: evaluate.gap_tolerance changed: 6h -> 12h"),
    Fact("a waiver was added", "changes[kind=waiver].effect", "loosens",
         "loosens waiver W-2026-004: added"),
    Fact("the owner's role has another person", "changes[kind=ownership].after", "Grace",
         "neutral ownership head-of-platform: filled by another person: Ada -> Grace"),
)  # fmt: skip
POPULATIONS = (
    Fact("the population at first", _check(DISK, "encrypted") + ".population.first", 276,
         "population 276 at first"),
    Fact("and at last", _check(DISK, "encrypted") + ".population.last", 240, "240 at last"),
    Fact("a resource that came",
         _check(DISK, "encrypted") + ".population.added[resource=a-new-01].at",
         "2026-07-06T06:00:00Z", "added: a-new-01 (2026-07-06T06:00:00Z)"),
    Fact("a clean resource that vanished",
         _check(DISK, "encrypted") + ".population.vanished[resource=a-140].at",
         "2026-09-08T06:00:00Z", "a-140 (2026-09-08T06:00:00Z)"),
    Fact("the re-created one with both ids",
         _check(DISK, "encrypted") + ".population.recreated[resource=a-062].before",
         "uid-a-062-1", "re-created: a-062 (2026-07-22T06:00:00Z)"),
)  # fmt: skip
ALL: Sequence[Fact] = (
    *RUNS, *GAPS, *STATES, *FINDINGS, *WAIVERS, *CHANGES, *POPULATIONS,
)  # fmt: skip


def look_up(document: Any, place: str) -> object:
    """What the document says at a place.

    Raises:
        LookupError: There is nothing, or more than one, of the kind.
    """
    for step in _steps(place):
        if "=" in step:
            name, _, value = step.partition("=")
            found = [item for item in document if str(item[name]) == value]
            document = found if len(found) != 1 else found[0]
        elif isinstance(document, list):
            raise LookupError(f"{len(document)} elements before `{step}` of {place}")
        else:
            document = document[step]
    return document


def _steps(place: str) -> list[str]:
    """`a[b=c].d` as a, b=c, d; what stands in brackets may have dots."""
    steps: list[str] = []
    current, depth = "", 0
    for character in place:
        if character == "[" and depth == 0:
            steps, current, depth = [*steps, current], "", 1
        elif character == "]":
            depth = 0
        elif character == "." and depth == 0:
            steps, current = [*steps, current], ""
        else:
            current += character
        if character == "]":
            steps, current = [*steps, current], ""
    return [step for step in [*steps, current] if step]
