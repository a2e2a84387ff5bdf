"""An application's database on a real PostgreSQL and on a real MariaDB, with the page's views."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.core.model.finding import Finding
from auditor.core.model.target import Target
from tests.services.mysql.conftest import open_folder
from tests.services.mysql.servers import PASSWORD, mariadb
from tests.services.postgres.server import AUDITOR, AUDITOR_PASSWORD, postgres
from tests.services.sql_controls.application_data import (
    create_tables,
    good_rows,
    page_views,
)
from tests.services.sql_controls.judging import Found, scan, shipped_controls

PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "application-processing": {"window": "7d"},
    "regulatory-reports": {"window": "7d"},
    "data-retention": {
        "max_age": {"audit": "2557d", "sessions": "90d"},
        "min_age": {"audit": "365d"},
    },
}
CONTROLS = [
    control
    for control in shipped_controls("applications")
    if control.id not in {"audit-chain", "compose-services"}  # of other collectors
]


def emptied(table: str) -> str:
    return f"DELETE FROM {table}"  # noqa: S608 - one of our own names


@dataclass
class Application:
    """An application's database.

    Args:
        run: Executes statements with their values, as its administrator.
        settings: Of a target that signs in as the auditor.
    """

    dialect: str
    run: Callable[[Sequence[tuple[str, Sequence[object]]]], None]
    settings: dict[str, object]

    def fill(self, now: datetime) -> None:
        """Good data, whatever was there."""
        statements: list[tuple[str, Sequence[object]]] = []
        for table, rows in good_rows(now).items():
            statements.append((emptied(table), ()))
            for row in rows:
                places = ", ".join(["%s"] * len(row))
                text = f"INSERT INTO {table} VALUES ({places})"  # noqa: S608 - our own names
                statements.append((text, self.values(row)))
        self.run(statements)

    def damage(self, text: str, now: datetime) -> None:
        """A fault, with its moments."""
        moments = [now - timedelta(days=float(n)) for n in re.findall(r":ago\(([\d.]+)\)", text)]
        plain = re.sub(r":ago\([\d.]+\)", "%s", text)
        self.run([(plain, self.values(moments))])

    def values(self, row: Sequence[object]) -> list[object]:
        """MySQL's DATETIME has no zone: the page says that it holds UTC."""
        if self.dialect == "postgres":
            return list(row)
        return [
            value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
            for value in row
        ]

    def target(self, **labels: str) -> Target:
        kind = {"postgres": "postgres-server", "mysql": "mysql-server"}[self.dialect]
        return Target("shop", kind, "prod", {"data": "test", **labels}, self.settings)

    def scan(self, now: datetime, **labels: str) -> tuple[list[Finding], Found]:
        target = self.target(**labels)
        inventory = {"projections": ["balances"]}
        return scan(CONTROLS, [target], parameters=PARAMETERS, inventory=inventory, now=now)


@pytest.fixture(scope="session")
def on_postgres() -> Iterator[Application]:
    with postgres() as server:
        server.run(
            "CREATE DATABASE shop", f"CREATE ROLE {AUDITOR} LOGIN PASSWORD '{AUDITOR_PASSWORD}'"
        )
        server.run(*create_tables("postgres"), *page_views("postgres"), database="shop")

        def run(statements: Sequence[tuple[str, Sequence[object]]]) -> None:
            with server.connect("shop") as connection:
                for text, values in statements:
                    connection.execute(text.encode(), values or None)

        yield Application("postgres", run, server.settings(query_database="shop"))


@pytest.fixture(scope="session")
def on_mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    secret = tmp_path_factory.mktemp("mysql-application") / "auditor.password"
    secret.touch(mode=0o600)
    secret.write_text(f"{PASSWORD}\n")
    with open_folder() as folder, mariadb(folder) as server, ExitStack() as stack:
        server.sql("CREATE DATABASE shop", f"CREATE USER auditor@'%' IDENTIFIED BY '{PASSWORD}'")
        connection: Any = stack.enter_context(server.admin())

        def run(statements: Sequence[tuple[str, Sequence[object]]]) -> None:
            with connection.cursor() as cursor:
                for text, values in statements:
                    cursor.execute(text, values or None)

        run([("USE shop", ())])
        run([(text, ()) for text in [*create_tables("mysql"), *page_views("mysql")]])
        settings: dict[str, object] = {
            "host": "127.0.0.1",
            "port": server.port,
            "user": "auditor",
            "password_file": str(secret),
            "ca_file": str(server.ca),
        }
        yield Application("mysql", run, settings)


@pytest.fixture(params=["postgres", "mysql"])
def application(request: pytest.FixtureRequest) -> Application:
    found: Application = request.getfixturevalue(f"on_{request.param}")
    return found
