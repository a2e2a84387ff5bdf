"""`auditor doctor` and `auditor collect`: what they say without recording anything."""

from __future__ import annotations

import json

import pytest

from tests.unit.app.company import CONTROL, Company, target
from tests.unit.cli.conftest import Auditor


def rows(text: str) -> list[dict[str, dict[str, object]]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_target_that_can_be_read_is_well_though_its_controls_fail(
    here: Company, auditor: Auditor
) -> None:
    said = auditor("doctor")
    assert said.code == 0
    assert "answers, as fake on one" in said.out
    assert "everything that the selected checks need can be read" in said.err
    assert not (here.folder / "evidence").exists()


def test_a_denied_target_names_the_checks_that_turn_to_error(
    here: Company, auditor: Auditor
) -> None:
    here.configure(targets=[target(mode="denied")])
    said = auditor("doctor", "--format", "json")
    assert said.code == 3
    [one] = said.json
    assert one["identity"] == "fake on one"
    [missing] = one["missing"]
    assert missing["cause"] == "denied"
    assert all(check.startswith(f"{CONTROL}/") for check in missing["checks"])
    text = auditor("doctor")
    assert "missing: " in text.out
    assert f"findings in error: {CONTROL}/" in text.out


def test_quick_only_asks_who_we_are(here: Company, auditor: Auditor) -> None:
    here.configure(targets=[target(mode="denied")])
    said = auditor("doctor", "--quick", "--format", "json")
    assert said.code == 0
    assert said.json[0]["types"] == 0


def test_permissions_are_those_of_the_selected_checks(here: Company, auditor: Auditor) -> None:
    said = auditor("doctor", "--permissions", "fake")
    assert (said.code, said.out) == (0, "read fake.other\nread fake.thing\n")
    assert auditor("doctor", "--permissions", "fake", "--control", CONTROL).out == said.out
    assert here.folder.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--permissions", "fkae"), "did you mean `fake`"),
        (("--permissions", "fake", "--form", "txt"), "did you mean `text`"),
        (("--permissions", "fake", "--framework", "soc"), "no framework `soc`"),
        (("--permissions", "tls"), "no selected check reads `tls`"),
    ],
)
def test_unknown_names_are_usage_errors(
    here: Company, auditor: Auditor, arguments: tuple[str, ...], message: str
) -> None:
    said = auditor("doctor", *arguments)
    assert said.code == 2
    assert message in said.err
    assert here.folder.exists()


def test_collect_prints_json_lines(here: Company, auditor: Auditor) -> None:
    said = auditor("collect", "fake.thing")
    assert said.code == 0
    assert [row["data"] for row in rows(said.out)] == [
        {"name": "a", "ok": False},
        {"name": "b", "ok": True},
    ]
    assert not (here.folder / "evidence").exists()


def test_where_keeps_what_is_true(here: Company, auditor: Auditor) -> None:
    said = auditor("collect", "fake.thing", "--where", "!resource.ok && target.name == 'one'")
    assert [row["data"]["name"] for row in rows(said.out)] == ["a"]
    assert here.folder.exists()


def test_where_that_cannot_be_decided_drops_nothing(here: Company, auditor: Auditor) -> None:
    said = auditor("collect", "fake.thing", "--where", "resource.nope == 1")
    assert said.code == 3
    assert len(rows(said.out)) == 2
    assert "fields that could not be read" in said.err
    assert here.folder.exists()


def test_what_could_not_be_read_is_said_and_is_exit_3(here: Company, auditor: Auditor) -> None:
    here.configure(targets=[target(mode="denied")])
    said = auditor("collect", "fake.thing")
    assert said.code == 3
    assert said.out == ""
    assert "one: denied" in said.err


def test_a_table_has_the_chosen_columns(here: Company, auditor: Auditor) -> None:
    said = auditor("collect", "fake.thing", "--format", "table", "--field", "name")
    assert "name" in said.out
    assert "ok" not in said.out
    assert auditor("collect", "fake.thing", "--field", "nmae").code == 2
    assert here.folder.exists()


def test_types_are_listed_and_unknown_ones_refused(here: Company, auditor: Auditor) -> None:
    assert "aws.s3.bucket" in auditor("collect", "--list").out
    said = auditor("collect", "fake.thin")
    assert said.code == 2
    assert "did you mean `fake.thing`" in said.err
    here.config.unlink()
    alone = auditor("collect", "tls.endpoint")
    assert alone.code == 2
    assert "cannot be read without an address" in alone.err


def test_coverage_of_a_collector_lists_types_requests_checks_and_permissions(
    here: Company, auditor: Auditor
) -> None:
    said = auditor("controls", "coverage", "--collector", "fake")
    assert said.code == 0
    assert "fake.thing: Fake.Thing" in said.out
    assert "requests     list fake.thing" in said.out
    rows_ = auditor("controls", "coverage", "--collector", "fake", "--format", "json").json
    by_type = {row["type"]: row["checks"] for row in rows_}
    assert by_type["fake.thing"] == [f"{CONTROL}/thing"]
    assert by_type["fake.probe"] == []
    assert here.folder.exists()
