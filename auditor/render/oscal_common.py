"""What assessment results and POA&M have in common (NIST OSCAL 1.2).

Observations are our findings, one check on one resource each; what they are about are inventory
items. Identifiers are UUIDs of version 5: of things that last (resources, targets, items of the
plan) from their own ids, so that they are the same in every run; of what one run said from its id
as well. Text in OSCAL is Markdown, and property values are one trimmed line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid5

import orjson

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.target import Target
from auditor.core.times import format_instant
from auditor.render.escape import visible
from auditor.render.inert import markdown_text
from auditor.render.view.judged import Judged, requirements_of, status_sentence

OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:auditor:oscal"
_UUIDS = UUID("6e1b7f0c-4d0b-5a53-9c58-0c4f7e0d7a11")
_TOOL = "tool"
_EDGE = re.compile(r"^\s|\s$")
Part = dict[str, object]


def document(root: str, content: Mapping[str, object]) -> bytes:
    """The file: one object under the name of its model, indented."""
    return orjson.dumps({root: content}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def uid(*parts: str) -> str:
    """The UUID of a thing, from its kind and its ids."""
    name = "".join(f"{len(part)}:{part}" for part in parts)
    return str(uuid5(_UUIDS, name.encode("utf-8", "backslashreplace").decode()))


def prop(name: str, value: str) -> Part:
    """A property in our namespace; white space at an edge, which OSCAL forbids, is shown."""
    shown = _EDGE.sub(lambda edge: f"\\u{{{ord(edge[0]):x}}}", visible(value))
    return {"name": name, "ns": NAMESPACE, "value": shown}


def props(values: Iterable[tuple[str, str]]) -> Part:
    """`props` of those that are not empty; nothing where all are."""
    made = [prop(name, value) for name, value in values if value]
    return {"props": made} if made else {}


def some(name: str, items: Sequence[object]) -> Part:
    """A list under its name; OSCAL forbids empty ones."""
    return {name: items} if items else {}


def metadata(assessment: Assessment, title: str) -> Part:
    """Title, version (the run) and who it is about."""
    who = assessment.organisation
    party = {
        "uuid": uid("organisation", who),
        "type": "organization",
        **({"name": str(prop("name", who)["value"])} if who else {}),
    }
    return {
        "title": markdown_text(f"{title} of run {assessment.run}"),
        "last-modified": format_instant(assessment.finished_at),
        "version": str(prop("version", assessment.run)["value"]),
        "oscal-version": OSCAL_VERSION,
        **props(
            [
                ("outcome", assessment.outcome.value),
                ("tool", assessment.tool),
                ("engine", assessment.engine),
                ("policy", assessment.policy_digest),
                ("verdicts", assessment.verdicts_digest),
            ]
        ),
        "parties": [party],
    }


def origin() -> Part:
    """Who said it: this program."""
    return {"actors": [{"type": "tool", "actor-uuid": uid(_TOOL)}]}


def tool_component(assessment: Assessment) -> Part:
    """This program as a component."""
    return {
        "uuid": uid(_TOOL),
        "type": "software",
        "title": "auditor",
        "description": "Policy as code; reads, and never writes.",
        **props([("version", assessment.tool)]),
        "status": {"state": "operational"},
    }


def target_component(target: Target) -> Part:
    """A system that was looked at."""
    return {
        "uuid": uid("target", target.name),
        "type": "system",
        "title": markdown_text(f"Target {target.name}"),
        "description": markdown_text(f"Kind {target.kind}, environment {target.environment}"),
        **props([("kind", target.kind), ("environment", target.environment)]),
        "status": {"state": "operational"},
    }


def resource_uuid(finding: Finding) -> str:
    """Of the resource; of the target where the finding is about the whole of it."""
    if not finding.key:
        return uid("target", finding.target)
    return uid("resource", finding.target, finding.resource_type, finding.key, finding.uid)


def inventory(items: Iterable[Judged]) -> list[Part]:
    """Each resource once, in the order of the findings."""
    seen: dict[str, Part] = {}
    for item in items:
        own = resource_uuid(item.finding)
        if item.finding.key and own not in seen:
            seen[own] = _inventory_item(own, item.finding)
    return list(seen.values())


def _inventory_item(own: str, finding: Finding) -> Part:
    return {
        "uuid": own,
        "description": markdown_text(f"Resource {finding.key} of {finding.target}"),
        **props(
            [
                ("resource", finding.key),
                ("uid", finding.uid),
                ("resource-type", finding.resource_type),
            ]
        ),
        "implemented-components": [{"component-uuid": uid("target", finding.target)}],
    }


def observation_uuid(assessment: Assessment, finding: Finding) -> str:
    """Of what this run said about the finding."""
    # Two things of one key are two findings in error that differ in their reason alone.
    return uid("observation", assessment.run, finding.fingerprint, finding.reason)


def observation(assessment: Assessment, item: Judged, collected: str) -> Part:
    """One finding as it was judged.

    Args:
        collected: When its evidence was read.
    """
    finding = item.finding
    subject = "inventory-item" if finding.key else "component"
    evidence = f"Evidence document {item.digest}"
    return {
        "uuid": observation_uuid(assessment, finding),
        "title": markdown_text(f"{item.path}: {finding.status.value}"),
        "description": markdown_text(f"{status_sentence(finding)} [{item.subject}]"),
        **props(finding_facts(item)),
        "methods": ["EXAMINE" if finding.status.value == "manual" else "TEST"],
        "types": ["control-objective"],
        "origins": [origin()],
        "subjects": [{"subject-uuid": resource_uuid(finding), "type": subject}],
        **some("relevant-evidence", [{"description": evidence}] if item.digest else []),
        "collected": collected,
    }


def finding_facts(item: Judged) -> list[tuple[str, str]]:
    """The fields of a finding, as names and values of properties."""
    finding = item.finding
    return [
        ("status", finding.status.value),
        ("severity", finding.severity.value),
        ("check", item.path),
        ("target", finding.target),
        ("resource", finding.key),
        ("fingerprint", finding.fingerprint),
        ("reason", finding.reason),
        ("cause", finding.cause.value if finding.cause else ""),
        ("missing", finding.action),
        ("hint", finding.hint),
        ("waiver", finding.waiver),
        *(("requirement", requirement) for requirement in requirements_of(item.control)),
    ]


def read_at(assessment: Assessment) -> dict[tuple[str, str], str]:
    """When each resource type of each target was read."""
    return {
        (reading.target, reading.resource_type): format_instant(reading.read_at)
        for reading in assessment.readings
    }
