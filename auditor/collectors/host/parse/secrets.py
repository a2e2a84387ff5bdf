"""Secrets on command lines and in environment lines: found, named by kind, and taken out.

A value that only refers to a secret (`$VAR`, `$(cat file)`, `@file`) is none. Rules of this kind
miss things; they are meant to find what people really do in scheduled jobs.
"""

from __future__ import annotations

import re

MARK = "[redacted]"
_VALUE = r"""(?P<secret>"(?!\$)[^"]+"|'[^']+'|(?![$`@"'<])[^\s"';|&)]+)"""
_WORD = r"(?P<secret>(?!\$)[^\s\"']+)"
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("url_password", r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:(?P<secret>(?!\$)[^\s/@'\"]+)@"),
        (
            "mysql_password",
            r"\b(?:mysql|mysqldump|mysqladmin|mysqlcheck|mariadb(?:-\w+)?)\b[^|;&]*?\s-p" + _VALUE,
        ),
        (
            "password_option",
            r"(?<!\S)--?(?:[a-z-]*(?:password|passwd|passphrase|secret|token|api-?key)|pass)"
            r"(?:=|\s+)(?!-|env:|file:|fd:|pass:|stdin\b)" + _VALUE,
        ),
        ("sshpass", r"\bsshpass\s+-p\s*" + _VALUE),
        ("redis_password", r"\bredis-cli\b[^|;&]*?\s-a\s+" + _VALUE),
        (
            "http_password",
            r"\b(?:curl|wget)\b[^|;&]*?\s(?:-u|--user)[\s=]+[\"']?[^\s:\"'$]+:" + _WORD,
        ),
        ("http_header", r"\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/=-]{12,})"),
        ("openssl_password", r"\bpass:(?P<secret>(?!\$)[^\s\"']+)"),
        (
            "environment",
            r"\b(?:[A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY)[A-Z0-9_]*"
            r"|MYSQL_PWD|[A-Z0-9_]+_PASS|AWS_SECRET_ACCESS_KEY)\s*=\s*" + _VALUE,
        ),
        ("aws_access_key", r"\b(?P<secret>(?-i:AKIA|ASIA)(?-i:[0-9A-Z]{16}))\b"),
        ("github_token", r"\b(?P<secret>(?-i:gh[pousr]_)[A-Za-z0-9]{30,})"),
        ("slack_token", r"\b(?P<secret>(?-i:xox[abeprs]-)[A-Za-z0-9-]{10,})"),
        ("webhook", r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})"),
        ("private_key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.+)"),
    )
)


def redact(text: str) -> tuple[str, list[str]]:
    """The text with each secret replaced by a mark, and the sorted kinds that were found."""
    kinds = set()
    for kind, pattern in _RULES:
        text, found = _take_out(text, pattern)
        if found:
            kinds.add(kind)
    return text, sorted(kinds)


def _take_out(text: str, pattern: re.Pattern[str]) -> tuple[str, bool]:
    pieces = []
    end = 0
    for match in pattern.finditer(text):
        if MARK in match["secret"] or match["secret"].startswith(("/", "./")):
            continue  # taken out by an earlier rule, or the path of a file with the secret
        pieces += [text[end : match.start("secret")], MARK]
        end = match.end("secret")
    return "".join([*pieces, text[end:]]), bool(pieces)
