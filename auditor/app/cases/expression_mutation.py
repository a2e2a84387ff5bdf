"""Do the cases notice when an expression says something else?

One operator or literal of an expression is changed at a time: `==` to `!=`, `<` to `<=`, `&&` to
`||`, `all` to `exists`, 7 to 8, `!x` to `x`. A changed expression under which every case gives the
same verdicts survives: either a case is missing (often one at the exact limit), or the change makes
no difference. Which of the two is for people to tell, so survivors are listed and no gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.app.cases.mutation import CheckMutation, Instance
from auditor.catalog.cases import Case
from auditor.catalog.library import LoadedControl
from auditor.catalog.types.checker import TypeChecker
from auditor.catalog.types.examined import Examined
from auditor.catalog.types.tree import kind
from auditor.core.evaluate.compiled import CompiledCheck, Place, compile_check
from auditor.core.expression.interface import Engine
from auditor.core.model.control import Check
from auditor.core.model.resource_type import ResourceType
from auditor.errors import ExpressionError

_FLIPPED = {
    "_==_": ("==", "!="),
    "_!=_": ("!=", "=="),
    "_<_": ("<", "<="),
    "_<=_": ("<=", "<"),
    "_>_": (">", ">="),
    "_>=_": (">=", ">"),
    "_&&_": ("&&", "||"),
    "_||_": ("||", "&&"),
    "!_": ("!", " "),
}
_MACROS = {"all": "exists", "exists": "all"}
_TEXT = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1""")
_WHOLE = re.compile(r"\d+")


@dataclass(slots=True)
class Changed:
    """What became of the changed expressions of one control."""

    control: str
    killed: int = 0
    survived: list[str] = field(default_factory=list)


def mutate_expressions(
    loaded: LoadedControl,
    cases: list[Case],
    types: Mapping[str, ResourceType],
    engine: Engine,
    checker: TypeChecker,
) -> Changed:
    """Change every operator and literal of `when` and the assertions, and count what noticed."""
    changed = Changed(loaded.control.id)
    for check in loaded.control.checks:
        mutation = CheckMutation(loaded, check, types[check.resource], engine, checker)
        instances = list(mutation.instances(cases))
        for place, examined in mutation.examined:
            if place != ("when",) and place[0] != "assert":
                continue
            for offset, text in variants(examined):
                compiled = _compiled(engine, check, place, text)
                if compiled is None:  # the change is no expression: nothing to notice
                    continue
                if any(_differs(mutation, compiled, *judged) for judged in instances):
                    changed.killed += 1
                else:
                    changed.survived.append(f"{_named(check, place)}: {_around(text, offset)}")
    return changed


def _differs(
    mutation: CheckMutation,
    compiled: CompiledCheck,
    instance: Instance,
    verdict: tuple[object, ...],
) -> bool:
    other = replace(instance, frame=replace(instance.frame, compiled=compiled))
    return other.verdict(mutation.kind, instance.resource) != verdict


def _named(check: Check, place: Place) -> str:
    name = place[0] if len(place) == 1 else check.assert_[int(place[1])].id
    return f"{check.id}/{name}"


def variants(examined: Examined) -> Iterator[tuple[int, str]]:
    """Each changed text of the expression, with the offset of the change."""
    seen: set[str] = {examined.source}
    for node, _scope in examined.nodes:
        offset = examined.offset(node)
        for start, end, new in _changes(examined.source, node, offset):
            text = examined.source[:start] + new + examined.source[end:]
            if text not in seen:
                seen.add(text)
                yield start, text


def _changes(source: str, node: object, offset: int) -> Iterator[tuple[int, int, str]]:
    """Start, end and replacement of what can be changed at a node."""
    match kind(node):
        case "call_expr":
            old, new = _FLIPPED.get(node.call_expr.function, ("", ""))  # type: ignore[attr-defined]
            if old and source.startswith(old, offset):
                yield offset, offset + len(old), new
        case "comprehension_expr":
            name = re.search(r"\b(all|exists)$", source[:offset])
            if name:
                yield name.start(), name.end(), _MACROS[name[1]]
        case "const_expr":
            yield from _literal(source, offset)


def _literal(source: str, offset: int) -> Iterator[tuple[int, int, str]]:
    for word, other in (("true", "false"), ("false", "true")):
        if source.startswith(word, offset):
            yield offset, offset + len(word), other
    if text := _TEXT.match(source, offset):
        yield text.end() - 1, text.end() - 1, "~"
    elif number := _WHOLE.match(source, offset):
        yield number.start(), number.end(), str(int(number[0]) + 1)


def _compiled(engine: Engine, check: Check, place: Place, text: str) -> CompiledCheck | None:
    """The check with one expression replaced."""
    if place == ("when",):
        other = check.model_copy(update={"when": text})
    else:
        assertions = list(check.assert_)
        number = int(place[1])
        assertions[number] = assertions[number].model_copy(update={"expr": text})
        other = check.model_copy(update={"assert_": tuple(assertions)})
    try:
        return compile_check(engine, other)
    except ExpressionError:
        return None


def _around(text: str, offset: int, reach: int = 30) -> str:
    """The change with a little of what stands beside it, on one line."""
    return " ".join(text[max(0, offset - reach) : offset + reach].split())
