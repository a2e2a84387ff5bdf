"""OSCAL assessment results (NIST, 1.2): observations by resource, findings by control.

A finding of OSCAL is `satisfied` or `not-satisfied`, with a reason of `pass`, `fail` or `other`.
`satisfied` stands only for a control whose every check was evaluated and passes. What is in error,
waived, manual, not applicable or not tested is `not-satisfied` because of `other`, which the
remarks explain; failing is `not-satisfied` because of `fail`. Requirements of a framework are
properties and never targets: no control of ours says that one is satisfied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import ControlStatus, Status
from auditor.core.rollup import ControlResult
from auditor.core.times import format_instant
from auditor.errors import UsageError
from auditor.render import oscal_common as common
from auditor.render.inert import markdown_text
from auditor.render.oscal_common import Part, uid
from auditor.render.view.judged import Judged, judged, requirements_of
from auditor.render.view.words import count_line, plural

_PLAN = "policy"


@dataclass(frozen=True, slots=True)
class OscalResultsRenderer:
    """One `assessment-results` document in JSON."""

    name: str = "oscal-results"
    suffix: str = ".oscal-results.json"
    media_type: str = "application/json"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The document.

        Raises:
            UsageError: The run has no control; OSCAL cannot say that nothing was reviewed.
        """
        del proof  # it goes beside the document
        if not assessment.controls:
            raise UsageError(
                "the run has no control, and OSCAL assessment results must name what was reviewed",
                hint="--format json says what there is",
            )
        content = {
            "uuid": uid("results", assessment.run, assessment.verdicts_digest),
            "metadata": common.metadata(assessment, "Assessment results"),
            "import-ap": {"href": f"#{uid(_PLAN, assessment.policy_digest)}"},
            "results": [_result(assessment, list(judged(assessment)))],
            "back-matter": {"resources": [_policy(assessment)]},
        }
        return common.document("assessment-results", content)


def _policy(assessment: Assessment) -> Part:
    """What stands for the assessment plan: the recorded controls, parameters and scope."""
    return {
        "uuid": uid(_PLAN, assessment.policy_digest),
        "title": "Policy of the run: controls, parameters, targets",
        "description": "Recorded in the log before anything was read.",
        **common.props([("digest", assessment.policy_digest)]),
    }


def _result(assessment: Assessment, items: Sequence[Judged]) -> Part:
    times = common.read_at(assessment)
    now = format_instant(assessment.now)
    own: dict[str, list[str]] = {}
    observations = []
    for item in items:
        at = times.get((item.finding.target, item.finding.resource_type), now)
        observations.append(common.observation(assessment, item, at))
        own.setdefault(item.finding.control, []).append(str(observations[-1]["uuid"]))
    findings = [_finding(assessment, r, own.get(r.control.id, ())) for r in assessment.controls]
    return {
        "uuid": uid("result", assessment.run, assessment.verdicts_digest),
        "title": markdown_text(f"Run {assessment.run}"),
        "description": markdown_text(
            f"{count_line(assessment.counts)}; not tested: "
            f"{plural(len(assessment.not_tested), 'check')}"
        ),
        "start": now,
        "end": format_instant(assessment.finished_at),
        **common.props([(f"count-{name}", str(n)) for name, n in assessment.counts.items()]),
        "local-definitions": _definitions(assessment, items),
        "reviewed-controls": _reviewed(assessment),
        **common.some("observations", observations),
        "findings": findings,
    }


def _definitions(assessment: Assessment, items: Sequence[Judged]) -> Part:
    tool = common.tool_component(assessment)
    platform = {
        "uuid": uid("platform", assessment.run),
        "title": "auditor",
        "uses-components": [{"component-uuid": tool["uuid"]}],
    }
    return {
        **common.some("components", [common.target_component(t) for t in assessment.targets]),
        **common.some("inventory-items", common.inventory(items)),
        "assessment-assets": {"components": [tool], "assessment-platforms": [platform]},
    }


def _reviewed(assessment: Assessment) -> Part:
    controls = [{"control-id": result.control.id} for result in assessment.controls]
    return {
        "description": "Controls of the organisation; the requirements that they are mapped to "
        "are properties of the findings.",
        "control-selections": [{"include-controls": controls}],
    }


def _finding(assessment: Assessment, result: ControlResult, observations: Sequence[str]) -> Part:
    control = result.control
    requirements = [("requirement", requirement) for requirement in requirements_of(control)]
    return {
        "uuid": uid("finding", assessment.run, control.id),
        "title": markdown_text(control.title),
        "description": markdown_text(control.statement),
        **common.props([("status", result.status.value), *requirements]),
        "origins": [common.origin()],
        "target": {
            "type": "objective-id",
            "target-id": control.id,
            "status": target_status(result),
        },
        **common.some("related-observations", [{"observation-uuid": own} for own in observations]),
    }


def target_status(result: ControlResult) -> Mapping[str, str]:
    """State, reason and remarks of a control: satisfied only when nothing is left open."""
    remarks = _remarks(result)
    if result.status is ControlStatus.FAIL:
        return {"state": "not-satisfied", "reason": "fail", "remarks": remarks}
    clean = result.status is ControlStatus.PASS and not result.counts[Status.WAIVED]
    if clean and not result.not_tested:
        return {"state": "satisfied", "reason": "pass", "remarks": remarks}
    return {"state": "not-satisfied", "reason": "other", "remarks": remarks}


def _remarks(result: ControlResult) -> str:
    missing = "; ".join(f"{item.check} not tested: {item.reason}" for item in result.not_tested)
    found = f"Findings: {count_line(result.counts)}"
    return markdown_text(f"{found}; {missing}" if missing else found)
