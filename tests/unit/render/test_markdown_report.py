from __future__ import annotations

import re

import cmarkgfm  # type: ignore[import-untyped] # ships no types
import pytest

from auditor.core.model.assessment import Assessment
from auditor.core.model.status import Status
from auditor.errors import UsageError
from auditor.render.markdown import COMMENT, JOB_SUMMARY, MarkdownRenderer
from tests.unit.render.hostile_corpus import hostile
from tests.unit.render.large import large
from tests.unit.render.sample import sample


def _text(assessment: Assessment | None = None, limit: int = COMMENT) -> str:
    return MarkdownRenderer(limit=limit).render(assessment or sample()).decode()


def test_figures_findings_and_next_command_are_there() -> None:
    text = _text()

    assert text.startswith("## auditor: incomplete\n")
    assert "| fail | 12 |" in text
    assert "| checks not tested | 3 |" in text
    for finding in sample().findings:
        listed = finding.status not in (Status.PASS, Status.NOT_APPLICABLE)
        assert (f"`auditor why {finding.short}`" in text) is listed


def test_what_was_not_tested_not_read_and_not_honoured_is_said() -> None:
    text = _text()

    assert "### Not tested\n\nSelected, and judged by nothing." in text
    assert "`database-backups/snapshots`: `no target of kind aws-backup`" in text
    assert "### Not read\n\nCounted as error, never as pass." in text
    assert "### Waivers that are not honoured" in text
    assert "`W-2026-09`" in text
    assert "### Frameworks" in text


def test_nothing_is_left_out_where_there_is_room() -> None:
    assert "Left out" not in _text()


@pytest.mark.parametrize("limit", [4_096, COMMENT, JOB_SUMMARY])
def test_document_keeps_to_its_limit_and_counts_what_it_leaves_out(limit: int) -> None:
    assessment = large(20_000, Status.FAIL)
    text = _text(assessment, limit)
    shown = len(re.findall(r"^- \*\*", text, re.MULTILINE))
    said = re.search(r"([0-9,]+) findings with status fail", text)

    assert len(text.encode()) <= limit
    assert said is not None
    left_out = int(said[1].replace(",", ""))
    not_read = text.count("\n- **timeout")
    assert shown - not_read + left_out == 20_000
    assert "All of it is in the JSON report." in text


def test_worst_findings_are_kept() -> None:
    text = _text(large(20_000, Status.FAIL), 8_192)
    kept = re.findall(r"^- \*\*(\w+)\*\* `arn", text, re.MULTILINE)

    assert kept
    assert set(kept) == {"critical"}


def test_long_lists_of_what_was_not_read_leave_room_for_findings() -> None:
    text = _text(hostile(), 8_192)

    assert len(text.encode()) <= 8_192
    assert "lines on what was not read" in text
    assert "lines on frameworks" not in text
    assert re.search(
        r"^### .* \(fail, high\)$\n\nControl `audit-log-integrity`", text, re.MULTILINE
    )


def test_limit_below_the_figures_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 4096"):
        MarkdownRenderer(limit=4_095)


def test_no_person_is_called_and_no_link_is_made_outside_of_code() -> None:
    html = cmarkgfm.github_flavored_markdown_to_html(_text(hostile(), JOB_SUMMARY))
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)

    assert "@octocat" in html
    assert "@" not in outside
    assert "<a" not in html
    assert "evil.example" not in outside


def test_unrecorded_run_says_so() -> None:
    assert "Not recorded: this run is in no log." in _text(sample(log=None))


def test_sections_with_nothing_in_them_are_left_out() -> None:
    passing = [f for f in sample().findings if f.status is Status.PASS]
    changes = {"not_tested": (), "readings": (), "waivers": (), "organisation": ""}
    text = _text(sample(frameworks=(), findings=passing, **changes))

    assert text.startswith("## auditor: ok\n")
    assert "###" not in text
    assert "Organisation: not named." in text
