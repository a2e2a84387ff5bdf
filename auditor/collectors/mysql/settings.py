"""What `auditor.yaml` says about a target of kind `mysql-server`.

- name: orders
  kind: mysql-server
  host: db.example.org
  user: auditor
  password_env: ORDERS_DB_PASSWORD
  ca_file: /etc/ssl/private-ca.pem
  confidential_schemas: [orders]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from auditor.collectors.sql.audit_table import AuditTable
from auditor.collectors.sql.credentials import AbsolutePath, Credentials

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class MysqlAuditTable(AuditTable):
    """A table that the application may add to and never change.

    `application_roles` are users (`app`, whatever the host) or accounts (`app@10.%`). A schema is a
    database here, so that none is given.
    """

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, value: object) -> object:
        if isinstance(value, Mapping) and "schema" not in value:
            return {**value, "schema": value.get("database")}
        return value

    @model_validator(mode="after")
    def _same_schema(self) -> Self:
        if self.schema_ != self.database:
            message = f"got schema {self.schema_!r}, which is the database here: leave it out"
            raise ValueError(message)
        return self

    @property
    def label(self) -> str:
        """`database.table`, the key of its resource."""
        return f"{self.database}.{self.table}"


class MysqlSettings(Credentials):
    """Settings of a target of kind `mysql-server`. A password is never among them."""

    host: Annotated[str, StringConstraints(min_length=1)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 3306
    unix_socket: AbsolutePath | None = None
    user: Annotated[str, StringConstraints(min_length=1)]
    query_database: Name | None = Field(
        default=None, description="schema in which the queries of controls are asked"
    )
    tls: Literal["verify-full", "verify-ca", "require", "off"] = Field(
        default="verify-full",
        description="`verify-full`: the certificate is of a trusted authority and for this host;"
        " `verify-ca`: of a trusted authority; `require`: encrypted without knowing to whom;"
        " `off`: loopback and sockets only",
    )
    ca_file: AbsolutePath | None = Field(
        default=None, description="certificate authorities to trust; the system's by default"
    )
    stream_timeout_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=3600.0, description="longest time that reading one audit table may take, in seconds"
    )
    confidential_schemas: tuple[Name, ...] = Field(
        default=(), description="schemas whose files must be encrypted; by default every schema"
    )
    audit_tables: tuple[MysqlAuditTable, ...] = Field(
        default=(), description="tables that are only appended to, and their hash chains"
    )

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.tls == "off" and self.unix_socket is None and self.host not in _LOOPBACK:
            raise ValueError(f"got `tls: off` for {self.host}, allowed for loopback and sockets")
        if self.ca_file is not None and not self.uses_tls:
            raise ValueError("got a ca_file for a connection that is not encrypted")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted; a socket's never leaves the machine."""
        return self.unix_socket is None and self.tls != "off"

    @property
    def endpoint(self) -> str:
        """`host:port`, or the socket: the key of everything that there is one of."""
        if self.unix_socket is not None:
            return self.unix_socket
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
