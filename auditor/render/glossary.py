"""What the words of a report mean. One text for all formats, so that no two reports disagree.

The words are those of the findings themselves (`auditor.core.model.status`). No word here is an
opinion about the organisation: that is the auditor's.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.core.model.status import Cause, ControlStatus, Outcome, Status

STATUS_LABEL: Mapping[str, str] = {
    Status.FAIL: "fail",
    Status.ERROR: "error",
    Status.MANUAL: "manual",
    Status.WAIVED: "waived",
    Status.PASS: "pass",
    Status.NOT_APPLICABLE: "not applicable",
    ControlStatus.NOT_TESTED: "not tested",
}
STATUS_MEANING: Mapping[Status, str] = {
    Status.FAIL: "An assertion was evaluated and is false.",
    Status.ERROR: (
        "Not evaluated, or not on complete evidence: access denied, throttled, timed out, "
        "unparsable, a field missing, too old. It is neither a pass nor a fail, and the reason "
        "says what to do."
    ),
    Status.MANUAL: "Waits for a signed statement of a person.",
    Status.WAIVED: (
        "Would fail, and a signed waiver in force covers exactly this resource. It stays visible "
        "and counted."
    ),
    Status.PASS: "Every assertion was evaluated and is true, on evidence complete and fresh.",
    Status.NOT_APPLICABLE: (
        "The check's condition is false for this resource, or there was nothing to judge and the "
        "check says that this may be."
    ),
}
CONTROL_MEANING = (
    "A control takes the worst status of its findings: fail, error, manual, pass; a waived finding "
    "counts as pass and is stated. A control without any finding is not tested."
)
REQUIREMENT_LABEL: Mapping[str, str] = {
    "deviations": "deviations",
    "undecided": "undecided",
    "partly_tested": "partly tested",
    "tested": "no deviation",
    "not_applicable": "not applicable",
    "not_tested": "not tested",
    "no_control": "not tested: no control",
}
REQUIREMENT_MEANING: Mapping[str, str] = {
    "deviations": "At least one finding of a control mapped to it fails.",
    "undecided": "None fails, and at least one is in error or waits for a person.",
    "partly_tested": "What was tested shows no deviation; some mapped controls were not tested.",
    "tested": "Every mapped control was tested and no finding fails. This does not say that the "
    "requirement is met: the controls may cover only a part of it.",
    "not_applicable": "Controls are mapped, and there was nothing for them to judge.",
    "not_tested": "Controls are mapped, and none of them was tested.",
    "no_control": "No control in this run is mapped to it. Nothing is known from this report.",
}
OUTCOME_MEANING: Mapping[Outcome, str] = {
    Outcome.OK: "everything was evaluated, and nothing fails at or above the threshold",
    Outcome.FAILING: "everything was evaluated, and something fails",
    Outcome.INCOMPLETE: "some findings could not be decided on the evidence there is",
    Outcome.NOTHING_EVALUATED: "nothing was evaluated",
    Outcome.USAGE: "usage or configuration error",
    Outcome.INTEGRITY: "the integrity of the evidence is in doubt",
}
CAUSE_REMEDY: Mapping[Cause, tuple[str, str]] = {
    Cause.DENIED: ("access was denied", "grant the missing permission to the reader"),
    Cause.THROTTLED: ("the system limited the rate", "scan again, with a lower rate"),
    Cause.TIMEOUT: ("no answer in time", "scan again; raise the time-out if it recurs"),
    Cause.UNREACHABLE: ("no connection", "check address, route and firewall"),
    Cause.EXPIRED_CREDENTIALS: ("the credentials have expired", "renew them and scan again"),
    Cause.TRUNCATED: ("the answer stopped before its end", "scan again"),
    Cause.UNPARSABLE: ("the answer could not be read", "look at the recorded evidence"),
    Cause.NOT_SUPPORTED: ("the system does not offer it", "take the target out of scope"),
    Cause.VANISHED: ("it was listed and then gone", "scan again"),
    Cause.PROBE_NOT_ALLOWED: ("it needs an active probe", "scan with --allow-probes"),
    Cause.LIMIT: ("a limit of this run was reached", "raise the limit and scan again"),
    Cause.INTERNAL: ("a defect of this program", "report it with the run's id"),
    Cause.NOT_COLLECTED: (
        "nothing was collected for it",
        "say in auditor.yaml what it reads, and scan with this check selected",
    ),
    Cause.OTHER_TARGET: ("the evidence is of something else", "scan again"),
    Cause.STALE: ("the evidence is too old", "scan again"),
    Cause.FUTURE: ("the evidence is dated in the future", "compare the clocks"),
    Cause.MISSING_FIELD: ("a field is absent", "look at the recorded evidence"),
    Cause.TYPE_ERROR: ("a value has another type", "mend the check's expression"),
    Cause.EXPRESSION: ("the expression ended in an error", "mend the check's expression"),
    Cause.ENGINE_CANNOT: ("this engine cannot evaluate it", "scan with the engine `cel`"),
    Cause.DUPLICATE_KEY: ("two resources have one key", "make the check's key unique"),
    Cause.INCOMPLETE: ("the population is incomplete", "close the gaps and scan again"),
    Cause.EMPTY: ("there were no resources", "check the target and what the reader may see"),
    Cause.DEPENDENCY: ("a check that it depends on is undecided", "settle that one first"),
    Cause.NOT_DECLARED: (
        "a declaration cannot show it",
        "judge the living system as well",
    ),
    Cause.KNOWN_AFTER_APPLY: (
        "the plan does not know it before it is applied",
        "judge the living system after it",
    ),
    Cause.NOT_ATTESTED: ("it waits for a person's statement", "attest it: auditor attest"),
    Cause.SECRET: ("the value held a secret and was not kept", "take the secret out of there"),
    Cause.REDACTED: ("a personal value was withheld or erased", "ask who holds the disclosures"),
}
CAUSE_LABEL: Mapping[Cause, str] = {cause: cause.value.replace("_", " ") for cause in Cause}
LIMITS: tuple[str, ...] = (
    "This document states what was tested, on which systems, at which moment, and what was found.",
    "It expresses no opinion and gives no assurance. The opinion is the auditor's.",
    "A finding describes one resource when its evidence was read, not the time before or after.",
    "A requirement may ask for more than its controls test; known gaps stand with the mapping.",
    "What is marked not tested has not been looked at.",
    "What could not be read is listed, and was counted as error, never as pass.",
    "The systems were believed: a system that lies about itself is not found out by reading it.",
)
METHOD: tuple[str, ...] = (
    "Controls, checks and parameters were recorded in the log before anything was read.",
    "Systems were read with the identity named here; requests, times and counts are evidence.",
    "The recorded evidence was judged without any access, at one moment, by each assertion.",
    "The same evidence and controls, judged again by anybody, must give the same findings.",
    "Evidence and verdicts are named by SHA-256 digests in an append-only log.",
    "Compare the head of the log printed here with one that you kept, or with a witness.",
)
