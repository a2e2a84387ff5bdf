"""The PDF of a period: CPU seconds and peak memory at 100, 1,000 and 10,000 findings.

    python -m bench.report_period [100 1000 10000]

Beside it the JSON report of the same period, as the measure. Each is rendered in a process of its
own, so that its memory is its own. Ends with 1 when the PDF of the largest size takes more than 30
CPU seconds or 500 MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence

from auditor.render.period.registry import period_renderer
from bench.measure import cpu_of, peak_mb

SIZES = (100, 1_000, 10_000)
FORMATS = ("json", "pdf")
LIMIT_S, LIMIT_MB = 30.0, 500.0
TIMEOUT_S = 900


def one(form: str, number: int) -> dict[str, float]:
    """Measure one format in this process."""
    from tests.unit.render.period.large_period import large_period  # its models take memory

    made, report = period_renderer(form), large_period(number)
    before = peak_mb()
    used, data = cpu_of(lambda: made.render(report))
    return {"cpu_s": used, "mb": len(data) / 1e6, "peak": peak_mb(), "before": before}


def measure(form: str, number: int) -> dict[str, float]:
    """Measure one format in a process of its own."""
    command = [sys.executable, "-m", "bench.report_period", "--one", form, str(number)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=TIMEOUT_S)
    measured: dict[str, float] = json.loads(out.stdout)
    return measured


def table(number: int) -> bool:
    """Print the figures of one size; True where the PDF keeps to the limits."""
    print(f"\n{number:,} findings")
    print(f"{'format':8} {'CPU s':>8} {'x json':>8} {'file MB':>8} {'peak MB':>8} {'before':>7}")
    rows = {form: measure(form, number) for form in FORMATS}
    for form, row in rows.items():
        ratio = row["cpu_s"] / rows["json"]["cpu_s"]
        print(
            f"{form:8} {row['cpu_s']:8.3f} {ratio:8.1f} {row['mb']:8.2f} {row['peak']:8.0f}"
            f" {row['before']:7.0f}",
            flush=True,
        )
    return rows["pdf"]["cpu_s"] <= LIMIT_S and rows["pdf"]["peak"] <= LIMIT_MB


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.report_period")
    parser.add_argument("--one", choices=FORMATS, help="measure this format alone and print JSON")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    chosen = parser.parse_args(arguments)
    if chosen.one:
        print(json.dumps(one(chosen.one, chosen.sizes[0])))
        return 0
    kept = [table(size) for size in chosen.sizes]
    if not all(kept):
        print(f"\nover {LIMIT_S:.0f} CPU s or {LIMIT_MB:.0f} MB")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
