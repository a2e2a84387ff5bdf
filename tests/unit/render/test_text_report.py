from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from auditor.core.model.assessment import Assessment
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause, Outcome, Status
from auditor.render.text import TextRenderer
from tests.unit.render.sample import LOG, READINGS, failing, sample

EMPTY: dict[str, object] = {
    "not_tested": (),
    "readings": (),
    "waivers": (),
    "controls": (),
    "requirements": (),
    "targets": (),
    "outcome": Outcome.NOTHING_EVALUATED,
}


def _text(assessment: Assessment, **options: object) -> str:
    return TextRenderer(**options).render(assessment).decode()  # type: ignore[arg-type]


def _flat(text: str) -> str:
    """Without the line breaks that the width made."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = _text(sample(), width=width).split("\n")

    assert max(cell_len(line) for line in lines) <= width


def test_terminal_that_claims_no_columns_or_very_many_gets_readable_text() -> None:
    assert _text(sample(), width=0) == _text(sample(), width=40)
    assert _text(sample(), width=500) == _text(sample(), width=160)


def test_without_colour_there_is_no_control_character_but_the_line_feed() -> None:
    text = _text(sample()).replace("\n", "")

    assert all(unicodedata.category(c) not in ("Cc", "Cf") for c in text)


def test_with_colour_the_only_escapes_are_colours() -> None:
    text = _text(sample(), colour=True, width=120)
    rest = re.sub(r"\x1b\[[0-9;]*m", "", text)

    assert "\x1b" in text
    assert "\x1b" not in rest
    assert rest == _text(sample(), width=120)


def test_failing_rows_have_severity_resource_reason_and_the_next_command() -> None:
    text = _flat(_text(sample(), width=200))
    finding = next(f for f in sample().findings if f.key.endswith("/legacy"))

    assert (
        f"critical {finding.key} aws-prod · console-users {finding.reason} "
        f"$ auditor why {finding.short}"
    ) in text


def test_each_status_that_occurs_stands_as_a_word() -> None:
    text = _text(sample(), rows=50)

    for word in ("FAIL", "ERROR", "MANUAL", "waived", "PASS", "N/A", "NOT TESTED", "NOT READ"):
        assert word in text


def test_error_names_the_missing_permission_the_hint_and_the_others_alike() -> None:
    text = _flat(_text(sample(), width=200))

    assert "denied: field `policy` was not read" in text
    assert "missing permission: s3:GetBucketPolicy hint: add the permission" in text
    assert "alike: arn:aws:s3::123456789012:example-billing, " in text


def test_error_without_a_hint_gets_the_remedy_of_its_cause() -> None:
    bare = replace(failing(1)[0], status=Status.ERROR, cause=Cause.THROTTLED, reason="slow down")

    assert "hint: scan again, with a lower rate" in _text(sample(findings=[bare]))


def test_capped_list_states_the_number_left_out_and_where_all_are() -> None:
    text = _flat(_text(sample(findings=failing(25)), rows=10))

    assert text.count("$ auditor why") == 10
    assert "… and 15 more with status fail (all of them: --format json, or the report)" in text


def test_capped_errors_count_every_finding_that_is_left_out() -> None:
    errors = [
        replace(f, status=Status.ERROR, cause=Cause.STALE, reason=f"stale by {n} h")
        for n, f in enumerate(failing(12))
    ]
    text = _flat(_text(sample(findings=errors), rows=5))

    assert "… and 7 more with status error" in text


def test_capped_gaps_state_the_number_left_out() -> None:
    gaps = tuple(Gap(Cause.DENIED, "no", f"region-{n}", f"s3:Get{n:02d}") for n in range(12))
    readings = (replace(READINGS[0], gaps=gaps),)
    text = _flat(_text(sample(findings=[], readings=readings), rows=10))

    assert "… and 2 more (all of them: --format json, or the report)" in text


def test_the_cause_of_a_gap_stands_on_one_line() -> None:
    gaps = (Gap(Cause.NOT_SUPPORTED, "no", "here"), Gap(Cause.UNREACHABLE, "no", "there"))
    lines = _text(sample(findings=[], readings=(replace(READINGS[0], gaps=gaps),))).splitlines()

    assert {"not supported", "unreachable"} <= {line[:13].strip() for line in lines}


def test_refused_waivers_are_named_with_the_reason() -> None:
    text = _flat(_text(sample(), width=200))

    assert "refused W-2025-11 console-mfa/console-users it expired at 2026-05-31" in text


def test_checks_not_tested_are_counted_with_the_reason() -> None:
    text = _flat(_text(sample()))

    assert "NOT TESTED 3 checks selected, and judged by nothing" in text
    assert "1 no target of kind aws-backup database-backups/snapshots" in text


def test_summary_states_outcome_exit_code_counts_and_log_head() -> None:
    text = _flat(_text(sample(), width=200, places=[("report", "reports/run.html")]))

    assert "INCOMPLETE some findings could not be decided on the evidence there is " in text
    assert "(exit code 3)" in text
    assert "48 findings: 12 fail, 7 error, 1 manual, 1 waived, 25 pass, 2 not applicable" in text
    assert f"Example Ltd/auditor-log, size 412, root {LOG.root}" in text
    assert "untimed" in text
    assert "report reports/run.html" in text


def test_time_stamped_and_unsigned_and_unrecorded_are_said() -> None:
    assert "time-stamped" in _text(sample(log=replace(LOG, timestamped=True)))
    assert "not signed" in _text(sample(log=replace(LOG, signer="")))
    assert "not recorded: this run is in no log" in _flat(_text(sample(log=None)))


def test_empty_run_says_that_nothing_was_evaluated() -> None:
    text = _flat(_text(sample(findings=[], frameworks=(), organisation="", **EMPTY)))

    assert "NOTHING EVALUATED nothing was evaluated (exit code 4)" in text
    assert "no findings" in text
    assert "no organisation named" in text


def test_long_line_separators_in_collected_text_do_not_break_lines() -> None:
    odd = replace(failing(1)[0], reason="first\u2028second\x85third\nfourth")

    assert r"first\u{2028}second\u{85}third\nfourth" in _text(sample(findings=[odd]), width=200)
