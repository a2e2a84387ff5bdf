"""Prometheus text exposition (version 0.0.4), for the textfile collector or a push.

Gauges only: each is what one run found. No renderer knows a clock, so ages are left to the query:
`time() - auditor_run_timestamp_seconds`. Resources are no labels: a label for each of them would be
a time series for each. Statuses and outcomes stand with 0 too, so that an alert can tell none from
unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import ControlStatus, Outcome
from auditor.render.escape import visible

Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class PrometheusRenderer:
    """One exposition; every metric with its help and type."""

    name: str = "prometheus"
    suffix: str = ".prom"
    media_type: str = "text/plain; version=0.0.4; charset=utf-8"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The metrics of the run."""
        del proof  # metrics carry none
        lines = [*_of_run(assessment), *_of_controls(assessment), *_of_coverage(assessment)]
        return ("\n".join(lines) + "\n").encode()


def _of_run(assessment: Assessment) -> Iterator[str]:
    began = assessment.now.timestamp()
    versions = {"run": assessment.run, "tool": assessment.tool, "engine": assessment.engine}
    yield from _gauge("run_info", "Which run the other metrics are of.", [(versions, 1)])
    yield from _gauge("run_timestamp_seconds", "The instant that the run judges at.", [({}, began)])
    took = assessment.finished_at - assessment.now
    yield from _gauge(
        "run_duration_seconds", "From its start to its end.", [({}, took.total_seconds())]
    )
    yield from _gauge(
        "run_outcome",
        "1 for how the run ended.",
        [({"outcome": o.value}, float(o is assessment.outcome)) for o in Outcome],
    )
    if assessment.outcome is Outcome.OK:
        yield from _gauge(
            "run_last_success_timestamp_seconds",
            "The instant of the run; there only when its outcome is ok.",
            [({}, began)],
        )


def _of_controls(assessment: Assessment) -> Iterator[str]:
    yield from _gauge(
        "run_findings",
        "Findings of the run by status.",
        [({"status": status}, number) for status, number in assessment.counts.items()],
    )
    counts = Counter(
        (f.control, f.check, f.target, f.environment, f.status.value, f.severity.value)
        for f in assessment.findings
    )
    names = ("control", "check", "target", "environment", "status", "severity")
    yield from _gauge(
        "findings",
        "Findings by control, check, target, status and severity; absent where there are none.",
        [(dict(zip(names, key, strict=True)), n) for key, n in sorted(counts.items())],
    )
    yield from _gauge(
        "control_status",
        "1 for the status of each control.",
        [
            ({"control": r.control.id, "status": s.value}, float(r.status is s))
            for r in assessment.controls
            for s in ControlStatus
        ],
    )


def _of_coverage(assessment: Assessment) -> Iterator[str]:
    yield from _gauge(
        "checks_not_tested",
        "Selected checks that nothing judged, by control.",
        [({"control": r.control.id}, len(r.not_tested)) for r in assessment.controls],
    )
    yield from _gauge(
        "reading_gaps",
        "What could not be read, by target and resource type.",
        [
            ({"target": r.target, "resource_type": r.resource_type}, len(r.gaps))
            for r in assessment.readings
        ],
    )
    yield from _gauge(
        "waiver_expiry_timestamp_seconds",
        "When a waiver ends.",
        [
            ({"waiver": s.waiver.id, "check": s.waiver.check}, s.waiver.expires.timestamp())
            for s in assessment.waivers
        ],
    )


def _gauge(name: str, explanation: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP auditor_{name} {explanation}"
    yield f"# TYPE auditor_{name} gauge"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
        braces = f"{{{inner}}}" if inner else ""
        yield f"auditor_{name}{braces} {_number(value)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _label(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
