"""Types of a catalogue read on a session in memory: what fails leaves its own gap, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.collectors.sql.catalogue import Catalogue, parse_catalogue
from auditor.collectors.sql.failures import failed
from auditor.collectors.sql.grants import HeldGrants, needed_grants, statements
from auditor.collectors.sql.reading import Reading, Scope, read_type
from auditor.collectors.sql.session import Asker, Rows
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause
from auditor.errors import DefinitionError
from tests.unit.collectors.sql.memory_session import NOW, Answer, asker, table

GRANTS = """
grants:
  see:
    title: see things
    sql: ["GRANT see TO {account}"]
    held: "SELECT held_see"
    withheld: ask them
  peek: {title: peek inside, sql: ["GRANT peek TO {account}"], held: "SELECT held_peek"}
  told: {title: be told, sql: ["GRANT told TO {account}"], per: table}
"""
TYPES = """
types:
  db.thing:
    title: thing
    scope: databases
    key: name
    uid: oid
    needs: [see]
    fields: {name: string, size?: int}
    queries:
      - {text: "SELECT new FROM things", since: 160000}
      - {text: "SELECT old FROM things WHERE n = :name_of"}
    parts:
      - name: inside
        on: name
        fields: {inside: string}
        queries:
          - {text: "SELECT view", if_held: peek}
          - {text: "SELECT inside", needs: [peek]}
    facts:
      counted: {text: "SELECT count"}
  db.only_new:
    title: only in new versions
    key: name
    fields: {name: string}
    max_rows: 1
    queries: [{text: "SELECT only_new", since: 160000, below: 170000}]
"""
HELD = table("held", (True,))
GOOD: Mapping[str, Answer] = {
    "SELECT held_see": HELD,
    "SELECT held_peek": HELD,
    "SELECT old FROM things WHERE n = :name_of": table(
        "oid name size", (1, "a", 5), (2, "b", None)
    ),
    "SELECT view": table("name inside", ("b", "B"), ("a", "A")),
    "SELECT count": table("count", (2,)),
    "SELECT only_new": table("name", ("x",), ("y",)),
}


def catalogue(types: str = TYPES, grants: str = GRANTS) -> Catalogue:
    return parse_catalogue({"grants.yaml": grants, "types.yaml": types})


def read(
    answers: Mapping[str, Answer], name: str = "db.thing", version: int = 150000, **held: str
) -> tuple[Reading, Asker]:
    made = catalogue()
    own = asker(answers, version)
    scope = Scope(own, HeldGrants(own, made.grants, **held), {"name_of": 7, "more": 8}, "here")
    return read_type(made.types[name], scope), own


def without(*texts: str) -> dict[str, Answer]:
    denied = failed(Cause.DENIED, "no", code="42501")
    return {**GOOD, **dict.fromkeys(texts, denied)}


def test_rows_become_resources_with_their_parts_and_facts() -> None:
    reading, own = read(GOOD)
    assert reading.resources == [
        Resource({"database": "here", "name": "a", "size": 5, "inside": "A"}, uid="1"),
        Resource({"database": "here", "name": "b", "size": None, "inside": "B"}, uid="2"),
    ]
    assert reading.facts == {"items": 2, "server_version": 150000, "counted": 2}
    assert reading.gaps == []
    assert [call.request for call in own.calls][-1] == "db.thing facts.counted"
    assert all(call.started_at == NOW and call.endpoint == "db:5432/here" for call in own.calls)


def test_only_the_parameters_of_a_query_are_sent_with_it() -> None:
    _, own = read(GOOD)
    sent = dict(own.session.asked)  # type: ignore[attr-defined]  # a MemorySession
    assert sent["SELECT old FROM things WHERE n = :name_of"] == {"name_of": 7}
    assert sent["SELECT count"] == {}


def test_a_grant_that_is_not_held_is_named_and_the_query_not_sent() -> None:
    answers = {**GOOD, "SELECT held_see": table("held", (False,))}
    reading, own = read(answers, account='"me"')
    (gap,) = reading.gaps
    assert (gap.cause, gap.subject, gap.action) == (Cause.DENIED, "here", 'GRANT see TO "me"')
    assert gap.hint == 'run GRANT see TO "me"'
    assert [call.request for call in own.calls] == ["grant see"]


def test_a_hosted_service_says_what_it_withholds() -> None:
    reading, _ = read({**GOOD, "SELECT held_see": table("held", (None,))}, hosted="Some Service")
    assert reading.gaps[0].hint == "Some Service does not give this right: ask them"


def test_a_part_whose_grant_is_missing_leaves_only_its_fields_unread() -> None:
    reading, _ = read({**GOOD, "SELECT held_peek": table("held", (False,))})
    assert reading.gaps == []
    assert [set(r.unread) for r in reading.resources] == [{"inside"}, {"inside"}]
    assert reading.resources[0].data == {"database": "here", "name": "a", "size": 5}


@pytest.mark.parametrize(
    "answer",
    [
        table("name other", ("a", "A")),
        Rows(("name", "inside"), [("a", "A")], more=True),
        failed(Cause.TIMEOUT, "slow"),
    ],
)
def test_a_part_that_fails_leaves_only_its_fields_unread(answer: Answer) -> None:
    reading, _ = read({**GOOD, "SELECT view": answer})
    assert [set(r.unread) for r in reading.resources] == [{"inside"}, {"inside"}]


def test_what_vanished_before_its_part_was_read_is_unread() -> None:
    reading, _ = read({**GOOD, "SELECT view": table("name inside", ("a", "A"))})
    assert [r.unread["inside"].cause for r in reading.resources[1:]] == [Cause.VANISHED]
    assert reading.resources[0].unread == {}


def test_a_fact_that_fails_is_a_gap_of_that_fact() -> None:
    reading, _ = read(without("SELECT count"))
    assert [(g.cause, g.subject) for g in reading.gaps] == [(Cause.DENIED, "facts.counted")]
    assert "counted" not in reading.facts
    assert len(reading.resources) == 2


def test_a_query_that_fails_leaves_its_gap() -> None:
    reading, _ = read(without("SELECT old FROM things WHERE n = :name_of"))
    assert [(g.cause, g.detail) for g in reading.gaps] == [(Cause.DENIED, "no")]
    assert (reading.resources, reading.facts) == ([], {})


def test_a_question_about_a_grant_that_fails_is_no_grant() -> None:
    reading, _ = read(without("SELECT held_see"))
    assert [g.detail for g in reading.gaps] == ["no"]


def test_other_columns_than_declared_are_an_error_of_the_program() -> None:
    reading, _ = read(
        {**GOOD, "SELECT old FROM things WHERE n = :name_of": table("oid name", (1, "a"))}
    )
    assert [g.cause for g in reading.gaps] == [Cause.INTERNAL]
    assert reading.resources == []


def test_a_value_without_a_form_is_unread() -> None:
    wrong = table("oid name size", (1, "a", 1j))
    reading, _ = read({**GOOD, "SELECT old FROM things WHERE n = :name_of": wrong})
    assert reading.resources[0].unread["size"].cause is Cause.UNPARSABLE


def test_a_version_that_cannot_show_it_is_a_gap() -> None:
    reading, _ = read(GOOD, "db.only_new", 150000)
    assert [g.cause for g in reading.gaps] == [Cause.NOT_SUPPORTED]
    reading, _ = read(GOOD, "db.only_new", 170000)
    assert [g.cause for g in reading.gaps] == [Cause.NOT_SUPPORTED]


def test_more_rows_than_the_cap_are_a_gap() -> None:
    reading, _ = read(GOOD, "db.only_new", 160000)
    assert [g.cause for g in reading.gaps] == [Cause.TRUNCATED]
    assert len(reading.resources) == 1


def test_readings_of_databases_add_up_but_their_version() -> None:
    one, _ = read(GOOD)
    other, _ = read(GOOD)
    one.add(other)
    assert len(one.resources) == 4
    assert one.facts == {"items": 4, "server_version": 150000, "counted": 4}


def test_grants_of_types_in_the_order_of_the_catalogue() -> None:
    made = catalogue()
    assert list(needed_grants(made, ["db.thing"])) == ["see", "peek"]
    assert list(needed_grants(made, ["db.only_new"])) == []
    assert statements(made.grants["see"], "x") == ("GRANT see TO x",)
    own = asker({})
    assert HeldGrants(own, made.grants).missing(["told"]) is None  # only a refusal can say it
    assert made.types["db.thing"].resource_type.permissions == (
        "GRANT see TO {account}",
        "GRANT peek TO {account}",
    )


WRONG: Mapping[str, tuple[str, str]] = {
    "no grant": ("needs: [see]", "needs: [sea]"),
    "no key": ("key: name\n    uid", "key: nome\n    uid"),
    "part on no field": ("on: name", "on: nome"),
    "no type": ("size?: int", "size?: integer"),
    "neither query nor reader": ("queries: [{text:", "facts: {f: {text: 'SELECT 1'}}\n    x: [{t:"),
    "unknown key": ("title: thing", "titel: thing"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_catalogue_is_refused(fault: str) -> None:
    old, new = WRONG[fault]
    assert old in TYPES
    with pytest.raises(DefinitionError):
        catalogue(TYPES.replace(old, new))


def test_a_type_is_read_in_one_way() -> None:
    both = TYPES.replace("max_rows: 1", "reader: code")
    with pytest.raises(DefinitionError, match=r"queries.*reader"):
        catalogue(both)


def test_flags_and_computed_fields_are_fields() -> None:
    extra = "title: thing\n    personal: [name]\n    computed: {age?: int}"
    made = catalogue(TYPES.replace("title: thing", extra))
    kind = made.types["db.thing"].resource_type
    assert kind.personal == ("name",)
    assert "age" in kind.fields.fields
    assert made.types["db.thing"].columns == {"oid", "name", "size"}


def test_the_ceiling_of_requests_stops_the_next() -> None:
    made = catalogue()
    own = asker(GOOD, limit=1)
    scope = Scope(own, HeldGrants(own, made.grants), {"name_of": 7})
    reading = read_type(made.types["db.thing"], scope)
    assert [gap.cause for gap in reading.gaps] == [Cause.LIMIT]


def test_a_scalar_of_no_row_is_none() -> None:
    answers: dict[str, Answer] = {"SELECT nothing": table("a")}
    assert asker(answers).scalar("nothing", "SELECT nothing") is None


def test_a_stream_is_recorded_with_its_batches() -> None:
    own = asker({"SELECT all": table("a", (b"1",), (b"2",), (b"3",))})
    with own.stream("all", "SELECT all") as parts:
        rows: list[Any] = [row for part in parts for row in part]
    assert rows == [(b"1",), (b"2",), (b"3",)]
    (call,) = own.calls
    assert (call.items, call.pages, call.ok) == (3, 2, True)


def test_a_stream_that_fails_is_recorded_as_failed() -> None:
    own = asker({"SELECT all": table("a", (b"1",))})
    with pytest.raises(ZeroDivisionError), own.stream("all", "SELECT all") as parts:
        sum(len(part) for part in parts) / 0
    assert [call.ok for call in own.calls] == [False]
