"""Naming one rule switches no other off, and what is let through by name is said all the same."""

from __future__ import annotations

import pytest

from auditor.render.gate.document import GateDocument
from tests.gate import changes as do
from tests.gate.conftest import Gate
from tests.gate.repository import Repository
from tests.gate.test_pull_requests import BASELINE

WEAKER = "1 part of the policy weaker without an approval"


@pytest.fixture
def weaker(change: Repository) -> Repository:
    """Two failures turn to pass, by the policy alone."""
    do.loosened(change)
    change.commit()
    return change


@pytest.mark.parametrize("rule", ["new", "coverage", "severity=critical", "weakening"])
def test_weaker_policy_closes_the_gate_whatever_rule_is_named(
    weaker: Repository, auditor: Gate, rule: str
) -> None:
    said = auditor("gate", *BASELINE, "--fail-on", rule)
    assert (said.code, WEAKER in said.out) == (1, True), said.out
    assert weaker.folder.is_dir()


def test_weaker_policy_is_let_through_by_its_own_name_and_every_output_says_so(
    weaker: Repository, auditor: Gate
) -> None:
    forms = ("markdown", "summary", "text", "github", "json")
    outputs = [f"--output={form}={form}.out" for form in forms]
    assert auditor("gate", *BASELINE, "--allow-weakening", *outputs).code == 0
    for form in forms:
        text = (weaker.folder / f"{form}.out").read_text("utf-8")
        assert f"{WEAKER}: let through by --allow-weakening" in text, form
    document = GateDocument.model_validate_json((weaker.folder / "json.out").read_text("utf-8"))
    assert document.rules == ["new", "allow-weakening", "max-age=30d"]


def test_weaker_policy_cannot_be_asked_for_and_let_through(
    weaker: Repository, auditor: Gate
) -> None:
    said = auditor("gate", *BASELINE, "--fail-on", "weakening", "--allow-weakening")
    assert (said.code, "contradict" in said.err) == (2, True)
    assert weaker.folder.is_dir()
