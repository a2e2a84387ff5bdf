"""`auditor why`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.project import open_project
from auditor.app.runs import find_run
from auditor.app.why import Reasoning, Why, find_finding
from auditor.app.why import why as explain_finding
from auditor.cli.common import config_option, guard
from auditor.core.times import format_instant
from auditor.render.escape import visible


@click.command()
@click.argument("finding")
@config_option
@click.option("--run", "run_id", default="latest", show_default=True, help="Which run.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@guard
def why(finding: str, config: Path, run_id: str, form: str) -> None:
    """Say why a finding is what it is, from the recorded evidence.

    FINDING is its id or the beginning of its fingerprint, as reports print it: the assertion, the
    terms that decided with their values, the line of evidence, the waiver or freshness rule that
    applied, and what would make it pass where one term decides.

    \b
    auditor why 3f2a9c0d1e4b
    auditor why console-mfa/console-users@aws/arn:aws:iam::111122223333:user/bob
    """
    store = open_project(config).store
    record = recorded(store, find_run(store, run_id))
    assessment = assemble(record)
    answer = explain_finding(record, assessment, find_finding(assessment, finding))
    if form == "json":
        click.echo(json.dumps(answer.to_json(), indent=2))
        return
    for line in _lines(answer):
        for part in line.split("\n"):
            click.echo(visible(part))


def _lines(answer: Why) -> Iterator[str]:
    finding = answer.finding
    yield f"{finding.status.value.upper()}  {finding.severity.value}  {finding.id}"
    yield f"fingerprint  {finding.fingerprint}"
    yield f"control      {answer.control.title}"
    yield f"check        {answer.check.title}"
    for label, text in (
        ("reason", finding.reason),
        ("missing", finding.action),
        ("next", finding.hint),
    ):
        if text:
            yield f"{label:12} {text}"
    for item in answer.reasoning:
        yield from _reasoning(item)
    if answer.waiver is not None:
        waiver = answer.waiver.waiver
        until = format_instant(waiver.expires)
        yield f"waiver       {waiver.id} by {waiver.approved_by} until {until}"
    if answer.evidence:
        yield f"evidence     {answer.evidence} {finding.pointer}".rstrip()
    yield f"freshness    {answer.freshness}"
    yield f"by hand      {answer.check.verify_by_hand.strip()}"
    yield f"remedy       {answer.check.remediation.text.strip()}"
    if answer.resource is not None:
        if answer.personal:
            yield f"personal     {', '.join(answer.personal)}: shown here from the disclosures only"
        document = answer.resource.to_json()
        yield json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)


def _reasoning(item: Reasoning) -> Iterator[str]:
    yield f"{item.truth:12} {item.id}: {item.expr}"
    for text in item.unread:
        yield f"{'':12}   not read: {text}"
    if item.trace is not None and not item.unread:
        for line in item.trace.text().split("\n"):
            yield f"{'':12}   {line}"
