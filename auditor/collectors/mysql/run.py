"""Reading one server: a session, a reading for each type, and the observation of each.

The only way to the driver: `collector` imports this file when something is to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from auditor import __version__
from auditor.collectors.budget import BudgetSpentError
from auditor.collectors.interface import CollectionContext, Wanted
from auditor.collectors.mysql.desk import Desk
from auditor.collectors.mysql.queries import Queries, load_queries, load_types
from auditor.collectors.mysql.read.accounts import read_accounts
from auditor.collectors.mysql.read.audit_chains import derived_only, read_audit_chains
from auditor.collectors.mysql.read.audit_log import read_audit_log
from auditor.collectors.mysql.read.audit_tables import read_audit_tables
from auditor.collectors.mysql.read.binary_log import read_binary_log
from auditor.collectors.mysql.read.connections import read_connections
from auditor.collectors.mysql.read.replicas import read_replicas
from auditor.collectors.mysql.read.routines import read_routines
from auditor.collectors.mysql.read.server import read_server
from auditor.collectors.mysql.read.tablespaces import read_tablespaces
from auditor.collectors.mysql.session import MysqlSession, connect
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.catalogue import Catalogue
from auditor.collectors.sql.control_query import read_control_query
from auditor.collectors.sql.credentials import password_of
from auditor.collectors.sql.failures import QueryFailedError, budget_spent, failed
from auditor.collectors.sql.grants import HeldGrants
from auditor.collectors.sql.reading import Reading
from auditor.collectors.sql.session import Asker
from auditor.core.model.observation import Call, Gap, Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target
from auditor.errors import AuditorError, ConfigError

_READERS: Mapping[str, Callable[[Desk], Reading]] = {
    "mysql.server": read_server,
    "mysql.connections": read_connections,
    "mysql.account": read_accounts,
    "mysql.audit_log": read_audit_log,
    "mysql.binary_log": read_binary_log,
    "mysql.replica": read_replicas,
    "mysql.tablespace": read_tablespaces,
    "mysql.routine": read_routines,
    "mysql.audit_table": read_audit_tables,
    "mysql.audit_chain": read_audit_chains,
}
NOBODY = "not signed in"


@cache
def _catalogue(flavour: str) -> Catalogue:
    return load_types(flavour)


@cache
def _queries() -> Queries:
    return load_queries()


@dataclass(slots=True)
class Reader:
    """Reads one target, over one session that is made anew when it was lost."""

    target: Target
    settings: MysqlSettings
    context: CollectionContext
    identity: str = NOBODY
    calls: list[Call] = field(default_factory=list)
    _session: MysqlSession | None = None
    _refused: QueryFailedError | None = None

    def session(self) -> MysqlSession:
        """The session; a server that has refused once is not asked again in this run.

        Raises:
            QueryFailedError: It cannot be had.
        """
        if self._refused is not None:
            raise self._refused
        if self._session is None or self._session.closed:
            started = self.context.clock()
            try:
                self._session = self._connect()
            except QueryFailedError as error:
                self._refused = error
                self.calls.append(Call("connect", self.settings.endpoint, started, ok=False))
                raise
            self.calls.append(Call("connect", self.settings.endpoint, started))
        return self._session

    def _connect(self) -> MysqlSession:
        try:
            password = password_of(self.settings) or ""
        except ConfigError as error:
            raise failed(Cause.DENIED, error.message, hint=error.hint, broken=True) from error
        try:
            self.context.budget.take()
        except BudgetSpentError as error:
            raise budget_spent(error) from error
        session = connect(self.settings, password, self.context.timeout_s)
        account, host = session.rows("SELECT CURRENT_USER(), @@hostname", {}, 1).rows[0]
        self.identity = f"{account} on {host}"
        return session

    def observe(self, name: str) -> Observation:
        """Read one type; whatever happens, there is an observation."""
        self.calls = []
        started = self.context.clock()
        try:
            reading = self._read(name)
        except QueryFailedError as error:
            reading = Reading(gaps=[error.gap])
        return Observation(
            target=self.target.name,
            environment=self.target.environment,
            resource_type=name,
            identity=self.identity,
            started_at=started,
            read_at=self.context.clock(),
            as_of=started,
            resources=tuple(reading.resources),
            facts=reading.facts,
            gaps=tuple(dict.fromkeys(reading.gaps)),
            calls=tuple(self.calls),
            collector=f"mysql {__version__}",
            derived_only=derived_only(reading) if name == "mysql.audit_chain" else "",
        )

    def _read(self, name: str) -> Reading:
        session = self.session()
        session.limit_statements(self.context.timeout_s)
        session.begin()
        catalogue = _catalogue(session.release.flavour)
        asker = Asker(session, self.context.clock, self.context.budget, self.calls)
        if name in self.context.queries:
            return read_control_query(asker, self.context.queries[name])
        held = HeldGrants(asker, catalogue.grants, account=self.identity.partition(" on ")[0])
        earlier = partial(self._earlier, name)
        desk = Desk(session, asker, held, _queries(), self.settings, self.context, earlier)
        reading = _READERS[name](desk)
        reading.facts |= {"items": len(reading.resources), "server_version": session.version}
        return reading

    def _earlier(self, name: str, wanted: Wanted) -> Observation | None:
        try:
            return self.context.earlier(self.target.name, name, wanted)
        except AuditorError as error:
            hint = "run `auditor verify`: earlier evidence cannot be trusted"
            raise failed(Cause.INTERNAL, error.message, hint=hint) from error

    def greet(self) -> Gap | None:
        """Sign in and leave; the gap of a server that does not let us in."""
        try:
            self.session()
        except QueryFailedError as error:
            return error.gap
        finally:
            self.close()
        return None

    def close(self) -> None:
        """Leave the server."""
        if self._session is not None:
            self._session.close()
