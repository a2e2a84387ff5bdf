"""Asking for a waiver: what it would cover in the newest run, and the file of the request.

A request lies in `requested/` below the folder of waivers, where nothing honours it. Approving
makes a signed waiver of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import yaml

from auditor.app.assess import load_observations, load_policy
from auditor.app.engine import make_engine
from auditor.app.project import Project
from auditor.app.runs import engine_name, find_run
from auditor.catalog.source import did_you_mean
from auditor.core.evaluate import Judgement, evaluate
from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.evaluate.plan import make_plan
from auditor.core.model.finding import Finding
from auditor.core.model.policy import Policy
from auditor.core.model.status import Status
from auditor.core.model.waiver import MAX_LIFETIME, SignedWaiver, Waiver, WaiverRequest
from auditor.core.times import format_instant
from auditor.errors import ConfigError, ExpressionError, UsageError

REQUESTED = "requested"
_NUMBER = re.compile(r"W-(\d{4})-(\d{3,6})", re.ASCII)
_PLACEHOLDER = "(nobody yet)"


@dataclass(frozen=True, slots=True)
class Covered:
    """What a waiver would do in a run.

    Args:
        findings: Those that would be waived.
        refused: Why it would not count there; "" when it would.
        failing: Findings of the check that fail in that run, waived or not.
    """

    run: str
    findings: tuple[Finding, ...]
    refused: str
    failing: int


def waivers_folder(project: Project) -> Path:
    """The folder of waivers.

    Raises:
        ConfigError: The configuration names none.
    """
    folder = project.loaded.config.waivers
    if folder is None:
        raise ConfigError("auditor.yaml names no folder of waivers", hint="waivers: ./waivers")
    return project.loaded.path(folder)


def check_request(project: Project, request: WaiverRequest, now: datetime) -> None:
    """Refuse what could never be approved.

    Raises:
        UsageError: Unknown check or environment, a match that does not compile, no time left, or
            longer than 180 days.
    """
    known = {f"{c.id}/{k.id}" for c in project.library.sorted_controls() for k in c.checks}
    if request.check not in known:
        raise UsageError(f"no check `{request.check}`{did_you_mean(request.check, known)}")
    environments = project.loaded.config.environments
    for name in request.environments:
        if name not in environments:
            raise UsageError(f"no environment `{name}`{did_you_mean(name, environments)}")
    try:
        project.engine.compile(request.match, RESOURCE_VARIABLES)
    except ExpressionError as error:
        raise UsageError(f"--match: {error.message}", hint=error.hint) from error
    if request.expires <= now:
        raise UsageError(f"it would end at {format_instant(request.expires)}, which has passed")
    if request.expires - now > MAX_LIFETIME:
        latest = format_instant(now + MAX_LIFETIME)
        raise UsageError(
            f"it would last longer than {MAX_LIFETIME.days} days", hint=f"--expires {latest}"
        )


def covered(project: Project, request: WaiverRequest, run: str = "latest") -> Covered:
    """What the request would waive in a recorded run: judged again as if it were approved.

    Raises:
        UsageError: There is no complete run, or it did not judge the check.
    """
    name = find_run(project.store, run)
    history = project.store.history(name)
    if history is None or history.start is None:
        raise UsageError(f"there is no run {name}", hint="auditor run list")
    policy, now = load_policy(project.store, history), history.start.now
    judged = {f"{c.id}/{k.id}" for c in policy.controls for k in c.checks}
    if request.check not in judged:
        hint = f"auditor scan --check {request.check}"
        raise UsageError(f"run {name} did not judge {request.check}", hint=hint)
    values = request.model_dump() | {
        "approved_by": _PLACEHOLDER,
        "approved_at": now,
        "expires": min(request.expires, now + MAX_LIFETIME),
    }
    as_approved = SignedWaiver(Waiver.model_validate(values), "valid")
    findings = _judged_with(project, policy, as_approved, name).findings
    own = [
        f
        for f in findings
        if f"{f.control}/{f.check}" == request.check and f.environment in request.environments
    ]
    would = tuple(f for f in own if f.waiver == request.id and f.status is Status.WAIVED)
    against = [f.reason for f in own if f.waiver == request.id and f.status is not Status.WAIVED]
    failing = sum(f.status in (Status.FAIL, Status.WAIVED) for f in own)
    return Covered(name, would, against[0] if against else "", failing)


def _judged_with(project: Project, policy: Policy, waiver: SignedWaiver, run: str) -> Judgement:
    """The run's verdicts on the waiver's control, under this waiver alone."""
    history = project.store.history(run)
    if history is None or history.start is None:
        raise UsageError(f"there is no run {run}", hint="auditor run list")
    control = waiver.waiver.check.partition("/")[0]
    controls = tuple(one for one in policy.controls if one.id == control)
    with_it = replace(policy, controls=controls, waivers=(waiver,))
    engine = make_engine(engine_name(policy))
    observations = load_observations(project.store, history, policy)
    seen = {(o.target, o.resource_type): o for o, _digest in observations}
    return evaluate(with_it, make_plan(with_it, engine), seen, history.start.now, engine)


def write_request(project: Project, request: WaiverRequest) -> Path:
    """Write the file of a request; overwrite nothing.

    Raises:
        UsageError: There is a request or a waiver of that id.
    """
    folder = waivers_folder(project)
    path = folder / REQUESTED / f"{request.id}.yaml"
    for taken in (path, folder / path.name):
        if taken.exists():
            raise UsageError(f"{taken} exists already", hint="give another --id")
    path.parent.mkdir(parents=True, exist_ok=True)
    document = request.model_dump(mode="json", exclude_defaults=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def next_id(folder: Path, now: datetime) -> str:
    """The next free id: W-2026-004."""
    names = [path.stem for path in (*folder.glob("*.yaml"), *(folder / REQUESTED).glob("*.yaml"))]
    numbers = [int(m[2]) for m in map(_NUMBER.fullmatch, names) if m and int(m[1]) == now.year]
    return f"W-{now.year}-{max(numbers, default=0) + 1:03d}"


def requests(folder: Path) -> Sequence[Path]:
    """The files of requests that wait for approval."""
    return sorted((folder / REQUESTED).glob("*.yaml"))
