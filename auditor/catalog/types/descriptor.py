"""Declared types as protobuf messages, so that CEL's own checker knows every field.

The descriptors exist for the check only: expressions run on plain dicts. Proto2, because it allows
field names that differ in case only. Names that no expression can select with a dot (they are no
identifiers, or are operators) get a stand-in; `Messages.stand_ins` says which.
"""

from __future__ import annotations

import re
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.duration_pb2 import DESCRIPTOR as DURATION
from google.protobuf.struct_pb2 import DESCRIPTOR as STRUCT
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP

from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar

PACKAGE = "declared"
_SELECTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OPERATORS = frozenset({"in", "true", "false", "null"})
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: dict[str, tuple[Any, str]] = {
    "string": (_Field.TYPE_STRING, ""),
    "int": (_Field.TYPE_INT64, ""),
    "double": (_Field.TYPE_DOUBLE, ""),
    "bool": (_Field.TYPE_BOOL, ""),
    "timestamp": (_Field.TYPE_MESSAGE, ".google.protobuf.Timestamp"),
    "duration": (_Field.TYPE_MESSAGE, ".google.protobuf.Duration"),
    "any": (_Field.TYPE_MESSAGE, ".google.protobuf.Value"),
}
_CEL = {
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "bool": cel.Type.BOOL,
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
    "any": cel.Type.DYN,
}


def selectable(name: str) -> bool:
    """True when `record.name` is an expression; other fields are read as `record["name"]`."""
    return _SELECTABLE.fullmatch(name) is not None and name not in _OPERATORS


def stand_in(record: Record, name: str) -> str:
    """The name of a field in its message."""
    return name if selectable(name) else f"x{list(record.fields).index(name)}"


class Messages:
    """One file of message types, made as they are asked for."""

    def __init__(self) -> None:
        self._file = descriptor_pb2.FileDescriptorProto(
            name="declared.proto", package=PACKAGE, syntax="proto2"
        )
        self._file.dependency.extend([TIMESTAMP.name, DURATION.name, STRUCT.name])

    def pool(self) -> descriptor_pool.DescriptorPool:
        """A pool with all messages made so far."""
        pool = descriptor_pool.DescriptorPool()
        for known in (TIMESTAMP, DURATION, STRUCT):
            pool.AddSerializedFile(known.serialized_pb)
        pool.AddSerializedFile(self._file.SerializeToString())
        return pool

    def variable(self, of: FieldType, name: str) -> Any:
        """The checker's type of a variable."""
        match of:
            case Scalar(scalar):
                return _CEL[scalar]
            case ListOf(item):
                return cel.Type.List(self.variable(item, name))
            case MapOf(value):
                return cel.Type.Map(cel.Type.STRING, self.variable(value, name))
            case Record():
                return cel.Type(f"{PACKAGE}.{self.message(of, name)}")

    def message(self, record: Record, name: str) -> str:
        """Add a message type; returns its name, which is unique in the file."""
        taken = {message.name for message in self._file.message_type}
        unique = re.sub(r"\W", "_", name, flags=re.ASCII)
        while unique in taken:
            unique += "_"
        message = self._file.message_type.add(name=unique)
        for number, (field, of) in enumerate(record.fields.items(), start=1):
            self._field(message, stand_in(record, field), number, of)
        return unique

    def _field(self, message: Any, name: str, number: int, of: FieldType) -> None:
        field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
        if isinstance(of, ListOf):
            field.label = _Field.LABEL_REPEATED
            self._plain(field, of.item, f"{message.name}_{name}")
        elif isinstance(of, MapOf):
            entry = message.nested_type.add(name=_entry_name(name))
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=1, type=_Field.TYPE_STRING)
            value = entry.field.add(name="value", number=2, label=1)
            self._plain(value, of.value, f"{message.name}_{name}")
            field.label = _Field.LABEL_REPEATED
            field.type = _Field.TYPE_MESSAGE
            field.type_name = f".{PACKAGE}.{message.name}.{entry.name}"
        else:
            self._plain(field, of, f"{message.name}_{name}")

    def _plain(self, field: Any, of: FieldType, name: str) -> None:
        """Set the type of one value; a list or map inside a list or map has none: it is any."""
        if isinstance(of, Record):
            field.type = _Field.TYPE_MESSAGE
            field.type_name = f".{PACKAGE}.{self.message(of, name)}"
            return
        field.type, type_name = _SCALARS[of.name if isinstance(of, Scalar) else "any"]
        if type_name:
            field.type_name = type_name


def _entry_name(field: str) -> str:
    """What protobuf demands as the name of a map's entry type."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) + "Entry"
