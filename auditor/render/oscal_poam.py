"""OSCAL plan of action and milestones (NIST, 1.2): an item for everything that is no pass.

What fails is an open risk; what is in error, waits for a person or was not tested is under
investigation, for nobody knows; what is waived is an approved deviation that ends with its waiver.
An item keeps its UUID from run to run as long as its finding is the same, so that a plan can be
followed. Milestones and dates are the organisation's to add; only a waiver has one here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.core.model.status import Status
from auditor.core.model.waiver import Waiver
from auditor.core.times import format_instant
from auditor.render import oscal_common as common
from auditor.render.inert import markdown_text
from auditor.render.oscal_common import Part, uid
from auditor.render.view.judged import OPEN, Judged, judged, status_sentence
from auditor.render.view.words import count_line

_RISK = {
    Status.FAIL: "open",
    Status.ERROR: "investigating",
    Status.MANUAL: "investigating",
    Status.WAIVED: "deviation-approved",
}
_RFC4122 = "http://datatracker.ietf.org/doc/html/rfc4122"


@dataclass(frozen=True, slots=True)
class OscalPoamRenderer:
    """One `plan-of-action-and-milestones` document in JSON."""

    name: str = "oscal-poam"
    suffix: str = ".oscal-poam.json"
    media_type: str = "application/json"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The document; items worst first, then checks that were not tested."""
        del proof  # it goes beside the document
        items = [i for i in judged(assessment, worst_first=True) if i.finding.status in OPEN]
        waivers = {signed.waiver.id: signed.waiver for signed in assessment.waivers}
        times, now = common.read_at(assessment), format_instant(assessment.now)
        observations = [
            common.observation(
                assessment, i, times.get((i.finding.target, i.finding.resource_type), now)
            )
            for i in items
        ]
        risks = [_risk(assessment, item, waivers.get(item.finding.waiver)) for item in items]
        poam = [_item(assessment, item) for item in items]
        poam += [_not_tested(missing) for missing in assessment.not_tested]
        content = {
            "uuid": uid("poam", assessment.run, assessment.verdicts_digest),
            "metadata": common.metadata(assessment, "Plan of action and milestones"),
            "system-id": {
                "identifier-type": _RFC4122,
                "id": uid("organisation", assessment.organisation),
            },
            "local-definitions": _definitions(assessment, items),
            **common.some("observations", observations),
            **common.some("risks", risks),
            "poam-items": poam or [_nothing(assessment)],
        }
        return common.document("plan-of-action-and-milestones", content)


def _definitions(assessment: Assessment, items: Sequence[Judged]) -> Part:
    targets = [common.target_component(target) for target in assessment.targets]
    return {
        "components": [common.tool_component(assessment), *targets],
        **common.some("inventory-items", common.inventory(items)),
    }


def _risk(assessment: Assessment, item: Judged, waiver: Waiver | None) -> Part:
    finding, honoured = item.finding, item.finding.status is Status.WAIVED
    severity = {
        "name": "severity",
        "system": common.NAMESPACE,
        "value": finding.severity.value,
    }
    remedy = {
        "uuid": uid("remediation", finding.fingerprint),
        "lifecycle": "recommendation",
        "title": "What the control recommends",
        "description": markdown_text(item.check.remediation.text),
    }
    return {
        "uuid": _risk_uuid(assessment, item),
        "title": markdown_text(f"{item.check.title} [{item.subject}]"),
        "description": markdown_text(status_sentence(finding)),
        "statement": markdown_text(item.control.statement),
        **common.props(common.finding_facts(item)),
        "status": _RISK[finding.status],
        "origins": [common.origin()],
        "characterizations": [{"origin": common.origin(), "facets": [severity]}],
        **(_mitigation(waiver) if waiver and honoured else {}),
        "remediations": [remedy],
        **_related(assessment, item),
    }


def _mitigation(waiver: Waiver) -> Part:
    """What stands in for the control until the waiver ends."""
    factors = [
        {"uuid": uid("mitigation", waiver.id, text), "description": markdown_text(text)}
        for text in waiver.compensating
    ]
    return {
        **common.some("mitigating-factors", factors),
        "deadline": format_instant(waiver.expires),
    }


def _item(assessment: Assessment, item: Judged) -> Part:
    return {
        # The reason tells two findings of one key apart, which are errors that differ in it.
        "uuid": _item_uuid(item),
        "title": markdown_text(f"{item.check.title} [{item.subject}]"),
        "description": markdown_text(status_sentence(item.finding)),
        **common.props(common.finding_facts(item)),
        "origins": [common.origin()],
        **_related(assessment, item),
        "related-risks": [{"risk-uuid": _risk_uuid(assessment, item)}],
    }


def _item_uuid(item: Judged) -> str:
    finding = item.finding
    reason = finding.reason if finding.status is Status.ERROR else ""
    return uid("item", finding.fingerprint, reason)


def _risk_uuid(assessment: Assessment, item: Judged) -> str:
    return uid("risk", assessment.run, item.finding.fingerprint, item.finding.reason)


def _related(assessment: Assessment, item: Judged) -> Mapping[str, object]:
    own = common.observation_uuid(assessment, item.finding)
    return {"related-observations": [{"observation-uuid": own}]}


def _not_tested(missing: NotTested) -> Part:
    path = f"{missing.control}/{missing.check}"
    return {
        "uuid": uid("not-tested", path),
        "title": markdown_text(f"Not tested: {path}"),
        "description": markdown_text(f"Nothing was judged: {missing.reason}"),
        **common.props([("status", "not_tested"), ("check", path)]),
        "origins": [common.origin()],
    }


def _nothing(assessment: Assessment) -> Part:
    """A plan without any item is not valid, so the absence of them is said in one."""
    return {
        "uuid": uid("nothing-open", assessment.run),
        "title": markdown_text(f"No open item in run {assessment.run}"),
        "description": markdown_text(f"Findings: {count_line(assessment.counts)}"),
        **common.props([("status", "none"), ("outcome", assessment.outcome.value)]),
        "origins": [common.origin()],
    }
