"""Which formats a gate and a comparison have of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from auditor.core.diff.gate import GateResult, Refusal
from auditor.core.diff.model import RunDiff
from auditor.render.gate.annotations import gate_annotations, refusal_annotation
from auditor.render.gate.markdown import JOB_SUMMARY, GateMarkdown
from auditor.render.gate.text import diff_text, gate_text, refusal_text


def _json(document: Mapping[str, object]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


_GATE: Mapping[str, tuple[Callable[[GateResult], bytes], Callable[[Refusal], bytes]]] = {
    "github": (gate_annotations, refusal_annotation),
    "json": (lambda result: _json(result.to_json()), lambda refusal: _json(refusal.to_json())),
    "markdown": (
        lambda result: GateMarkdown().gate(result),
        lambda refusal: GateMarkdown().refusal(refusal),
    ),
    "summary": (
        lambda result: GateMarkdown(JOB_SUMMARY - 1).gate(result),
        lambda refusal: GateMarkdown(JOB_SUMMARY - 1).refusal(refusal),
    ),
    "text": (gate_text, refusal_text),
}
GATE_FORMATS = tuple(sorted(_GATE))
_DIFF: Mapping[str, Callable[[RunDiff], bytes]] = {
    "json": lambda diff: _json(diff.to_json()),
    "markdown": lambda diff: GateMarkdown().diff(diff),
    "text": diff_text,
}
DIFF_FORMATS = tuple(sorted(_DIFF))


def render_gate(form: str, said: GateResult | Refusal) -> bytes:
    """A gate, or that there was none, in one of GATE_FORMATS."""
    of_result, of_refusal = _GATE[form]
    return of_refusal(said) if isinstance(said, Refusal) else of_result(said)


def render_diff(form: str, diff: RunDiff) -> bytes:
    """A comparison in one of DIFF_FORMATS."""
    return _DIFF[form](diff)
