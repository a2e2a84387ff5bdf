"""The declared types of the variables that an expression of a check may use.

`resource`, `resources` and `facts` are typed by the resource type, `param` by the parameters of
the control; the others have one form everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.core.model.control import Control
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar, parse_field_type
from auditor.core.model.resource_type import ResourceType

Roots = Mapping[str, FieldType]

TARGET = Record(
    {
        "name": Scalar("string"),
        "kind": Scalar("string"),
        "environment": Scalar("string"),
        "labels": MapOf(Scalar("string")),
        "declared": Scalar("bool"),
    }
)
INVENTORY = MapOf(ListOf(Scalar("string")))


def roots_of(control: Control, kind: ResourceType | None) -> dict[str, FieldType]:
    """The type of every variable; without a resource type its variables are `any`."""
    fields: FieldType = kind.fields if kind else Scalar("any")
    parameters = {name: parse_field_type(p.type) for name, p in control.parameters.items()}
    return {
        "resource": fields,
        "resources": ListOf(fields),
        "facts": kind.facts if kind else Scalar("any"),
        "param": Record(parameters),
        "now": Scalar("timestamp"),
        "target": TARGET,
        "inventory": INVENTORY,
    }
