"""What a job's log would act upon is shown there and acts upon nothing; elsewhere it stays."""

from __future__ import annotations

import json

import pytest

from auditor.cli.job_log import inert_for_log

ON_GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::no", "\\u{3a}:error::no"),
        ("  \t::add-mask::a", "  \t\\u{3a}:add-mask::a"),
        ("a\n\u00a0::warning::b\r::c::", "a\n\u00a0\\u{3a}:warning::b\r\\u{3a}:c::"),
        ("a ##[add-mask]b ##[error]c", "a \\u{23}#[add-mask]b \\u{23}#[error]c"),
        ("###[x]", "#\\u{23}#[x]"),
        ("a::b #1 [x] :c", "a::b #1 [x] :c"),
    ],
)
def test_commands_are_shown_and_act_upon_nothing(text: str, shown: str) -> None:
    made = inert_for_log(text.encode(), ON_GITHUB, "text").decode()
    assert "##[" not in made
    assert not any(line.lstrip().startswith("::") for line in made.splitlines())
    assert made == shown


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": ""}])
def test_elsewhere_every_byte_stays(environ: dict[str, str]) -> None:
    data = b"::error::x ##[error]y"
    assert inert_for_log(data, environ, "text") is data


def test_a_program_reads_the_same_json() -> None:
    document = {"name": "##[add-mask]a", "::error::": "###[x"}
    data = json.dumps(document, indent=2).encode()
    made = inert_for_log(data, ON_GITHUB, "json")
    assert b"##[" not in made
    assert json.loads(made) == document


def test_what_cannot_be_escaped_stays_as_its_readers_need_it() -> None:
    data = b"<testcase name='##[x'/>\xff"
    assert inert_for_log(data, ON_GITHUB, "junit") is data
