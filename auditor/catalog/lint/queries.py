"""Rules about the queries that controls bring along."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule
from auditor.catalog.source import Location, did_you_mean
from auditor.core.model.control import Check
from auditor.core.model.query import COLLECTOR, Query
from auditor.core.sql_text import placeholders, words
from auditor.errors import Problem

_CUTTING = ("limit", "fetch", "offset")
_NUMBERING = ("row_number", "rank", "dense_rank", "ntile")
_COUNTING = ("count", "sum")


def _written(loaded: LoadedControl) -> Iterator[tuple[Location, Check, Query]]:
    """The queries where they are written, not where another check uses them."""
    for index, check in enumerate(loaded.control.checks):
        at: Location = ("checks", index, "query")
        if check.query is not None and at in loaded.source.keys:
            yield at, check, check.query


def _belongs(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        of_query = check.resource.partition(".")[0] == COLLECTOR
        if check.collector == COLLECTOR and check.query is None:
            message = f"no check of this control has the query of `{check.resource}`"
            yield loaded.source.problem(("checks", index, "resource"), message)
        elif check.query is not None and (check.collector != COLLECTOR or not of_query):
            message = (
                f"a query goes with `collector: {COLLECTOR}` and `resource: {COLLECTOR}.<name>`"
            )
            yield loaded.source.problem(("checks", index, "query"), message, key=True)


def _binds(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for at, _check, query in _written(loaded):
        asked: set[str] = set()
        for dialect in query.dialects:
            for name, text in (
                ("text", query.text_for(dialect)),
                ("count", query.count_for(dialect)),
            ):
                found = placeholders(text, dialect)
                asked |= set(found)
                for unknown in [one for one in found if one not in query.bind]:
                    message = (
                        f"{dialect}: nothing binds `:{unknown}`{did_you_mean(unknown, query.bind)}"
                    )
                    yield loaded.source.problem((*at, name), message)
        for name in query.bind:
            if name not in asked:
                message = f"no text asks for `:{name}`"
                yield loaded.source.problem((*at, "bind", name), message, key=True)


def _columns(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for at, _check, query in _written(loaded):
        for dialect in query.dialects:
            found = words(query.text_for(dialect), dialect)
            stars = [
                before
                for before, word, after in zip(["", *found], found, [*found[1:], ""], strict=False)
                if word == "*"
                and before in ("select", "distinct", "all", ",", ".")
                and after != "("
            ]
            if stars:
                message = f"{dialect}: `*` selects whatever columns there are: name them"
                yield loaded.source.problem((*at, "text"), message)


def _whole(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for at, _check, query in _written(loaded):
        for dialect in query.dialects:
            found = words(query.text_for(dialect), dialect)
            for word in sorted(set(found) & set(_CUTTING)):
                hint = "`max_rows` is the cap, and rows beyond it are an error"
                message = f"{dialect}: `{word}` leaves out rows, and nobody is told"
                yield loaded.source.problem((*at, "text"), message, hint)
            for word in sorted(set(found) & set(_NUMBERING)):
                message = f"{dialect}: `{word}` numbers rows in an order that may change"
                yield loaded.source.problem((*at, "text"), message, "key rows by what they are")


def _counts(loaded: LoadedControl, _context: LintContext) -> Iterator[Problem]:
    for at, _check, query in _written(loaded):
        for dialect in query.dialects:
            found = words(query.count_for(dialect), dialect)
            if not set(found) & set(_COUNTING):
                message = f"{dialect}: it counts nothing: expected `SELECT count(...) ...`"
                yield loaded.source.problem((*at, "count"), message)
            elif _holds(found, words(query.text_for(dialect), dialect)):
                message = f"{dialect}: it counts the query itself, so that both miss the same rows"
                hint = "count at the source: `SELECT count(*) FROM <view> WHERE ...`"
                yield loaded.source.problem((*at, "count"), message, hint)


def _holds(outer: list[str], inner: list[str]) -> bool:
    length = len(inner)
    return any(outer[i : i + length] == inner for i in range(len(outer) - length + 1))


QUERY_RULES = (
    Rule(
        "query",
        "error",
        "A query stands at a check of `collector: sql`, and such a check has one",
        _belongs,
        "The type `sql.<name>` exists only by the query of its own control.",
    ),
    Rule(
        "query-bind",
        "error",
        "Every `:name` of a query is bound, and every `bind` is asked for",
        _binds,
        "A name that nothing binds fails at the server; a value that no text asks for makes "
        "believe that it decides something.",
    ),
    Rule(
        "query-columns",
        "error",
        "A query names its columns",
        _columns,
        "With `*` a new column of the table would end up in evidence.",
    ),
    Rule(
        "query-whole",
        "error",
        "A query neither cuts rows off nor numbers them",
        _whole,
        "Rows that `LIMIT` leaves out are never judged. A row number names another row tomorrow, "
        "so findings would change their names.",
    ),
    Rule(
        "query-count",
        "error",
        "The count of a query is independent",
        _counts,
        "A count over the query itself repeats its mistakes: a wrong join loses rows in both.",
    ),
)
