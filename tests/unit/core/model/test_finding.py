"""Findings: their document, their id, and the identity that survives time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.canonical import canonical, parse_canonical
from auditor.core.model.finding import AssertionResult, Finding
from auditor.core.model.ident import finding_id, fingerprint, is_finding_id
from auditor.core.model.status import Cause, Severity, Status, worst_severity
from tests.unit.core.jsonlike import TEXT, WORD

RESULTS = st.builds(
    AssertionResult,
    id=WORD,
    truth=st.sampled_from(["true", "false", "undecided"]),
    severity=st.sampled_from(Severity),
    detail=TEXT,
)
FINDINGS = st.builds(
    Finding,
    control=WORD,
    check=WORD,
    target=WORD,
    key=TEXT,
    status=st.sampled_from(Status),
    severity=st.sampled_from(Severity),
    environment=WORD,
    resource_type=WORD,
    uid=TEXT,
    reason=TEXT,
    cause=st.none() | st.sampled_from(Cause),
    action=TEXT,
    hint=TEXT,
    assertions=st.lists(RESULTS, max_size=3).map(tuple),
    pointer=TEXT,
    waiver=TEXT,
)


@given(FINDINGS)
def test_law_a_finding_is_read_as_written(made: Finding) -> None:
    document = parse_canonical(canonical(made.to_json()))
    assert isinstance(document, dict)
    assert Finding.from_json(document) == made


@given(FINDINGS)
def test_law_the_id_has_its_form_and_the_short_form_begins_the_fingerprint(made: Finding) -> None:
    assert is_finding_id(made.id)
    assert made.id == f"{made.control}/{made.check}@{made.target}" + (
        f"/{made.key}" * bool(made.key)
    )
    assert made.fingerprint.startswith(made.short)
    assert (len(made.fingerprint), len(made.short)) == (64, 12)


@given(FINDINGS, FINDINGS)
def test_law_two_findings_have_one_fingerprint_only_if_they_are_of_the_same_thing(
    one: Finding, other: Finding
) -> None:
    def identity(finding: Finding) -> tuple[str, ...]:
        return (finding.control, finding.check, finding.target, finding.key, finding.uid)

    same = replace(one, reason="new", status=Status.PASS, environment="other", pointer="/9")
    assert same.fingerprint == one.fingerprint
    assert (one.fingerprint == other.fingerprint) == (identity(one) == identity(other))
    assert (one.order[:5] == other.order[:5]) == (identity(one) == identity(other))


def test_a_recreated_resource_of_the_same_name_is_another_one() -> None:
    assert fingerprint("a", "b", "c", "d", "uid-1") != fingerprint("a", "b", "c", "d", "uid-2")
    assert fingerprint("a", "b", "c/d", "", "") != fingerprint("a", "b", "c", "d", "")


@pytest.mark.parametrize("text", ["", "a", "a/b", "a@b", "a/b@", "/b@c", "a/b/c@d", "a/@c", "@c/d"])
def test_other_texts_are_no_ids_of_findings(text: str) -> None:
    assert not is_finding_id(text)


def test_the_key_of_an_id_may_hold_anything() -> None:
    assert is_finding_id(finding_id("a", "b", "host-1", "/etc/pass@wd\nx"))
    assert finding_id("a", "b", "c", "") == "a/b@c"


def test_empty_optional_fields_are_left_out() -> None:
    made = Finding("a", "b", "c", "k", Status.PASS, Severity.LOW)
    assert made.to_json().keys() == {
        "id",
        "control",
        "check",
        "target",
        "environment",
        "resource_type",
        "resource",
        "status",
        "severity",
        "fingerprint",
    }
    assert AssertionResult("x", "true", Severity.LOW).to_json() == {
        "id": "x",
        "truth": "true",
        "severity": "low",
    }


@given(st.lists(st.sampled_from(Severity)))
def test_law_the_worst_severity_is_the_first_of_the_vocabulary(severities: list[Severity]) -> None:
    order = [Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO]
    worst = next((s for s in order if s in severities), Severity.INFO)
    assert worst_severity(severities) is worst
    assert [severity.rank for severity in order] == [0, 1, 2, 3, 4]
