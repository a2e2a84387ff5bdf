"""Names of periods, and management's responses: read strictly, with the place of what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.app.period.bounds import parse_bounds
from auditor.app.period.responses import load_responses
from auditor.catalog.config import load_config
from auditor.errors import DefinitionError, UsageError
from tests.unit.app.company import Company

GOOD = """\
finding: things-in-order/thing@one/a
cause: somebody forgot to put it in order
response: it is put in order every morning now
by: head of things
at: "2026-04-01T09:00:00+02:00"
"""


@pytest.mark.parametrize(
    ("text", "name", "since", "until"),
    [
        ("2026-Q3", "2026-Q3", (2026, 7), (2026, 10)),
        ("2026-12", "2026-12", (2026, 12), (2027, 1)),
        ("2026", "2026", (2026, 1), (2027, 1)),
        ("2026-07-01/2026-10-01", "2026-07-01T00:00:00Z/2026-10-01T00:00:00Z", (2026, 7),
         (2026, 10)),
        ("2026-07-01T02:00:00+02:00..2026-10-01", "2026-07-01T00:00:00Z/2026-10-01T00:00:00Z",
         (2026, 7), (2026, 10)),
    ],
)  # fmt: skip
def test_a_period_has_one_name(
    text: str, name: str, since: tuple[int, int], until: tuple[int, int]
) -> None:
    bounds = parse_bounds(text)
    assert bounds.name == name
    assert (bounds.since, bounds.until) == (
        datetime(*since, 1, tzinfo=UTC),
        datetime(*until, 1, tzinfo=UTC),
    )
    assert parse_bounds(bounds.name) == bounds


@pytest.mark.parametrize("text", ["2026-Q5", "Q3", "2026-10-01/2026-07-01", "2026-07-01", ""])
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_bounds(text)


def responses(company: Company, text: str) -> Path:
    folder = company.folder / "responses"
    folder.mkdir(exist_ok=True)
    path = folder / "one.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_response_is_read_as_it_stands(company: Company) -> None:
    assert load_responses(load_config(company.config)) == ()
    responses(company, GOOD)
    (found,) = load_responses(load_config(company.config))
    assert (found.about, found.by, found.file) == (
        "things-in-order/thing@one/a",
        "head of things",
        "one.yaml",
    )
    assert found.at == datetime(2026, 4, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("finding: things-in-order/thing@one/a", "finding: nothing that fits", "one.yaml:1:10"),
        ("by: head of things", "by: head\nopinion: effective", "one.yaml:5:1"),
        ("2026-04-01T09:00:00+02:00", "2026-04-01", "one.yaml:5:5"),
        ("cause: somebody forgot to put it in order", "cause: oops", "one.yaml:2:8"),
    ],
)
def test_a_wrong_response_is_refused_with_its_place(
    company: Company, before: str, after: str, place: str
) -> None:
    responses(company, GOOD.replace(before, after))
    with pytest.raises(DefinitionError) as caught:
        load_responses(load_config(company.config))
    assert place in str(caught.value)


def test_fingerprints_and_their_beginnings_name_a_finding(company: Company) -> None:
    for about in ("0123456789ab", "0" * 64):
        responses(company, GOOD.replace("things-in-order/thing@one/a", f'"{about}"'))
        (found,) = load_responses(load_config(company.config))
        assert found.about == about
