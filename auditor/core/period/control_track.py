"""One control over the runs: what was judged, which resources there were, what was left out.

A resource that is not there any more is one that a run would have shown: its check judged its
target, and could read all of it. Else its absence shows nothing, and nothing is closed by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.core.model.control import Check, Control
from auditor.core.model.period_report import Closing, Item, RunLine
from auditor.core.period.cadence import Tested
from auditor.core.period.items import UNDECIDED, ItemTrack
from auditor.core.period.population_track import PopulationTrack

Found = Mapping[str, Any]
Pair = tuple[str, str]
"""A check and a target."""
_GONE = "no resource of this name was there, in a reading that was complete"
_NO_ID = "the system gave no id before: whether it is the same resource cannot be told"
_NOT_MISSED = "it is not reported missing any more"
_NOT_EXPECTED = "nothing expects it any more, or another resource covers it"


@dataclass(slots=True)
class CheckTrack:
    """A check over the runs; `check` as the last policy that has it says."""

    check: Check | None = None
    counts: Counter[str] = field(default_factory=Counter)
    runs: list[RunLine] = field(default_factory=list)
    not_tested: dict[str, None] = field(default_factory=dict)
    population: PopulationTrack = field(default_factory=PopulationTrack)


@dataclass(slots=True)
class PairTrack:
    """A check on a target: the runs after its first that did not judge it."""

    runs: int = 0
    whole_runs: int = 0
    left_out: list[RunLine] = field(default_factory=list)


@dataclass(slots=True)
class ControlTrack:
    """A control over the complete runs of the period.

    Args:
        control: As the last policy that has it says.
        tested: The runs that judged it; `counts` its findings by status in each of these.
        undecided_runs: Those with an error or a finding that waits for a person.
        mappings: `framework requirement` in any run; `mapped` in the last policy that has it.
    """

    control: Control
    tested: list[Tested] = field(default_factory=list)
    lines: list[RunLine] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    undecided_runs: list[RunLine] = field(default_factory=list)
    not_tested_runs: dict[str, list[RunLine]] = field(default_factory=dict)
    mappings: set[str] = field(default_factory=set)
    mapped: set[str] = field(default_factory=set)
    items: dict[str, ItemTrack] = field(default_factory=dict)
    checks: dict[str, CheckTrack] = field(default_factory=dict)
    pairs: dict[Pair, PairTrack] = field(default_factory=dict)

    def define(self, control: Control, line: RunLine, reasons: Iterable[tuple[str, str]]) -> None:
        """The control as the policy of the next run has it.

        Args:
            reasons: Checks that nothing judged in this run, and why.
        """
        self.control = control
        self.mapped = {
            f"{framework} {mapping.id}"
            for framework, mappings in control.maps.items()
            for mapping in mappings
        }
        self.mappings |= self.mapped
        for check in control.checks:
            self.checks.setdefault(check.id, CheckTrack()).check = check
        for check_id, reason in reasons:
            self.checks.setdefault(check_id, CheckTrack()).not_tested[reason] = None
            self.not_tested_runs.setdefault(f"{check_id}: {reason}", []).append(line)

    def take(
        self,
        number: int,
        line: RunLine,
        findings: Sequence[Found],
        evidence: Mapping[tuple[str, str], str],
        loosened: str,
    ) -> None:
        """Its findings in the next run; at least one.

        Args:
            number: Of the run.
            evidence: Target and resource type to the digest of the observation.
            loosened: How the control was loosened in this run; "" where it was not.
        """
        rule = self.control.evaluate
        self.tested.append(Tested(line.now, rule.every, rule.gap_tolerance))
        self.lines.append(line)
        judged = _Judged(findings)
        counts = self.counts[line.run] = Counter(found["status"] for found in findings)
        if counts["error"] or counts["manual"]:
            self.undecided_runs.append(line)
        arrived = [
            item
            for found in findings
            if (item := self._item(number, line, found, evidence, loosened)) is not None
        ]
        self._populate(number, line, arrived)
        self._absent(number, line, judged, evidence)
        self._count(line, findings, judged)

    def _item(
        self,
        number: int,
        line: RunLine,
        found: Found,
        evidence: Mapping[tuple[str, str], str],
        loosened: str,
    ) -> ItemTrack | None:
        """Take a finding; gives its item where it was not there in the run before."""
        name: str = found["fingerprint"]
        item = self.items.get(name)
        is_new = item is None or item.gone
        if item is None:
            item = self.items[name] = ItemTrack(
                name, found["control"], found["check"], found["target"], found["environment"],
                found["resource"], found.get("uid", ""), self._would_show(found),
            )  # fmt: skip
        digest = evidence.get((found["target"], found["resource_type"]), "")
        item.take(found, line, digest, loosened)
        item.seen = number
        return item if is_new and item.is_resource else None

    def _would_show(self, found: Found) -> bool:
        pair = self.pairs.get((found["check"], found["target"]))
        return pair is not None and pair.whole_runs > 0

    def _populate(self, number: int, line: RunLine, arrived: Sequence[ItemTrack]) -> None:
        """Resources that came since a whole reading; what has the name of another is no arrival."""
        left = {
            (item.check, item.target, item.key)
            for item in (self.items.values() if arrived else ())
            if item.is_resource and not item.gone and item.seen < number
        }
        for item in arrived:
            known = self.pairs.get((item.check, item.target))
            if known and known.whole_runs and (item.check, item.target, item.key) not in left:
                arrival = Item(item.target, item.key, item.uid, line.now)
                self.checks[item.check].population.added.append(arrival)

    def _absent(
        self, number: int, line: RunLine, judged: _Judged, evidence: Mapping[tuple[str, str], str]
    ) -> None:
        for item in self.items.values():
            if item.seen == number or item.gone:
                continue
            pair = (item.check, item.target)
            if pair not in judged.pairs:
                episode = item.open
                if episode is not None and episode.out_since is None:
                    episode.out_since = line
            elif pair in judged.partial:
                if (episode := item.open) is not None:
                    episode.undecided += 1
            else:
                digest = evidence.get((item.target, judged.types[pair]), "")
                self._gone(item, line, judged.successor(item), digest)

    def _gone(self, item: ItemTrack, line: RunLine, successor: Found | None, digest: str) -> None:
        item.gone = True
        episode = item.open
        uid = str(successor.get("uid", "")) if successor else ""
        if not item.is_resource:
            if episode is not None:
                fixed = successor is not None or not item.key
                closing = Closing.FIXED if fixed else Closing.OUT_OF_SCOPE
                detail = _NOT_MISSED if fixed else _NOT_EXPECTED
                episode.close(closing, line, digest, detail)
            return
        population = self.checks[item.check].population
        if successor is not None:
            population.recreated.append(Item(item.target, item.key, uid, line.now, item.uid))
        else:
            population.vanished.append(Item(item.target, item.key, item.uid, line.now))
        if episode is not None:
            closing = Closing.RECREATED if successor is not None else Closing.VANISHED
            told = _NO_ID if successor is not None and not item.uid else ""
            episode.close(closing, line, digest, told or (_GONE if successor is None else ""))
            episode.successor = uid

    def _count(self, line: RunLine, findings: Sequence[Found], judged: _Judged) -> None:
        sizes: Counter[str] = Counter()
        for found in findings:
            track = self.checks[found["check"]]
            track.counts[found["status"]] += 1
            if found.get("pointer"):
                sizes[found["check"]] += 1
        for check in {check for check, _target in judged.pairs}:
            track = self.checks[check]
            track.runs.append(line)
            whole = not any(name == check for name, _target in judged.partial)
            track.population.size(sizes[check], whole=whole)
        for pair in judged.pairs:
            known = self.pairs.setdefault(pair, PairTrack())
            known.runs += 1
            known.whole_runs += pair not in judged.partial
        for pair, known in self.pairs.items():
            if pair not in judged.pairs:
                known.left_out.append(line)


class _Judged:
    """The findings of a control in one run, by check and target.

    Args:
        findings: At least one.
    """

    def __init__(self, findings: Sequence[Found]) -> None:
        self._findings = findings
        self.types: dict[Pair, str] = {}
        self.partial: set[Pair] = set()
        for found in findings:
            pair = (found["check"], found["target"])
            self.types[pair] = found["resource_type"]
            if found["status"] in UNDECIDED and not found.get("pointer"):
                self.partial.add(pair)  # something of this target was not read
        self._names: dict[tuple[str, str, str], Found] | None = None

    @property
    def pairs(self) -> Mapping[Pair, str]:
        """The checks and targets that were judged."""
        return self.types

    def successor(self, item: ItemTrack) -> Found | None:
        """The resource that has the item's name now."""
        if self._names is None:
            self._names = {
                (found["check"], found["target"], found["resource"]): found
                for found in self._findings
                if found.get("pointer")
            }
        return self._names.get((item.check, item.target, item.key))
