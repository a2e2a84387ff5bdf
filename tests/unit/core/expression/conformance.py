"""Runs one case of the conformance suite of google/cel-spec through our own evaluator."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cel_expr_python import cel
from google.protobuf import message_factory
from google.protobuf.any_pb2 import Any as AnyMessage

from auditor.core.expression import declarations
from auditor.core.expression.build import build
from auditor.core.expression.cel_schema import checked_expr_class
from auditor.core.expression.compiler import compile_node
from auditor.core.expression.functions.comparing import equal
from auditor.core.expression.nodes import Node
from auditor.core.expression.scope import Scope
from auditor.core.expression.values import EvaluationError, TypeValue, UInt, kind
from auditor.core.expression.walker import Walker
from auditor.errors import ExpressionError

FOLDER = Path(__file__).parents[3] / "vectors" / "cel-conformance"
EXTENSIONS = (
    "bindings_ext",
    "encoders_ext",
    "math_ext",
    "optionals",
    "string_ext",
    "macros2",
    "network_ext",
)
NOT_COUNTED = (
    "block_ext",  # cel.block: an optimiser's output, nothing that people write
    "type_deduction",  # what the checker deduces; the checker is Google's
    "proto2",
)
CHECKED: Any = checked_expr_class()
PARSED: Any = message_factory.GetMessageClass(
    CHECKED.DESCRIPTOR.file.pool.FindMessageTypeByName("cel.expr.ParsedExpr")
)
CONFIG = declarations.environment_config()
DECLARATIONS = declarations.function_declarations()
_PRIMITIVES = {
    "BOOL": cel.Type.BOOL,
    "INT64": cel.Type.INT,
    "UINT64": cel.Type.UINT,
    "DOUBLE": cel.Type.DOUBLE,
    "STRING": cel.Type.STRING,
    "BYTES": cel.Type.BYTES,
}


@dataclass(frozen=True)
class Case:
    file: str
    section: str
    test: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.file}/{self.section}/{self.test['name']}"

    @property
    def is_extension(self) -> bool:
        return self.file in EXTENSIONS


def cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.json")):
        document = json.loads(path.read_text())
        if document["file"] in NOT_COUNTED:
            continue
        for entry in document["tests"]:
            if not entry["needs_protobuf"]:
                yield Case(document["file"], entry["section"], entry["test"])


def to_value(message: Mapping[str, Any]) -> Any:
    ((name, value),) = message.items()
    return _VALUES[name](value)


def _object(value: Mapping[str, Any]) -> Any:
    if not value["@type"].endswith(".Duration"):
        raise NotImplementedError(value["@type"])
    return timedelta(seconds=float(value["value"].rstrip("s")))


_VALUES: Mapping[str, Any] = {
    "null_value": lambda _: None,
    "bool_value": bool,
    "int64_value": int,
    "uint64_value": lambda value: UInt(int(value)),
    "double_value": float,
    "string_value": str,
    "bytes_value": base64.b64decode,
    "type_value": TypeValue,
    "list_value": lambda value: [to_value(item) for item in value.get("values", ())],
    "map_value": lambda value: {
        to_value(entry["key"]): to_value(entry["value"]) for entry in value.get("entries", ())
    },
    "object_value": _object,
}


def to_type(spec: Mapping[str, Any]) -> Any:
    ((name, value),) = spec.items()
    match name:
        case "primitive":
            return _PRIMITIVES[value]
        case "list_type":
            return cel.Type.List(to_type(value["elem_type"]))
        case "map_type":
            return cel.Type.Map(to_type(value["key_type"]), to_type(value["value_type"]))
        case _:
            return cel.Type.DYN


def to_node(test: Mapping[str, Any]) -> Node:
    """The tree; raises ExpressionError where the checker refuses."""
    declared = {
        entry["name"]: to_type(entry["ident"]["type"]) for entry in test.get("type_env", ())
    }
    variables = declarations.constants() | declared
    try:
        environment = cel.NewEnv(
            config=CONFIG,
            variables=variables,
            functions=DECLARATIONS,
            container=test.get("container", ""),
        )
        program = environment.compile(test["expr"], disable_check=test.get("disable_check", False))
        message = AnyMessage.FromString(program.serialize())
    except RuntimeError as error:
        raise ExpressionError(str(error)) from error
    if message.type_url.endswith("CheckedExpr"):
        tree = CHECKED.FromString(message.value)
    else:
        parsed = PARSED.FromString(message.value)
        tree = CHECKED(expr=parsed.expr, source_info=parsed.source_info)
    return build(tree, declared)


def difference(case: Case) -> str:
    """What differs from the suite; empty where nothing does."""
    try:
        node = to_node(case.test)
    except ExpressionError as error:
        refused = "eval_error" in case.test
        return "" if refused else f"refused: {error.message.splitlines()[0]}"
    bound = {
        name: to_value(binding["value"]) for name, binding in case.test.get("bindings", {}).items()
    }
    try:
        value = Walker().value(node, Scope.of(bound))
    except EvaluationError as error:
        return "" if "eval_error" in case.test else f"error: {error.detail}"
    compiled(node, bound, value)
    return compare(case.test, value)


def compiled(node: Node, bound: Mapping[str, Any], value: Any) -> None:
    """The compiled code gives the same value or leaves the decision."""
    for strict in (False, True):
        try:
            fast = compile_node(node, 1000, strict=strict).function(bound)
        except Exception:  # noqa: BLE001, S112 - whatever it is: the walker decides
            continue
        assert same(fast, value), f"compiled {fast!r}, walked {value!r}"


def compare(test: Mapping[str, Any], value: Any) -> str:
    if "eval_error" in test:
        return f"got {value!r}, expected an error"
    expected = to_value(test.get("value") or {"bool_value": True})
    return "" if same(value, expected) else f"got {value!r}, expected {expected!r}"


def same(left: Any, right: Any) -> bool:
    """Equal and of the same kind; NaN is the same as NaN."""
    if kind(left) != kind(right):
        return False
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    return equal(left, right) or repr(left) == repr(right)
