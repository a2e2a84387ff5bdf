"""What a statement of a control may say, told from its text before anything is sent.

One statement that reads: a second line of defence, for the transaction is read-only whatever the
text says. Placeholders `:name` count outside of strings, quoted names and comments only.
"""

from __future__ import annotations

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
        *("set_config", "nextval", "setval", "pg_notify", "lo_import", "lo_export"),
        *("pg_sleep", "pg_sleep_for", "pg_sleep_until", "sleep", "benchmark"),
        *("pg_advisory_lock", "pg_advisory_xact_lock", "get_lock"),
        *("pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_rotate_logfile"),
        *("pg_switch_wal", "pg_promote", "dblink", "dblink_exec", "query_to_xml"),
        *("pg_read_file", "pg_read_binary_file", "pg_ls_dir", "load_file"),
    }
)


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
    try:
        found = words(text, dialect)
    except SqlTextError as error:
        return error.message
    if not found or found[0] not in _FIRST:
        return f"it begins with `{found[0] if found else ''}`, expected SELECT or WITH"
    if ";" in found:
        return "it has a `;`: give one statement, without the sign at its end"
    for word, following in zip(found, [*found[1:], ""], strict=True):
        if word in _WRITING and not (word in _FUNCTIONS and following == "("):
            return f"it says `{word}`, and a query only reads (quote it where it is a name)"
        if word in _ACTING and following == "(":
            return f"it calls `{word}`, which does more than read"
    return ""
