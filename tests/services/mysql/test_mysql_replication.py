"""A replica of a real source: healthy, and stopped."""

from __future__ import annotations

import time
from concurrent.futures import Executor

import pytest

from tests.services.mysql.conftest import make_auditor, open_folder
from tests.services.mysql.reading_mysql import by_status, judged, read_all
from tests.services.mysql.servers import PASSWORD, Server, mariadb, settings_of

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("password")]
_PATIENCE_S = 20.0
_OPTIONS = "plugin-load-add=auth_ed25519\nlog-bin={folder}/data/bin\nsync_binlog=1\n"


def test_a_replica_passes_until_it_stops(executor: Executor) -> None:
    with (
        open_folder() as first,
        mariadb(first, _OPTIONS) as source,
        open_folder() as second,
        mariadb(second, _OPTIONS) as replica,
    ):
        source.sql("CREATE DATABASE shop", "CREATE TABLE shop.events (id INT)")
        position = source.sql("SHOW MASTER STATUS")[0]
        source.sql(f"CREATE USER copy@'%' IDENTIFIED BY '{PASSWORD}'")
        source.sql("GRANT REPLICATION SLAVE ON *.* TO copy@'%'")
        replica.sql("CREATE DATABASE shop", "CREATE TABLE shop.events (id INT)")
        make_auditor(source)
        replica.sql(
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={source.port},"
            f" MASTER_USER='copy', MASTER_PASSWORD='{PASSWORD}', MASTER_SSL=1,"
            f" MASTER_LOG_FILE='{position[0]}', MASTER_LOG_POS={position[1]}",
            "START SLAVE",
        )
        _wait_for_the_auditor(replica)
        types = ("mysql.replica", "mysql.binary_log")
        found = read_all(executor, settings_of(replica), *types)
        sent = read_all(executor, settings_of(source), "mysql.binary_log")["mysql.binary_log"]
        replica.sql("STOP SLAVE SQL_THREAD")
        stopped = read_all(executor, settings_of(replica), "mysql.replica")
    (channel,) = found["mysql.replica"].resources
    assert channel.data["receiving"] == channel.data["applying"] == "Yes"
    assert channel.data["tls"] is True
    assert channel.data["lag"] is not None
    name = f"mysql-operation/replicas/{channel.data['name']}"
    assert name in by_status(judged(found), "pass")
    assert sent.resources[0].data["receivers"] == 1
    assert stopped["mysql.replica"].resources[0].data["lag"] is None
    assert by_status(judged(stopped), "fail") == {name}


def _wait_for_the_auditor(replica: Server) -> None:
    """The account comes with the log."""
    end = time.monotonic() + _PATIENCE_S
    while not replica.sql(
        "SELECT 1 FROM information_schema.user_privileges"
        " WHERE GRANTEE LIKE '%auditor%' AND PRIVILEGE_TYPE = 'TRIGGER'"
    ):
        assert time.monotonic() < end, replica.sql("SHOW SLAVE STATUS")
        time.sleep(0.1)
    time.sleep(0.2)
