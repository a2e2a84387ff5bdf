"""Controls and their checks, as the file format `control-1` has them.

The meaning of each field is in docs/reference/control.md; the rules that need more than one field
(duplicate ids, expressions that compile, known resource types) are the catalog's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from auditor.core.model.ident import CatalogueId, Id, TypeName
from auditor.core.model.parameter import Parameter
from auditor.core.model.query import Query
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Severity
from auditor.core.times import Duration

OnEmpty = Literal["error", "fail", "not_applicable", "pass_stated"]


def _quoted(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"got the number {value}: put the id in quotes, or YAML turns 5.30 to 5.3")
    return value


def _expression(value: object) -> object:
    if isinstance(value, bool):  # `expr: true` is YAML's boolean, and a valid expression
        return "true" if value else "false"
    return value


RequirementId = Annotated[str, BeforeValidator(_quoted), Field(min_length=1)]
Expression = Annotated[
    str, BeforeValidator(_expression), Field(min_length=1, description="CEL expression")
]


class Model(BaseModel):
    """Frozen, and nothing unknown is accepted: a misspelt field is an error, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Owner(Model):
    """Who answers for the control: a role. Persons are named in auditor.yaml."""

    role: Id


class Nature(Model):
    """What the control does about a risk, and how."""

    type: Literal["preventive", "detective", "corrective", "directive"]
    execution: Literal["automated", "manual", "hybrid"]


class Evaluate(Model):
    """How often the control is tested: drives the runs expected in a period."""

    every: Duration
    gap_tolerance: Duration


class RequirementMapping(Model):
    """That the control supports a requirement, and how strongly.

    `requires` is the loosest value of a parameter that the requirement accepts (`<= 7d`).
    """

    id: RequirementId
    strength: Literal["full", "partial", "supporting"]
    gap: str = ""
    requires: dict[str, str] = Field(default_factory=dict)


class Schedule(Model):
    """One item is expected in each slot of time: a missing day is a finding.

    `window` and `at` are expressions: how far back slots are expected (a duration), and the
    instant of a resource that decides which slot it fills.
    """

    every: Duration
    window: Expression
    at: Expression


class Reconcile(Model):
    """An independent count that must agree: auditors call it completeness and accuracy."""

    expr: Expression
    why: str = Field(min_length=5)


class Population(Model):
    """The resources that a check must judge, and what it means when there are none."""

    on_empty: OnEmpty
    expected: Expression | None = None
    member: Expression | None = Field(
        default=None, description="which expected member a resource covers; its key by default"
    )
    on_missing: Literal["fail", "error"] = "fail"
    schedule: Schedule | None = None
    reconcile: Reconcile | None = None
    absorbs: str = Field(
        default="", description="why `||` or `exists` in expected or reconcile may hide an error"
    )
    depends_on: tuple[Id, ...] = ()


class Assertion(Model):
    """One small statement about a resource that is true or false."""

    id: Id
    expr: Expression
    severity: Severity
    message: str = Field(min_length=5, description="plain paths in braces, nothing else")
    absorbs: str = Field(
        default="", description="why `||`, `&&`, `exists` or `all` may hide an unreadable term"
    )
    vacuous: str = Field(
        default="", description="why `all` over an empty list, which is true, is the good case"
    )


class Remediation(Model):
    """What to do about a failing resource."""

    text: str = Field(min_length=10)
    cli: str = ""
    terraform: str = ""


class Check(Model):
    """One test of a control on one type of resource."""

    id: Id
    title: str = Field(min_length=5)
    catalogue: CatalogueId | None = None
    differs: str | None = None
    collector: str
    resource: TypeName
    query: Query | None = Field(
        default=None, description="with `collector: sql`: the query that makes `resource`"
    )
    scope: Expression = "true"
    when: Expression | None = None
    key: Expression
    population: Population
    freshness: Duration
    assert_: tuple[Assertion, ...] = Field(alias="assert", min_length=1)
    remediation: Remediation
    verify_by_hand: str = Field(min_length=5)
    irrelevant: dict[str, str] = Field(
        default_factory=dict,
        description="field (dotted, `[]` for elements) to the reason why a changed value of it "
        "need not change a verdict; read by `auditor controls test --mutate`",
    )


class Control(Model):
    """What the organisation does, how it is tested, and which requirements it supports."""

    id: Id
    title: str = Field(min_length=5)
    statement: str = Field(min_length=20)
    owner: Owner
    nature: Nature
    frequency: Literal[
        "continuous", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "on_event"
    ]
    evaluate: Evaluate
    maps: dict[Id, tuple[RequirementMapping, ...]]
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    checks: tuple[Check, ...] = Field(min_length=1)

    def check(self, check_id: str) -> Check:
        """The check of that id.

        Raises:
            KeyError: There is none.
        """
        for check in self.checks:
            if check.id == check_id:
                return check
        raise KeyError(check_id)

    def with_queries(self) -> Control:
        """The same, each check with the query of its resource, also where another one has it.

        A part of the control must not lose a query because the check that wrote it is left out.
        """
        written = {check.resource: check.query for check in self.checks if check.query}
        if not written:
            return self
        checks = tuple(
            check
            if check.query or check.resource not in written
            else check.model_copy(update={"query": written[check.resource]})
            for check in self.checks
        )
        return self.model_copy(update={"checks": checks})


def query_types(controls: Iterable[Control]) -> dict[str, ResourceType]:
    """The resource types that the controls' own queries make, by name."""
    return {
        check.resource: check.query.resource_type(check.resource)
        for control in controls
        for check in control.checks
        if check.query is not None
    }
