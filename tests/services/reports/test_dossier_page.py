"""The lists of a run's page: filter, search, windows, fragment, keyboard, print; in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from auditor.attest.page_signature import sign_page
from auditor.core.model.finding import Finding
from auditor.render.html import HtmlRenderer
from tests.services.reports.conftest import Office
from tests.services.reports.dossier_browser import chromium, opened
from tests.services.reports.material import Material, make_material
from tests.unit.render.large import large
from tests.unit.render.sample import CONTROLS

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def page(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"), office.material)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Material]:
    """300 findings, of which ten stand in the page as HTML."""
    folder = tmp_path_factory.mktemp("many")
    material = make_material(folder, large(300).findings)
    return written(folder, material, 10), material


def written(folder: Path, material: Material, most: int = 1000) -> Path:
    page = HtmlRenderer(findings=most).render(material.assessment, material.proof)
    path = folder / "report.html"
    path.write_bytes(sign_page(page, material.run_key))
    return path


def mapped(framework: str, requirement: str) -> set[str]:
    return {
        control.id
        for control in CONTROLS
        if any(one.id == requirement for one in control.maps.get(framework, ()))
    }


CASES: dict[str, tuple[str, Callable[[Finding], bool]]] = {
    "framework": (
        "iso27001",
        lambda f: any(f.control == c.id for c in CONTROLS if "iso27001" in c.maps),
    ),
    "requirement": ("soc2 CC6.1", lambda f: f.control in mapped("soc2", "CC6.1")),
    "control": ("console-mfa", lambda f: f.control == "console-mfa"),
    "severity": ("critical", lambda f: f.severity.value == "critical"),
    "target": ("aws-prod", lambda f: f.target == "aws-prod"),
    "environment": ("prod", lambda f: f.environment == "prod"),
}


def ids(findings: list[Finding]) -> list[str]:
    return sorted(f"f-{finding.short}" for finding in findings)


@pytest.mark.parametrize("facet", CASES)
def test_a_facet_leaves_just_its_findings(
    facet: str, page: Path, office: Office, browser: Browser
) -> None:
    value, fits = CASES[facet]
    every = office.material.assessment.findings
    wanted = ids([finding for finding in every if fits(finding)])
    with opened(browser, page) as dossier:
        dossier.choose(**{facet: value})
        assert sorted(dossier.every_window()) == wanted
        if len(wanted) < len(every):
            assert dossier.said.startswith(f"{len(wanted)} of {len(every)} findings and ")


def test_status_boxes_and_text_narrow_together(
    page: Path, office: Office, browser: Browser
) -> None:
    every = office.material.assessment.findings
    wanted = [f for f in every if f.status.value == "fail" and "no second factor" in f.reason]
    with opened(browser, page) as dossier:
        for box in dossier.tab.locator("fieldset input").all()[1:]:
            box.uncheck()
        dossier.tab.fill("input[type=search]", "NO second factor")
        assert sorted(dossier.shown) == ids(wanted)
        assert {f.control for f in wanted} <= set(dossier.controls)


def test_a_filter_that_fits_nothing_says_so(page: Path, browser: Browser) -> None:
    with opened(browser, page) as dossier:
        dossier.tab.fill("input[type=search]", "nothing is called so")
        assert dossier.said.startswith("0 of 48 findings and 0 of 7 controls shown")
        assert dossier.tab.inner_text(".list") == "No finding fits this filter."


def test_the_state_is_in_the_fragment_and_comes_back(page: Path, browser: Browser) -> None:
    with opened(browser, page) as dossier:
        dossier.choose(requirement="soc2 CC6.1", severity="high")
        dossier.tab.uncheck("fieldset input[value=pass]")
        dossier.tab.fill("input[type=search]", "second & factor")
        kept, said = dossier.fragment, dossier.said
    with opened(browser, page, f"#{kept}") as again:
        assert again.said == said
        assert again.tab.input_value("input[type=search]") == "second & factor"
        again.tab.click("button.reset")
        assert again.said == "all 48 findings and all 7 controls shown"
        assert again.fragment == ""
        assert again.focused != ""


def test_reset_puts_the_focus_back_and_is_off_when_nothing_is_filtered(
    page: Path, browser: Browser
) -> None:
    with opened(browser, page) as dossier:
        assert dossier.tab.is_disabled("button.reset")
        dossier.choose(severity="medium")
        dossier.tab.click("button.reset")
        assert dossier.tab.evaluate("document.activeElement.type") == "search"


def test_an_unknown_value_in_the_fragment_hides_nothing(page: Path, browser: Browser) -> None:
    with opened(browser, page, "#?control=no-such-control&severity=worst") as dossier:
        assert dossier.said == "all 48 findings and all 7 controls shown"


def test_focus_goes_from_search_to_reset_boxes_choices_and_controls(
    page: Path, browser: Browser
) -> None:
    order = ["reset", "error", "manual", "waived", "pass", "not_applicable", "framework",
             "requirement", "control", "severity", "target", "environment"]  # fmt: skip
    with opened(browser, page) as dossier:
        dossier.tab.uncheck("fieldset input[value=fail]")
        dossier.tab.focus("input[type=search]")
        found = []
        for _ in ["fail", *order]:
            dossier.tab.keyboard.press("Tab")
            found.append(dossier.focused)
        assert found == [order[0], "fail", *order[1:]]
        dossier.tab.keyboard.press("Tab")
        assert dossier.tab.evaluate("!!document.activeElement.closest('#controls, #findings')")


def test_all_signed_findings_are_listed_though_the_page_holds_the_worst_alone(
    many: tuple[Path, Material], browser: Browser
) -> None:
    path, material = many
    with opened(browser, path) as dossier:
        assert dossier.tab.locator("#check").get_attribute("data-state") == "ok"
        assert dossier.said == "all 300 findings and all 7 controls shown"
        assert len(dossier.shown) == 50
        assert dossier.tab.locator(".pager .place").first.inner_text() == "1 to 50 of 300"
        assert sorted(dossier.every_window()) == ids(list(material.assessment.findings))
        assert dossier.focused == "list-title"
        assert dossier.tab.locator(".pager .place").first.inner_text() == "251 to 300 of 300"


def test_a_card_that_the_script_makes_says_who_asked_when_and_what_was_found(
    many: tuple[Path, Material], browser: Browser
) -> None:
    path, material = many
    last = f"f-{min(material.assessment.findings, key=lambda f: f.status.value == 'fail').short}"
    with opened(browser, path, f"#{last}") as dossier:
        card = dossier.tab.locator(f"#{last}")
        card.locator(".card > summary").click()
        text = card.inner_text()
        assert "On 20 November 2026 at 06:00 UTC, arn:aws:sts::" in text
        assert "entries 401 to 411 of example-ltd/auditor-log" in text
        card.locator(".raw > summary").click()
        assert '"fingerprint": "' in card.inner_text()


def test_without_proof_the_number_that_is_not_listed_is_stated(
    office: Office, tmp_path: Path, browser: Browser
) -> None:
    path = tmp_path / "bare.html"
    path.write_bytes(HtmlRenderer(findings=10).render(office.material.assessment))
    with opened(browser, path) as dossier:
        assert dossier.said.startswith("all 10 findings and ")
        assert dossier.said.endswith("; 38 more findings are not in this list")


def test_a_changed_page_lists_what_it_shows_and_stays_red(
    page: Path, tmp_path: Path, browser: Browser
) -> None:
    path = tmp_path / "changed.html"
    path.write_bytes(page.read_bytes().replace(b"no second factor", b"a second factor", 1))
    with opened(browser, path) as dossier:
        assert dossier.tab.locator("#check").get_attribute("data-state") == "bad"
        assert len(dossier.shown) == 48


def test_a_link_to_a_finding_that_is_filtered_out_shows_it(
    many: tuple[Path, Material], browser: Browser
) -> None:
    path, material = many
    one = next(f for f in material.assessment.findings if f.status.value == "not_applicable")
    with opened(browser, path, "#?status=fail") as dossier:
        assert f"f-{one.short}" not in dossier.every_window()
        dossier.tab.evaluate("id => { location.hash = id; }", f"f-{one.short}")
        dossier.tab.wait_for_selector(f"#f-{one.short}.target")
        assert dossier.said.startswith("all 300 findings")


def test_print_has_all_that_fits_and_says_what_is_hidden(
    many: tuple[Path, Material], browser: Browser
) -> None:
    path, material = many
    failing = [f for f in material.assessment.findings if f.status.value != "pass"]
    fragment = "#?status=fail,error,manual,waived,not_applicable"
    with opened(browser, path, fragment) as dossier:
        dossier.tab.emulate_media(media="print")
        dossier.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert sorted(dossier.shown) == ids(failing)
        said = dossier.tab.inner_text(".filtered")
        assert f"Hidden: {300 - len(failing)} findings" in said
        assert "status: fail, error, manual, waived, not applicable" in said
        assert not dossier.tab.is_visible("form.filter")
        assert dossier.tab.is_visible(".card .said >> nth=0")
        dossier.tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert len(dossier.shown) == 50


def test_without_a_script_everything_in_the_page_can_be_read(page: Path, browser: Browser) -> None:
    with opened(browser, page, script=False) as dossier:
        assert not dossier.tab.is_visible("form.filter")
        assert dossier.tab.locator(".finding").count() == 48
        assert dossier.tab.locator(".finding").last.is_visible()
