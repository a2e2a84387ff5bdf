"""A control's own query, asked on an open session.

The statement and an independent count go to the server, read-only, with their values given to the
driver. What comes back must have the declared columns and types, as many rows as the count says,
and no more than `max_rows`; everything else is a gap, never a default.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast
from uuid import UUID

from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.reading import Reading
from auditor.collectors.sql.session import Asker, Rows
from auditor.collectors.sql.text import parameters, render_pyformat
from auditor.collectors.sql.values import text_of, to_json
from auditor.core.canonical import MAX_INT, canonical
from auditor.core.evaluate.queries import bound_texts
from auditor.core.model.fields import FieldType, ListOf, Record, Scalar
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.query import BoundQuery, query_digest
from auditor.core.model.status import Cause
from auditor.core.sql_text import Dialect
from auditor.core.times import format_instant, parse_instant

PAGE = "docs/reference/sql-query.md has the views that shipped controls read, and their grants"
_ABOUT_VIEWS = (Cause.VANISHED, Cause.DENIED, Cause.NOT_SUPPORTED)
_DECIMAL = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_TRIES = 2  # rows that come and go between statement and count are no fault of the query


def read_control_query(asker: Asker, bound: BoundQuery) -> Reading:
    """The rows of a control's query. Never raises because the system does not answer.

    Args:
        asker: On the database that the target names for queries.
        bound: With its values.
    """
    reading = Reading()
    dialect = cast("Dialect", asker.session.dialect.name)
    if dialect not in bound.query.dialects:
        detail = f"the control's query {bound.resource_type} has no text for {dialect}"
        reading.gaps.append(Gap(Cause.NOT_SUPPORTED, detail))
        return reading
    reading.facts |= _facts(bound, dialect, asker)
    for attempt in range(_TRIES):
        try:
            answer, count = _ask(asker, bound, dialect)
        except QueryFailedError as error:
            reading.gaps.append(_explained(error.gap))
            return reading
        if answer.more or count == len(answer.rows) or attempt == _TRIES - 1:
            _fill(reading, bound, answer, count, dialect)
            return reading
    return reading


def _facts(bound: BoundQuery, dialect: Dialect, asker: Asker) -> dict[str, object]:
    text = bound.query.text_for(dialect)
    return {
        "query_sha256": query_digest(text),
        "query": text,
        "rendered": render_pyformat(text, asker.session.dialect),
        "count_query": bound.query.count_for(dialect),
        "bound": bound_texts(bound.values),
        "rows": None,
        "count": None,
    }


def _explained(gap: Gap) -> Gap:
    """A view that is missing or closed is made as the page says."""
    return replace(gap, hint=PAGE) if gap.cause in _ABOUT_VIEWS else gap


def _ask(asker: Asker, bound: BoundQuery, dialect: Dialect) -> tuple[Rows, int]:
    """The answer, and what the count says.

    Raises:
        QueryFailedError: One of them failed, or the count gives no number.
    """
    text, count = bound.query.text_for(dialect), bound.query.count_for(dialect)
    values = {name: _for_driver(value, dialect) for name, value in bound.values.items()}
    name = f"{bound.resource_type} {query_digest(text)[:12]}"
    wanted = _wanted(text, values, asker)
    number = asker.scalar(f"{name} count", count, _wanted(count, values, asker))
    try:
        counted = _whole(number)
    except ValueError as error:
        detail = f"the count of {bound.resource_type} gives no number: {error}"
        raise QueryFailedError(Gap(Cause.TYPE_ERROR, detail)) from error
    return asker.ask(name, text, wanted, bound.query.max_rows), counted


def _wanted(text: str, values: Mapping[str, object], asker: Asker) -> dict[str, object]:
    return {name: values[name] for name in parameters(text, asker.session.dialect)}


def _for_driver(value: object, dialect: Dialect) -> object:
    """MySQL has no type with a zone: its sessions are in UTC, and so are its values."""
    if dialect == "mysql" and isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _fill(reading: Reading, bound: BoundQuery, answer: Rows, count: int, dialect: Dialect) -> None:
    of = bound.query.fields
    gap = _other_columns(answer.columns, of)
    if gap is None:
        read = [_resource(answer.columns, row, of, dialect) for row in answer.rows]
        reading.resources = sorted(read, key=_order)
        reading.facts |= {"rows": len(answer.rows), "count": count}
        gap = _not_whole(bound, answer, count)
    if gap is not None:
        reading.gaps.append(gap)


def _other_columns(columns: Sequence[str], of: Record) -> Gap | None:
    missing = sorted(of.fields.keys() - set(columns))
    surplus = sorted(set(columns) - of.fields.keys())
    twice = sorted({name for name in columns if columns.count(name) > 1})
    said = [("missing", missing), ("not declared", surplus), ("there twice", twice)]
    parts = [f"{word}: {', '.join(names)}" for word, names in said if names]
    if not parts:
        return None
    detail = f"the columns are not those that the control declares ({'; '.join(parts)})"
    return Gap(Cause.UNPARSABLE, detail, hint=PAGE)


def _not_whole(bound: BoundQuery, answer: Rows, count: int) -> Gap | None:
    if answer.more:
        detail = f"there are more than {bound.query.max_rows} rows ({count} are counted)"
        return Gap(Cause.TRUNCATED, detail, hint="narrow the query, or raise its `max_rows`")
    if count != len(answer.rows):
        detail = f"the query gave {len(answer.rows)} rows, and {count} are counted independently"
        return Gap(Cause.TRUNCATED, detail, hint="look for rows that a join of the view loses")
    return None


def _order(resource: Resource) -> bytes:
    """The same for the same rows, in whatever order the server gave them."""
    return canonical(resource.to_json())


def _resource(
    columns: Sequence[str], row: Sequence[object], of: Record, dialect: Dialect
) -> Resource:
    data: dict[str, object] = {}
    unread: dict[str, Gap] = {}
    for name, value in zip(columns, row, strict=True):
        try:
            data[name] = column_value(value, of.fields[name], dialect)
        except ValueError as error:
            unread[name] = Gap(Cause.TYPE_ERROR, f"{name}: {error}", hint=PAGE)
    return Resource(data, unread=unread)


def column_value(value: object, of: FieldType, dialect: Dialect) -> object:
    """A driver's value as evidence of the declared type; null stays null.

    Raises:
        ValueError: It has another type. Nothing is guessed: a text of digits is no number.
    """
    if value is None:
        return None
    if isinstance(of, ListOf):
        return [column_value(item, of.item, dialect) for item in _items(value, dialect)]
    if isinstance(of, Scalar) and of.name in _COLUMNS:
        return _COLUMNS[of.name](value, dialect)
    raise ValueError(f"a column cannot have the type {of}")


def _items(value: object, dialect: Dialect) -> Sequence[object]:
    if dialect == "mysql" and isinstance(value, (str, bytes)):  # JSON_ARRAYAGG gives text
        try:
            value = json.loads(value)
        except ValueError as error:
            raise _wrong(value, "a list") from error
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "a list")
    return value


def _truth(value: object, dialect: Dialect) -> bool:
    if isinstance(value, bool):
        return value
    if dialect == "mysql" and type(value) is int and value in (0, 1):  # it has no booleans
        return bool(value)
    raise _wrong(value, "true or false")


def _whole(value: object, _dialect: Dialect = "postgres") -> int:
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value)  # sum() of integers is a decimal in both engines
    if type(value) is not int:
        raise _wrong(value, "a whole number")
    if abs(value) > MAX_INT:
        raise ValueError(f"got {value}, beyond 2^53: declare the column as string, and cast it")
    return value


def _number(value: object, dialect: Dialect) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if type(value) in (int, float):
        number = float(cast("float", value))
        if math.isfinite(number):
            return repr(number)
    if dialect == "mysql" and isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value  # DOUBLE as the server writes it
    raise _wrong(value, "a number")


def _instant(value: object, _dialect: Dialect) -> str:
    """A time with its zone. MySQL's DATETIME has none: there a view gives RFC 3339 as text."""
    if not isinstance(value, (datetime, str)):
        raise _wrong(value, "an instant")
    try:
        return format_instant(parse_instant(value))
    except ValueError as error:
        raise ValueError("got a time without a zone, or in another form than RFC 3339") from error


def _text(value: object, _dialect: Dialect) -> str:
    if isinstance(value, str):
        return str(to_json(value))
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise _wrong(value, "text")


def _wrong(value: object, expected: str) -> ValueError:
    """Says the type and not the value: who knows what stands in somebody's column."""
    shown = text_of(type(value).__name__.encode())
    return ValueError(f"got a value of type {shown}, expected {expected}")


_COLUMNS: Mapping[str, Callable[[object, Dialect], object]] = {
    "bool": _truth,
    "int": _whole,
    "double": _number,
    "timestamp": _instant,
    "string": _text,
}
