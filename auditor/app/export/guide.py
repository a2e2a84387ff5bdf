"""VERIFY.md: how to check this very bundle with other people's tools.

The text is a template of `reports/bundle`; here is what it says of one bundle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jinja2

from auditor.app.export.people import RecordBlob
from auditor.attest.package import GUIDE, REPORTS, Chosen, Manifest
from auditor.core.times import format_instant
from auditor.ledger.runs import RunHistory
from auditor.shipped import shipped

_FOLDER = "bundle"


@dataclass(frozen=True, slots=True)
class GuideRun:
    """What the guide says of a run.

    Args:
        end: Index of its `run.end` entry, None without one.
        tokens: How many time-stamps its statement's file holds.
        late_tokens: Files of time-stamps that came later.
    """

    id: str
    state: str
    first: int
    last: int
    end: int | None
    tokens: int = 0
    late_tokens: tuple[str, ...] = field(default=())


def guide(
    manifest: Manifest,
    histories: Sequence[RunHistory],
    earlier: Sequence[RunHistory],
    records: Sequence[RecordBlob],
    tokens: Mapping[str, int],
) -> str:
    """The text of VERIFY.md.

    Args:
        manifest: Of the members so far.
        histories: The chosen runs, in the order of the log.
        earlier: Runs before the period, of which only policy, verdicts and statement are there.
        records: What attestations and samples rest on, as far as it is there.
        tokens: How many time-stamps the file of a run's statement holds, by run.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("reports") / _FOLDER),
        undefined=jinja2.StrictUndefined,
        comment_start_string="{##",  # bash writes lengths as ${#name}
        comment_end_string="##}",
        autoescape=False,  # noqa: S701 - Markdown; every value is a name of a fixed form
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs = [_run(run, tokens.get(run.run, 0)) for run in histories]
    before = [_run(run, tokens.get(run.run, 0)) for run in earlier]
    reports = [item.path for item in manifest.members if item.path.startswith(f"{REPORTS}/")]
    return environment.get_template(f"{GUIDE}.j2").render(
        origin=manifest.origin,
        size=manifest.size,
        span=manifest.span,
        singles=manifest.entries,
        runs=runs,
        before=before,
        records=records,
        chosen=_chosen(manifest.chosen),
        left_out=manifest.left_out,
        timestamps=any(run.tokens or run.late_tokens for run in (*before, *runs)),
        reports=reports,
        pdf_reports=[path for path in reports if path.endswith(".pdf")],
    )


def _run(run: RunHistory, tokens: int) -> GuideRun:
    return GuideRun(
        id=run.run,
        state=run.state,
        first=run.start_index,
        last=run.end_entry.index if run.end_entry else run.last_index,
        end=run.end_entry.index if run.end_entry else None,
        tokens=tokens,
        late_tokens=tuple(item.file for item in run.timestamps),
    )


def _chosen(chosen: Chosen) -> str:
    text = ""
    if chosen.since is not None and chosen.until is not None:
        text = f" from {format_instant(chosen.since)} until before {format_instant(chosen.until)}"
    return f"{text} that judged {chosen.control}" if chosen.control else text
