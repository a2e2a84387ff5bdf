"""Do the verdicts of a control depend on what its expressions read?

Each field that a check reads is damaged in turn in the resources of its cases. Evidence that is
broken (a field removed, of another type, denied, null where that is not allowed) must change the
verdict in every single case, or a false pass is possible. A value that the type allows (null where
it may be, an empty list) must change the verdict in some case, or no case shows that it matters.
`absorbs` on every assertion that reads the field, or for the second sort `irrelevant` on the check,
excuses a survivor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.app.cases.control_cases import case_observation
from auditor.app.cases.damage import Damage, damages
from auditor.catalog.cases import Case
from auditor.catalog.library import LoadedControl
from auditor.catalog.types.checker import TypeChecker
from auditor.catalog.types.examined import Examined, Read, shown_path
from auditor.catalog.types.roots import roots_of
from auditor.core.evaluate.check import judge_check
from auditor.core.evaluate.compiled import CompiledCheck, Place, compile_check, expressions_of
from auditor.core.evaluate.judge import Frame, judge_resource
from auditor.core.evaluate.view import facts_view, view
from auditor.core.expression.interface import Engine
from auditor.core.model.control import Check
from auditor.core.model.fields import FieldType
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Status
from auditor.core.model.target import Target

_JUDGED = (Status.PASS, Status.FAIL)


@dataclass(slots=True)
class Tally:
    """What became of the mutants of one control; a mutant is one damage to one field of one check.

    Args:
        survived: `check: field kind`, with the case where one shows it.
        unused: Reasons in `irrelevant` that excuse nothing.
    """

    control: str
    killed: int = 0
    excused: int = 0
    survived: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """None survived, and every reason is needed."""
        return not self.survived and not self.unused


@dataclass(frozen=True, slots=True)
class Instance:
    """One judged resource of one case."""

    case: str
    frame: Frame
    resource: Resource

    def verdict(self, kind: ResourceType, resource: Resource) -> tuple[object, ...]:
        """Status and assertions: what must not stay the same."""
        seen = view(resource, kind.fields)
        return _verdict(judge_resource(self.frame, resource, seen, 0, {}).finding)


def mutate(
    loaded: LoadedControl,
    cases: list[Case],
    types: Mapping[str, ResourceType],
    engine: Engine,
    checker: TypeChecker,
) -> Tally:
    """Damage every field that a check reads, in every case, and count what noticed.

    Args:
        cases: All cases of the control.
        types: Resource types by name.
    """
    tally = Tally(loaded.control.id)
    for check in loaded.control.checks:
        CheckMutation(loaded, check, types[check.resource], engine, checker).run(cases, tally)
    return tally


class CheckMutation:
    """The mutants of one check."""

    def __init__(
        self,
        loaded: LoadedControl,
        check: Check,
        kind: ResourceType,
        engine: Engine,
        checker: TypeChecker,
    ) -> None:
        self.loaded = loaded
        self.check = check
        self.kind = kind
        self.engine = engine
        self.compiled: CompiledCheck = compile_check(engine, check)
        self.examined = list(_examined(loaded, check, kind, checker))
        self.needed: set[str] = set()

    def run(self, cases: list[Case], tally: Tally) -> None:
        """All fields of resources, then all facts."""
        instances = list(self.instances(cases))
        for read in self._reads("resource"):
            for damage in damages(read):
                self._count(tally, read, damage, self._field_outcome(instances, read, damage))
        observations = list(self.observations(cases))
        for read in self._reads("facts"):
            for damage in damages(read):
                outcome = self._fact_outcome(observations, read, damage)
                self._count(tally, read, damage, outcome)
        unused = sorted(self.check.irrelevant.keys() - self.needed)
        tally.unused += [f"{self.check.id}: `irrelevant` {name} excuses nothing" for name in unused]

    def _reads(self, root: str) -> list[Read]:
        """Fields below a variable that any expression reads, each once."""
        found = {
            read.path: read
            for _place, examined in self.examined
            for read in examined.reads
            if read.path[0] == root and len(read.path) > 1
        }
        return [found[path] for path in sorted(found)]

    def _count(self, tally: Tally, read: Read, damage: Damage, survivor: str | None) -> None:
        """Add one mutant; `survivor` is "" for killed, None where nothing could be damaged."""
        if survivor is None:
            return
        if not survivor:
            tally.killed += 1
            return
        name = shown_path(read.path[1:])
        reason = self.check.irrelevant.get(name)
        if reason and not damage.broken:
            self.needed.add(name)
        if (reason and not damage.broken) or self._absorbed(read):
            tally.excused += 1
        else:
            tally.survived.append(f"{self.check.id}: {name} {damage.kind} ({survivor})")

    def _absorbed(self, read: Read) -> bool:
        """Only assertions that say why they may absorb an error read the field."""
        readers = [
            place
            for place, examined in self.examined
            if any(other.path[: len(read.path)] == read.path for other in examined.reads)
        ]
        return all(
            place[0] == "assert"
            and isinstance(place[1], int)
            and bool(self.check.assert_[place[1]].absorbs)
            for place in readers
        )

    def _field_outcome(
        self, instances: list[tuple[Instance, tuple[object, ...]]], read: Read, damage: Damage
    ) -> str | None:
        survivors, killed = [], False
        for instance, verdict in instances:
            if damage.broken and verdict[0] not in _JUDGED:
                continue  # what only assertions read may be broken where `when` is false
            damaged = damage.apply(instance.resource, read.type)
            if damaged == instance.resource:
                continue
            if instance.verdict(self.kind, damaged) != verdict:
                killed = True
                if not damage.broken:
                    break
            else:
                survivors.append(instance.case)
                if damage.broken:
                    break
        return _outcome(damage, survivors, killed=killed)

    def _fact_outcome(
        self, observations: list[tuple[str, Frame, Observation]], read: Read, damage: Damage
    ) -> str | None:
        survivors, killed = [], False
        for case, frame, observation in observations:
            damaged = _damaged_facts(observation, read.type, damage)
            if damaged == observation:
                continue
            before, after = self.whole(frame, observation), self.whole(frame, damaged)
            killed = killed or before != after
            survivors += [case] if before == after else []
        return _outcome(damage, survivors, killed=killed)

    def whole(self, frame: Frame, observation: Observation) -> frozenset[tuple[object, ...]]:
        """Every finding of the check on one observation."""
        now = frame.variables["now"]
        result = judge_check(frame, observation, self.kind, now, (), {})  # type: ignore[arg-type]
        return frozenset((finding.key, *_verdict(finding)) for finding in result.findings)

    def instances(self, cases: list[Case]) -> Iterator[tuple[Instance, tuple[object, ...]]]:
        """Every resource that some case decides about, each once."""
        seen: set[str] = set()
        for case in cases:
            if self.check.id not in case.evidence:
                continue
            observation = case_observation(case, self.check.id, self.check.resource)
            frame = self._frame(case, observation)
            for resource in observation.resources:
                instance = Instance(case.name, frame, resource)
                identity = json.dumps([resource.to_json(), frame.variables], default=str)
                verdict = instance.verdict(self.kind, resource)
                if identity not in seen and verdict[0] is not Status.ERROR:
                    yield instance, verdict
                seen.add(identity)

    def observations(self, cases: list[Case]) -> Iterator[tuple[str, Frame, Observation]]:
        """What cases show of the check, where nothing is in error and nothing could not be read."""
        for case in cases:
            if self.check.id not in case.evidence:
                continue
            observation = case_observation(case, self.check.id, self.check.resource)
            frame = self._frame(case, observation)
            if not any(
                status is Status.ERROR for _key, status, *_ in self.whole(frame, observation)
            ):
                yield case.name, frame, observation

    def _frame(self, case: Case, observation: Observation) -> Frame:
        control = self.loaded.control
        target = Target(
            self.check.id, f"case-{self.check.collector}", case.environment, case.labels
        )
        parameters = {
            name: parameter.parse(case.parameters.get(name, parameter.default))
            for name, parameter in control.parameters.items()
        }
        variables = {
            "param": parameters,
            "now": case.now,
            "target": target.as_variable(),
            "inventory": {name: list(members) for name, members in case.inventory.items()},
            "facts": facts_view(observation.facts, self.kind.facts),
        }
        return Frame(control.id, self.compiled, target, self.engine, variables)


def _examined(
    loaded: LoadedControl, check: Check, kind: ResourceType, checker: TypeChecker
) -> Iterator[tuple[Place, Examined]]:
    roots = roots_of(loaded.control, kind)
    for place, text, variables in expressions_of(check):
        known = {name: of for name, of in roots.items() if name in variables}
        examined = checker.examine(text, known)
        if examined is not None:  # the library was checked before: all of them parse
            yield place, examined


def _verdict(finding: Finding) -> tuple[object, ...]:
    truths = tuple((result.id, result.truth) for result in finding.assertions)
    return (finding.status, truths, finding.key)


def _outcome(damage: Damage, survivors: list[str], *, killed: bool) -> str | None:
    """Empty for killed, the case that survived, None where there was nothing to damage."""
    if not killed and not survivors:
        return None
    if damage.broken:
        return f"in {survivors[0]!r}" if survivors else ""
    return "" if killed else "in every case"


def _damaged_facts(observation: Observation, of: FieldType | None, damage: Damage) -> Observation:
    """Facts are damaged like a resource; a denied one is a gap of the collection."""
    resource = damage.apply(Resource(observation.facts), of)
    gaps = [
        Gap(gap.cause, gap.detail, f"facts.{path}", gap.action)
        for path, gap in resource.unread.items()
    ]
    return replace(observation, facts=resource.data, gaps=(*observation.gaps, *gaps))
