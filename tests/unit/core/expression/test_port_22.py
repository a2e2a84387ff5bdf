"""The rule "no 0.0.0.0/0 on port 22" on every damaged form of its document."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.engine import CelEngine
from auditor.core.expression.interface import Engine, UndecidedError
from auditor.core.model.status import Cause

TYPES = {"resource": "dyn"}
RULE = (
    "resource.rules.all(r,"
    ' r.protocol == "-1" ? r.cidrs.all(c, !(c in ["0.0.0.0/0", "::/0"]))'
    " : r.from_port <= 22 && r.to_port >= 22"
    ' ? r.cidrs.all(c, !(c in ["0.0.0.0/0", "::/0"])) : true)'
)
ENGINES = (CelEngine(), CelCppEngine())


def rule(**changes: Any) -> dict[str, Any]:
    base = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidrs": ["0.0.0.0/0"]}
    made = base | changes
    return {name: value for name, value in made.items() if value != "(absent)"}


@pytest.fixture(params=ENGINES, ids=["cel", "cel-cpp"])
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"rules": []}, True),
        ({"rules": [rule()]}, False),
        ({"rules": [rule(cidrs=["10.0.0.0/8"])]}, True),
        ({"rules": [rule(cidrs=["::/0"])]}, False),
        ({"rules": [rule(protocol="-1", from_port="(absent)", to_port="(absent)")]}, False),
        ({"rules": [rule(from_port=0, to_port=65535)]}, False),
        ({"rules": [rule(from_port=443, to_port=443)]}, True),
    ],
)
def test_decided(engine: Engine, resource: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a parameter of the table
    bound = engine.bind({"resource": resource}, TYPES)
    assert engine.compile(RULE, TYPES).truth(bound).value is expected


@pytest.mark.parametrize(
    ("resource", "cause"),
    [
        ({}, Cause.MISSING_FIELD),
        ({"rules": None}, Cause.TYPE_ERROR),
        ({"rules": [rule(from_port="(absent)")]}, Cause.MISSING_FIELD),
        ({"rules": [rule(from_port="22")]}, Cause.TYPE_ERROR),
        ({"rules": [rule(cidrs=None)]}, Cause.TYPE_ERROR),
        ({"rules": [rule(protocol="(absent)")]}, Cause.MISSING_FIELD),
        ({"rules": "tcp"}, Cause.TYPE_ERROR),
    ],
)
def test_undecided(engine: Engine, resource: dict[str, Any], cause: Cause) -> None:
    bound = engine.bind({"resource": resource}, TYPES)
    with pytest.raises(UndecidedError) as caught:
        engine.compile(RULE, TYPES).truth(bound)
    if engine is ENGINES[0]:
        assert caught.value.cause is cause
