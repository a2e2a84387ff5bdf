"""Lint as SARIF and as the page of the reference."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from auditor.catalog.lint import RULES
from auditor.catalog.lint.reference import reference
from auditor.catalog.lint.sarif import to_sarif
from tests.unit.lint.library import changed, found, load

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "sarif-2.1.0-rtm.5.json").read_text("utf-8"))


def test_a_log_with_faults_is_valid_sarif_with_places_and_rules(tmp_path: Path) -> None:
    text = changed({"r.from_port == null": "r.from_prot == null", 'id: "CC6.1"': "id: CC6.1"})
    log = json.loads(to_sarif(found(load(tmp_path, text)), "1.2.3"))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    results = {result["ruleId"]: result for result in run["results"]}
    assert set(results) == {"known-field", "quoted-id"}
    place = results["known-field"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "library/demo/things/control.yaml"
    row = text.splitlines()[place["region"]["startLine"] - 1]
    assert row[place["region"]["startColumn"] - 1 :].startswith("from_prot")
    assert results["quoted-id"]["level"] == "warning"
    for result in results.values():
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]


def test_a_log_without_faults_is_valid_and_lists_the_rules(tmp_path: Path) -> None:
    log = json.loads(to_sarif(found(load(tmp_path)), "1.2.3"))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    assert log["runs"][0]["results"] == []
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == len(RULES)


def test_the_page_of_all_rules_is_the_register_of_now() -> None:
    page = HERE.parents[2] / "docs" / "reference" / "lint.md"
    assert page.read_text("utf-8") == reference(), (
        "run: auditor controls lint --rules > docs/reference/lint.md"
    )


def test_rules_have_ids_of_their_own_and_say_why() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.why.endswith(".") and not rule.summary.endswith(".") for rule in RULES)
