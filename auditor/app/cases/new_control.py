"""A new control to begin with: a folder that lints, and a case that fails until it is finished.

The placeholder assertion is true of every resource, and the second case expects a failing one. So
the first thing that its author sees is the reason for the check, not a green test.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from auditor.app.registry import Collectors
from auditor.catalog.lint.names import names_something
from auditor.catalog.source import did_you_mean
from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar
from auditor.core.model.ident import ID_PATTERN
from auditor.core.model.resource_type import ResourceType
from auditor.errors import UsageError
from auditor.shipped import shipped

_SAMPLES: dict[str, object] = {
    "int": 1,
    "double": "1.0",
    "bool": True,
    "timestamp": "2026-03-31T06:00:00Z",
    "duration": "1h",
    "any": None,
}
_CONTROL = """\
# yaml-language-server: $schema={schema}
id: {id}
title: "TODO: what the organisation does, in one line"
statement: >-
  TODO: what the organisation does, so that somebody else could test it.
owner: {{role: head-of-platform}}
nature: {{type: preventive, execution: automated}}
frequency: continuous
evaluate: {{every: 24h, gap_tolerance: 6h}}
maps:                                     # auditor controls coverage lists the requirements
  soc2: []                                # - {{id: "CC6.1", strength: supporting}}
  iso27001: []
parameters: {{}}
checks:
  - id: {check}
    title: "TODO: what is true of each {title}"
    collector: {collector}
    resource: {resource}
    key: resource.{key}
    population: {{on_empty: error}}         # error, fail, not_applicable or pass_stated
    freshness: 24h
    assert:
      - id: placeholder                   # fields: {fields}
        expr: resource.{key} != ""
        severity: medium
        message: "TODO: what is wrong with {{resource.{key}}}"
    remediation:
      text: "TODO: what to do about it"
      cli: TODO
    verify_by_hand: "TODO: the command that shows it"
"""
_CASES = """\
# yaml-language-server: $schema={schema}
- name: everything as it should be
  now: 2026-03-31T12:00:00Z
  evidence:
    {check}:
      resources:
        - {resource}
  expect:
    control: pass
    findings:
      {check}/{key}: pass
- name: the flaw that this check must find
  extends: everything as it should be
  # Put the flaw here, then write the assertion that finds it:
  # patch: {{{check}: {{0: {{FIELD: VALUE}}}}}}
  expect:
    control: fail
    findings:
      {check}/{key}: fail
"""
_MAX_FIELDS = 12


@dataclass(frozen=True, slots=True)
class NewControl:
    """What was written, and what to do next."""

    files: tuple[Path, ...]
    next_steps: tuple[str, ...]


def new_control(
    folder: Path, name: str, collector: str, resource: str, collectors: Collectors
) -> NewControl:
    """Write `<folder>/<domain>/<id>/control.yaml` and its cases.

    Args:
        folder: The library; made where it does not exist.
        name: `domain/id`.

    Raises:
        UsageError: The name has another form or is taken, or there is no such collector or type.
    """
    domain, control_id = _parts(name)
    kind = _kind(collector, resource, collectors)
    place = folder / domain / control_id
    taken = sorted(folder.glob(f"*/{control_id}"))
    if taken:
        raise UsageError(f"there is a control {control_id!r} already: {taken[0]}")
    key, check = _key(kind), resource.rpartition(".")[2].replace("_", "-")
    sample = _sample(kind.fields, "")
    words = {
        "id": control_id,
        "check": check,
        "title": kind.title.lower(),
        "collector": collector,
        "key": key,
        "fields": _fields(kind),
    }
    texts = {
        place / "control.yaml": _CONTROL.format(
            schema=_schema("control-1", place), resource=resource, **words
        ),
        place / "tests" / "cases.yaml": _CASES.format(
            schema=_schema("cases-1", place / "tests"),
            check=check,
            key=f"example-{key}",
            resource=json.dumps(sample),
        ),
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    library = f"--controls {folder}"
    steps = (
        f"auditor controls test {control_id} {library}    fails: the placeholder finds no flaw",
        "put a real flaw into the second case, and write the assertion that finds it",
        f"auditor controls lint {library}    names every text that still says TODO",
        f"auditor controls test {control_id} {library} --coverage --mutate",
    )
    return NewControl(tuple(texts), steps)


def _parts(name: str) -> tuple[str, str]:
    domain, _, control_id = name.partition("/")
    for part in (domain, control_id):
        if re.fullmatch(ID_PATTERN, part) is None:
            raise UsageError(f"got {name!r}, expected DOMAIN/ID such as access/console-mfa")
    return domain, control_id


def _kind(collector: str, resource: str, collectors: Collectors) -> ResourceType:
    types = collectors.get(collector).resource_types()
    if resource not in types:
        nearest = did_you_mean(resource, types)
        raise UsageError(f"the collector `{collector}` has no type `{resource}`{nearest}")
    return types[resource]


def _key(kind: ResourceType) -> str:
    """The field that names a resource: a text that is never null."""
    texts = [
        name
        for name, of in kind.fields.fields.items()
        if of == Scalar("string") and name not in kind.fields.nullable
    ]
    for preferred in ("arn", "id", "name", "path"):
        if preferred in texts:
            return preferred
    naming = [name for name in texts if names_something(name)]
    if not texts:
        raise UsageError(f"`{kind.name}` has no text that names a resource")
    return (naming or texts)[0]


def _sample(of: FieldType, name: str) -> object:
    """A value of the type: null where it may be, lists and maps empty."""
    match of:
        case Scalar("string"):
            return f"example-{name}"
        case Scalar(scalar):
            return _SAMPLES[scalar]
        case ListOf():
            return []
        case MapOf():
            return {}
        case Record(fields, nullable):
            return {n: None if n in nullable else _sample(f, n) for n, f in fields.items()}


def _fields(kind: ResourceType) -> str:
    names = list(kind.fields.fields)
    more = f" and {len(names) - _MAX_FIELDS} more" if len(names) > _MAX_FIELDS else ""
    return ", ".join(names[:_MAX_FIELDS]) + more


def _schema(name: str, folder: Path) -> str:
    return os.path.relpath(shipped("schemas") / f"{name}.json", folder.resolve())
