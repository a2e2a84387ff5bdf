"""A check with its expressions compiled, and the variables that each kind of expression sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.core.evaluate.queries import QUERY_VARIABLES
from auditor.core.expression.interface import Engine, Expression, VariableType
from auditor.core.model.control import Assertion, Check
from auditor.errors import ExpressionError

SCOPE_VARIABLES: Mapping[str, VariableType] = {"target": "map"}
RESOURCE_VARIABLES: Mapping[str, VariableType] = {
    "resource": "dyn",
    "param": "map",
    "now": "timestamp",
    "target": "map",
    "facts": "map",
    "inventory": "map",
}
POPULATION_VARIABLES: Mapping[str, VariableType] = {
    "resources": "list",
    "param": "map",
    "now": "timestamp",
    "target": "map",
    "facts": "map",
    "inventory": "map",
}


@dataclass(frozen=True, slots=True)
class CompiledCheck:
    """The expressions of one check; None where the check has none."""

    check: Check
    key: Expression
    when: Expression | None
    assertions: tuple[tuple[Assertion, Expression], ...]
    member: Expression | None
    slot: Expression | None
    window: Expression | None
    expected: Expression | None
    reconcile: Expression | None
    bind: Mapping[str, Expression]

    def reads_fact(self, name: str) -> bool:
        """True when any expression of the check may read `facts.<name>`."""
        optional = (
            self.when,
            self.member,
            self.slot,
            self.window,
            self.expected,
            self.reconcile,
        )
        expressions = [self.key, *(e for e in optional if e), *(e for _, e in self.assertions)]
        return any(r.overlaps(("facts", name)) for e in expressions for r in e.references)


def compile_check(engine: Engine, check: Check) -> CompiledCheck:
    """All expressions of the check.

    Raises:
        ExpressionError: `.where` is the field's path inside the check.
    """
    compiled = {}
    for place, source, variables in expressions_of(check):
        try:
            compiled[place] = engine.compile(source, variables)
        except ExpressionError as error:
            error.where = ".".join(str(part) for part in place)
            raise
    get = compiled.get
    return CompiledCheck(
        check=check,
        key=compiled[("key",)],
        when=get(("when",)),
        assertions=tuple(
            (assertion, compiled[("assert", index, "expr")])
            for index, assertion in enumerate(check.assert_)
        ),
        member=get(("population", "member")),
        slot=get(("population", "schedule", "at")),
        window=get(("population", "schedule", "window")),
        expected=get(("population", "expected")),
        reconcile=get(("population", "reconcile", "expr")),
        bind={str(place[2]): one for place, one in compiled.items() if place[0] == "query"},
    )


Place = tuple[str | int, ...]


def expressions_of(check: Check) -> Iterator[tuple[Place, str, Mapping[str, VariableType]]]:
    """Every expression of a check: its place in the file, its text, the variables it may use."""
    population = check.population
    yield ("scope",), check.scope, SCOPE_VARIABLES
    for name, text in check.query.bind.items() if check.query else ():
        yield ("query", "bind", name), text, QUERY_VARIABLES
    yield ("key",), check.key, RESOURCE_VARIABLES
    if check.when is not None:
        yield ("when",), check.when, RESOURCE_VARIABLES
    for index, assertion in enumerate(check.assert_):
        yield ("assert", index, "expr"), assertion.expr, RESOURCE_VARIABLES
    if population.member is not None:
        yield ("population", "member"), population.member, RESOURCE_VARIABLES
    if population.expected is not None:
        yield ("population", "expected"), population.expected, POPULATION_VARIABLES
    if population.reconcile is not None:
        yield ("population", "reconcile", "expr"), population.reconcile.expr, POPULATION_VARIABLES
    if population.schedule is not None:
        schedule = population.schedule
        yield ("population", "schedule", "window"), schedule.window, POPULATION_VARIABLES
        yield ("population", "schedule", "at"), schedule.at, RESOURCE_VARIABLES
