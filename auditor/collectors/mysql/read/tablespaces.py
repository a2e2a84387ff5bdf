"""Table spaces of InnoDB, and tables of other engines, with whether they are encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.collectors.mysql.desk import Desk, Draft
from auditor.collectors.sql.reading import Reading
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

_SYSTEM = frozenset({"mysql", "sys", "performance_schema", "information_schema"})
_NOT_ON_DISK = frozenset({"MEMORY", "BLACKHOLE", "PERFORMANCE_SCHEMA", "FEDERATED", "SEQUENCE"})
_TEMPORARY = frozenset({"innodb_temporary"})
_CANNOT_TELL = frozenset({"Aria", "ROCKSDB"})


def read_tablespaces(desk: Desk) -> Reading:
    """One row for each space that InnoDB has, and for each table that is not in one of them."""
    desk.require("processes")
    spaces = desk.ask("spaces").rows
    counted = desk.count("space_count")
    desk.require("tables")
    tables = desk.ask("tables").rows
    rows = [*_spaces(desk, spaces), *_others(desk, tables)]
    rows.sort(key=lambda resource: str(resource.data["name"]))
    return Reading(rows, {"spaces": counted, "tables": len(tables)})


def _draft(desk: Desk, name: str, schema: str, engine: str) -> Draft:
    confidential = desk.settings.confidential_schemas
    return Draft(
        {
            "endpoint": desk.settings.endpoint,
            "name": name,
            "schema": schema,
            "engine": engine,
            "confidential": name not in _TEMPORARY
            and schema not in _SYSTEM
            # A letter with a code of its own could be any: such a name is judged, not passed over.
            and (not schema or not confidential or schema in confidential or "@" in schema),
        }
    )


def _spaces(desk: Desk, rows: Iterable[Sequence[object]]) -> Iterable[Resource]:
    for name, encrypted in rows:
        schema, slash, _table = str(name).partition("/")
        draft = _draft(desk, str(name), decoded(schema) if slash else "", "InnoDB")
        draft.data["encrypted"] = encrypted == 1
        yield draft.resource()


def _others(desk: Desk, rows: Iterable[Sequence[object]]) -> Iterable[Resource]:
    for schema, table, engine in rows:
        kind = str(engine)
        if kind == "InnoDB" or kind in _NOT_ON_DISK:
            continue
        draft = _draft(desk, f"{schema}/{table}", str(schema), kind)
        if kind in _CANNOT_TELL:
            detail = f"the server does not tell whether a table of engine {kind} is encrypted"
            hint = f"move it to InnoDB: ALTER TABLE `{schema}`.`{table}` ENGINE=InnoDB"
            draft.miss(["encrypted"], Gap(Cause.NOT_SUPPORTED, detail, hint=hint))
        else:
            draft.data["encrypted"] = False  # MyISAM, CSV and ARCHIVE have no encryption
        yield draft.resource()


def decoded(name: str) -> str:
    """A schema's name from that of its folder, in which `@002d` is a hyphen."""
    head, *rest = name.split("@")
    parts = [head]
    for part in rest:
        code, tail = part[:4], part[4:]
        try:
            parts.append(chr(int(code, 16)) + tail)
        except ValueError:  # a letter with a code of its own: left as the server wrote it
            parts.append(f"@{part}")
    return "".join(parts)
