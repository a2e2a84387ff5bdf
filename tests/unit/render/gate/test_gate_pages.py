"""The gate's pages: inert whatever was collected, within the hosts' limits, and honest about it."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from dataclasses import replace

import cmarkgfm  # type: ignore[import-untyped] # ships no types
import pytest

from auditor.core.diff.compare import compare
from auditor.core.diff.gate import Basis, GateResult, Refusal, Rules, decide
from auditor.core.diff.replay import Flip, Replay
from auditor.core.diff.weakening import weakenings
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.core.model.target import Target
from auditor.errors import ExitCode, UsageError
from auditor.render.gate.annotations import MOST, gate_annotations
from auditor.render.gate.document import DiffDocument, GateDocument
from auditor.render.gate.markdown import COMMENT, JOB_SUMMARY, GateMarkdown
from auditor.render.gate.registry import DIFF_FORMATS, GATE_FORMATS, render_diff, render_gate
from tests.unit.core.diff.sides import THINGS, finding, side
from tests.unit.render.hostile_corpus import CORPUS

TEXTS = [text for text in CORPUS.values() if text.isprintable() or text.isascii()]
TAGS = {"body", "h2", "h3", "p", "ul", "li", "code", "strong",
        "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip


def gate(before: list[Finding], after: list[Finding], *, hostile: bool = False) -> GateResult:
    """A gate over these findings, with a loosened control and flips."""
    words = TEXTS if hostile else ["plain"]
    old = replace(
        side(*before),
        policy=replace(side().policy, targets=tuple(Target(t, "k", "prod") for t in words)),
    )
    looser = THINGS.model_copy(update={"title": words[0], "maps": {}})
    new = replace(side(*after, controls=(looser,)), run=words[-1])
    diff = compare(old, new)
    flips = tuple(Flip(one, "pass") for one in before)
    replayed = Replay((THINGS.id,), flips, ())
    found = weakenings(diff.policy, old.policy, new.policy, replayed)
    basis = Basis(words[0], words[-1], tuple(words))
    return decide(diff, basis, Rules(), found, replayed, tuple(words))


def many(number: int, status: Status) -> list[Finding]:
    return [finding(f"arn:aws:s3:::bucket-{n:06}", status, reason="x" * 60) for n in range(number)]


@pytest.fixture(scope="module")
def hostile() -> GateResult:
    before = [finding(text, Status.FAIL, reason=text, target="one") for text in TEXTS]
    after = [
        replace(one, status=status, key=f"{one.key}{status.value}", waiver="W-1")
        for one in before
        for status in Status
    ]
    return gate(before, after, hostile=True)


@pytest.fixture(scope="module")
def large() -> GateResult:
    return gate(many(20_000, Status.PASS), many(10_000, Status.FAIL))


def test_collected_text_makes_no_markup(hostile: GateResult) -> None:
    pages = [
        GateMarkdown(JOB_SUMMARY).gate(hostile),
        GateMarkdown(JOB_SUMMARY).diff(hostile.diff),
        *(
            GateMarkdown().refusal(Refusal(text, "now", ExitCode.INTEGRITY, text, text))
            for text in TEXTS
        ),
    ]
    for page in pages:
        html = cmarkgfm.github_flavored_markdown_to_html(
            page.decode().partition("-->\n")[2] or page.decode()
        )
        root = ET.fromstring(f"<body>{html}</body>")  # noqa: S314 - made here
        assert {element.tag for element in root.iter()} <= TAGS
        for span in root.iter("code"):
            span.text = ""
        shown = "".join(root.itertext())
        assert not re.search(r"evil|octocat|alert|@|#\d|\x1b", shown)


def test_collected_text_begins_no_workflow_command_and_no_escape_sequence(
    hostile: GateResult,
) -> None:
    text = gate_annotations(hostile).decode()
    lines = text.splitlines()
    assert all(re.match(r"::(error|warning|notice) title=[^:,]+::", line) for line in lines)
    assert text.count("\n") == len(lines) <= 2 * MOST + 1
    for form in GATE_FORMATS:
        data = render_gate(form, hostile).decode()
        assert "\x1b" not in data
        assert "\u202e" not in data or form == "json"


@pytest.mark.parametrize("limit", [4_096, COMMENT, JOB_SUMMARY])
def test_pages_keep_to_their_limit_and_count_what_they_leave_out(
    large: GateResult, hostile: GateResult, limit: int
) -> None:
    for result in (large, hostile):
        data = GateMarkdown(limit).gate(result)
        assert len(data) <= limit
    text = GateMarkdown(limit).gate(large).decode()
    said = re.search(r"([0-9,]+) new failures,", text)
    shown = text.count("on `one`, `things/thing`: pass -> fail")
    assert said is not None
    assert shown + int(said[1].replace(",", "")) == 10_000
    assert "### Weaker policy" in text, "no section pushes another out"
    assert "### Next" in text
    with pytest.raises(UsageError, match="at least"):
        GateMarkdown(100)


def test_json_has_everything_and_the_published_form(large: GateResult, hostile: GateResult) -> None:
    document = GateDocument.model_validate_json(render_gate("json", large))
    assert document.counts["new_failures"] == sum(c.new_failure for c in document.changes) == 10_000
    assert document.counts["vanished"] == 10_000
    GateDocument.model_validate_json(render_gate("json", hostile))
    DiffDocument.model_validate_json(render_diff("json", hostile.diff))
    refusal = Refusal("main.zip", "2026-07-01T00:00:00Z", ExitCode.USAGE, "it is missing", "look")
    refused = GateDocument.model_validate_json(render_gate("json", refusal))
    assert refused.refused is not None
    assert refused.exit_code == 2


@pytest.mark.parametrize("form", GATE_FORMATS)
def test_every_format_says_that_nothing_was_compared(form: str) -> None:
    for code in ExitCode:
        if code not in (ExitCode.OK, ExitCode.INTERRUPTED):
            refusal = Refusal("main.zip", "now", code, "it is edited", "make another")
            assert "it is edited" in render_gate(form, refusal).decode()


@pytest.mark.parametrize("form", DIFF_FORMATS)
def test_a_comparison_is_told_in_every_format(form: str) -> None:
    diff = compare(side(finding("a")), side(finding("a", Status.FAIL, reason="it broke")))
    assert "it broke" in render_diff(form, diff).decode()


def test_long_lists_on_a_terminal_say_how_many_are_left_out(large: GateResult) -> None:
    assert "and 9,960 more new failures: --format json" in render_gate("text", large).decode()


def test_a_command_to_copy_is_one_command_whatever_a_part_is_called() -> None:
    name = "x'; touch pwned; '"
    old, new = (side(finding("a"), inventory={name: [text]}) for text in "ab")
    diff = compare(old, new)
    found = weakenings(diff.policy, old.policy, new.policy, None)
    result = decide(diff, Basis("main.zip", "trust"), Rules(), found, None)
    (line,) = [
        text.removeprefix("next: ")
        for text in render_gate("text", result).decode().splitlines()
        if "auditor approve" in text
    ]
    assert shlex.split(line)[-2:] == ["--part", f"inventory {name}"]


def test_long_names_of_parts_keep_to_the_limit() -> None:
    names = [f"{number}{chr(0x1F6AB) * 500}" for number in range(40)]
    same = [finding(f"fixed-{n:04}", Status.FAIL) for n in range(2_000)]
    gone = [finding(f"gone-{n:04}") for n in range(2_000)]
    more = [finding(f"more-{n:04}") for n in range(2_000)]
    mended = [replace(one, status=Status.PASS) for one in same]
    before = [*many(2_000, Status.PASS), *same, *gone]
    after = [*many(2_000, Status.FAIL), *mended, *more]
    old, new = (
        side(*found, inventory={name: [text] for name in names})
        for text, found in (("a", before), ("b", after))
    )
    diff = compare(old, new)
    found = weakenings(diff.policy, old.policy, new.policy, None)
    for limit in range(8_192, 9_192, 100):
        result = decide(diff, Basis("main.zip", "trust"), Rules(), found, None)
        assert len(GateMarkdown(limit).gate(result)) <= limit
