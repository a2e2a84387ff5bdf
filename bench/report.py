"""Reports: CPU seconds and peak memory of each format, beside the JSON report of the same run.

    python -m bench.report [--formats csv,sarif] [100 1000 10000]

Each format is rendered in a process of its own, so that its memory is its own; the assessment and
the imports are made before the clock starts, and the memory that they take is named apart. Ends
with 1 when a format for machines takes more than the limit at the largest size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence

from auditor.render.registry import format_names, renderer
from bench.measure import cpu_of, peak_mb

SIZES = (100, 1_000, 10_000)
MACHINES = frozenset(
    {"csv", "json", "junit", "markdown", "ocsf", "oscal-poam", "oscal-results", "prometheus"}
    | {"sarif"}
)
LIMIT_S = 10.0
"""CPU seconds that a format for machines may take, at 10,000 findings."""
TIMEOUT_S = 900


def one(form: str, number: int) -> dict[str, float]:
    """Measure one format in this process."""
    from tests.unit.render.large import large  # only here: its models take time and memory

    made, assessment = renderer(form), large(number)
    made.render(large(10))  # imports, templates and fonts
    before = peak_mb()
    used, data = cpu_of(lambda: made.render(assessment))
    return {"cpu_s": used, "mb": len(data) / 1e6, "peak": peak_mb(), "before": before}


def measure(form: str, number: int) -> dict[str, float]:
    """Measure one format in a process of its own."""
    command = [sys.executable, "-m", "bench.report", "--one", form, str(number)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=TIMEOUT_S)
    measured: dict[str, float] = json.loads(out.stdout)
    return measured


def table(forms: Sequence[str], number: int) -> list[str]:
    """Print the figures of one size; the formats that miss the limit."""
    base = measure("json", number)
    print(f"\n{number:,} findings")
    print(f"{'format':14} {'CPU s':>8} {'x json':>7} {'file MB':>8} {'peak MB':>8} {'before':>7}")
    missed = []
    for form in forms:
        row = base if form == "json" else measure(form, number)
        ratio = row["cpu_s"] / base["cpu_s"]
        print(
            f"{form:14} {row['cpu_s']:8.3f} {ratio:7.1f} {row['mb']:8.2f} {row['peak']:8.0f}"
            f" {row['before']:7.0f}",
            flush=True,
        )
        if form in MACHINES and row["cpu_s"] > LIMIT_S:
            missed.append(form)
    return missed


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.report")
    parser.add_argument("--formats", default=",".join(format_names()))
    parser.add_argument("--one", help="measure this format alone and print JSON")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    chosen = parser.parse_args(arguments)
    if chosen.one:
        print(json.dumps(one(chosen.one, chosen.sizes[0])))
        return 0
    missed = [form for size in chosen.sizes for form in table(chosen.formats.split(","), size)]
    if missed:
        print(f"\nover {LIMIT_S:.0f} CPU s: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
