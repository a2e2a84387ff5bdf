"""Secrets are found on command lines, and no letter of them is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.host.parse.secrets import MARK, redact

_SECRET = "hunter2Secret"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"mysqldump -u root -p{_SECRET} shop", "mysql_password"),
        (f"mysqldump -u root -p'{_SECRET}' shop", "mysql_password"),
        (f"mysqldump --password={_SECRET} shop", "password_option"),
        (f"tool --api-key {_SECRET}", "password_option"),
        (f"psql postgresql://app:{_SECRET}@db/shop", "url_password"),
        (f"PGPASSWORD={_SECRET} pg_dump shop", "environment"),
        (f"export DB_PASSWORD='{_SECRET}'", "environment"),
        (f"sshpass -p {_SECRET} ssh host", "sshpass"),
        (f"redis-cli -a {_SECRET} save", "redis_password"),
        (f"curl -u admin:{_SECRET} https://x", "http_password"),
        (f"curl -H 'Authorization: Bearer {_SECRET}' https://x", "http_header"),
        (f"openssl enc -pass pass:{_SECRET} -in x", "openssl_password"),
        ("aws configure set k AKIAIOSFODNN7EXAMPLE", "aws_access_key"),
    ],
)
def test_secret_is_named_and_taken_out(line: str, kind: str) -> None:
    clean, kinds = redact(line)
    assert kind in kinds
    assert _SECRET not in clean
    assert "AKIA" not in clean
    assert MARK in clean


@pytest.mark.parametrize(
    "line",
    [
        "mysqldump --defaults-file=/root/.my.cnf shop",
        'mysqldump -p"$DB_PASSWORD" shop',
        "PGPASSWORD=$(cat /run/secret) pg_dump",
        "TOKEN=$TOKEN curl -f https://x",
        "tool --password-file /etc/tool/secret",
        "mkdir -p /var/backups && cp -p a b",
        "curl -u $USER:$PASS https://x",
        "rsync -a src/ dst/",
    ],
)
def test_references_and_ordinary_options_are_no_secrets(line: str) -> None:
    assert redact(line) == (line, [])


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once, _ = redact(text)
    assert redact(once)[0] == once
