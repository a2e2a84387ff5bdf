"""Reading a server: the types about the server itself, then database by database.

Two connections at a time at most. A database that cannot be read is a gap of every type that is
about databases; the others are read all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from auditor import __version__
from auditor.collectors.budget import BudgetSpentError
from auditor.collectors.interface import CollectionContext, Preflight, Wanted
from auditor.collectors.postgres.computed import (
    add_logins,
    doubt_rules_not_loaded,
    hide_overridden,
    hide_overridden_rows,
    with_release,
)
from auditor.collectors.postgres.connection import PostgresSession, connected
from auditor.collectors.postgres.listed import expected, listed, read_listed
from auditor.collectors.postgres.settings import PostgresSettings
from auditor.collectors.postgres.statements import read_statement_statistics
from auditor.collectors.sql.audit_chain import how_it_was_read
from auditor.collectors.sql.catalogue import Catalogue, CollectedType
from auditor.collectors.sql.control_query import read_control_query
from auditor.collectors.sql.failures import QueryFailedError, about, budget_spent, failed
from auditor.collectors.sql.grants import HeldGrants
from auditor.collectors.sql.reading import Reading, Scope, read_type
from auditor.collectors.sql.session import Asker
from auditor.core.model.observation import Call, Gap, Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import AuditorError

_WHO = """
SELECT session_user::text, quote_ident(session_user), (SELECT CASE
  WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_superuser') THEN 'Amazon RDS'
  WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudsqlsuperuser') THEN 'Google Cloud SQL'
  WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'azure_pg_admin') THEN 'Azure Database' END)
"""
# Anybody who owns a database may call it a template: it would be hidden from every check.
_DATABASES = """
SELECT datname::text, has_database_privilege(oid, 'CONNECT'), quote_ident(datname) FROM pg_database
WHERE datallowconn AND datname NOT IN ('template0', 'template1') ORDER BY datname
"""
_MAX_DATABASES = 10_000


@dataclass(frozen=True, slots=True)
class _Account:
    """Who we are there.

    Args:
        quoted: As it stands in SQL.
        hosted: The service that keeps the superuser, "" if none.
    """

    name: str
    quoted: str
    hosted: str


@dataclass(slots=True)
class _Progress:
    """A type that is being read; `collected` is None for a control's own query."""

    name: str
    collected: CollectedType | None
    started: datetime
    reading: Reading = field(default_factory=Reading)
    calls: list[Call] = field(default_factory=list)

    @property
    def scope(self) -> str:
        """`server`, `databases`, or `query`."""
        return "query" if self.collected is None else self.collected.spec.scope

    @property
    def reader(self) -> str | None:
        """Code that reads it instead of queries of the catalogue."""
        return None if self.collected is None else self.collected.spec.reader


class ServerReader:
    """Reads the types from one server."""

    def __init__(
        self,
        target: Target,
        settings: PostgresSettings,
        catalogue: Catalogue,
        context: CollectionContext,
    ) -> None:
        self._target = target
        self._settings = settings
        self._catalogue = catalogue
        self._context = context
        self._identity = ""
        self._params: dict[str, object] = {
            "endpoint": settings.endpoint,
            "application_roles": list(settings.application_roles),
        }

    def preflight(self) -> Preflight:
        """Sign in and say as whom."""
        try:
            with ExitStack() as stack:
                asker = self._open(stack, self._settings.database)
                self._account(asker)
        except QueryFailedError as error:
            return Preflight(self._identity, error.gap)
        return Preflight(self._identity)

    def observations(
        self, types: Sequence[CollectedType], queries: Sequence[str]
    ) -> Iterator[Observation]:
        """One observation for each type, and for each of the controls' own queries."""
        now = self._context.clock()
        progress = [_Progress(one.name, one, now) for one in types]
        progress += [_Progress(name, None, now) for name in queries]
        with ExitStack() as stack:
            try:
                home = self._open(stack, self._settings.database)
                account = self._account(home)
            except QueryFailedError as error:
                for one in progress:
                    one.reading.gaps.append(error.gap)
                    yield self._finished(one)
                return
            held = self._held(home, account)
            for one in progress:
                if one.scope == "server":
                    self._read(one, Scope(home, held, self._params))
                    yield self._finished(one)
            rest = [one for one in progress if one.scope == "databases"]
            if rest:
                self._each_database(rest, home, account)
        for one in rest:
            yield self._finished(one)
        yield from self._control_queries([one for one in progress if one.scope == "query"])

    def _control_queries(self, queries: Sequence[_Progress]) -> Iterator[Observation]:
        """The controls' own queries, in the database that is named for them."""
        if not queries:
            return
        with ExitStack() as stack:
            try:
                database = self._settings.query_database or self._settings.database
                asker = self._open(stack, database)
            except QueryFailedError as error:
                for one in queries:
                    one.reading.gaps.append(error.gap)
                    yield self._finished(one)
                return
            for one in queries:
                one.reading = read_control_query(asker, self._context.queries[one.name])
                one.calls += asker.calls
                asker.calls.clear()
                yield self._finished(one)

    def _open(self, stack: ExitStack, database: str) -> Asker:
        try:
            self._context.budget.take()
        except BudgetSpentError as error:
            raise budget_spent(error) from error
        session: PostgresSession = stack.enter_context(
            connected(self._settings, database, self._context.timeout_s)
        )
        return Asker(session, self._context.clock, self._context.budget)

    def _account(self, asker: Asker) -> _Account:
        name, quoted, hosted = asker.ask("who we are", _WHO).rows[0]
        self._identity = f"{name}@{self._settings.endpoint}"
        return _Account(str(name), str(quoted), str(hosted or ""))

    def _held(self, asker: Asker, account: _Account) -> HeldGrants:
        grants = self._catalogue.grants
        return HeldGrants(asker, grants, account=account.quoted, hosted=account.hosted)

    def _read(self, one: _Progress, scope: Scope) -> None:
        """Read a type in one place; what was asked meanwhile is its provenance."""
        if one.collected is None:  # `scope` keeps those apart
            raise AssertionError(one.name)
        if one.reader is None:
            found = read_type(one.collected, scope)
        else:
            found = self._by_code(one.collected, one.reader, scope)
        self._compute(one.name, found, scope)
        one.reading.add(found)
        one.calls += scope.asker.calls
        scope.asker.calls.clear()

    def _by_code(self, collected: CollectedType, reader: str, scope: Scope) -> Reading:
        gap = scope.held.missing(collected.spec.needs)
        if gap is not None:
            return Reading(gaps=[about(gap, scope.database)])
        if reader == "statement_statistics":
            return read_statement_statistics(scope)

        def earlier(wanted: Wanted) -> Observation | None:
            try:
                return self._context.earlier(self._target.name, collected.name, wanted)
            except AuditorError as error:
                hint = "run `auditor verify`: earlier evidence cannot be trusted"
                raise failed(Cause.INTERNAL, error.message, hint=hint) from error

        return read_listed(reader, scope, self._settings, earlier)

    def _compute(self, name: str, reading: Reading, scope: Scope) -> None:
        if name == "postgres.server":
            reading.resources = [hide_overridden(with_release(row)) for row in reading.resources]
        elif name == "postgres.setting":
            hide_overridden_rows(reading)
        elif name == "postgres.role" and reading.resources:
            add_logins(reading, scope, self._settings.logins)
        elif name == "postgres.hba_rule":
            doubt_rules_not_loaded(reading)

    def _each_database(self, types: Sequence[_Progress], home: Asker, account: _Account) -> None:
        """Read the types in each database that one of them is about."""
        try:
            found = self._databases(home, account)
        except QueryFailedError as error:
            for one in types:
                one.reading.gaps.append(error.gap)
            return
        for one in types:
            one.calls += home.calls
            self._promise(one, found)
        for database, gap in found.items():
            wanted = [one for one in types if self._concerns(one, database)]
            if not wanted:
                continue
            try:
                if gap is not None:
                    raise QueryFailedError(gap)
                with ExitStack() as stack:
                    asker = self._open(stack, database)
                    held = self._held(asker, account)
                    for one in wanted:
                        self._read(one, Scope(asker, held, self._params, database))
            except QueryFailedError as error:
                for one in wanted:
                    one.reading.gaps.append(about(error.gap, database))

    def _databases(self, home: Asker, account: _Account) -> dict[str, Gap | None]:
        """The databases to read, those that cannot be with the reason."""
        answer = home.ask("databases", _DATABASES, {}, _MAX_DATABASES)
        found: dict[str, Gap | None] = {}
        chosen = self._settings.databases
        for name, allowed, quoted in answer.rows:
            text = str(name)
            left_out = chosen != "all" and text not in chosen
            if left_out or text in self._settings.exclude_databases:
                continue
            sql = f"GRANT CONNECT ON DATABASE {quoted} TO {account.quoted}"
            detail = f"the auditor's account may not connect to {text}"
            denied = Gap(Cause.DENIED, detail, text, action=sql, hint=f"run {sql}")
            found[text] = None if allowed else denied
        for name in self._settings.databases if chosen != "all" else ():
            gone = Gap(Cause.VANISHED, f"there is no database {name}", name)
            found.setdefault(name, gone)
        return found

    def _concerns(self, one: _Progress, database: str) -> bool:
        if one.reader is None:
            return True
        return any(table.database == database for table in listed(self._settings, one.reader))

    def _promise(self, one: _Progress, databases: dict[str, Gap | None]) -> None:
        """What the settings name must be read: a table of no database that is read is a gap."""
        if one.reader is None:
            one.reading.facts["databases"] = sorted(n for n, gap in databases.items() if not gap)
            return
        one.reading.facts["databases"] = sorted(
            {t.database for t in listed(self._settings, one.reader)}
        )
        one.reading.facts["expected"] = expected(self._settings, one.reader)
        for table in listed(self._settings, one.reader):
            if table.database not in databases:
                detail = f"{table.label}: its database is not there, or is not read"
                one.reading.gaps.append(Gap(Cause.VANISHED, detail, table.label))

    def _finished(self, one: _Progress) -> Observation:
        reading = one.reading
        mark = ""
        if one.reader == "audit_chain" and reading.resources:
            rows = sum(int(str(row.data["rows"])) for row in reading.resources)
            mark = how_it_was_read(len(reading.resources), rows)
        return Observation(
            target=self._target.name,
            environment=self._target.environment,
            resource_type=one.name,
            identity=self._identity,
            started_at=one.started,
            read_at=self._context.clock(),
            as_of=one.started,
            resources=tuple(reading.resources),
            facts=reading.facts,
            gaps=tuple(dict.fromkeys(reading.gaps)),
            calls=tuple(sorted(one.calls, key=lambda call: call.started_at)),
            collector=f"postgres {__version__}",
            derived_only=mark,
        )
