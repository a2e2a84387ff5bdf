"""All faults, and the table of them that people read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tests.vectors.tamper.case import Fault

FOLDER = Path(__file__).parent / "faults"
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "threats.md"
BEGIN = "<!-- table of faults: python -m tests.vectors.tamper --write -->"
END = "<!-- end of the table -->"


def faults() -> Mapping[str, Fault]:
    """Every fault by the name of its file, in order."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        found[path.stem] = import_module(f"tests.vectors.tamper.faults.{path.stem}").FAULT
    return found


def table() -> str:
    """Markdown: a row for each fault, by artefact and step."""
    rows = [
        "| Fault | What was done | By whom | Given | Step | Answer |",
        "|---|---|---|---|---|---|",
    ]
    order = {"store": 0, "bundle": 1, "report": 2}
    known = faults()
    for name in sorted(known, key=lambda n: (order[known[n].artefact], known[n].step, n)):
        fault = known[name]
        answer = fault.verdict.value.replace("_", " ")
        cells = (name.replace("_", "-"), fault.attack, fault.needs, fault.artefact)
        rows.append(f"| {' | '.join(cells)} | {fault.step} | {answer} |")
    return "\n".join(rows)


def page() -> str:
    """The page of threats with the table as the faults are now."""
    before, _begin, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"
