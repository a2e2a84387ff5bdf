from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from auditor.core.model.status import Status
from auditor.render.gitlab_code_quality import GitlabCodeQualityRenderer
from tests.unit.render.sample import NOT_TESTED, sample

# The table of GitLab's page on the report format; it publishes no schema of it.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./|/)(?!.*\.\./).+$"},
                    "lines": {"type": "object", "required": ["begin"]},
                },
            },
        },
    },
}


def _report() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(GitlabCodeQualityRenderer().render(sample()))
    return found


def test_it_is_of_gitlabs_format() -> None:
    Draft202012Validator(SCHEMA).validate(_report())


def test_whatever_is_not_a_pass_is_in_it() -> None:
    counts = sample().counts
    open_ = (Status.FAIL, Status.ERROR, Status.MANUAL, Status.WAIVED)
    assert len(_report()) == sum(counts[status] for status in open_) + len(NOT_TESTED)


def test_what_was_not_evaluated_does_not_read_like_a_failure() -> None:
    undecided = [issue for issue in _report() if "Not evaluated" in issue["description"]]
    assert len(undecided) == sample().counts[Status.ERROR]


def test_fingerprints_are_those_of_the_findings() -> None:
    prints = {finding.fingerprint for finding in sample().findings}
    untested = len(NOT_TESTED)
    assert len([i for i in _report() if i["fingerprint"] not in prints]) == untested
