"""Code of definers and partial revokes on MySQL 8: rows as its reference manual documents them.

MariaDB's are read from real servers in tests/services/mysql.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from auditor.collectors.mysql.accounts import Account
from auditor.collectors.mysql.privileges import Grant, Privileges, may_be_revoked
from auditor.collectors.mysql.read.audit_tables import read_audit_tables
from auditor.collectors.mysql.read.indirect import Code, indirect, routine_grants
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.session import Row
from auditor.core.model.observation import Resource
from tests.unit.collectors.mysql.test_mysql_readings import desk_of

APP, OWNER = Account("app", "%"), Account("owner", "LocalHost", privileges=frozenset({"DELETE"}))
TABLE = {"database": "shop", "table": "events", "application_roles": ["app"]}
_DETAIL = (
    '{"plugin": "caching_sha2_password", "password": 1, "locked": "N", "expired": "N",'
    ' "tls": "", "privileges": {"DELETE": "%s"}}'
)
ANSWERS: Mapping[str, Sequence[Row]] = {
    "FROM mysql.user ": [("app", "%", _DETAIL % "N"), ("root", "localhost", _DETAIL % "Y")],
    "FROM mysql.global_grants": [],
    "FROM mysql.role_edges": [],
    "SELECT * FROM mysql.db": [],
    "FROM mysql.tables_priv": [],
    "FROM mysql.columns_priv": [],
    "FROM mysql.procs_priv": [("app", "%", "shop", "wipe", "Execute")],
    "referential_constraints": [],
    "CURRENT_USER(), @@hostname": [("auditor@%", "db-1")],
    "GRANTEE, PRIVILEGE_TYPE, ''": [("'auditor'@'%'", "TRIGGER", "", "")],
    "ROUTINE_DEFINITION": [
        ("procedure", "shop", "wipe", "root@localhost", "DEFINER", "0123456789abcdef"),
        ("procedure", "shop", "other", "root@localhost", "DEFINER", "0123456789abcdef"),
    ],
    "information_schema.events": [("shop", "purge", "root@localhost", "fedcba9876543210")],
    "information_schema.views": [],
    "SELECT ENGINE": [("InnoDB",)],
    "information_schema.triggers": [],
}


def read(answers: Mapping[str, Sequence[Row]] | None = None, *, revokes: str = "OFF") -> Resource:
    with ThreadPoolExecutor(1) as executor:
        desk = desk_of(
            executor, {**ANSWERS, **(answers or {})}, variables={"partial_revokes": revokes}
        )
    settings = MysqlSettings.model_validate({"user": "auditor", "audit_tables": [TABLE]})
    (row,) = read_audit_tables(replace(desk, settings=settings)).resources
    return row


def test_routines_and_events_of_mysql_8_are_told() -> None:
    row = read()
    assert row.unread == {}
    assert row.data["indirect"] == [
        "event shop.purge as root@localhost fedcba9876543210",
        "procedure shop.wipe as root@localhost 0123456789abcdef",
    ]


_ALLOWED = {"FROM mysql.user ": [("app", "%", _DETAIL % "Y")]}


def test_a_privilege_on_all_that_a_partial_revoke_may_take_off_is_not_known() -> None:
    assert read(_ALLOWED).data["excess"] == ["app@%: DELETE on *.*"]
    gap = read(_ALLOWED, revokes="ON").unread["excess"]
    assert (gap.cause, "app@%: DELETE on *.*" in gap.detail) == ("not_supported", True)


def test_what_no_partial_revoke_takes_off_stays_a_fault() -> None:
    table = {"FROM mysql.tables_priv": [("app", "%", "shop", "events", "Update")]}
    assert read({**_ALLOWED, **table}, revokes="ON").data["excess"] == [
        "app@%: DELETE on *.*",
        "app@%: UPDATE on shop.events",
    ]
    assert read(revokes="ON").data["excess"] == []


def test_a_setting_of_partial_revokes_that_makes_no_sense_is_not_known() -> None:
    assert read(_ALLOWED, revokes="perhaps").unread["excess"].cause == "unparsable"


@pytest.mark.parametrize(
    ("line", "may"),
    [
        ("app@%: DELETE on *.*", True),
        ("app@%: GRANT OPTION on *.*", True),
        ("app@%: SUPER on *.*", False),
        ("app@%: DELETE on shop.*", False),
        ("app@%: DELETE on *.*, by a foreign key to shop.users", False),
    ],
)
def test_which_lines_a_partial_revoke_may_take_off(line: str, *, may: bool) -> None:
    assert may_be_revoked(line) is may


@pytest.mark.parametrize("what", ["ROUTINE_DEFINITION", "information_schema.views"])
def test_code_that_cannot_be_read_is_not_known(what: str) -> None:
    missing = {name: rows for name, rows in ANSWERS.items() if name != what}
    with ThreadPoolExecutor(1) as executor:
        desk = desk_of(executor, missing)
    settings = MysqlSettings.model_validate({"user": "auditor", "audit_tables": [TABLE]})
    (row,) = read_audit_tables(replace(desk, settings=settings)).resources
    assert set(row.unread) == {"indirect"}
    assert row.unread["indirect"].cause == "denied"


def test_a_definers_host_is_the_same_in_any_case_and_its_own_code_is_no_detour() -> None:
    code = [Code("wipe", "owner@localhost", lambda _: True)]
    privileges = Privileges([APP, OWNER])

    def deletes(who: Account) -> bool:
        return "DELETE" in who.privileges

    assert indirect(code, privileges, [APP], ("shop", "events"), deletes) == ["wipe"]
    assert indirect(code, privileges, [OWNER], ("shop", "events"), deletes) == []


def test_who_may_run_a_routine_as_its_definer() -> None:
    (grant,) = routine_grants([("app", "%", "shop", "wipe", "Execute,Alter Routine")])
    assert grant.privileges == {"EXECUTE", "ALTER ROUTINE"}
    one = Privileges([APP], (), [grant])
    assert one.runs(APP, "shop", "WIPE", definer=True)
    assert one.runs(APP, "shop", "wipe", definer=False)
    assert not one.runs(APP, "shop", "other", definer=True)
    whole = Privileges([APP], [Grant(APP.name, "sh%", None, frozenset({"EXECUTE"}))])
    assert whole.runs(APP, "shop", "other", definer=True)
    assert not whole.runs(APP, "shop", "other", definer=False)
    assert not whole.runs(APP, "hr", "other", definer=True)
    table = Privileges([APP], [Grant(APP.name, "shop", "wipe", frozenset({"EXECUTE"}))])
    assert not table.runs(APP, "shop", "wipe", definer=True)


@pytest.mark.parametrize(
    ("schema", "definer", "told"),
    [
        ("shop", "root@localhost", ["view shop.shown as root@localhost"]),
        ("sys", "root@localhost", ["view shop.shown as root@localhost"]),
        ("sys", "mysql.sys@localhost", []),
    ],
)
def test_a_view_that_is_only_read_counts_where_its_definer_may_run_a_function(
    schema: str, definer: str, told: list[str]
) -> None:
    """The functions that came with the server change nothing."""
    row = read(
        {
            "information_schema.views": [("shop", "shown", "root@localhost", "NO")],
            "FROM mysql.tables_priv": [("app", "%", "shop", "shown", "Select")],
            "ROUTINE_DEFINITION": [("function", schema, "f", definer, "DEFINER", "0123")],
            "FROM mysql.procs_priv": [("root", "localhost", schema, "f", "Execute")],
            "information_schema.events": [],
        }
    )
    assert row.data["indirect"] == told
