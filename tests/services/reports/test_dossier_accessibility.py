"""axe-core finds nothing on the pages of a run and of a period: light, dark, filtered, printed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from auditor.attest.page_signature import sign_page
from auditor.render.period.html import PeriodHtmlRenderer
from tests.services.reports.conftest import Office
from tests.services.reports.dossier_browser import Dossier, chromium, opened
from tests.unit.render.period.small_period import small_period

pytestmark = pytest.mark.service
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
FILTERED = {"run": "#?status=fail&severity=high", "period": "#?state=deviations&severity=high"}
_OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def pages(
    office: Office, signed_page: bytes, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("axe")
    period = PeriodHtmlRenderer().render(small_period(findings=120))
    made = {"run": signed_page, "period": sign_page(period, office.material.run_key)}
    for name, data in made.items():
        (folder / f"{name}.html").write_bytes(data)
    return {name: folder / f"{name}.html" for name in made}


def violations(dossier: Dossier) -> list[str]:
    """Every rule of axe-core that does not hold, with the first place."""
    found = dossier.tab.evaluate(f"{AXE};axe.run(document, {{ resultTypes: ['violations'] }})")
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in found["violations"]]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["run", "period"])
def test_a_page_has_no_violation(
    name: str, scheme: str, width: int, pages: dict[str, Path], browser: Browser
) -> None:
    size = {"width": width, "height": 900}
    with opened(browser, pages[name], color_scheme=scheme, viewport=size) as dossier:
        dossier.tab.evaluate(_OPEN)
        assert violations(dossier) == []
        assert dossier.tab.evaluate("document.documentElement.scrollWidth") == width
    fragment = FILTERED[name]
    with opened(browser, pages[name], fragment, color_scheme=scheme, viewport=size) as dossier:
        assert " of " in dossier.said
        assert violations(dossier) == []


@pytest.mark.parametrize("name", ["run", "period"])
def test_print_has_no_violation(name: str, pages: dict[str, Path], browser: Browser) -> None:
    with opened(browser, pages[name], FILTERED[name]) as dossier:
        dossier.tab.emulate_media(media="print")
        dossier.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert violations(dossier) == []


def test_a_page_without_a_name_for_its_search_would_be_found(
    pages: dict[str, Path], browser: Browser
) -> None:
    with opened(browser, pages["run"]) as dossier:
        dossier.tab.evaluate("document.querySelector('.told .search').replaceWith("
                             "document.querySelector('input[type=search]'))")  # fmt: skip
        dossier.tab.evaluate("document.querySelector('input[type=search]').placeholder = ''")
        assert any(rule.startswith("label") for rule in violations(dossier))
