"""Expressions and damaged documents for differential tests."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TYPES = {"resource": "dyn", "param": "map", "now": "timestamp"}
PARAM = {"limit": 14, "names": ["a", "web-1"], "age": timedelta(days=30), "prefix": "web"}
Damage = Callable[[dict[str, Any]], None]


def document() -> dict[str, Any]:
    return {
        "name": "web-1",
        "count": 14,
        "flag": True,
        "ratio": 0.5,
        "note": None,
        "since": NOW - timedelta(days=3),
        "tags": {"team": "core", "env": "prod"},
        "ports": [22, 443, 0],
        "empty": [],
        "rules": [
            {"port": 22, "proto": "tcp", "open": False, "cidrs": ["10.0.0.0/8"]},
            {"port": 443, "proto": "tcp", "open": True, "cidrs": ["0.0.0.0/0", "::/0"]},
        ],
    }


PLACES: tuple[tuple[str | int, ...], ...] = (
    *((name,) for name in document()),
    ("tags", "team"),
    ("tags", "env"),
    ("ports", 0),
    ("ports", 2),
    *(("rules", i, f) for i in (0, 1) for f in ("port", "proto", "open", "cidrs")),
    ("rules", 0),
    ("rules", 1, "cidrs", 0),
)
RETYPED: tuple[Any, ...] = (
    None,
    "",
    "x",
    "22",
    0,
    1,
    -1,
    22,
    2**53 + 1,
    True,
    False,
    0.0,
    1.0,
    22.0,
    [],
    {},
)
RETYPED_DEEP: tuple[Any, ...] = ([0], ["x"], [None], {"team": 1}, {"port": 22}, [[1]], NOW)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A document with up to three places removed or replaced."""
    made = document()
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(PLACES))
        holder: Any = made
        for step in way:
            holder = holder[step] if _holds(holder, step) else None
        if not _holds(holder, last):
            continue
        if draw(st.booleans()):
            holder[last] = copy.deepcopy(draw(st.sampled_from((*RETYPED, *RETYPED_DEEP))))
        else:
            del holder[last]
    return made


def _holds(holder: Any, step: str | int) -> bool:
    if isinstance(holder, list):
        return isinstance(step, int) and step < len(holder)
    return isinstance(holder, dict) and step in holder


TEXTS = st.sampled_from(
    [
        "resource.name",
        "resource.note",
        "resource.tags.team",
        'resource.tags["env"]',
        "param.prefix",
        '"web-1"',
        '""',
        '"22"',
        "resource.rules[0].proto",
        "resource.missing",
        "string(resource.count)",
        'resource.?note.orValue("x")',
        '(resource.name + "-x")',
    ]
)
NUMBERS = st.sampled_from(
    [
        "resource.count",
        "resource.ratio",
        "resource.ports[0]",
        "resource.rules[1].port",
        "param.limit",
        "0",
        "1",
        "22",
        "1.0",
        "0.5",
        "size(resource.rules)",
        "size(resource.name)",
        "(resource.count + 1)",
        "(resource.count - resource.rules[0].port)",
        "(resource.count * 2)",
        "(resource.count / resource.ports[2])",
        "(resource.count % 5)",
        "-resource.count",
        "resource.ports.filter(p, p > 1).size()",
        "resource.rules.map(r, r.port)[0]",
        "9007199254740993",
        "double(resource.count)",
    ]
)
THINGS = st.one_of(
    TEXTS,
    NUMBERS,
    st.sampled_from(
        [
            "resource.flag",
            "resource.ports",
            "resource.tags",
            "resource.empty",
            "resource.rules[0]",
            "null",
            "true",
            "false",
            "[]",
            "[22, 443, 0]",
            '{"team": "core"}',
            "now",
            "resource.since",
        ]
    ),
)
LISTS = st.sampled_from(
    [
        "resource.ports",
        "resource.empty",
        "param.names",
        "resource.tags",
        "resource.missing",
        "[1, 2]",
    ]
)
ORDER = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
TESTS_OF_ELEMENT = st.sampled_from(
    [
        "{x} > 0",
        "{x} == 22",
        "{x} != 1",
        '{x} == "a"',
        "{x} in param.names",
        "{x} in [22, 443]",
        "resource.flag",
        "1 / {x} > 0",
        "{x} == resource.count",
        "!({x} > 1)",
        "{x} == 1 || {x} > 5",
        "has(resource.tags.team)",
    ]
)
TESTS_OF_RULE = st.sampled_from(
    [
        "{r}.port == 22",
        "{r}.open",
        "!{r}.open",
        '{r}.proto == "tcp"',
        "has({r}.port)",
        "{r}.cidrs.all(c, c != '0.0.0.0/0')",
        "{r}.cidrs.exists(c, c == '::/0')",
        "{r}.port <= 22 && {r}.port >= 22",
        "{r}.port > param.limit",
        "{r}.port in resource.ports",
        "size({r}.cidrs) > 0",
        "resource.rules.exists(o, o.port == {r}.port)",
    ]
)


def _compare(left: str, sign: str, right: str) -> str:
    return f"{left} {sign} {right}"


@st.composite
def _loops(draw: st.DrawFn) -> str:
    macro = draw(st.sampled_from(["all", "exists", "exists_one"]))
    if draw(st.booleans()):
        test = draw(TESTS_OF_RULE).format(r="r")
        if draw(st.booleans()):
            sign = draw(st.sampled_from(["&&", "||"]))
            test = f"{test} {sign} {draw(TESTS_OF_RULE).format(r='r')}"
        return f"resource.rules.{macro}(r, {test})"
    test = draw(TESTS_OF_ELEMENT).format(x="x")
    return f"{draw(LISTS)}.{macro}(x, {test})"


ATOMS = st.one_of(
    st.builds(_compare, THINGS, ORDER, THINGS),
    st.builds(_compare, TEXTS, ORDER, TEXTS),
    st.builds(_compare, NUMBERS, ORDER, NUMBERS),
    _loops(),
    st.builds("{} in {}".format, THINGS, LISTS),
    st.builds("{}.{}({})".format, TEXTS, st.sampled_from(["startsWith", "contains"]), TEXTS),
    st.sampled_from(
        [
            "resource.flag",
            "resource.rules[0].open",
            "has(resource.note)",
            "has(resource.missing)",
            "has(resource.tags.team)",
            "has(resource.name.x)",
            "resource.name.matches('^web-[0-9]+$')",
            "now - resource.since < param.age",
            "now - resource.since < duration('24h')",
            "resource.since < now",
            "resource.since + param.age > now",
            "resource.?tags.?team.hasValue()",
            "cel.bind(r, resource.rules[0], r.port == 22 && !r.open)",
            "timestamp('2026-01-01T00:00:00Z') < resource.since",
            "type(resource.count) == int",
            "dyn(resource.count) == dyn(resource.name)",
            "resource.rules.map(r, r.port) == resource.ports",
            "sets.contains(resource.ports, [22])",
            "resource.ports.all(i, v, v >= i)",
            "resource.rules.filter(r, r.open).size() == 1",
            "size(resource.tags) == 2",
        ]
    ),
)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(({}) ? {} : {})".format, inner, inner, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, _grow, max_leaves=5)
