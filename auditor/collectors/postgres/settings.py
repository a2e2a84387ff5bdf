"""What `auditor.yaml` says about a target of kind `postgres-server`. It never holds a password."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from auditor.collectors.sql.audit_table import AuditTable
from auditor.collectors.sql.credentials import AbsolutePath, Credentials

Name = Annotated[str, StringConstraints(min_length=1, max_length=63)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListedTable(_Strict):
    """A table by its exact name."""

    database: Name
    schema_: Name = Field(default="public", alias="schema")
    table: Name

    @property
    def label(self) -> str:
        """`database.schema.table`."""
        return f"{self.database}.{self.schema_}.{self.table}"


class SchemaVersion(ListedTable):
    """A table in which a migration tool records what it has applied."""

    column: Name = "version"
    expected: str | None = Field(default=None, description="the version that was released")


class LoginRecord(_Strict):
    """A table or view with the last login of each role, in the database `database` of the target.

    PostgreSQL itself does not remember logins: it must be filled from the server's log.
    """

    schema_: Name = Field(default="public", alias="schema")
    table: Name
    role: Name = Field(default="role", description="column with the role's name")
    at: Name = Field(default="last_login_at", description="column of type timestamptz")


class PostgresSettings(Credentials):
    """Settings of a target of kind `postgres-server`."""

    host: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="name, address, or folder of a socket; the server itself, not a pooler"
    )
    port: int = Field(default=5432, ge=1, le=65535)
    user: Name = "auditor"
    database: Name = Field(default="postgres", description="where the server is asked about itself")
    query_database: Name | None = Field(
        default=None, description="where the queries of controls are asked; null: in `database`"
    )
    databases: Literal["all"] | tuple[Name, ...] = "all"
    exclude_databases: tuple[Name, ...] = ()
    tls: Literal["verify-full", "verify-ca", "require", "off"] = Field(
        default="verify-full",
        description="`require` encrypts without knowing to whom, `off` is for this machine only",
    )
    ca_file: AbsolutePath | None = Field(
        default=None,
        description="authorities that sign the server's certificate; null: the system's",
    )
    client_certificate: AbsolutePath | None = None
    client_key: AbsolutePath | None = None
    passfile: AbsolutePath | None = Field(default=None, description="file of libpq's form .pgpass")
    application_roles: tuple[Name, ...] = Field(
        default=(), description="roles that applications sign in with"
    )
    audit_tables: tuple[AuditTable, ...] = ()
    tenant_tables: tuple[ListedTable, ...] = Field(
        default=(), description="tables that need row security"
    )
    schema_versions: tuple[SchemaVersion, ...] = ()
    logins: LoginRecord | None = None

    @model_validator(mode="after")
    def _once(self) -> PostgresSettings:
        for name in ("audit_tables", "tenant_tables", "schema_versions"):
            labels = [table.label for table in getattr(self, name)]
            if len(set(labels)) < len(labels):
                raise ValueError(f"{name}: a table stands twice")
        if self.tls == "off" and not self._is_near:
            raise ValueError(f"tls: off sends the password to {self.host} in clear text")
        if (self.client_certificate is None) != (self.client_key is None):
            raise ValueError("client_certificate and client_key go together")
        return self

    @property
    def _is_near(self) -> bool:
        return self.host.startswith(("/", "127.")) or self.host in {"localhost", "::1"}

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"
