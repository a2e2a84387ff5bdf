"""The Statement of Applicability, as the file format `soa-1` has it, and what stands beside it.

ISO/IEC 27001, 6.1.3 d): the necessary controls, why they are included, whether they are
implemented, and why others are excluded. People decide; nothing is applicable by default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from auditor.core.model.control import Model, RequirementId

FRAMEWORK = "iso27001"
ANNEX = "A."
ROWS = 93
Decision = Literal["included", "excluded", "undecided"]
Implementation = Literal["implemented", "partly", "planned", "not_implemented", "undecided"]


class SoaRow(Model):
    """One control of Annex A: the decision, why, and how far it is implemented."""

    id: RequirementId
    decision: Decision = "undecided"
    justification: str = ""
    implementation: Implementation = "undecided"
    note: str = ""


class SoaFile(Model):
    """The file: its version, the scope of the management system, who approved it, the rows."""

    version: str = Field(min_length=1)
    scope: str = ""
    approved_by: str = ""
    approved_on: str = Field(default="", pattern=r"^(\d{4}-\d\d-\d\d)?$")
    rows: tuple[SoaRow, ...]


@dataclass(frozen=True, slots=True)
class SoaLine:
    """A row beside what the newest run shows.

    Args:
        state: What was tested about it: a key of `glossary.REQUIREMENT_LABEL`.
        controls: Ids and strengths of mappings: `console-mfa (full)`.
        tests: Id and status of each of them in the run.
        evidence: Digests of what was read for them.
        issues: What does not fit together in this row.
    """

    row: SoaRow
    title: str
    group: str
    state: str
    controls: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]
    deviations: int
    undecided: int
    waived: int
    evidence: tuple[str, ...]
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole statement: all rows in the order of the framework, and the run behind them.

    Args:
        source, source_digest: The file's text as written, and its digest.
        log: Name, size and root of the log at the run's end; "" where it is in none.
    """

    organisation: str
    framework: str
    file: SoaFile
    source: str
    source_digest: str
    run: str
    now: datetime
    verdicts: str
    log: str
    groups: tuple[tuple[str, str], ...]
    lines: tuple[SoaLine, ...]

    def count(self, decision: Decision) -> int:
        """Rows of a decision."""
        return sum(line.row.decision == decision for line in self.lines)

    def of_group(self, group: str) -> Iterator[SoaLine]:
        """The rows of a chapter."""
        return (line for line in self.lines if line.group == group)


def row_issues(row: SoaRow, controls: int, deviations: int | None = None) -> tuple[str, ...]:
    """What does not fit together in a row.

    Args:
        controls: How many controls are mapped to it.
        deviations: Failing findings of them; None where no run was looked at.
    """
    decided = row.decision != "undecided"
    holds = {
        "undecided": not decided,
        "excluded, and a control is mapped to it": row.decision == "excluded" and controls > 0,
        "included, and no control is mapped to it": row.decision == "included" and not controls,
        "decided without a justification": decided and not row.justification.strip(),
        "included, and its implementation is undecided": row.decision == "included"
        and row.implementation == "undecided",
        "called implemented, and its controls show deviations": row.implementation == "implemented"
        and bool(deviations),
    }
    return tuple(said for said, is_so in holds.items() if is_so)
