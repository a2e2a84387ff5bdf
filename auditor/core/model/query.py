"""A control's own query, and the resource type that it makes.

A check of `collector: sql` may say what it wants to see: one reading statement, its parameters, the
columns it gives and a second statement that counts. The text belongs to the control, so it is
recorded with the policy; what it was read with stands in the facts of the observation. This file
knows neither a driver nor a server. docs/reference/sql-query.md is for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from auditor.core.model.fields import ListOf, Record, Scalar, parse_field_type
from auditor.core.model.resource_type import ResourceType
from auditor.core.scrub import names_secret
from auditor.core.sql_text import DIALECTS, Dialect, refusal

COLLECTOR = "sql"
"""What a check names as its collector: every target whose collector answers this language."""
MAX_ROWS = 10_000
HIGHEST_MAX_ROWS = 1_000_000
FACTS = Record(
    {
        "query_sha256": Scalar("string"),
        "query": Scalar("string"),
        "rendered": Scalar("string"),
        "count_query": Scalar("string"),
        "bound": parse_field_type("map<string>"),
        "rows": Scalar("int"),
        "count": Scalar("int"),
    },
    nullable=frozenset({"rows", "count"}),
)
"""`query` is the control's text and `rendered` what the driver got, with its own placeholders;
`rows` is what was read, `count` what the independent statement says; null where it was not."""
_ITEMS = frozenset({"string", "int", "double", "bool", "timestamp"})
_HOLDS_TEXT = frozenset({"string"})
_DERIVED_NAMES = ("_hash", "_digest", "_hashed", "_value", "_encrypted", "_plain")

Text = Annotated[str, Field(min_length=8)]
Texts = Text | dict[Dialect, Text]


class Query(BaseModel):
    """One statement with everything that is needed to trust its answer.

    `text` and `count` are one text, or one for each dialect where they differ. `bind` is CEL over
    `param` and `now`. A column whose name ends with `?` may be null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=3)
    text: Texts
    bind: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(min_length=1)
    count: Texts
    max_rows: int = Field(default=MAX_ROWS, ge=1, le=HIGHEST_MAX_ROWS)
    personal: tuple[str, ...] = ()
    token: tuple[str, ...] = ()

    @field_validator("text", "count")
    @classmethod
    def _only_reads(cls, texts: Texts) -> Texts:
        for dialect, text in _each(texts):
            reason = refusal(text, dialect)
            if reason:
                raise ValueError(reason)
        return texts

    @field_validator("columns")
    @classmethod
    def _known_types(cls, columns: dict[str, str]) -> dict[str, str]:
        record = parse_field_type(columns)
        for name, of in record.fields.items() if isinstance(record, Record) else ():
            item = of.item if isinstance(of, ListOf) else of
            if not isinstance(item, Scalar) or item.name not in _ITEMS:
                expected = ", ".join(sorted(_ITEMS))
                raise ValueError(f"column {name}: expected one of {expected}, or a list of it")
        return columns

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.resource_type("sql.any")  # refuses flags of columns that there are not
        if set(dict(_each(self.text))) != set(dict(_each(self.count))):
            raise ValueError("`text` and `count` are given for different dialects")
        for name, of in self.fields.fields.items():
            item = of.item if isinstance(of, ListOf) else of
            text = isinstance(item, Scalar) and item.name in _HOLDS_TEXT
            if text and _may_be_secret(name) and name not in self.token:
                raise ValueError(
                    f"column {name} would hold a secret: leave it out, select whether it is there, "
                    "or name it in `token`"
                )
        return self

    @property
    def fields(self) -> Record:
        """Its columns as the fields of a resource."""
        record = parse_field_type(self.columns)
        assert isinstance(record, Record)  # noqa: S101 - a mapping gives a record
        return record

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """Those that it has a text for."""
        return tuple(dialect for dialect, _text in _each(self.text))

    def text_for(self, dialect: Dialect) -> str:
        """The statement as it is written for a dialect.

        Raises:
            KeyError: There is none.
        """
        return self.text if isinstance(self.text, str) else self.text[dialect]

    def count_for(self, dialect: Dialect) -> str:
        """The counting statement.

        Raises:
            KeyError: There is none.
        """
        return self.count if isinstance(self.count, str) else self.count[dialect]

    def resource_type(self, name: str) -> ResourceType:
        """The type of what it gives.

        Raises:
            ValueError: `personal` or `token` name no column.
        """
        return ResourceType(
            name, self.title, self.fields, FACTS, personal=self.personal, token=self.token
        )


def _each(texts: Texts) -> Iterator[tuple[Dialect, str]]:
    """The text for each dialect; one without dialects is for all of them."""
    yield from ((d, texts) for d in DIALECTS) if isinstance(texts, str) else texts.items()


def _may_be_secret(name: str) -> bool:
    plain = name.lower()
    for suffix in _DERIVED_NAMES:
        plain = plain.removesuffix(suffix)
    return names_secret(plain)


def query_digest(text: str) -> str:
    """SHA-256 of a statement as the control has it, in hex."""
    return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A query with the values of its parameters, for one target.

    Args:
        resource_type: Name of the type that it makes.
        values: Name to bool, int, float, str, datetime in UTC, or a list of one of them.
        problem: Why the values could not be told; then nothing is read.
    """

    resource_type: str
    query: Query
    values: Mapping[str, object]
    problem: str = ""
