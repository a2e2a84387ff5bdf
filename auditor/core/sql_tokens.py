"""SQL text with `:name` parameters: found by a scanner that knows what is text and what is code.

Nothing is pasted into a query: a parameter becomes a placeholder of the driver, and only outside
strings, quoted identifiers, dollar quotes and comments. `::` is a cast and `:=` an assignment.
Follows the lexical rules of PostgreSQL (with `standard_conforming_strings` on, as sessions of this
program set it) and of MySQL (without NO_BACKSLASH_ESCAPES and ANSI_QUOTES, idem).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.errors import UsageError

Kind = Literal["code", "word", "quoted", "comment", "parameter", "end"]


class SqlTextError(UsageError):
    """A query's text cannot be used as it is: something does not end, or is not allowed."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The lexical rules of one engine.

    Args:
        name: `postgres` or `mysql`.
        pattern: Tokens that a regular expression can tell; its groups are named by their kind.
        nested_comments: `/* /* */ */` is one comment.
        dollar_quotes: `$tag$ ... $tag$` is a string.
        quotes: Characters that never stand alone.
    """

    name: str
    pattern: re.Pattern[str]
    nested_comments: bool
    dollar_quotes: bool
    quotes: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query; the texts of all tokens together are the query.

    Args:
        kind: `quoted` is a string or a quoted identifier, `end` a semicolon; `word` a name, a
            keyword or a number; a `parameter`'s text is `:name`.
    """

    kind: Kind
    text: str


_COMMON = (
    r"(?P<parameter>:[A-Za-z_][A-Za-z0-9_]*)|(?P<end>;)|(?P<word>[^\W][\w$]*)|"
    r"(?P<code>::|:=|\s+|[^\s\w])"
)
POSTGRES = Dialect(
    "postgres",
    re.compile(
        r"(?P<quoted>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|"
        rf"(?P<comment>--[^\n\r]*)|(?P<cast>::)|{_COMMON}",
        re.DOTALL,
    ),
    nested_comments=True,
    dollar_quotes=True,
    quotes="'\"",
)
MYSQL = Dialect(
    "mysql",
    re.compile(
        r"(?P<quoted>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`)|"
        rf"(?P<comment>--(?=[ \t-\r]|\Z)[^\n]*|\#[^\n]*)|{_COMMON}",
        re.DOTALL,
    ),
    nested_comments=False,
    dollar_quotes=False,
    quotes="'\"`",
)
DIALECTS = {dialect.name: dialect for dialect in (POSTGRES, MYSQL)}
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_EXECUTABLE = re.compile(r"/\*M?!")


def tokens(sql: str, dialect: Dialect) -> Iterator[Token]:
    """The tokens of a query.

    Raises:
        SqlTextError: A string, identifier or comment does not end, or a comment is one that MySQL
            would execute.
    """
    at = 0
    while at < len(sql):
        end = _long_token(sql, at, dialect)
        if end is not None:
            yield Token("comment" if sql[at] == "/" else "quoted", sql[at:end])
            at = end
            continue
        match = dialect.pattern.match(sql, at)
        if match is None or match[0] in dialect.quotes:
            raise SqlTextError(f"{sql[at : at + 20]!r} does not end", hint="close the quote")
        kind = match.lastgroup
        yield Token("code" if kind == "cast" else kind, match[0])  # type: ignore[arg-type]
        at = match.end()


def _long_token(sql: str, at: int, dialect: Dialect) -> int | None:
    """Where a comment or dollar quote that begins here ends; None where there begins none."""
    if sql.startswith("/*", at):
        if not dialect.nested_comments and _EXECUTABLE.match(sql, at):
            raise SqlTextError("`/*! ... */` is code that hides in a comment")
        return _comment_end(sql, at, nested=dialect.nested_comments)
    if dialect.dollar_quotes and (tag := _DOLLAR.match(sql, at)):
        closing = sql.find(tag[0], tag.end())
        if closing < 0:
            raise SqlTextError(f"the string {tag[0]} does not end")
        return closing + len(tag[0])
    return None


def _comment_end(sql: str, at: int, *, nested: bool) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, at):
        if edge[0] == "*/":
            depth -= 1
        elif nested or depth == 0:
            depth += 1
        if depth == 0:
            return edge.end()
    raise SqlTextError("a comment /* does not end")


def parameters(sql: str, dialect: Dialect) -> tuple[str, ...]:
    """Names of the parameters, in the order of their first use."""
    found = (token.text[1:] for token in tokens(sql, dialect) if token.kind == "parameter")
    return tuple(dict.fromkeys(found))


def render_pyformat(sql: str, dialect: Dialect) -> str:
    """The query for a driver of the style `pyformat` (PEP 249): `%(name)s`, and `%` doubled.

    It must be executed with a mapping of parameters, be it an empty one.
    """
    return "".join(
        f"%({token.text[1:]})s" if token.kind == "parameter" else token.text.replace("%", "%%")
        for token in tokens(sql, dialect)
    )


def statement_words(sql: str, dialect: Dialect) -> tuple[str, ...]:
    """The words of the code of a single statement, in upper case, without strings and comments.

    Raises:
        SqlTextError: There is no statement, or more than one.
    """
    words: list[str] = []
    ended = False
    for token in tokens(sql, dialect):
        if token.kind == "comment" or token.text.isspace():
            continue
        if ended:
            raise SqlTextError("there is more than one statement", hint="one SELECT a query")
        ended = token.kind == "end"
        if token.kind == "word":
            words.append(token.text.upper())
    if not words:
        raise SqlTextError("there is no statement")
    return tuple(words)
