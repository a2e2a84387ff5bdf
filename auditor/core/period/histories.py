"""Episodes as the report tells them: how long, late or not, and what management says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from auditor.core.model.ident import SHORT_LENGTH, finding_id
from auditor.core.model.period_report import Closing, FindingHistory, Response
from auditor.core.period.inputs import PeriodQuestion
from auditor.core.period.items import Episode, ItemTrack

_SECOND = timedelta(seconds=1)


def histories(items: Iterable[ItemTrack], question: PeriodQuestion) -> tuple[FindingHistory, ...]:
    """Every episode of the items, in order of id, uid and time."""
    made = [_history(item, episode, question) for item in items for episode in item.episodes]
    return tuple(sorted(made, key=lambda one: (one.id, one.uid, one.fingerprint, one.last_seen)))


def unmatched(responses: Sequence[Response], found: Sequence[FindingHistory]) -> tuple[str, ...]:
    """Management responses that fit no finding: file and what they are about."""
    used = {response for one in found for response in one.responses}
    return tuple(f"{r.file}: {r.about}" for r in _ordered(responses) if r not in used)


def _history(item: ItemTrack, episode: Episode, question: PeriodQuestion) -> FindingHistory:
    closing, closed = episode.closing, episode.closed
    detail = episode.detail
    if closing is Closing.OPEN and episode.out_since is not None:
        closing, closed = Closing.OUT_OF_SCOPE, episode.out_since
        detail = "its check or target was not looked at any more; nothing shows that it is fixed"
    name = finding_id(item.control, item.check, item.target, item.key)
    # What left the scope is not known to have ended: its time goes on.
    ended = closed.now if closed and closing is not Closing.OUT_OF_SCOPE else question.end
    duration = _whole(episode.first.now, ended)
    target_time = question.remediation.get(episode.severity)
    return FindingHistory(
        fingerprint=item.fingerprint,
        id=name,
        control=item.control,
        check=item.check,
        target=item.target,
        environment=item.environment,
        resource=item.key,
        uid=item.uid,
        severity=episode.severity,
        reason=episode.reason,
        opening=episode.opening,
        first_seen=episode.first.now,
        first_run=episode.first.run,
        last_seen=episode.last.now,
        last_run=episode.last.run,
        closing=closing,
        closed_at=closed.now if closed else None,
        closing_run=closed.run if closed else "",
        closing_detail=detail,
        duration=duration,
        target_time=target_time,
        late=target_time is not None and ended - episode.first.now > target_time,
        runs=episode.runs,
        undecided_runs=episode.undecided,
        successor=episode.successor,
        evidence=episode.evidence,
        pointer=episode.pointer,
        closing_evidence=episode.closing_evidence,
        responses=tuple(
            r for r in _ordered(question.responses) if _is_about(r, item.fingerprint, name)
        ),
    )


def _whole(since: datetime, until: datetime) -> timedelta:
    """Whole seconds, never more than have passed."""
    return max(until - since, timedelta(0)) // _SECOND * _SECOND


def _is_about(response: Response, fingerprint: str, name: str) -> bool:
    is_short = len(response.about) >= SHORT_LENGTH
    return response.about == name or (is_short and fingerprint.startswith(response.about))


def _ordered(responses: Sequence[Response]) -> list[Response]:
    return sorted(responses, key=lambda r: (r.at, r.file, r.about, r.response))
