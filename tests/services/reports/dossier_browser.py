"""A page opened in headless Chromium without a network, and what a reader sees of its lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
_READY = "form.filter:not([hidden])"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; one for a module of tests is enough."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Dossier:
    """An open page."""

    tab: Page

    @property
    def said(self) -> str:
        """The counts that are announced."""
        return self.tab.locator("form.filter output").inner_text()

    @property
    def shown(self) -> list[str]:
        """Ids of the findings in the window."""
        ids = "rows => rows.map(row => row.id)"
        found: list[str] = self.tab.locator(".list .finding").evaluate_all(ids)
        return found

    @property
    def controls(self) -> list[str]:
        """Ids of the controls that are not hidden."""
        ids = "all => all.filter(one => !one.hidden).map(one => one.id.slice(8))"
        found: list[str] = self.tab.locator("#controls .control").evaluate_all(ids)
        return found

    @property
    def fragment(self) -> str:
        """What stands behind the `#`."""
        found: str = self.tab.evaluate("location.hash.slice(1)")
        return found

    @property
    def focused(self) -> str:
        """Name, value, id or class of what has the focus."""
        found: str = self.tab.evaluate(
            "(({ name, value, id, className, type }) => (type === 'checkbox' ? value : name) || id"
            " || className || type)(document.activeElement)"
        )
        return found

    def choose(self, **choices: str) -> None:
        """Select values of facets."""
        for name, value in choices.items():
            self.tab.select_option(f"form.filter select[name={name}]", value)

    def every_window(self) -> list[str]:
        """Ids of all findings, window after window, by keyboard."""
        found = self.shown
        forward = self.tab.locator(".pager .on").first
        while forward.is_visible() and forward.is_enabled():
            forward.focus()
            self.tab.keyboard.press("Enter")
            found += self.shown
        return found


@contextmanager
def opened(
    browser: Browser, path: Path, fragment: str = "", *, script: bool = True, **options: Any
) -> Iterator[Dossier]:
    """The page, its lists ready; an error of its script fails the test."""
    context = browser.new_context(offline=True, java_script_enabled=script, **options)
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text))
    tab.goto(f"{path.as_uri()}{fragment}")
    if script:
        tab.wait_for_selector(_READY)
    yield Dossier(tab)
    assert errors == []
    context.close()
