"""What a reading of one type works with: questions by name, rows with unread fields, variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from auditor.collectors.interface import CollectionContext
from auditor.collectors.mysql.queries import Queries
from auditor.collectors.mysql.session import MysqlSession
from auditor.collectors.mysql.settings import MysqlSettings
from auditor.collectors.sql.audit_chain import Earlier
from auditor.collectors.sql.catalogue import MAX_ROWS
from auditor.collectors.sql.failures import QueryFailedError, failed
from auditor.collectors.sql.grants import HeldGrants
from auditor.collectors.sql.session import Asker, Rows
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

_TRUE = frozenset({"ON", "1", "YES", "TRUE", "FORCE"})
_FALSE = frozenset({"OFF", "0", "NO", "FALSE", ""})


@dataclass(frozen=True, slots=True)
class Desk:
    """A session, and everything else that a reading may use."""

    session: MysqlSession
    asker: Asker
    held: HeldGrants
    queries: Queries
    settings: MysqlSettings
    context: CollectionContext
    earlier: Earlier

    @property
    def is_mariadb(self) -> bool:
        """Which of the two flavours it is."""
        return self.session.release.flavour == "mariadb"

    def ask(self, name: str, params: Mapping[str, object] | None = None) -> Rows:
        """The whole answer to a query of `queries.yaml`.

        Raises:
            QueryFailedError: It failed, or there is more than is read.
        """
        text = self.queries.text(name, self.session.version)
        answer = self.asker.ask(text, text, params, MAX_ROWS)
        if answer.more:
            raise failed(Cause.TRUNCATED, f"{name}: more than {MAX_ROWS} rows", broken=True)
        return answer

    def count(self, name: str) -> int:
        """The number that a query of one row and column answers with."""
        value = self.ask(name).rows[0][0]
        if not isinstance(value, int):
            raise failed(Cause.UNPARSABLE, f"{name}: got {value!r}, expected a number")
        return value

    def require(self, grant: str) -> None:
        """Refuse to read on without a grant whose absence the server would not tell.

        Raises:
            QueryFailedError: It is not held; names the SQL that gives it.
        """
        gap = self.held.missing([grant])
        if gap is not None:
            raise QueryFailedError(gap)

    def variables(self) -> Variables:
        """All global variables."""
        return Variables({str(row[0]).lower(): str(row[1]) for row in self.ask("variables").rows})

    def status(self) -> Variables:
        """All global status counters."""
        return Variables({str(row[0]).lower(): str(row[1]) for row in self.ask("status").rows})


@dataclass(frozen=True, slots=True)
class Variables:
    """Variables of a server by name, in lower case. An unknown or odd one is an error."""

    values: Mapping[str, str]

    def text(self, name: str) -> str:
        """Its text.

        Raises:
            QueryFailedError: The server has no such variable.
        """
        if name not in self.values:
            raise failed(Cause.NOT_SUPPORTED, f"the server has no variable {name}")
        return self.values[name]

    def has(self, name: str) -> bool:
        """Whether the server has it."""
        return name in self.values

    def flag(self, name: str) -> bool:
        """Whether it is on."""
        value = self.text(name).upper()
        if value not in _TRUE | _FALSE:
            raise failed(Cause.UNPARSABLE, f"{name} is {value!r}, expected ON or OFF")
        return value in _TRUE

    def number(self, name: str) -> int:
        """Its whole number."""
        value = self.decimal(name)
        if value != value.to_integral_value():
            raise failed(Cause.UNPARSABLE, f"{name} is {value}, expected a whole number")
        return int(value)

    def decimal(self, name: str) -> Decimal:
        """Its number."""
        text = self.text(name)
        try:
            value = Decimal(text)
        except InvalidOperation as error:
            raise failed(Cause.UNPARSABLE, f"{name} is {text!r}, expected a number") from error
        if not value.is_finite():
            raise failed(Cause.UNPARSABLE, f"{name} is {text!r}, expected a number")
        return value

    def words(self, name: str) -> list[str]:
        """Its parts between commas, without blanks."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]


@dataclass(slots=True)
class Draft:
    """A row while it is read: values, and gaps of those that could not be read."""

    data: dict[str, object]
    unread: dict[str, Gap] = field(default_factory=dict)

    def take(self, readings: Mapping[str, Callable[[], object]]) -> Draft:
        """Each field from its reading; one that fails is unread and harms no other."""
        for name, read in readings.items():
            try:
                self.data[name] = read()
            except QueryFailedError as error:
                self.miss([name], error.gap)
        return self

    def miss(self, names: Sequence[str], gap: Gap) -> None:
        """These fields could not be read."""
        self.unread |= dict.fromkeys(names, gap)

    def resource(self, uid: str = "") -> Resource:
        """The finished row."""
        return Resource(self.data, uid=uid, unread=dict(sorted(self.unread.items())))


def seconds(value: Decimal | int) -> str:
    """A number of seconds as evidence writes durations; finer than a millisecond is cut off."""
    milliseconds = int(value * 1000)
    whole, rest = divmod(milliseconds, 1000)
    return f"{milliseconds}ms" if rest else f"{whole}s"
