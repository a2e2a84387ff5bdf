"""The hash chain of an audit table, read as a stream and recomputed; one resource for each table.

The rows are too many to keep: what is kept is what was computed, with the query that read them, and
the observation is marked `derived_only`. The newest head that was read before is the anchor: its
row must still be there with the same digest. A head that was once not found again stays the anchor:
a table that was cut and refilled does not become whole by being read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.collectors.sql.audit_table import AuditTable, Chain
from auditor.collectors.sql.chain import Anchor, recompute
from auditor.collectors.sql.failures import failed
from auditor.collectors.sql.session import Asker, Session
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant

FIELDS: Mapping[str, object] = {
    "table": "string",
    "rows": "int",
    "counted": "int",
    "algorithm": "string",
    "canonical": "string",
    "columns": "list<string>",
    "uncovered": "list<string>",
    "first_key?": "string",
    "head_key?": "string",
    "head_digest?": "string",
    "ambiguous_rows": "int",
    "altered_rows": "int",
    "broken_links": "int",
    "sequence_gaps?": "int",
    "broken_at?": "string",
    "broken_kind?": "string",
    "anchor_run_at?": "timestamp",
    "anchor_rows?": "int",
    "anchor_key?": "string",
    "anchor_digest?": "string",
    "anchor_found?": "string",
}
"""Fields of the resource, for the engines' catalogues."""
Earlier = Callable[[Callable[[Resource], bool]], Observation | None]
_ANCHOR = ("anchor_run_at", "anchor_rows", "anchor_key", "anchor_digest")


def chain_query(session: Session, table: AuditTable, chain: Chain, forms: Mapping[str, str]) -> str:
    """The query that reads a chain.

    Args:
        forms: For each `as` of a column, the engine's expression with `{}` for the column; their
            values must be text or bytes.
    """

    def form(name: str, kind: str) -> str:
        return forms[kind].format(session.quoted(name))

    stored = "raw" if chain.encoding == "bytes" else "text"
    values = [
        form(chain.order_by, "text"),
        "NULL" if chain.sequence is None else form(chain.sequence, "text"),
        form(chain.previous, stored),
        form(chain.digest, stored),
        *(form(column.name, column.as_) for column in chain.columns),
    ]
    relation = session.quoted(table.schema_, table.table)
    order = session.quoted(chain.order_by)
    # Qualified, because the bare name would mean the first value: the key as text.
    return f"SELECT {', '.join(values)} FROM {relation} AS t ORDER BY t.{order}"  # noqa: S608 - names are quoted by the driver


def read_chain(
    asker: Asker, table: AuditTable, forms: Mapping[str, str], earlier: Earlier
) -> Resource:
    """Read and recompute the chain of a table.

    Args:
        earlier: Finds the newest observation that holds what is wanted of these chains.

    Raises:
        QueryFailedError: A query failed, or a row cannot be judged.
    """
    chain = table.chain
    if chain is None:
        raise failed(Cause.NOT_SUPPORTED, f"{table.label} has no `chain` in its settings")
    relation = asker.session.quoted(table.schema_, table.table)
    uncovered = _uncovered(asker, table.label, relation, chain)
    counted = asker.scalar(f"count of {table.label}", f"SELECT count(*) FROM {relation}")  # noqa: S608 - quoted
    known = earlier(lambda resource: resource.data.get("table") == table.label)
    anchor = anchor_of(known, table.label)
    sought = Anchor(str(anchor["anchor_key"]), "") if anchor["anchor_key"] is not None else None
    query = chain_query(asker.session, table, chain, forms)
    try:
        with asker.stream(query, query) as batches:
            facts = recompute(batches, chain, sought)  # type: ignore[arg-type]  # bytes or None
    except ValueError as error:
        raise failed(Cause.UNPARSABLE, f"{table.label}: {error}") from error
    data: dict[str, object] = {
        "table": table.label,
        "rows": facts.rows,
        "counted": counted,
        "algorithm": f"{chain.algorithm} {chain.encoding}",
        "canonical": chain.canonical.form,
        "columns": [column.name for column in chain.columns],
        "uncovered": uncovered,
        "first_key": facts.first_key,
        "head_key": facts.head_key,
        "head_digest": facts.head_digest,
        "ambiguous_rows": facts.ambiguous_rows,
        "altered_rows": facts.altered_rows,
        "broken_links": facts.broken_links,
        "sequence_gaps": facts.sequence_gaps,
        "broken_at": facts.broken_at,
        "broken_kind": facts.broken_kind,
        "anchor_found": facts.anchor_found,
    }
    return Resource(data | anchor)


def _uncovered(asker: Asker, label: str, relation: str, chain: Chain) -> list[str]:
    """Columns that no digest covers: whoever changes them leaves the chain whole."""
    found = asker.ask(f"columns of {label}", f"SELECT * FROM {relation} WHERE 1 = 0", {}, 1)  # noqa: S608 - quoted
    covered = {column.name for column in chain.columns}
    order = {chain.order_by, chain.sequence or chain.order_by}  # a changed order breaks links
    return sorted(set(found.columns) - covered - order - {chain.digest})


def anchor_of(earlier: Observation | None, label: str) -> dict[str, object]:
    """The anchor's fields: the head of the earlier reading, or the anchor that it had lost."""
    for resource in () if earlier is None else earlier.resources:
        data = resource.data
        if earlier is None or data["table"] != label:
            continue
        lost = data["anchor_key"] is not None and data["anchor_found"] != data["anchor_digest"]
        shrunk = data["anchor_rows"] is not None and _number(data["rows"]) < _number(
            data["anchor_rows"]
        )
        if lost or shrunk:
            return {name: data[name] for name in _ANCHOR}
        values = (
            format_instant(earlier.started_at),
            data["rows"],
            data["head_key"],
            data["head_digest"],
        )
        return dict(zip(_ANCHOR, values, strict=True))
    return dict.fromkeys(_ANCHOR)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def how_it_was_read(tables: int, rows: int) -> str:
    """The mark `derived_only` of an observation of chains."""
    return (
        f"{rows} rows of {tables} audit tables were streamed and their digests recomputed; "
        "the rows are not kept, only what was computed"
    )
