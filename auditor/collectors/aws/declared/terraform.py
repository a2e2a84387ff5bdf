"""A Terraform plan in JSON (`terraform show -json PLAN`) to blocks.

Format: HashiCorp, "JSON Output Format", format_version 1.x, also written by OpenTofu. A resource
that is to be destroyed, or let go of, is not judged; one without changes is, as planned. Values of
`after_sensitive` are never kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.collectors.aws.declared.blocks import Block, Document
from auditor.collectors.aws.declared.hidden import Hidden
from auditor.collectors.aws.declared.references import Configuration
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_UNKNOWN = Hidden(Cause.KNOWN_AFTER_APPLY, "it is known after apply")
_SENSITIVE = Hidden(Cause.SECRET, "it is marked as sensitive, and was not kept")
_HOW = "terraform plan -out tfplan && terraform show -json tfplan"
_MAX_DEPTH = 200
_FOREIGN = ("awscc_", "aws_cloudformation_stack")


def parse_plan(text: str) -> Document:
    """The blocks of a plan.

    Raises:
        ValueError: It is no plan of a known format; the message names the path.
    """
    try:
        plan = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}; make it with {_HOW}") from error
    _check_form(plan)
    configuration = Configuration(_mapping(plan.get("configuration")))
    gaps = [*_incomplete(plan)]
    blocks: list[Block] = []
    for index, change in enumerate(plan["resource_changes"]):
        try:
            block = _block(change, configuration)
        except (ValueError, RecursionError) as error:
            gaps.append(Gap(Cause.UNPARSABLE, f"resource_changes[{index}]: {error}"))
            continue
        if block is not None:
            blocks.append(block)
    gaps += _unserved(blocks)
    gaps += _unplanned(plan, {str(_mapping(c).get("address")) for c in plan["resource_changes"]})
    return Document(configuration.tied(blocks), gaps)


def _check_form(plan: object) -> None:
    if not isinstance(plan, dict):
        raise ValueError(f"it is a {type(plan).__name__}, expected the JSON object of a plan")
    version = plan.get("format_version")
    if not isinstance(version, str):
        raise ValueError(f'format_version: got {version!r}, expected a text as "1.2"; {_HOW}')
    if version.partition(".")[0] != "1":
        raise ValueError(f"format_version: got {version!r}, known is 1.x")
    if "resource_changes" not in plan and "values" in plan:
        raise ValueError(f"resource_changes: missing; this is a state, not a plan: {_HOW}")
    if "planned_values" not in plan:
        raise ValueError(f"planned_values: missing; this is no plan: {_HOW}")
    changes = plan.setdefault("resource_changes", [])  # left out where there is none
    if not isinstance(changes, list):
        raise ValueError(f"resource_changes: got {type(changes).__name__}, expected a list")


def _incomplete(plan: Mapping[str, Any]) -> Iterator[Gap]:
    """Terraform says itself where a plan does not cover everything."""
    if plan.get("errored") is True:
        yield Gap(Cause.INCOMPLETE, "errored: the plan ended in an error", hint="plan again")
    elif plan.get("complete") is False:
        yield Gap(
            Cause.INCOMPLETE,
            "complete: false; the plan does not cover the whole configuration",
            hint="plan without -target",
        )
    if plan.get("deferred_changes"):
        yield Gap(Cause.KNOWN_AFTER_APPLY, "deferred_changes: resources are planned later")


def _unserved(blocks: list[Block]) -> Iterator[Gap]:
    for block in blocks:
        if block.kind.startswith(_FOREIGN):
            detail = f"{block.address}: what a {block.kind} declares is not read"
            yield Gap(Cause.NOT_SUPPORTED, detail, hint="scan it once it is deployed")


def _unplanned(plan: Mapping[str, Any], known: set[str]) -> Iterator[Gap]:
    """A resource of `planned_values` that no change tells about: which values it gets is open."""
    root = _mapping(plan.get("planned_values")).get("root_module")
    for resource in _planned(root, 0):
        address = str(resource.get("address"))
        if resource.get("mode") == "managed" and address not in known:
            yield Gap(Cause.UNPARSABLE, f"planned_values: {address} has no entry of its changes")


def _planned(module: object, depth: int) -> Iterator[Mapping[str, Any]]:
    found = _mapping(module)
    yield from (_mapping(one) for one in _list(found.get("resources")))
    if depth < _MAX_DEPTH:
        for child in _list(found.get("child_modules")):
            yield from _planned(child, depth + 1)


def _block(entry: object, configuration: Configuration) -> Block | None:
    """The block of a change; None where nothing of it stays."""
    if not isinstance(entry, dict) or not isinstance(entry.get("change"), dict):
        raise ValueError("expected an object with `change`")
    if entry.get("mode") != "managed" or "deposed" in entry:
        return None
    address, kind, change = entry.get("address"), entry.get("type"), entry["change"]
    actions = change.get("actions")
    if not isinstance(address, str) or not isinstance(kind, str) or not isinstance(actions, list):
        raise ValueError("expected address, type and change.actions")
    if not kind.startswith(("aws_", "awscc_")) or actions in (["delete"], ["forget"]):
        return None
    after = change.get("after")
    if not isinstance(after, dict):
        raise ValueError(f"{address}: change.after: expected an object")
    values = overlaid(
        overlaid(after, change.get("after_unknown"), _UNKNOWN),
        change.get("after_sensitive"),
        _SENSITIVE,
    )
    if not isinstance(values, dict):
        raise ValueError(f"{address}: {'nothing'} of it is shown")
    written = configuration.written(entry)
    return Block(address, kind, values, written, created="create" in actions)


def overlaid(value: object, marks: object, hidden: Hidden) -> object:
    """The value, with `hidden` wherever the marks are true; marks that do not fit hide it all.

    Terraform marks a sensitive argument that is not set, too: that it is null is no secret.
    """
    if marks is True:
        return None if value is None and hidden is _SENSITIVE else hidden
    if isinstance(value, Hidden) or not _marked(marks):
        return value
    if isinstance(marks, dict) and (value is None or isinstance(value, dict)):
        own = value or {}
        return own | {name: overlaid(own.get(name), mark, hidden) for name, mark in marks.items()
                      if _marked(mark)}  # fmt: skip
    if isinstance(marks, list) and isinstance(value, list) and len(marks) <= len(value):
        rest = value[len(marks) :]
        return [overlaid(v, m, hidden) for v, m in zip(value, marks, strict=False)] + rest
    return hidden


def _marked(marks: object) -> bool:
    if isinstance(marks, dict):
        return any(_marked(mark) for mark in marks.values())
    if isinstance(marks, list):
        return any(_marked(mark) for mark in marks)
    return marks is True


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
