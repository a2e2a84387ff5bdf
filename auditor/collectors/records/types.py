"""The resource types of records.

`topics.yaml` gives the particulars of each kind of attestation, `types.yaml` everything else.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor.collectors.records.standing import FROM_FILE, derive_attestation
from auditor.collectors.types_yaml import load_resource_types
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.resource_type import ResourceType

ATTESTATION = "records.attestation."
_COMMON = {
    "id": "string",
    "problem": "string",
    "check": "string",
    "statement": "string",
    "made_by": "string",
    "role": "string",
    "made_at": "timestamp",
    "recorded_at?": "timestamp",
    "valid_until": "timestamp",
    "period?": "string",
    "period_end?": "timestamp",
    "reviewed_by?": "string",
    "attachments": "int",
    "raw": {
        "text": "string",
        "sidecar": "string",
        "review": "string",
        "keys": "map<string>",
        "role": "string",
        "holders": "list<string>",
        "found": "map<string>",
        "reused": "map<string>",
        "ends?": "map<string>",
        "logged?": "map<string>",
        "read_at": "timestamp",
    },
}


def load_types() -> dict[str, ResourceType]:
    """All types by name."""
    folder = Path(__file__).parent
    topics = load_resource_types(folder / "topics.yaml")
    attested = {name: _attestation(kind) for name, kind in topics.items()}
    return attested | load_resource_types(folder / "types.yaml")


def _attestation(topic: ResourceType) -> ResourceType:
    """The type of a topic: what every attestation has, and its particulars below `facts`."""
    particulars = {name: of for name, of in topic.fields.fields.items() if name != "none"}
    facts = Record(particulars)
    common = parse_field_type(_COMMON)
    if not isinstance(common, Record):
        raise TypeError("a mapping always gives a record")
    fields = Record({**common.fields, "facts": facts}, common.nullable)
    known = parse_field_type({"wanted": "int"})
    return replace(
        topic,
        fields=fields,
        facts=known if isinstance(known, Record) else topic.facts,
        derive=derive_attestation(facts),
        derived=(*FROM_FILE, "check", "problem"),
        permissions=("read the folder of attestations",),
    )
