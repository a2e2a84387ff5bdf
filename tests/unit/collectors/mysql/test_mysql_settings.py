"""What a target may say."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pytest
from pydantic import ValidationError

from auditor.collectors.mysql import MysqlCollector
from auditor.collectors.mysql.queries import load_queries
from auditor.collectors.mysql.session import tls_context
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.sql.text import MYSQL, statement_words
from auditor.core.model.target import Target

TABLE = {"database": "shop", "table": "events", "application_roles": ["app"]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tls": "off", "host": "db.example.org"}, "allowed for loopback"),
        ({"tls": "off", "ca_file": "/ca.pem"}, "not encrypted"),
        ({"password": "x"}, "Extra inputs"),
        ({"password_env": "A", "password_file": "/b"}, "give one of them"),
        ({"audit_tables": [{**TABLE, "schema": "public"}]}, "leave it out"),
    ],
)
def test_what_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MysqlSettings.model_validate({"user": "auditor", **settings})


def test_endpoints_are_unambiguous() -> None:
    assert MysqlSettings(user="a", host="::1").endpoint == "[::1]:3306"
    assert MysqlSettings(user="a", unix_socket="/run/s").endpoint == "/run/s"
    assert not MysqlSettings(user="a", unix_socket="/run/s").uses_tls


def test_a_table_is_named_by_its_database() -> None:
    settings = MysqlSettings.model_validate({"user": "a", "audit_tables": [TABLE]})
    assert settings.audit_tables[0].label == "shop.events"


@pytest.mark.parametrize(
    ("tls", "host_checked", "verified"),
    [
        ("verify-full", True, ssl.CERT_REQUIRED),
        ("verify-ca", False, ssl.CERT_REQUIRED),
        ("require", False, ssl.CERT_NONE),
    ],
)
def test_what_is_trusted(tls: str, verified: ssl.VerifyMode, *, host_checked: bool) -> None:
    settings = MysqlSettings.model_validate({"user": "a", "host": "db.example.org", "tls": tls})
    context = tls_context(settings)
    assert context is not None
    assert (context.check_hostname, context.verify_mode) == (host_checked, verified)


def test_both_engines_have_the_same_words() -> None:
    ours, theirs = MysqlSettings.model_fields, PostgresSettings.model_fields
    for name in ("tls", "query_database"):
        assert ours[name].default == theirs[name].default
    assert ours["tls"].annotation == theirs["tls"].annotation
    assert "database" not in ours


def test_every_query_reads() -> None:
    for variants in load_queries().queries.values():
        for query in variants:
            assert statement_words(query.text, MYSQL)[0] in {"SELECT", "SHOW"}


def test_types_and_grants_need_no_driver() -> None:
    program = (
        "import sys; from auditor.collectors.mysql import MysqlCollector as C; c = C();"
        "c.grants(list(c.resource_types())); print('pymysql' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert ran.stdout.strip() == "False"


def test_what_a_plan_and_the_registry_ask() -> None:
    collector = MysqlCollector()
    assert list(collector.target_kinds) == ["mysql-server"]
    assert (collector.name, collector.query_language) == ("mysql", "sql")
    assert list(collector.expanders) == []
    target = Target("db", "mysql-server", "prod", settings={"user": "a"})
    (planned,) = collector.planned_calls(target, ["mysql.server"])
    assert planned.request == "mysql.server"


def test_grants_are_only_those_of_the_types_asked_for() -> None:
    documents = MysqlCollector().grants(["mysql.replica"])
    assert list(documents) == ["sql", "sql-mysql8"]
    assert "SLAVE MONITOR" in documents["sql"]
    assert "REPLICATION CLIENT" in documents["sql-mysql8"]
    assert "global_priv" not in documents["sql"]


def test_what_could_change_an_audit_table_is_seen_with_the_grants_that_are_printed() -> None:
    documents = MysqlCollector().grants(["mysql.audit_table"])
    for right in ("GRANT TRIGGER ON *.*", "GRANT EVENT ON *.*", "GRANT SHOW_ROUTINE ON *.*"):
        assert right in documents["sql-mysql8"]
    assert "EVENT ON *.*" not in documents["sql"]
    assert "GRANT SELECT ON mysql.event " in documents["sql"]
