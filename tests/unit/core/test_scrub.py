"""Secrets in texts: each kind is found, what only looks like one is left, and no text is slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.scrub import MARK, RULES, is_reference, may_hold_secret, names_secret, scrub

# Kind, text, what must be gone. None of these was ever valid.
FOUND: list[tuple[str, str, str]] = [
    ("private_key", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ", "MHcCAQ"),
    ("putty_key", "PuTTY-User-Key-File-3: x\nPrivate-Lines: 1\nAAAAIQ", "AAAAIQ"),
    ("age_key", f"AGE-SECRET-KEY-1{'Q' * 58}", "QQQQ"),
    ("aws_access_key", "key AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE"),
    ("github_token", f"ghp_{'a1' * 18}", "a1a1"),
    ("github_token", f"https://git.example.org/ghp_{'b2' * 18}/x.git", "b2b2"),
    ("github_token", f"github_pat_{'A' * 30}", "AAAA"),
    ("gitlab_token", f"glpat-{'x' * 20}", "xxxx"),
    ("slack_token", "xoxb-123456789012-abcdef", "123456789012"),
    ("webhook", "https://hooks.slack.com/services/T00000000/B00000000/XXXX", "T00000000"),
    ("google_api_key", f"AIza{'b' * 35}", "bbbb"),
    ("google_oauth", f"GOCSPX-{'c' * 28}", "cccc"),
    ("stripe_key", f"sk_live_{'d' * 24}", "dddd"),
    ("package_token", f"npm_{'e' * 36}", "eeee"),
    ("sendgrid_key", f"SG.{'f' * 22}.{'g' * 43}", "ffff"),
    ("ai_key", f"sk-proj-{'h' * 48}", "hhhh"),
    ("vault_token", f"hvs.{'i' * 30}", "iiii"),
    ("digitalocean_token", f"dop_v1_{'ab' * 32}", "abab"),
    ("hosting_token", f"dapi{'0' * 32}", "0000"),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWI"),
    ("password_hash", "root:$6$saltsalt$abcdefghijklmnopqrstu:19000", "abcdefgh"),
    ("url_password", "https://user:hunter2@example.org/x", "hunter2"),
    ("url_password", "https://s3cr3t-in-place-of-a-user@example.org/x", "s3cr3t"),
    ("url_signature", "https://b.s3.amazonaws.com/x?X-Amz-Signature=0a1b2c&y=1", "0a1b2c"),
    ("http_header", "Authorization: Bearer abcdefgh1234", "abcdefgh1234"),
    ("password_option", "pg_dump --password=hunter2 db", "hunter2"),
    ("mysql_password", "mysqldump -u root -phunter2 db", "hunter2"),
    ("sshpass", "sshpass -p hunter2 ssh host", "hunter2"),
    ("redis_password", "redis-cli -h x -a hunter2 save", "hunter2"),
    ("http_password", "curl -u admin:hunter2 https://x", "hunter2"),
    ("openssl_password", "openssl enc -pass pass:hunter2", "hunter2"),
    ("assignment", "Server=db;User Id=sa;Password=hunter2;", "hunter2"),
    ("assignment", "aws_secret_access_key = wJalrXUtnFEMIK7MDENG", "wJalr"),
    ("assignment", '{"api_key": "0123456789"}', "0123456789"),
]
LEFT = [
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf",
    "secretsmanager:GetSecretValue",
    "%sudo ALL=(ALL) NOPASSWD: ALL",
    "Defaults passwd_tries=3",
    "mysqldump --password-file=/root/.pw db",
    "PASSWORD=$DB_PASSWORD backup.sh",
    "PASSWORD=/run/secrets/db backup.sh",
    "--token [redacted]",
    "https://www.example.org:443/path?page=2&sort=key",
    "git+ssh://git@example.org/repo.git",
    "-w /etc/passwd -p wa -k identity",
    "password requisite pam_pwquality.so retry=3",
    "aws:TokenIssueTime",
    "kms:EncryptionContext:token",
    "token: none",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "hmac-sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "AAAAB3NzaC1yc2EAAAADAKIAIOSFODNN7EXAMPLEAQABAAABgQ",
]


@pytest.mark.parametrize(
    ("kind", "text", "gone"), FOUND, ids=[f"{n}-{f[0]}" for n, f in enumerate(FOUND)]
)
def test_a_secret_is_found_by_its_rule_and_taken_out(kind: str, text: str, gone: str) -> None:
    clean = scrub(text)
    assert kind in clean.kinds
    assert clean.count >= 1
    assert gone not in clean.text
    assert MARK in clean.text
    assert may_hold_secret(text.lower())


def test_every_rule_is_shown_here() -> None:
    assert {rule.kind for rule in RULES} == {kind for kind, _text, _gone in FOUND}


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_like_a_secret_is_left(text: str) -> None:
    assert scrub(text).text == text


@given(st.text(), st.sampled_from(FOUND), st.text())
def test_scrubbing_twice_changes_nothing_more(
    before: str, found: tuple[str, str, str], after: str
) -> None:
    once = scrub(f"{before} {found[1]} {after}").text
    assert scrub(once).text == once


@given(st.text())
def test_where_nothing_can_be_nothing_is(text: str) -> None:
    if not may_hold_secret(text.lower()):
        assert scrub(text).text == text


@pytest.mark.parametrize(
    "unit",
    [
        "mysql ",
        "curl -u a",
        "a.a",
        "://:",
        "password ",
        "-a-",
        "eyJ",
        "&a",
        "?a=",
        "SG.a",
        "bearer ",
        "$6$",
        "--pass-",
    ],
)
def test_a_hostile_text_takes_time_in_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        begun = time.process_time()
        scrub(text)
        return time.process_time() - begun

    assert seconds(400_000) < 6 + 12 * max(seconds(100_000), 0.02)


def test_names_of_secrets_end_in_the_word() -> None:
    assert all(map(names_secret, ("password", "DB_PASSWORD", "apiKey", "db-secret", "token")))
    assert not any(map(names_secret, ("Owner", "key", "token-rotation", "passwords-of", "path")))


def test_references_and_words_are_no_secrets() -> None:
    assert all(map(is_reference, ("", "$X", "${X}", "true", "none", "arn:aws:x", "/run/x", MARK)))
    assert not any(map(is_reference, ("hunter2", "truelove", "p4ss")))
