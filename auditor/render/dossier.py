"""What the HTML page's script and its evidence cards need beside the findings themselves.

The script shows findings that the page does not list, from the signed verdicts; what a verdict does
not hold (titles, who read and when, which requirements a control is mapped to) comes from here, and
the static cards are written with the same words. The page's own signature covers it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup, escape

from auditor.core.model.assessment import Assessment
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.core.times import format_instant
from auditor.render.escape import visible
from auditor.render.templates import day
from auditor.render.view.declared import DECLARED, declared_names
from auditor.render.view.words import plural

ENDINGS: Mapping[Status, str] = {
    Status.FAIL: "was not met for this resource",
    Status.ERROR: "could not be decided for this resource, and does not count as a pass",
    Status.MANUAL: "waits for the signed statement of a person",
    Status.WAIVED: "was not met for this resource; an approved, time-limited waiver covers it",
    Status.PASS: "was met for this resource",
    Status.NOT_APPLICABLE: "does not apply to this resource",
}
"""How the sentence of an evidence card ends: `The test “...” was met for this resource.`"""
TRUTHS: Mapping[str, str] = {
    "true": "as expected",
    "false": "not as expected",
    "undecided": "could not be decided",
}
NOT_READ = "Nothing was read for it."


@dataclass(frozen=True, slots=True)
class Dossier:
    """The facts of a run by the names that findings use; all of it goes into the page."""

    facts: Mapping[str, Mapping[str, object]]
    log: str

    @classmethod
    def of(cls, assessment: Assessment) -> Dossier:
        """The facts of that run."""
        log = assessment.log
        controls = [result.control for result in assessment.controls]
        frameworks = {framework.id for framework in assessment.frameworks}
        return cls(
            {
                "titles": {control.id: control.title for control in controls},
                "maps": {
                    control.id: [
                        f"{framework} {mapping.id}"
                        for framework, mappings in sorted(control.maps.items())
                        if framework in frameworks
                        for mapping in mappings
                    ]
                    for control in controls
                },
                "tests": {
                    f"{control.id}/{check.id}": check.title
                    for control in controls
                    for check in control.checks
                },
                "kinds": {target.name: target.kind for target in assessment.targets},
                "declared": dict.fromkeys(sorted(declared_names(assessment)), DECLARED),
                "readings": {
                    f"{reading.target}/{reading.resource_type}": {
                        "as_of": format_instant(reading.as_of),
                        "day": moment(reading.as_of),
                        "identity": reading.identity or "nobody",
                        "items": plural(reading.items, "item"),
                    }
                    for reading in assessment.readings
                },
                "frameworks": {
                    framework.id: framework.title for framework in assessment.frameworks
                },
                "requirements": {
                    f"{result.framework} {result.id}": result.title
                    for result in assessment.requirements
                },
            },
            f"entries {log.first:,} to {log.last:,} of {log.origin}" if log else "not recorded",
        )

    def reading(self, finding: Finding) -> Mapping[str, str] | None:
        """Who read the resource, and when; None where nothing was read."""
        name = f"{finding.target}/{finding.resource_type}"
        return self.facts["readings"].get(name)  # type: ignore[return-value] # made above

    def said(self, finding: Finding) -> str:
        """What was asked and what came of it, for a person who does not know the system."""
        reading = self.reading(finding)
        test = self.facts["tests"].get(f"{finding.control}/{finding.check}", finding.check)
        asked = (
            f"On {reading['day']}, {reading['identity']} read {reading['items']} of "
            f"{finding.resource_type} from {finding.target}."
            if reading
            else NOT_READ
        )
        return f"{asked} The test “{test}” {ENDINGS[finding.status]}."

    def script_data(self) -> str:
        """All of it as JSON for a script element of the page."""
        words = {
            "endings": {status.value: text for status, text in ENDINGS.items()},
            "truths": TRUTHS,
            "not_read": NOT_READ,
            "log": self.log,
        }
        return script_json({**self.facts, **words})


def moment(value: datetime) -> str:
    """`20 November 2026 at 06:04 UTC`, to the minute."""
    return f"{day(value)} at {value.astimezone(UTC):%H:%M} UTC"


def script_json(value: object) -> str:
    """JSON that means the same inside of a script element, with ASCII letters alone."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return inert_json(text)


def inert_json(text: str) -> str:
    """JSON without a letter that HTML or a reader's eye could take for something else."""
    ascii_only = "".join(_escaped(letter) for letter in text) if not _plain(text) else text
    return ascii_only.replace("<", "\\u003c")


def _plain(text: str) -> bool:
    return text.isascii() and "\x7f" not in text


def _escaped(letter: str) -> str:
    if _plain(letter):
        return letter
    return json.dumps(letter)[1:-1] if letter != "\x7f" else "\\u007f"


def raw_record(document: Mapping[str, object]) -> Markup:
    """A record as it stands in the data, a line for each field."""
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False)
    return Markup("\n").join(escape(visible(line)) for line in text.split("\n"))
