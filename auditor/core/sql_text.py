"""What a statement of a control may say, told from its text before anything is sent.

One statement that reads: a second line of defence, for the transaction is read-only whatever the
text says. Placeholders `:name` count outside of strings, quoted names and comments only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from auditor.core.sql_tokens import DIALECTS as LEXICAL_RULES
from auditor.core.sql_tokens import SqlTextError, Token, parameters, tokens

Dialect = Literal["postgres", "mysql"]
DIALECTS: tuple[Dialect, ...] = ("postgres", "mysql")

_FIRST = ("select", "with")
_WRITING = frozenset(
    {
        *("insert", "update", "delete", "merge", "replace", "truncate", "create", "alter", "drop"),
        *("grant", "revoke", "call", "do", "copy", "lock", "vacuum", "analyze", "cluster"),
        *("reindex", "refresh", "notify", "listen", "set", "reset", "begin", "commit", "rollback"),
        *("savepoint", "prepare", "execute", "deallocate", "load", "handler"),
        *("into", "outfile", "dumpfile"),
    }
)
# They are names of functions too: replace(text, ...), truncate(x, 2), insert(...).
_FUNCTIONS = frozenset({"insert", "replace", "truncate"})
_ACTING = frozenset(
    {
        *("set_config", "nextval", "setval", "pg_notify"),
        *("sleep", "benchmark", "get_lock"),
        *("pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_rotate_logfile"),
        *("pg_switch_wal", "pg_promote"),
        *("load_file", "release_lock", "release_all_locks", "master_pos_wait", "source_pos_wait"),
        *("wait_for_executed_gtid_set", "sys_exec", "sys_eval", "ts_stat", "crosstab"),
        *("pg_stat_statements_reset", "pg_export_snapshot", "pg_current_xact_id", "txid_current"),
    }
)
# Families: large objects (a read-only transaction of PostgreSQL 15 lets them be written), other
# servers, files, locks, replication slots, statistics, backups, and queries given as text.
_ACTING_FAMILY = re.compile(
    r"lo_\w+|dblink\w*|(query|cursor|table|schema|database)_to_xml\w*|pg_(sleep|advisory|try_advisory"
    r"|ls|read|file|logical|replication_slot|create|drop|copy|stat_reset|wal_replay|backup|start_backup"
    r"|stop_backup)\w*",
    re.ASCII,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_HIDES_ROWS = "information_schema"


def placeholders(text: str, dialect: Dialect) -> tuple[str, ...]:
    """The names of its `:name` placeholders, each once, in order.

    Raises:
        SqlTextError: A string, a quoted name or a comment has no end.
    """
    return parameters(text, LEXICAL_RULES[dialect])


def words(text: str, dialect: Dialect) -> list[str]:
    """Its words in lower case and every other sign, without comments, strings and spaces.

    A quoted piece is there as it is written, so that a quoted name is no keyword.

    Raises:
        SqlTextError: As `placeholders`.
    """
    return [_plain(token) for token in tokens(text, LEXICAL_RULES[dialect]) if _says(token)]


def _plain(token: Token) -> str:
    return token.text.lower() if token.kind == "word" else token.text


def _says(token: Token) -> bool:
    return token.kind != "comment" and not token.text.isspace()


def refusal(text: str, dialect: Dialect) -> str:
    """Why a text is not one statement that only reads; "" where nothing speaks against it."""
    if _CONTROL.search(text):  # servers do not agree on where a comment ends
        return "it has a control character"
    try:
        parts = list(tokens(text, LEXICAL_RULES[dialect]))
    except SqlTextError as error:
        return error.message
    return _hidden(parts, dialect) or _not_reading([_plain(one) for one in parts if _says(one)])


def _hidden(parts: Sequence[Token], dialect: Dialect) -> str:
    """What a comment or a name in a rare form could hide."""
    for first, second in pairwise(parts):
        if first.text == "&" and second.text.startswith('"') and dialect == "postgres":
            return 'it has a name like U&"...": write it without escapes'
    if dialect == "mysql" and any(one.text.startswith("/*+") for one in parts):
        return "it has an optimizer hint, which can lift limits of the session"
    return ""


def _not_reading(found: Sequence[str]) -> str:
    if not found or found[0] not in _FIRST:
        return f"it begins with `{found[0] if found else ''}`, expected SELECT or WITH"
    if ";" in found:
        return "it has a `;`: give one statement, without the sign at its end"
    around = zip(["", *found], found, [*found[1:], ""], strict=False)
    return next(filter(None, (_objection(*words) for words in around)), "")


def _objection(before: str, word: str, following: str) -> str:
    if word in _WRITING and not (word in _FUNCTIONS and following == "("):
        return f"it says `{word}`, and a query only reads (quote it where it is a name)"
    if word == "share" and before in {"for", "key"}:
        return "it locks rows (FOR SHARE)"
    name = _unquoted(word)
    if following == "(" and _acts(name):
        return f"it calls `{name}`, which does more than read"
    if name == _HIDES_ROWS:
        return f"it reads `{name}`, which leaves out what the account may not see"
    return ""


def _acts(name: str) -> bool:
    return name in _ACTING or _ACTING_FAMILY.fullmatch(name) is not None


def _unquoted(word: str) -> str:
    """A quoted name is the function's as well; a string is none."""
    return word[1:-1].lower() if word[:1] in {'"', "`"} else word
