"""The page of a period in Chromium: its signature, and its lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from auditor.attest.page_signature import sign_page
from auditor.render.period.html import PeriodHtmlRenderer
from tests.services.reports.conftest import Office
from tests.services.reports.dossier_browser import chromium, opened
from tests.unit.render.hostile_corpus import CORPUS
from tests.unit.render.period.small_period import small_period

pytestmark = pytest.mark.service
PAGE = PeriodHtmlRenderer().render(small_period(findings=117))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def state(browser: Browser, path: Path, data: bytes) -> tuple[str, str]:
    """What the page says of itself."""
    path.write_bytes(data)
    with opened(browser, path) as dossier:
        panel = dossier.tab.locator("#check")
        return panel.get_attribute("data-state") or "", panel.inner_text()


@pytest.fixture
def signed(office: Office, tmp_path: Path) -> Path:
    path = tmp_path / "period.html"
    path.write_bytes(sign_page(PAGE, office.material.run_key))
    return path


def test_a_signed_page_is_green_and_shows_its_key(
    signed: Path, office: Office, tmp_path: Path, browser: Browser
) -> None:
    said = state(browser, tmp_path / "x.html", signed.read_bytes())
    assert said[0] == "ok"
    assert office.material.run_key.key_id in said[1]


def test_hostile_texts_do_not_break_the_signature(
    office: Office, tmp_path: Path, browser: Browser
) -> None:
    page = PeriodHtmlRenderer().render(small_period(tuple(CORPUS.values())))
    said = state(browser, tmp_path / "x.html", sign_page(page, office.material.run_key))
    assert said[0] == "ok", said[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b">open<", b">fixed<"),
        (b"1 of 3 items deviated", b"0 of 3 items deviated"),
        (b'"late": true', b'"late": false'),
        (b'<article class="control"', b'<article hidden class="control"'),
    ],
)
def test_a_changed_page_is_red(
    old: bytes, new: bytes, signed: Path, tmp_path: Path, browser: Browser
) -> None:
    data = signed.read_bytes()
    assert old in data
    said = state(browser, tmp_path / "x.html", data.replace(old, new, 1))
    assert said[0] == "bad"
    assert "not the page that was signed" in said[1]


def test_an_unsigned_page_claims_nothing(tmp_path: Path, browser: Browser) -> None:
    assert state(browser, tmp_path / "x.html", PAGE)[0] == "none"


def test_state_end_and_lateness_filter_controls_and_histories(
    signed: Path, browser: Browser
) -> None:
    report = small_period(findings=117)
    with opened(browser, signed) as dossier:
        assert dossier.said == "all 120 findings and all 5 controls shown"
        dossier.choose(closing="open", remedied="late")
        wanted = [f for f in report.findings if f.closing.value == "open" and f.late]
        assert dossier.said == f"{len(wanted)} of 120 findings and 1 of 5 controls shown"
        dossier.tab.click("button.reset")
        for box in dossier.tab.locator("fieldset input:not([value=incomplete])").all():
            box.uncheck()
        assert dossier.controls == ["control-incomplete"]
        assert dossier.said == "0 of 120 findings and 1 of 5 controls shown"
        assert dossier.fragment == "?state=incomplete"


def test_windows_hold_every_history_once(signed: Path, browser: Browser) -> None:
    with opened(browser, signed) as dossier:
        every = dossier.every_window()
        assert len(every) == len(set(every)) == 120
