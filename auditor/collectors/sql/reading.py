"""Reading a type of the catalogue in one database: rows to resources, failures to gaps.

A query is only sent when its grants are held. A fact or a part that fails leaves its own gap and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.sql.catalogue import CollectedType, FactSpec, PartSpec, QuerySpec
from auditor.collectors.sql.failures import QueryFailedError, about
from auditor.collectors.sql.grants import HeldGrants
from auditor.collectors.sql.session import Asker, Rows
from auditor.collectors.sql.text import parameters
from auditor.collectors.sql.values import to_json
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause


@dataclass(slots=True)
class Reading:
    """What was read of a type."""

    resources: list[Resource] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def add(self, other: Reading) -> None:
        """Take in what was read of the same type in another database; counts are added up."""
        self.resources += other.resources
        self.gaps += other.gaps
        for name, value in other.facts.items():
            mine = self.facts.get(name)
            both = isinstance(mine, int) and isinstance(value, int) and name != "server_version"
            self.facts[name] = mine + value if both else value  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a type is read.

    Args:
        held: The grants of this very session.
        params: What queries may name as `:name`, from the target's settings.
        database: Stands in each row and in gaps, for types of scope `databases`; "" otherwise.
    """

    asker: Asker
    held: HeldGrants
    params: Mapping[str, object]
    database: str = ""


class _MissingGrantError(QueryFailedError):
    """A grant is not held, so the query was not sent."""


def read_type(collected: CollectedType, scope: Scope) -> Reading:
    """Read a type that has queries. Never raises because the system does not answer."""
    spec = collected.spec
    reading = Reading()
    try:
        _require(scope, spec.needs)
        answer = _ask(scope, collected.name, spec.queries, spec.max_rows)
    except QueryFailedError as error:
        reading.gaps.append(about(error.gap, scope.database))
        return reading
    drafts = _drafts(collected, answer, scope, reading)
    for part in spec.parts:
        _add_part(part, drafts, scope, f"{collected.name} {part.name}", spec.max_rows)
    reading.resources = [
        Resource(data, uid=uid, unread=dict(sorted(unread.items()))) for data, uid, unread in drafts
    ]
    for name, fact in spec.facts.items():
        _add_fact(reading, name, fact, scope, collected.name)
    return reading


Draft = tuple[dict[str, object], str, dict[str, Gap]]


def _require(scope: Scope, grants: Iterable[str]) -> None:
    gap = scope.held.missing(grants)
    if gap is not None:
        raise _MissingGrantError(gap)


def _ask(scope: Scope, name: str, queries: Sequence[QuerySpec], limit: int) -> Rows:
    query = _chosen(scope, queries)
    _require(scope, query.needs)
    wanted = parameters(query.text, scope.asker.session.dialect)
    return scope.asker.ask(name, query.text, {p: scope.params[p] for p in wanted}, limit)


def _chosen(scope: Scope, queries: Sequence[QuerySpec]) -> QuerySpec:
    version = scope.asker.session.version
    for query in queries:
        if not query.fits(version):
            continue
        if query.if_held is None or scope.held.missing([query.if_held]) is None:
            return query
    gap = Gap(Cause.NOT_SUPPORTED, f"version {version} of the server cannot show it")
    raise QueryFailedError(gap)


def _drafts(collected: CollectedType, answer: Rows, scope: Scope, reading: Reading) -> list[Draft]:
    if set(answer.columns) != collected.columns or len(answer.columns) != len(collected.columns):
        detail = f"the query answers with {', '.join(answer.columns)}, declared are others"
        reading.gaps.append(Gap(Cause.INTERNAL, detail, scope.database))
        return []
    if answer.more:
        detail = f"there are more than {collected.spec.max_rows} rows, and the rest was not read"
        reading.gaps.append(Gap(Cause.TRUNCATED, detail, scope.database))
    drafts = [_draft(collected, answer.columns, row, scope.database) for row in answer.rows]
    reading.facts |= {"items": len(drafts), "server_version": scope.asker.session.version}
    return drafts


def _draft(
    collected: CollectedType, columns: Sequence[str], row: Sequence[object], database: str
) -> Draft:
    data: dict[str, object] = {"database": database} if database else {}
    unread: dict[str, Gap] = {}
    _convert(zip(columns, row, strict=True), data, unread)
    uid = collected.spec.uid
    return data, "" if uid is None else str(data.pop(uid)), unread


def _convert(
    pairs: Iterable[tuple[str, object]], data: dict[str, object], unread: dict[str, Gap]
) -> None:
    for name, value in pairs:
        try:
            data[name] = to_json(value)
        except ValueError as error:
            unread[name] = Gap(Cause.UNPARSABLE, str(error))


def _add_part(part: PartSpec, drafts: Sequence[Draft], scope: Scope, name: str, limit: int) -> None:
    """Put the part's fields beside what is there; where it fails they are unread."""
    fields = [field.removesuffix("?") for field in part.fields]
    expected = {part.on, *fields}
    try:
        answer = _ask(scope, name, part.queries, limit)
        if set(answer.columns) != expected or answer.more:
            detail = "the answer has other columns or more rows than expected"
            raise QueryFailedError(Gap(Cause.INTERNAL, detail))
    except QueryFailedError as error:
        for _, _, unread in drafts:
            unread.update(dict.fromkeys(fields, error.gap))
        return
    at = answer.columns.index(part.on)
    found = {to_json(row[at]): row for row in answer.rows}
    gone = Gap(Cause.VANISHED, f"{name}: not there any more when it was read", hint="scan again")
    for data, _, unread in drafts:
        row = found.get(data.get(part.on))
        if row is None:
            unread.update(dict.fromkeys(fields, gone))
        else:
            pairs = zip(answer.columns, row, strict=True)
            _convert((pair for pair in pairs if pair[0] != part.on), data, unread)


def _add_fact(reading: Reading, name: str, fact: FactSpec, scope: Scope, asked_for: str) -> None:
    try:
        _require(scope, fact.needs)
        wanted = parameters(fact.text, scope.asker.session.dialect)
        params = {parameter: scope.params[parameter] for parameter in wanted}
        value = scope.asker.scalar(f"{asked_for} facts.{name}", fact.text, params)
        reading.facts[name] = to_json(value)
    except QueryFailedError as error:
        reading.gaps.append(about(error.gap, f"facts.{name}"))
