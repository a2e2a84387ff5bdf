from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from auditor.catalog.library import load_library
from auditor.core.model.assessment import Assessment
from auditor.core.model.status import Outcome
from auditor.render.html import HtmlRenderer
from auditor.render.json_v1 import document_digest
from auditor.shipped import shipped
from tests.unit.render.sample import HEBREW, LOG, MARKUP, TEMPLATE, failing, sample

VOID = {"meta", "link", "br", "input", "rect"}


class Page(HTMLParser):
    """The parsed page: tags balanced, ids, links, attributes and text."""

    def __init__(self, assessment: Assessment, findings: int = 5000) -> None:
        super().__init__(convert_charrefs=True)
        self.source = HtmlRenderer(findings=findings).render(assessment).decode()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.raw: dict[str, str] = {}
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(sample())


def test_every_tag_is_closed_and_the_page_has_a_language_and_a_title(page: Page) -> None:
    assert page.open == []
    assert ("html", {"lang": "en"}) in page.tags
    assert "Control test report · Example Ltd & <Partners> · " in page.text


def test_page_asks_for_nothing_beside_itself(page: Page) -> None:
    urls = [
        value
        for name in ("src", "href", "srcset", "data", "action")
        for value in page.attributes(name)
    ]

    assert all(url.startswith("#") or url == "data:," for url in urls)
    assert set(re.findall(r"url\(\"([a-z]+:)", page.raw["style"])) == {"data:"}
    assert "@import" not in page.raw["style"]


def test_policy_allows_exactly_this_style_and_this_script(page: Page) -> None:
    policy = next(
        attrs["content"]
        for _, attrs in page.tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )

    for tag in ("style", "script"):
        hashed = base64.b64encode(hashlib.sha256(page.raw[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{hashed}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.attributes("style") == []
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_collected_markup_is_text_and_not_markup(page: Page) -> None:
    scripts = [attrs.get("type") for tag, attrs in page.tags if tag == "script"]

    assert scripts == ["application/json", None]
    assert MARKUP in page.text
    assert TEMPLATE in page.text
    assert HEBREW in page.text


def test_collected_control_and_direction_characters_are_visible(page: Page) -> None:
    assert r"\u{1b}[2J\u{1b}[31mall-clear\u{7}" in page.text
    assert r"backup-\u{202e}gpj.exe\u{2066}" in page.text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page.source)


def test_each_id_is_once_and_each_link_inside_leads_somewhere(page: Page) -> None:
    ids = page.attributes("id")
    links = [href[1:] for href in page.attributes("href") if href.startswith("#")]

    assert sorted(ids) == sorted(set(ids))
    assert set(links) <= set(ids)
    assert set(page.attributes("aria-labelledby")) <= set(ids)


def test_every_finding_is_there_with_status_word_and_evidence(page: Page) -> None:
    assessment = sample()
    statuses = page.attributes("data-status")

    assert sorted(statuses) == sorted(f.status.value for f in assessment.findings)
    for finding in assessment.findings:
        assert f'id="f-{finding.short}"' in page.source
    assert "/resources/22" in page.text


def test_requirements_without_a_control_are_shown_as_not_tested(page: Page) -> None:
    assert re.search(
        r"CC7\.4 Incidents are responded to\s+not tested: no control\s+none", page.text
    )


def test_waivers_gaps_and_checks_not_tested_stand_with_their_reasons(page: Page) -> None:
    for text in (
        "it expired at 2026-05-31T00:00:00Z",
        "its signature does not count: no key of this approver is trusted",
        "the region did not answer within 30 s",
        "s3:GetBucketPolicy",
        "no target of kind aws-backup",
        "add the permission to the reader's role",
    ):
        assert text in page.text


def test_cover_has_log_head_signer_and_untimed(page: Page) -> None:
    for text in (LOG.origin, LOG.root, LOG.statement, LOG.signer, "412 entries", "untimed"):
        assert text in page.text
    assert document_digest(sample()) in page.text


def test_no_word_of_opinion_stands_in_the_report(page: Page) -> None:
    assert not re.search(r"complian|effective|certif(y|ied)\b", page.text, re.IGNORECASE)


def test_capped_list_states_the_number_left_out_and_where_all_are() -> None:
    page = Page(sample(findings=failing(30)), findings=10)

    assert len(page.attributes("data-status")) == 10
    assert "20 findings left out of the list" in page.text
    assert "20 findings of this control left out here." in page.text
    assert "--format json" in page.text


def test_empty_and_unrecorded_run_claims_nothing() -> None:
    page = Page(
        sample(
            findings=[],
            frameworks=(),
            controls=(),
            requirements=(),
            targets=(),
            readings=(),
            waivers=(),
            not_tested=(),
            organisation="",
            log=None,
            outcome=Outcome.NOTHING_EVALUATED,
        )
    )

    for text in (
        "No organisation named",
        "No framework selected",
        "Not recorded.",
        "Nothing evaluated: nothing was evaluated. Exit code 4.",
        "The run was made for no framework.",
        "There were no controls.",
        "There are no findings. Nothing was evaluated, so nothing is known.",
        "No waiver was offered.",
        "Everything that was asked for was read.",
        "Every selected check was judged.",
        "Nothing was read.",
    ):
        assert text in page.text


def test_real_frameworks_show_every_requirement() -> None:
    library = load_library([shipped("controls")])
    frameworks = tuple(library.frameworks[name] for name in ("soc2", "iso27001"))
    page = Page(sample(frameworks=frameworks))

    for framework in frameworks:
        for requirement in framework.requirements:
            assert f'<span class="rid">{requirement.id}</span>' in page.source


def test_same_assessment_gives_the_same_bytes() -> None:
    assert HtmlRenderer().render(sample()) == HtmlRenderer().render(sample())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_colours_have_enough_contrast(scheme: str) -> None:
    css = Path(shipped("reports") / "html" / "report.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\n *\}", css, re.DOTALL)[:2]
    )
    colours = light | (dark if scheme == "dark" else {})
    names = ("fail", "error", "manual", "waived", "pass", "none", "untested")
    pairs = [(name, f"{name}-t") for name in names]
    pairs += [("ink", "paper"), ("soft", "paper"), ("soft", "ground"), ("link", "paper")]
    pairs += [("cover-ink", "cover"), ("cover-soft", "cover")]

    for front, back in pairs:
        assert _contrast(colours[front], colours[back]) >= 4.5, (front, back)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
