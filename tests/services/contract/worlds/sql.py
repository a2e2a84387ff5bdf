"""PostgreSQL and MariaDB, each in good configuration, with the account that `doctor` prints."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from tests.services.contract.silence import closed_port, silent_port
from tests.services.contract.world import CannotBe, Trouble, World
from tests.services.mysql.conftest import AUDIT_TABLE, good_mariadb
from tests.services.mysql.servers import PASSWORD as MYSQL_PASSWORD
from tests.services.mysql.servers import settings_of
from tests.services.postgres.planted import SETTINGS, good_server
from tests.services.postgres.server import AUDITOR_PASSWORD
from tests.services.postgres.server import Server as Postgres

_WHOLE = CannotBe(
    "an answer is one: rows come in batches of one cursor, and a row too many is a gap"
)
_NO_COUNT = CannotBe("the server keeps no count of statements that tells ours from its own")
_SESSIONS = ("uptime", "connected", "peak", "share", "peak_share")  # an earlier one may yet end
_PLANTED = "planted-with-a-driver"


@contextmanager
def postgres_world(folder: Path) -> Iterator[World]:
    """PostgreSQL 15 without a fault."""
    with good_server() as server, silent_port() as silent:
        server.run(
            "ALTER SYSTEM SET autovacuum = off",  # it writes, and it is not us
            "SELECT pg_reload_conf()",
            "CREATE ROLE stranger LOGIN PASSWORD 'stranger-of-the-tests'",
            f"ALTER DATABASE ledger SET app.token = 'password={_PLANTED}'",
        )
        stranger = folder / "stranger.password"
        stranger.touch(mode=0o600)
        stranger.write_text("stranger-of-the-tests\n")

        def target(**more: object) -> Target:
            settings = server.settings(**{**SETTINGS, **more})
            return Target("db", "postgres-server", "prod", settings=settings)

        yield World(
            target=target(),
            state=lambda: _transactions(server),
            secrets=[AUDITOR_PASSWORD, "application-of-the-tests", _PLANTED, *_verifiers(server)],
            denied=Trouble(
                target(user="stranger", password_file=str(stranger)),
                {Cause.DENIED, Cause.VANISHED},
                some_rights=True,
                answers=True,
            ),
            timeout=Trouble(target(port=silent), {Cause.TIMEOUT}),
            unreachable=Trouble(target(port=closed_port()), {Cause.UNREACHABLE}),
            pages=_WHOLE,
            requests=_NO_COUNT,
            keys=_KEYS,
            moving={"postgres.statement_statistics": ["statements", "calls", "mean_ms", "top"]},
        )


_KEYS = {
    "postgres.extension": "id",
    "postgres.default_privilege": "id",
    "postgres.table": "id",
    "postgres.setting": "name",
}


def _transactions(server: Postgres) -> object:
    """The next transaction that writes: reading takes no number."""
    with server.connect() as connection:
        return connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())").fetchone()


def _verifiers(server: Postgres) -> list[str]:
    with server.connect() as connection:
        rows = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolpassword <> ''")
        return [str(row[0]) for row in rows]


@contextmanager
def mysql_world(folder: Path) -> Iterator[World]:
    """MariaDB without a fault."""
    del folder
    os.environ["AUDITOR_TEST_MYSQL"] = MYSQL_PASSWORD
    try:
        with good_mariadb() as server, silent_port() as silent:
            server.sql(
                "CREATE USER stranger@'%' IDENTIFIED VIA ed25519"
                f" USING PASSWORD('{MYSQL_PASSWORD}') REQUIRE SSL"
            )

            def target(**more: object) -> Target:
                audit = {"audit_tables": [AUDIT_TABLE]}
                settings = dict(settings_of(server, **audit)) | more
                return Target("db", "mysql-server", "prod", settings=settings)

            hashes = server.sql(
                "SELECT authentication_string FROM mysql.user WHERE authentication_string <> ''"
            )
            yield World(
                target=target(),
                state=lambda: server.sql("SELECT @@gtid_binlog_pos", "SHOW MASTER STATUS"),
                secrets=[MYSQL_PASSWORD, *(str(row[0]) for row in hashes)],
                denied=Trouble(
                    target(user="stranger"), {Cause.DENIED}, some_rights=True, answers=True
                ),
                timeout=Trouble(target(port=silent), {Cause.TIMEOUT}),
                unreachable=Trouble(target(port=closed_port()), {Cause.UNREACHABLE}),
                pages=_WHOLE,
                requests=_NO_COUNT,
                moving={"mysql.connections": _SESSIONS},
            )
    finally:
        del os.environ["AUDITOR_TEST_MYSQL"]
