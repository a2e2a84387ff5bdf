"""`tests/cases.yaml` beside a control: evidence and the verdicts that it must give.

A case names its evidence in full, or `extends` another case and changes it: `patch` sets fields
of resources, `drop` removes them, `denied` and `empty` replace what a check sees. `each` makes one
case of every flaw in a list: resource 0 of the check is patched and must fail alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, RootModel

from auditor.catalog.source import read_yaml, validate
from auditor.core.model.control import Model
from auditor.core.model.status import Cause
from auditor.core.times import Instant
from auditor.errors import DefinitionError

FieldValues = dict[str, object]


class GapEntry(Model):
    """Something that could not be read."""

    cause: Cause
    detail: str = "stated by the case"
    subject: str = ""
    action: str = ""


class Evidence(Model):
    """What one check sees."""

    resources: tuple[FieldValues, ...] = ()
    facts: FieldValues = Field(default_factory=dict)
    gaps: tuple[GapEntry, ...] = ()
    unread: dict[int, dict[str, GapEntry]] = Field(default_factory=dict)
    as_of: Instant | None = None


class Expect(Model):
    """What must come out; findings are named `check/key`, or `check` for the whole target."""

    control: str | None = None
    findings: dict[str, str] = Field(default_factory=dict)


class CaseEntry(Model):
    """One entry of the file."""

    name: str = Field(min_length=3)
    extends: str | None = None
    environment: str | None = None
    now: Instant | None = None
    inventory: dict[str, tuple[str, ...]] | None = None
    labels: dict[str, str] | None = None
    parameters: dict[str, object] | None = None
    evidence: dict[str, Evidence] = Field(default_factory=dict)
    patch: dict[str, dict[int, FieldValues]] = Field(default_factory=dict)
    drop: dict[str, dict[int, tuple[str, ...]] | tuple[int, ...]] = Field(default_factory=dict)
    denied: dict[str, str] = Field(default_factory=dict)
    empty: tuple[str, ...] = ()
    each: dict[str, tuple[FieldValues, ...]] = Field(default_factory=dict)
    expect: Expect = Expect()


class CaseFile(RootModel[tuple[CaseEntry, ...]]):
    """The whole file, schema `cases-1`."""


class Case(Model):
    """A case with everything it extends resolved.

    `alone` is set for a case made by `each`: the check whose resource 0 must fail, and no other
    finding may be fail or error that was not so before.
    """

    name: str
    environment: str
    now: Instant
    inventory: dict[str, tuple[str, ...]]
    labels: dict[str, str]
    parameters: dict[str, object]
    evidence: dict[str, Evidence]
    expect: Expect
    alone: str | None = None
    base: str | None = None


def load_cases(path: Path) -> list[Case]:
    """All cases of a file, in order.

    Raises:
        DefinitionError: With every problem and its place.
    """
    source = read_yaml(path, f"{path.parent.parent.name}/tests/{path.name}")
    entries = validate(source, CaseFile).root
    by_name: dict[str, Case] = {}
    cases: list[Case] = []
    for index, entry in enumerate(entries):
        if entry.name in by_name:
            raise DefinitionError([source.problem((index,), f"two cases are `{entry.name}`")])
        try:
            made = list(_resolve(entry, by_name))
        except ValueError as error:
            raise DefinitionError([source.problem((index,), str(error))]) from error
        by_name[entry.name] = made[0]
        cases += made
    return cases


def _resolve(entry: CaseEntry, known: Mapping[str, Case]) -> Iterator[Case]:
    base = _base(entry, known)
    changed = {
        "name": entry.name,
        "environment": entry.environment,
        "now": entry.now,
        "inventory": entry.inventory,
        "labels": entry.labels,
    }
    update: dict[str, object] = {name: v for name, v in changed.items() if v is not None}
    update["parameters"] = base.parameters | (entry.parameters or {})
    update["evidence"] = _changed_evidence(entry, base)
    update["expect"] = entry.expect
    case = base.model_copy(update=update)
    if not entry.each:
        yield case
    for check, flaws in entry.each.items():
        for flaw in flaws:
            yield case.model_copy(
                update={
                    "name": f"{entry.name}: {check} {flaw}",
                    "evidence": case.evidence | {check: patched(case.evidence, check, 0, flaw)},
                    "alone": check,
                    "base": entry.extends,
                }
            )


def _base(entry: CaseEntry, known: Mapping[str, Case]) -> Case:
    """The case that this one extends, or a blank one at its own `now`."""
    if entry.extends is not None:
        if entry.extends not in known:
            raise ValueError(f"no earlier case is called {entry.extends!r}")
        return known[entry.extends]
    if entry.now is None:
        raise ValueError("a case that extends no other needs `now`")
    return Case(
        name=entry.name,
        environment="prod",
        now=entry.now,
        inventory={},
        labels={},
        parameters={},
        evidence={},
        expect=entry.expect,
    )


def _changed_evidence(entry: CaseEntry, base: Case) -> dict[str, Evidence]:
    """The base's evidence with what the entry replaces, patches, drops, denies and empties."""
    evidence = base.evidence | entry.evidence
    for check, by_index in entry.patch.items():
        for index, values in by_index.items():
            evidence[check] = patched(evidence, check, index, values)
    for check, what in entry.drop.items():
        evidence[check] = _dropped(evidence, check, what)
    for check, action in entry.denied.items():
        evidence[check] = Evidence(gaps=(GapEntry(cause=Cause.DENIED, action=action),))
    for check in entry.empty:
        evidence[check] = evidence.get(check, Evidence()).model_copy(update={"resources": ()})
    return evidence


def patched(
    evidence: Mapping[str, Evidence], check: str, index: int, values: FieldValues
) -> Evidence:
    """The evidence of a check with fields of one resource set; a dotted name reaches inside."""
    seen = _with_resource(evidence, check, index, "patch")
    resources = list(seen.resources)
    resource = dict(resources[index])
    for path, value in values.items():
        _set(resource, path.split("."), value)
    resources[index] = resource
    return seen.model_copy(update={"resources": tuple(resources)})


def _set(resource: dict[str, object], path: list[str], value: object) -> None:
    name, *rest = path
    if not rest:
        resource[name] = value
        return
    inner = resource.get(name)
    copy = dict(inner) if isinstance(inner, Mapping) else {}
    _set(copy, rest, value)
    resource[name] = copy


def _dropped(
    evidence: Mapping[str, Evidence], check: str, what: dict[int, tuple[str, ...]] | tuple[int, ...]
) -> Evidence:
    """Resources by index, or fields of resources, removed."""
    seen = evidence.get(check, Evidence())
    for index in what:
        seen = _with_resource(evidence, check, index, "drop")
    if not isinstance(what, dict):
        kept = tuple(r for index, r in enumerate(seen.resources) if index not in what)
        return seen.model_copy(update={"resources": kept})
    resources = [dict(resource) for resource in seen.resources]
    for index, names in what.items():
        for name in names:
            if name not in resources[index]:
                raise ValueError(f"drop: resource {index} of {check} has no field {name}")
            del resources[index][name]
    return seen.model_copy(update={"resources": tuple(resources)})


def _with_resource(evidence: Mapping[str, Evidence], check: str, index: int, verb: str) -> Evidence:
    """The evidence of a check that has a resource of that index: a change of none is a mistake."""
    seen = evidence.get(check, Evidence())
    if not 0 <= index < len(seen.resources):
        raise ValueError(f"{verb}: {check} has no resource {index}")
    return seen
