"""How values come out of psycopg: text of any bytes, times that are no times, exact intervals."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.types.json import set_json_loads
from psycopg.types.string import ByteaBinaryLoader

from auditor.collectors.sql.values import text_of

_TEXTS = ("text", "varchar", "bpchar", "name", '"char"')
_INTERVAL = re.compile(
    r"P(?P<months>(?:-?\d+Y)?(?:-?\d+M)?)(?:(?P<days>-?\d+)D)?"
    r"(?:T(?:(?P<hours>-?\d+)H)?(?:(?P<minutes>-?\d+)M)?(?:(?P<seconds>-?[\d.]+)S)?)?"
)


class TextLoader(Loader):
    """Text in UTF-8; where the database has no encoding there may be other bytes."""

    def load(self, data: Buffer) -> str:
        """`\\xNN` for what is not UTF-8."""
        return text_of(bytes(data))


class MomentLoader(Loader):
    """A timestamp, or the text of what is none to Python (infinity, years before Christ)."""

    def load(self, data: Buffer) -> datetime | str:
        """With a zone where the type has one."""
        text = bytes(data).decode("ascii")
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return text


class DateLoader(Loader):
    """A date, or the text of what is none to Python."""

    def load(self, data: Buffer) -> date | str:
        """The date."""
        text = bytes(data).decode("ascii")
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text


class IntervalLoader(Loader):
    """An interval of the style ISO 8601; one with months has no length, and stays a text."""

    def load(self, data: Buffer) -> timedelta | str:
        """The span."""
        text = bytes(data).decode("ascii")
        match = _INTERVAL.fullmatch(text)
        if match is None or match["months"]:
            return text
        parts = {name: float(match[name] or 0) for name in ("days", "hours", "minutes")}
        whole = timedelta(**parts)
        return whole + timedelta(microseconds=int(Decimal(match["seconds"] or 0) * 1_000_000))


def register(connection: psycopg.Connection[Any]) -> None:
    """Use these loaders on a connection."""
    adapters = connection.adapters
    for name in _TEXTS:
        adapters.register_loader(name, TextLoader)
    for name in ("timestamptz", "timestamp"):
        adapters.register_loader(name, MomentLoader)
    adapters.register_loader("date", DateLoader)
    adapters.register_loader("interval", IntervalLoader)
    set_json_loads(_json, context=connection)


def register_bytes(adapters: AdaptersMap) -> None:
    """Load text as its bytes, in the binary format."""
    for name in _TEXTS:
        adapters.register_loader(name, ByteaBinaryLoader)


def _json(data: str | bytes) -> object:
    text = data if isinstance(data, str) else text_of(data)
    return json.loads(text, parse_float=Decimal)
