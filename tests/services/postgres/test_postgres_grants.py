"""The account that is printed is enough, and each grant that is missing is named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditor.core.model.status import Cause
from tests.services.postgres.conftest import collect, target_of
from tests.services.postgres.server import Server

pytestmark = pytest.mark.service

# Grant: (database, statement that takes it away, that gives it back, what is in error, hint).
REMOVED: Mapping[str, tuple[str, str, str, frozenset[str], str]] = {
    "read_all_settings": (
        "postgres",
        "REVOKE pg_read_all_settings FROM auditor",
        "GRANT pg_read_all_settings TO auditor",
        frozenset({"server", "setting", "archiver", "role", "statement_statistics"}),
        "GRANT pg_read_all_settings TO auditor",
    ),
    "read_all_stats": (
        "postgres",
        "REVOKE pg_read_all_stats FROM auditor",
        "GRANT pg_read_all_stats TO auditor",
        frozenset({"session", "activity", "connections", "replica", "statement_statistics"}),
        "GRANT pg_read_all_stats TO auditor",
    ),
    "hba_rules": (
        "postgres",
        "REVOKE SELECT ON pg_hba_file_rules FROM auditor",
        "GRANT SELECT ON pg_hba_file_rules TO auditor",
        frozenset({"hba_rule"}),
        "GRANT SELECT ON pg_hba_file_rules TO auditor",
    ),
    "hba_rules, the function": (
        "postgres",
        "REVOKE EXECUTE ON FUNCTION pg_hba_file_rules() FROM auditor",
        "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO auditor",
        frozenset({"hba_rule"}),
        "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO auditor",
    ),
    "hba_changed": (
        "postgres",
        "REVOKE EXECUTE ON FUNCTION auditor_views.hba_changed_at() FROM auditor",
        "GRANT EXECUTE ON FUNCTION auditor_views.hba_changed_at() TO auditor",
        frozenset({"hba_rule"}),
        "GRANT EXECUTE ON FUNCTION auditor_views.hba_changed_at() TO auditor",
    ),
    "hba_changed, a function that a superuser did not make": (
        "postgres",
        "ALTER FUNCTION auditor_views.hba_changed_at() OWNER TO ledger_owner",
        "ALTER FUNCTION auditor_views.hba_changed_at() OWNER TO postgres",
        frozenset({"hba_rule"}),
        "GRANT EXECUTE ON FUNCTION auditor_views.hba_changed_at() TO auditor",
    ),
    "password_kinds": (
        "postgres",
        "REVOKE SELECT ON auditor_views.role_password_kinds FROM auditor",
        "GRANT SELECT ON auditor_views.role_password_kinds TO auditor",
        frozenset({"role.password_kind"}),
        "GRANT SELECT ON auditor_views.role_password_kinds TO auditor",
    ),
    "password_kinds, a view that a superuser did not make": (
        "postgres",
        "ALTER VIEW auditor_views.role_password_kinds OWNER TO ledger_owner",
        "ALTER VIEW auditor_views.role_password_kinds OWNER TO postgres",
        frozenset({"role.password_kind"}),
        "GRANT SELECT ON auditor_views.role_password_kinds TO auditor",
    ),
    "connect": (
        "postgres",
        "REVOKE CONNECT ON DATABASE ledger FROM PUBLIC, auditor",
        "GRANT CONNECT ON DATABASE ledger TO PUBLIC, auditor",
        frozenset(
            {"schema", "extension", "default_privilege", "table", "audit_table", "audit_chain"}
            | {"tenant_table", "schema_version"}
        ),
        "GRANT CONNECT ON DATABASE ledger TO auditor",
    ),
    "listed_tables, the audit table": (
        "ledger",
        "REVOKE SELECT ON audit_log FROM auditor",
        "GRANT SELECT ON audit_log TO auditor",
        frozenset({"audit_chain"}),
        'GRANT SELECT ON "public"."audit_log" TO auditor',
    ),
    "listed_tables, the schema's versions": (
        "ledger",
        "REVOKE SELECT ON schema_migrations FROM auditor",
        "GRANT SELECT ON schema_migrations TO auditor",
        frozenset({"schema_version"}),
        'GRANT SELECT ON "public"."schema_migrations" TO auditor',
    ),
    "listed_tables, the schema": (
        "ledger",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC, auditor",
        "GRANT USAGE ON SCHEMA public TO PUBLIC, auditor",
        frozenset({"audit_chain", "schema_version"}),
        'GRANT USAGE ON SCHEMA "public" TO auditor',
    ),
    "the record of logins": (
        "postgres",
        "REVOKE SELECT ON auditor_views.last_logins FROM auditor",
        "GRANT SELECT ON auditor_views.last_logins TO auditor",
        frozenset({"role.last_login_at"}),
        "",
    ),
}


@pytest.mark.parametrize("grant", REMOVED)
def test_without_a_grant_exactly_what_needs_it_is_denied_and_names_it(
    good: Server, grant: str
) -> None:
    database, take, give, expected, named = REMOVED[grant]
    good.run(take, database=database)
    try:
        read = collect(target_of(good))
    finally:
        good.run(give, database=database)
    gaps = {(n.removeprefix("postgres."), g) for n, o in read.items() for g in o.gaps}
    gaps |= {
        (f"{n.removeprefix('postgres.')}.{path}", gap)
        for n, o in read.items()
        for resource in o.resources
        for path, gap in resource.unread.items()
    }
    assert {place for place, _ in gaps} == expected
    assert {gap.cause for _, gap in gaps} == {Cause.DENIED}
    assert all(named in gap.action for _, gap in gaps)
    assert all(gap.hint for _, gap in gaps)


def test_every_grant_of_the_catalogue_is_taken_away_above() -> None:
    from auditor.collectors.postgres.collector import catalogue
    from auditor.collectors.sql.grants import needed_grants

    needed = needed_grants(catalogue(), catalogue().types)
    assert set(needed) == {name.partition(",")[0] for name in REMOVED} - {"the record of logins"}


def test_a_hosted_server_says_what_it_cannot_answer(good: Server) -> None:
    good.run(
        "CREATE ROLE rds_superuser",
        "REVOKE SELECT ON pg_hba_file_rules FROM auditor",
        "REVOKE SELECT ON auditor_views.role_password_kinds FROM auditor",
    )
    try:
        read = collect(target_of(good), ["postgres.hba_rule", "postgres.role", "postgres.server"])
    finally:
        good.run(
            "DROP ROLE rds_superuser",
            "GRANT SELECT ON pg_hba_file_rules TO auditor",
            "GRANT SELECT ON auditor_views.role_password_kinds TO auditor",
        )
    (gap,) = read["postgres.hba_rule"].gaps
    assert gap.hint.startswith("Amazon RDS does not give this right")
    unread = read["postgres.role"].resources[0].unread["password_kind"]
    assert unread.hint.startswith("Amazon RDS")
    assert read["postgres.server"].resources[0].data["hosted"] == "Amazon RDS"
