"""What `auditor.yaml` says about an audit table: how it is protected, and how its chain is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Algorithm = Literal["sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"]
Encoding = Literal["hex", "hex_upper", "base64", "bytes"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChainColumn(_Strict):
    """A column that the digest covers.

    `as` says how the application wrote the value: `text` as the server prints it (timestamps in
    UTC), `rfc3339` as `2026-01-01T00:00:00.000000Z`, `unix_ms` as milliseconds since 1970, `hex` or
    `raw` the bytes of a binary column. In canonical JSON `json` says what it is there.
    """

    name: Name
    as_: Literal["text", "rfc3339", "unix_ms", "hex", "raw"] = Field(default="text", alias="as")
    json_: Literal["string", "number", "bool", "json"] = Field(default="string", alias="json")


class Concatenation(_Strict):
    """The columns' texts one after another, in UTF-8."""

    form: Literal["concat"] = "concat"
    separator: str = ""
    null: str = Field(default="", description="what stands for NULL")


class CanonicalJson(_Strict):
    """A JSON object of the columns by name, canonical (RFC 8785)."""

    form: Literal["json"]


class Chain(_Strict):
    """How each row of a table is linked to the one before it.

    The digest of a row is `algorithm` over the canonical form of `columns`, in their order; the
    column `previous` is one of them, or the rows would not be linked.
    """

    order_by: Name = Field(description="column whose order is the order of the chain; unique")
    sequence: Name | None = Field(
        default=None, description="integer column that grows by one; null: gaps cannot be told"
    )
    columns: tuple[ChainColumn, ...] = Field(min_length=1)
    previous: Name
    digest: Name
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    canonical: Annotated[Concatenation | CanonicalJson, Field(discriminator="form")] = (
        Concatenation()
    )
    genesis: str | None = Field(
        default=None,
        description="`previous` of the first row, as stored (in hex where `encoding` is bytes);"
        " null: it is NULL or empty",
    )

    @model_validator(mode="after")
    def _linked(self) -> Chain:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("a column stands twice in `columns`")
        if self.previous not in names:
            raise ValueError(
                f"`columns` does not hold `previous` ({self.previous}): rows would not be linked"
            )
        if self.encoding == "bytes" and self.genesis is not None:
            bytes.fromhex(self.genesis)
        if self.digest in names:
            raise ValueError(f"`columns` holds the digest itself ({self.digest})")
        return self


class AuditTable(_Strict):
    """A table that the application may add to and never change."""

    database: Name
    schema_: Name = Field(default="public", alias="schema")
    table: Name
    application_roles: tuple[Name, ...] = Field(
        min_length=1, description="accounts that the application signs in with"
    )
    chain: Chain | None = Field(default=None, description="null: the table has no hash chain")

    @property
    def label(self) -> str:
        """`database.schema.table`, the key of its resource."""
        return f"{self.database}.{self.schema_}.{self.table}"
