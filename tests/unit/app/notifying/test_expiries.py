"""Certificates and attestations at their end, out of the evidence of a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auditor.app.notifying.events import Event
from auditor.app.notifying.expiries import expiring
from auditor.catalog.notifications import WarnBefore
from auditor.core.model.fields import Record, Scalar
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
CERTIFICATE, STATED = "tls.certificate", "records.attestation.review"


def kind(name: str, *fields: str) -> ResourceType:
    record = Record({field: Scalar("timestamp") for field in fields})
    return ResourceType(name, name, record, Record({}))


POLICY = Policy(
    controls=(),
    frameworks=(),
    targets=(),
    environments=(),
    resource_types={
        CERTIFICATE: kind(CERTIFICATE, "not_after"),
        STATED: kind(STATED, "valid_until"),
        "aws.thing": kind("aws.thing", "valid_until"),
    },
)


def day(number: float) -> str:
    return format_instant(NOW + timedelta(days=number))


def found(name: str, *resources: Resource) -> list[Event]:
    seen = Observation("web", "prod", name, "me", NOW, NOW, NOW, resources)
    return list(expiring("r", POLICY, {("web", name): seen}, WarnBefore(), NOW))


def attestation(name: str, end: float, **more: object) -> Resource:
    return Resource({"id": name, "check": "c/d", "valid_until": day(end), "problem": "", **more})


def test_a_certificate_is_told_within_three_weeks_of_its_end_and_after_it() -> None:
    ends = {"far": 21.1, "near": 20.9, "gone": -1}
    events = found(
        CERTIFICATE, *(Resource({"endpoint": n, "not_after": day(d)}) for n, d in ends.items())
    )
    assert [(e.subject, e.severity.value) for e in events] == [
        ("near (tls.certificate of web)", "medium"),
        ("gone (tls.certificate of web)", "high"),
    ]
    assert events[0].environment == "prod"
    assert events[0].due == NOW + timedelta(days=20.9)
    assert events[1].detail == f"it ended at {day(-1)}"


def test_a_renewed_certificate_has_other_events() -> None:
    first = found(CERTIFICATE, Resource({"arn": "x", "not_after": day(1)}))
    second = found(CERTIFICATE, Resource({"arn": "x", "not_after": day(2)}))
    assert first[0].fingerprint != second[0].fingerprint
    assert first == found(CERTIFICATE, Resource({"arn": "x", "not_after": day(1)}))


def test_an_end_that_is_null_or_was_not_read_is_no_event() -> None:
    gap = Gap(Cause.DENIED, "not allowed")
    unread = Resource({"arn": "y"}, unread={"not_after": gap})
    assert found(CERTIFICATE, Resource({"arn": "x", "not_after": None}), unread) == []


def test_of_attestations_the_newest_that_counts_is_told() -> None:
    old, new = attestation("old", -3), attestation("new", 3)
    assert [e.subject for e in found(STATED, old, new)] == ["new for c/d"]
    assert found(STATED, old, attestation("new", 30)) == []
    refused = attestation("refused", 300, problem="no signature")
    assert [e.subject for e in found(STATED, old, refused)] == ["old for c/d"]


def test_a_type_that_is_neither_is_left_alone() -> None:
    assert found("aws.thing", Resource({"id": "x", "valid_until": day(-1)})) == []
