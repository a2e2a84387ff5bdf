"""Rotation and revocation of keys: an entry in the log, then trust policy and `auditor.yaml`.

(1) the entry, signed by both keys or by a key in force, under a checkpoint, (2) a certificate for
a new run key, (3) the trust policy, (4) `keys` in auditor.yaml. What is cut off between two of them
is completed by the same command: each step is left out where it is done already. Until then
verification names the entry that a signature contradicts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from auditor.app.log import open_log
from auditor.app.project import Project, load_trust
from auditor.app.signing_keys.files import replace_file, set_key_place, write_trust
from auditor.app.signing_keys.listing import log_history, renew_certificate, with_authority
from auditor.attest.key_record import recorded_key_id, sign_record
from auditor.attest.signing import note_key
from auditor.attest.trust import LogKey, NamedKey, TrustPolicy, Validity
from auditor.core.times import format_instant
from auditor.errors import UsageError
from auditor.keys.certificate import certified_key_id
from auditor.keys.opened import OpenKey
from auditor.ledger.entries import KeyRecord
from auditor.ledger.note import NoteKey
from auditor.store.interface import LogAppender

Clock = Callable[[], datetime]
Use = Literal["run", "log"]
V = TypeVar("V", bound=Validity)
MAX_RUN = timedelta(hours=24)
"""How long a run without an end is taken to be going on still."""
_MIN_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Change:
    """What was done.

    Args:
        entry: Index of the `key` entry.
        key_id: Of the new key, or of the one that is revoked.
        said: Lines for people: what was written, and what is left to do by hand.
    """

    entry: int
    key_id: str
    said: tuple[str, ...]


def rotate(
    project: Project,
    use: Use,
    new: OpenKey,
    place: str,
    clock: Clock,
    *,
    reason: str = "",
    despite_open_runs: bool = False,
) -> Change:
    """Let another key take the place of the one in use.

    Args:
        new: The key that takes over.
        place: How auditor.yaml is to name it.
        despite_open_runs: Do not wait for runs that seem to be going on.

    Raises:
        UsageError: It is the key in use, or a run is going on.
        ConfigError: A key or the trust policy cannot be used.
        AuditorError: The log refuses.
    """
    old = project.run_key() if use == "run" else project.log_key()
    if new.key_id == old.key_id:
        raise UsageError(f"{place} is the {use} key in use already", hint="auditor keys list")
    trust = load_trust(project.trust_folder)
    if not despite_open_runs:
        _refuse_open_runs(project, clock())
    entry, since = _log_rotation(project, use, (old, new), clock, reason)
    said = [f"entry {entry} of the log: the {use} key {new.key_id[:16]} replaces {old.key_id[:16]}"]
    pem = ""
    if use == "run":
        pem, note = renew_certificate(project, new, clock())
        said += [note] if note else []
    if pem:
        replace_file(project.loaded.path(project.loaded.config.keys.certificate), pem.encode())
        trust = with_authority(trust, pem, new)
    trust = _rotated_trust(trust, use, (old, new), since, project.origin)
    said.append(f"wrote {write_trust(project.trust_folder, trust)}: give it to your auditor anew")
    line = set_key_place(project.loaded, use, place)
    name = project.loaded.source.name
    said.append(f"write into {name} yourself:  {line}" if line else f"changed keys.{use} in {name}")
    return Change(entry, new.key_id, tuple(said))


def revoke(project: Project, wanted: str, since: datetime, reason: str, clock: Clock) -> Change:
    """Say that a key does not count from a time on, because others may have it.

    Args:
        wanted: Beginning of the key's id, or its vkey.
        since: From when on it may have been in other hands; not in the future.

    Raises:
        UsageError: No or more than one such key, it is still in use, or the time is to come.
        ConfigError: A key or the trust policy cannot be used.
        AuditorError: The log refuses.
    """
    if since > clock():
        raise UsageError(
            f"{format_instant(since)} is still to come",
            hint="say from when on it may have been in other hands; now is the latest",
        )
    trust = load_trust(project.trust_folder)
    use, text, name = _find(project, trust, wanted)
    signer = project.run_key() if use == "run" else project.log_key()
    if signer.key_id == name:
        raise UsageError(
            f"{name[:16]} is the {use} key in use, and nothing could be signed without it",
            hint=f"first: auditor keys new FILE && auditor keys rotate {use} --new FILE",
        )
    record = KeyRecord(use=use, action="revoke", key=text, since=since, reason=reason)
    with _open(project, clock) as log:
        log.commit()  # what a crash left in the journal may be this very entry
        entry = _same(project, record)
        if entry is None:
            entry = log.append(sign_record(record, signer))
            log.commit()
    at = format_instant(since)
    said = [f"entry {entry} of the log: the {use} key {name[:16]} is revoked since {at}"]
    revoked = _ended(trust, use, name, "revoked_at", since)
    if revoked == trust:
        said.append("the trust policy does not name the key, or says so already")
    else:
        path = write_trust(project.trust_folder, revoked)
        said.append(f"wrote {path}: give it to your auditor anew")
    return Change(entry, name, tuple(said))


def _log_rotation(
    project: Project, use: Use, keys: tuple[OpenKey, OpenKey], clock: Clock, reason: str
) -> tuple[int, datetime]:
    """The entry of the rotation, under a checkpoint: its index, and since when it holds."""
    old, new = (_text(project, use, key) for key in keys)
    with _open(project, clock, keys if use == "log" else None) as log:
        log.commit()  # what a crash left in the journal may be this very entry
        for entry in project.store.entries():
            body = entry.body
            if not isinstance(body, KeyRecord) or body.action != "rotate" or body.use != use:
                continue
            if body.replaces == old and body.key == new:
                return entry.index, body.since
            if body.replaces == old or body.key == new:
                raise UsageError(
                    f"entry {entry.index} rotates the {use} key otherwise",
                    hint="auditor keys list; auditor ledger show has the entry",
                )
        record = KeyRecord(
            use=use, action="rotate", key=new, replaces=old, since=clock(), reason=reason
        )
        index = log.append(sign_record(record, *keys))
        log.commit()
    return index, record.since


def _open(
    project: Project, clock: Clock, keys: tuple[OpenKey, OpenKey] | None = None
) -> AbstractContextManager[LogAppender]:
    """The log for writing; `keys` are those before and after a rotation of its own key."""
    if keys is None:
        return open_log(project, clock)
    old, new = keys
    return open_log(project, clock, key=new, replaced=old)


def _text(project: Project, use: Use, key: OpenKey) -> str:
    """How a `key` entry names a key."""
    return key.note_key(project.origin).vkey if use == "log" else key.public_key


def _refuse_open_runs(project: Project, now: datetime) -> None:
    """A run that is going on would end with the old key, after that key was replaced."""
    for run in project.store.runs(limit=20):
        going_on = run.ended is None and run.aborted is None
        if going_on and now - run.started < MAX_RUN:
            raise UsageError(
                f"run {run.id} has no end: if it is going on, its end would be signed by a key"
                " that does not count any more",
                hint="wait for its end; --despite-open-runs where it was cut off",
            )


def _same(project: Project, record: KeyRecord) -> int | None:
    """The entry that revokes the same key since the same time, None where there is none."""
    for entry in project.store.entries():
        body = entry.body
        if not isinstance(body, KeyRecord) or body.action != "revoke":
            continue
        if (body.use, body.key, body.since) == (record.use, record.key, record.since):
            return entry.index
    return None


def _find(project: Project, trust: TrustPolicy, wanted: str) -> tuple[Use, str, str]:
    """Use, text and id of the one key of policy or log that is meant.

    Raises:
        UsageError: None, or more than one.
    """
    texts: list[tuple[Use, str]] = [("run", key.public_key) for key in trust.run_keys]
    texts += [("log", key.vkey) for key in trust.log_keys if isinstance(key.note_key, NoteKey)]
    for key in log_history(project, trust).unnamed():
        pem = key.public_key
        texts.append((key.use, pem if key.use == "run" else note_key(pem, project.origin).vkey))
    found = {}
    for use, text in texts:
        name = recorded_key_id(use, text)
        if wanted == text or (len(wanted) >= _MIN_PREFIX and name.startswith(wanted)):
            found[name] = (use, text, name)
    if len(found) != 1:
        raise UsageError(
            f"{'no key' if not found else 'more than one key'} begins with {wanted[:80]!r}",
            hint=f"auditor keys list shows the ids; give at least {_MIN_PREFIX} digits",
        )
    return next(iter(found.values()))


def _rotated_trust(
    trust: TrustPolicy, use: Use, keys: tuple[OpenKey, OpenKey], since: datetime, origin: str
) -> TrustPolicy:
    """The policy in which the old key ends and the new one begins."""
    old, new = keys
    ended = _ended(trust, use, old.key_id, "not_after", since)
    if use == "log":
        vkey = new.note_key(origin).vkey
        if any(key.vkey == vkey for key in ended.log_keys):
            return ended
        log_keys = (*ended.log_keys, LogKey(vkey=vkey, not_before=since))
        return ended.model_copy(update={"log_keys": log_keys})
    if ended.run_key(new.key_id) is not None:
        return ended
    name = f"run-{len(ended.run_keys) + 1}"
    added = NamedKey(name=name, public_key=new.public_key, not_before=since)
    return ended.model_copy(update={"run_keys": (*ended.run_keys, added)})


def _ended(trust: TrustPolicy, use: Use, name: str, field: str, time: datetime) -> TrustPolicy:
    """The policy in which a key, and its self-signed certificate, end at a time.

    Args:
        name: SHA-256 (hex) of the key.
        field: `not_after` or `revoked_at`; an earlier end that is there already stays.
    """

    def end(key: V, key_name: str) -> V:
        known: datetime | None = getattr(key, field)
        if key_name != name or (known is not None and known <= time):
            return key
        return key.model_copy(update={field: time})

    if use == "log":
        log_keys = tuple(
            end(key, recorded_key_id("log", key.vkey)) if isinstance(key.note_key, NoteKey) else key
            for key in trust.log_keys
        )
        return trust.model_copy(update={"log_keys": log_keys})
    return trust.model_copy(
        update={
            "run_keys": tuple(end(key, key.key_id) for key in trust.run_keys),
            "certificate_authorities": tuple(
                end(item, certified_key_id(item.certificate))
                for item in trust.certificate_authorities
            ),
        }
    )
