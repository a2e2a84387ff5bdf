"""`--output FORMAT=FILE` is refused in the same words whatever can be asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from auditor.app.reports.requests import OutputRequest, parse_request
from auditor.cli.soa import FORMATS as STATEMENT_FORMATS
from auditor.errors import UsageError
from auditor.render.gate.registry import GATE_FORMATS
from auditor.render.period.registry import period_format_names
from auditor.render.registry import format_names

ASKED = {
    "run": format_names(),
    "period": period_format_names(),
    "gate": {*GATE_FORMATS, *format_names()},
    "statement": STATEMENT_FORMATS,
}


@pytest.mark.parametrize("formats", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("report.pdf", "got --output 'report.pdf', expected FORMAT=FILE", ""),
        ("pdf=", "got --output 'pdf=', expected FORMAT=FILE", ""),
        ("=x", "no format ``", "formats: "),
        ("pdff=x", "no format `pdff`, did you mean `pdf`?", "formats: "),
        ("pdf=/no/such/x.pdf", "the folder /no/such does not exist", "mkdir /no/such"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(
    formats: Iterable[str], text: str, said: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse_request(text, formats)

    assert said in caught.value.message
    assert (caught.value.hint or "").startswith(hint)


def test_the_hint_lists_what_can_be_asked_for() -> None:
    with pytest.raises(UsageError) as caught:
        parse_request("sarif=x", period_format_names())

    assert caught.value.hint == "formats: html, json, pdf, text, xlsx"


def test_the_first_equals_sign_ends_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a=b.pdf"

    assert parse_request(f"pdf={path}", format_names()) == OutputRequest("pdf", path)
