"""Small controls and observations for tests of judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.core.evaluate import Judgement, evaluate
from auditor.core.evaluate.plan import Plan, make_plan
from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.model.control import Control
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause, Status
from auditor.core.model.target import Target
from auditor.core.model.waiver import SignedWaiver, Waiver

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ENGINE = CelCppEngine()
FIELDS = {
    "name": "string",
    "ok": "bool",
    "note?": "string",
    "since?": "timestamp",
    "ports": "list<int>",
    "tags": "map<string>",
    "rules": [{"from_port": "int", "cidr": "string"}],
}


def record(spec: object) -> Record:
    made = parse_field_type(spec)
    assert isinstance(made, Record)
    return made


THING = ResourceType("demo.thing", "Thing", record(FIELDS), record({"count": "int"}))
TARGET = Target("prod-1", "demo", "prod", {"team": "core"})


def assertion(expr: str = "resource.ok", **more: object) -> dict[str, object]:
    return {
        "id": "ok",
        "expr": expr,
        "severity": "high",
        "message": "{resource.name} is not ok",
    } | more


def check(**more: object) -> dict[str, object]:
    population = {"on_empty": "error"} | dict(more.pop("population", {}))  # type: ignore[call-overload]
    return {
        "id": "thing",
        "title": "Things are ok",
        "collector": "demo",
        "resource": "demo.thing",
        "key": "resource.name",
        "population": population,
        "freshness": "24h",
        "assert": [assertion()],
        "remediation": {"text": "make the thing ok"},
        "verify_by_hand": "look at it",
    } | more


def control(*checks: dict[str, object], **more: object) -> Control:
    document: dict[str, object] = {
        "id": "things",
        "title": "Things are ok",
        "statement": "Every thing that there is must be ok.",
        "owner": {"role": "head-of-things"},
        "nature": {"type": "preventive", "execution": "automated"},
        "frequency": "continuous",
        "evaluate": {"every": "24h", "gap_tolerance": "6h"},
        "maps": {"soc2": [{"id": "CC6.1", "strength": "full"}]},
        "checks": list(checks) or [check()],
    }
    return Control.model_validate(document | more)


def thing(name: str = "a", *, unread: Mapping[str, Gap] | None = None, **more: object) -> Resource:
    data: dict[str, object] = {
        "name": name,
        "ok": True,
        "note": None,
        "since": None,
        "ports": [],
        "tags": {},
        "rules": [],
    }
    uid = str(more.pop("uid", ""))
    data |= more
    return Resource({k: v for k, v in data.items() if v is not ...}, uid, unread or {})


def observation(*things: Resource, **more: Any) -> Observation:
    fields: dict[str, Any] = {
        "target": "prod-1",
        "environment": "prod",
        "resource_type": "demo.thing",
        "identity": "tester",
        "started_at": NOW,
        "read_at": NOW + timedelta(minutes=1),
        "as_of": NOW,
        "resources": things,
        "facts": {"count": len(things)},
    }
    return Observation(**(fields | more))


def policy(
    made: Control, *, targets: Sequence[Target] = (TARGET,), waivers: Sequence[SignedWaiver] = ()
) -> Policy:
    return Policy(
        controls=(made,),
        frameworks=(),
        targets=tuple(targets),
        environments=("prod", "staging"),
        resource_types={"demo.thing": THING},
        kinds={"demo": ("demo",)},
        waivers=tuple(waivers),
        inventory={"names": ["a", "b"]},
        owners={"head-of-things": ["Olga Owner", "olga@example.org"]},
    )


def judge(
    made: Control,
    *observations: Observation,
    now: datetime = NOW,
    targets: Sequence[Target] = (TARGET,),
    waivers: Sequence[SignedWaiver] = (),
) -> Judgement:
    chosen = policy(made, targets=targets, waivers=waivers)
    plan: Plan = make_plan(chosen, ENGINE)
    return evaluate(
        chosen, plan, {(o.target, o.resource_type): o for o in observations}, now, ENGINE
    )


def statuses(judgement: Judgement) -> dict[str, Status]:
    return {finding.key: finding.status for finding in judgement.findings}


def only(judgement: Judgement) -> Finding:
    assert len(judgement.findings) == 1, judgement.findings
    return judgement.findings[0]


def gap(cause: Cause = Cause.DENIED, subject: str = "", action: str = "demo:Get") -> Gap:
    return Gap(cause, "the system said no", subject, action, "grant demo:Get")


def waiver(signature: str = "valid", **more: object) -> SignedWaiver:
    document = {
        "id": "W-1",
        "check": "things/thing",
        "match": 'resource.name == "bad"',
        "environments": ["prod"],
        "reason": "it is replaced next month",
        "risk": "R-7",
        "requested_by": "rita",
        "approved_by": "carl",
        "approved_at": "2026-03-01T00:00:00Z",
        "expires": "2026-06-01T00:00:00Z",
        "max_items": 1,
    }
    return SignedWaiver(Waiver.model_validate(document | more), signature)
