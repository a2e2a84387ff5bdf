"""Time-stamps of other parties (RFC 3161) over the signatures of statements.

`stamp` asks while a run is made: its tokens go into the bundle. Where nobody answers, the run stays
untimed, is shown so, and waits: the runs without a token are the spool. `stamp_late` asks for them
at the next run, or when it is told to; `write_requests` and `read_responses` carry the questions
and answers of a machine that has no network. No failure here ends a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from auditor.app.project import Project, load_trust
from auditor.app.timestamps.client import ask_all
from auditor.app.timestamps.spool import (
    RESPONSE,
    Clock,
    Progress,
    UntimedRun,
    keep_tokens,
    untimed_runs,
)
from auditor.attest.bundle import MAX_TIMESTAMPS
from auditor.attest.steps_times import CLOCK_TOLERANCE
from auditor.attest.timestamp_token import MAX_TOKEN, parse_token
from auditor.attest.timestamps import make_request, verify_timestamp
from auditor.attest.trust import Authority
from auditor.core.times import format_instant
from auditor.errors import (
    AuditorError,
    ConfigError,
    UndecidableError,
    UsageError,
    VerificationError,
)

AT_ONCE = 50
"""How many runs are stamped late at one go."""
_LOOKED_AT = 100  # the newest runs, when a scan looks for untimed ones
_REQUEST = ".tsq"


@dataclass(slots=True)
class LateStamps:
    """What came of stamping late.

    Args:
        stamped: Runs that have a token now.
        left: How many untimed runs there still are, of those that were looked at.
    """

    stamped: list[str] = field(default_factory=list)
    left: int = 0


def stamp(
    project: Project, signature: bytes, progress: Progress, *, clock: Clock
) -> tuple[bytes, ...]:
    """One token (DER) of each authority of `timestamping` that answers; none is no error."""
    urls = project.loaded.config.timestamping
    if len(urls) > MAX_TIMESTAMPS:
        progress(f"only the first {MAX_TIMESTAMPS} of {len(urls)} time-stamp authorities are asked")
    earliest = clock() - CLOCK_TOLERANCE
    tokens = _ask(project, urls[:MAX_TIMESTAMPS], signature, earliest, clock, progress)
    if urls and not tokens:
        progress("this run is untimed: auditor ledger timestamp asks again, and so does a next run")
    return tuple(tokens.values())


def stamp_late(project: Project, progress: Progress, *, clock: Clock, skip: str = "") -> None:
    """Have the newest runs stamped that have no time-stamp yet, and note the tokens in the log.

    Args:
        skip: A run for which nobody is asked: the one that was made just now.
    """
    if not project.loaded.config.timestamping:
        return
    try:
        found = untimed_runs(project.store, progress, limit=_LOOKED_AT)
        waiting = [item for item in found if item.run != skip]
        result = stamp_runs(project, waiting, progress, clock=clock)
    except AuditorError as error:  # the run itself is complete and stays so
        progress(f"late time-stamps: {error}")
        return
    if result.stamped or result.left:
        progress(f"{len(result.stamped)} older runs time-stamped late, {result.left} still untimed")


def stamp_runs(
    project: Project, waiting: Sequence[UntimedRun], progress: Progress, *, clock: Clock
) -> LateStamps:
    """Ask the authorities for runs that have none.

    One that gives no token is not asked for the other runs: each could take the whole time that is
    waited for. When none is left, the rest waits for another day.
    """
    urls: Sequence[str] = project.loaded.config.timestamping
    if not urls:
        raise UsageError(
            "`timestamping` of auditor.yaml names no authority",
            hint="docs/reference/time-stamps.md",
        )
    tokens: dict[str, list[bytes]] = {}
    for item in waiting[:AT_ONCE]:
        earliest = item.begun - CLOCK_TOLERANCE
        found = _ask(project, urls, item.signature, earliest, clock, progress)
        if not found:
            break
        tokens[item.run] = list(found.values())
        urls = list(found)
    keep_tokens(project, tokens, clock=clock)
    return LateStamps(list(tokens), len(waiting) - len(tokens))


def write_requests(waiting: Iterable[UntimedRun], folder: Path) -> list[Path]:
    """Write a request (DER of TimeStampReq) for each run, to be carried to where a network is."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for item in waiting:
        path = folder / f"{item.run}{_REQUEST}"
        path.write_bytes(make_request(item.signature).data)
        written.append(path)
    return written


def read_responses(
    project: Project,
    waiting: Sequence[UntimedRun],
    folder: Path,
    progress: Progress,
    *,
    clock: Clock,
) -> LateStamps:
    """Take the answers (`RUN.tsr`) that a folder has for runs without a token."""
    authorities = _authorities(project)
    tokens: dict[str, list[bytes]] = {}
    for item in waiting:
        path = folder / f"{item.run}{RESPONSE}"
        if not path.is_file():
            continue
        with path.open("rb") as file:
            token = file.read(MAX_TOKEN + 1)
        earliest, latest = item.begun - CLOCK_TOLERANCE, clock() + CLOCK_TOLERANCE
        problem = _problem(token, item.signature, earliest, latest, authorities)
        if problem.refused:
            progress(f"{path} is not taken: {problem.text}")
            continue
        if problem.text:
            progress(f"{path}: {problem.text}")
        tokens[item.run] = [token]
    keep_tokens(project, tokens, clock=clock)
    return LateStamps(list(tokens), len(waiting) - len(tokens))


@dataclass(frozen=True, slots=True)
class _Problem:
    """What verification would say of a token; refused where it would be called bad."""

    text: str = ""
    refused: bool = False


def _ask(
    project: Project,
    urls: Sequence[str],
    signature: bytes,
    earliest: datetime,
    clock: Clock,
    progress: Progress,
) -> dict[str, bytes]:
    """The tokens that may be kept, by the address that gave them."""
    if not urls:
        return {}
    authorities = _authorities(project)
    tokens = {}
    for answer in ask_all(urls, signature):
        if answer.token is None:
            progress(f"time-stamp authority {answer.url}: {answer.problem}")
            continue
        latest = clock() + CLOCK_TOLERANCE
        problem = _problem(answer.token, signature, earliest, latest, authorities)
        if problem.text:
            progress(f"time-stamp authority {answer.url}: {problem.text}")
        if not problem.refused:
            tokens[answer.url] = answer.token
    return tokens


def _problem(
    data: bytes,
    signature: bytes,
    earliest: datetime,
    latest: datetime,
    authorities: Sequence[Authority],
) -> _Problem:
    """A token that would be called bad for ever is better not kept."""
    try:
        token = parse_token(data)
        token.check_imprint(signature)
        if not earliest <= token.time <= latest:
            said, ours = format_instant(token.time), format_instant(latest - CLOCK_TOLERANCE)
            return _Problem(f"it says {said}, at {ours} by our clock", refused=True)
        verify_timestamp(data, signature, authorities)
    except VerificationError as error:
        return _Problem(error.message, refused=True)
    except UndecidableError as error:
        return _Problem(f"kept, but {error.message} (`timestamp_authorities` of the trust policy)")
    return _Problem()


def _authorities(project: Project) -> Sequence[Authority]:
    """Those of our own trust policy; none where there is no policy."""
    try:
        return load_trust(project.trust_folder).timestamp_authorities
    except ConfigError:
        return ()  # then each token is kept with the word that nobody can check it yet
