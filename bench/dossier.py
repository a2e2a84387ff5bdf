"""The HTML dossier in Chromium: size, time to the first filtered list, filter latency, memory.

    python -m bench.dossier [1000 50000]

Each page is signed and carries its proof, as a written report does; the time to usable includes the
check of all signatures and of every finding shown. The second column of times is the ratio to the
first size of the same run. Ends with 1 where a filter at the largest size takes over the limit.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from auditor.attest.page_signature import sign_page
from auditor.render.html import HtmlRenderer

SIZES = (1_000, 50_000)
CHROMIUM = "/usr/bin/chromium"
WORDS = ("person-0004", "second factor", "department-17", "AccessDenied", "")
LIMIT_S = 1.0
"""Wall-clock seconds that one filter may take at the largest size."""
_FILTER = """async (word) => {
  const box = document.querySelector("form.filter input[type=search]");
  const begin = performance.now();
  box.value = word;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return (performance.now() - begin) / 1000;
}"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: bytes in MB, times in seconds of the wall clock."""

    render_s: float
    file_mb: float
    usable_s: float
    first_s: float
    filter_s: float
    heap_mb: float
    state: str


def page_of(number: int, folder: Path) -> tuple[float, Path]:
    """CPU seconds of rendering, and the signed page."""
    from tests.services.reports.material import make_material  # only here: takes time
    from tests.unit.render.large import large

    material = make_material(folder, large(number).findings)
    begin = time.process_time()
    page = HtmlRenderer().render(material.assessment, material.proof)
    used = time.process_time() - begin
    path = folder / "report.html"
    path.write_bytes(sign_page(page, material.run_key))
    return used, path


def measure(browser: Browser, number: int) -> Measured:
    """Open the page of that many findings in a fresh context."""
    with tempfile.TemporaryDirectory() as folder:
        used, path = page_of(number, Path(folder))
        context = browser.new_context(offline=True)
        tab = context.new_page()
        begin = time.perf_counter()
        tab.goto(path.as_uri(), timeout=300_000)
        tab.wait_for_selector("form.filter:not([hidden])", timeout=300_000)
        usable = time.perf_counter() - begin
        first, *rest = [tab.evaluate(_FILTER, word) for word in WORDS]
        state = tab.locator("#check").get_attribute("data-state") or ""
        measured = Measured(
            used,
            path.stat().st_size / 1e6,
            usable,
            first,
            statistics.median(rest),
            _heap(tab),
            state,
        )
        context.close()
    return measured


def _heap(tab: Page) -> float:
    session = tab.context.new_cdp_session(tab)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "JSHeapUsedSize")) / 1e6


def main(arguments: Sequence[str]) -> int:
    """Print a line for each size."""
    sizes = [int(text) for text in arguments] or list(SIZES)
    print(f"{'findings':>9} {'CPU s':>7} {'file MB':>8} {'usable s':>9} {'x':>5} {'first s':>8}"
          f" {'filter s':>9} {'x':>5} {'heap MB':>8}  check")  # fmt: skip
    base: Measured | None = None
    slow = False
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for number in sizes:
            row = measure(browser, number)
            base = base or row
            print(
                f"{number:9,} {row.render_s:7.2f} {row.file_mb:8.2f} {row.usable_s:9.2f}"
                f" {row.usable_s / base.usable_s:5.1f} {row.first_s:8.3f} {row.filter_s:9.3f}"
                f" {row.filter_s / base.filter_s:5.1f} {row.heap_mb:8.1f}  {row.state}",
                flush=True,
            )
            slow = max(row.first_s, row.filter_s) > LIMIT_S
        browser.close()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
