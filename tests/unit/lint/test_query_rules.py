"""Rules about queries, and what the model of a query refuses before any rule is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.catalog.library import load_library
from auditor.catalog.lint import Diagnostic, LintContext, lint, split_place
from auditor.core.model.control import query_types
from auditor.errors import DefinitionError
from tests.unit.lint.library import ENGINE, THING, changed, load
from tests.unit.lint.query_faults import QUERY_CONTROL, QUERY_FAULTS


def found(folder: Path, text: str) -> list[Diagnostic]:
    library = load(folder, text)
    types = {"demo.thing": THING, **query_types(library.sorted_controls())}
    return lint(LintContext(library, types, frozenset({"demo", "sql"}), ENGINE))


def test_a_query_without_faults_is_let_through(tmp_path: Path) -> None:
    assert [str(one) for one in found(tmp_path, QUERY_CONTROL)] == []


@pytest.mark.parametrize(("rule", "changes", "place"), QUERY_FAULTS)
def test_each_rule_finds_its_fault_at_its_place(
    tmp_path: Path, rule: str, changes: Mapping[str, str], place: str
) -> None:
    text = changed(changes, QUERY_CONTROL)
    own = [one for one in found(tmp_path, text) if one.rule.id == rule]
    assert own
    _file, line, column = split_place(own[0].problem.where)
    assert text.split("\n")[line - 1][column - 1 :].startswith(place)


def test_a_second_check_may_use_the_query_and_is_not_complained_about_twice(tmp_path: Path) -> None:
    start = QUERY_CONTROL.index("  - id: thing\n")
    first, last = QUERY_CONTROL.index("    query:\n"), QUERY_CONTROL.index("    key:")
    second = QUERY_CONTROL[start:first] + QUERY_CONTROL[last:]
    second = second.replace("- id: thing\n", "- id: other\n")
    text = QUERY_CONTROL + second
    assert {one.rule.id for one in found(tmp_path / "good", text)} == {"check-cases"}
    control = load(tmp_path / "filled", text).controls["things"].control
    assert control.checks[1].query == control.checks[0].query
    wrong = text.replace("{before: now - param.max_age}", "{before: now - param.max_aeg}")
    spelt = [one for one in found(tmp_path / "bad", wrong) if one.rule.id == "known-field"]
    assert len(spelt) == 1


def test_a_type_without_its_query_is_refused(tmp_path: Path) -> None:
    first, last = QUERY_CONTROL.index("    query:\n"), QUERY_CONTROL.index("    key:")
    text = QUERY_CONTROL[:first] + QUERY_CONTROL[last:]
    assert "query" in {one.rule.id for one in found(tmp_path, text)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("SELECT id, note FROM", "DELETE FROM", "expected SELECT or WITH"),
        ("< :before\n      count", "< :before; SELECT 1\n      count", "has a `;`"),
        ("SELECT id, note", "SELECT id, note INTO copy", "says `into`"),
        ("SELECT id, note", "SELECT id, pg_sleep(9) AS note", "calls `pg_sleep`"),
        ("SELECT id, note", "SELECT id, '", "does not end"),
        ("SELECT id, note", "SELECT /*!40001 id, */ id, note", "hides in a comment"),
        ("columns: {id: string", "columns: {id: any", "expected one of bool, double"),
        ("columns: {id: string", "columns: {api_token: string, id: string", "hold a secret"),
        ("columns: {id: string", "columns: {password_hash: string, id: string", "hold a secret"),
        ("title: Old thing", "title: Old thing\n      personal: [mail]", "mail"),
        ("title: Old thing", "title: Old thing\n      max_rows: 0", "greater than or equal to 1"),
        ("      count: SELECT", "      cuont: SELECT", "`count` is missing"),
    ],
)
def test_the_model_refuses_what_is_no_reading_query(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path, changed({old: new}, QUERY_CONTROL))
    assert said in " ".join(problem.message for problem in caught.value.problems)


def test_a_secret_may_be_selected_as_a_token(tmp_path: Path) -> None:
    text = changed(
        {"columns: {id: string": "columns: {api_token: string, id: string"}, QUERY_CONTROL
    )
    text = changed({"title: Old thing": "title: Old thing\n      token: [api_token]"}, text)
    kind = query_types(load(tmp_path, text).sorted_controls())["sql.old_thing"]
    assert kind.token == ("api_token",)


def test_two_queries_of_one_name_are_refused_with_both_places(tmp_path: Path) -> None:
    for number, age in (("one", ":before"), ("two", ":before AND note IS NULL")):
        folder = tmp_path / "library" / "demo" / number
        folder.mkdir(parents=True)
        text = QUERY_CONTROL.replace("id: things", f"id: {number}", 1)
        text = text.replace("< :before\n      count", f"< {age}\n      count")
        (folder / "control.yaml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_library([tmp_path / "library"])
    problem = caught.value.problems[0]
    assert "two/control.yaml:17:5" in problem.where
    assert "one/control.yaml:17:5" in problem.message


def test_one_query_in_two_controls_is_refused(tmp_path: Path) -> None:
    for number in ("one", "two"):
        folder = tmp_path / "library" / "demo" / number
        folder.mkdir(parents=True)
        text = QUERY_CONTROL.replace("id: things", f"id: {number}", 1)
        (folder / "control.yaml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError, match="with other parameters"):
        load_library([tmp_path / "library"])
