"""A witness: cosigns checkpoints of other people's logs, and never one that rewrites the last.

Keeps, for each log, the checkpoint that it cosigned last, as a signed note in a folder. Comparing
with it and replacing it happen under one lock, across threads and processes, and the new one is on
disk before the cosignature leaves. The rules are `ledger.add_checkpoint`'s; asking over HTTP is
`witness_server`'s matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.attest.signing import Algorithm, Signer
from auditor.attest.trust import log_note_key
from auditor.attest.witness import cosigner_key
from auditor.errors import ConfigError, LedgerError, StoreError, UndecidableError, VerificationError
from auditor.keys.file import generate_key
from auditor.ledger.add_checkpoint import (
    AddCheckpoint,
    LogKeys,
    Refusal,
    check_signer,
    is_signed,
    judge,
)
from auditor.ledger.checkpoint import SignedCheckpoint
from auditor.ledger.cosignature import CosignerKey, cosign, verify_cosignature
from auditor.ledger.note import (
    MAX_NOTE,
    MAX_VKEY,
    Note,
    NoteKey,
    NoteSignature,
    SignBytes,
    check_key_name,
)
from auditor.store.files import make_folders, store_errors, write_file
from auditor.store.lock import exclusive_lock

Clock = Callable[[], datetime]
LOCK = "lock"
LOCK_TIMEOUT_S = 10.0
_LOG_HINT = "--log VKEY: the log's owner has it in log_keys of trust/policy.json"


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A key that cosigns: its public half under the witness's name, and what signs with it."""

    key: CosignerKey
    sign: SignBytes


class Witness:
    """A witness with its memory.

    Args:
        state: Folder of its own; made when something is first cosigned.
        cosigners: Its keys; each gives a line. At least one.
        logs: Origins that it watches, with the keys that sign each log.
        clock: UTC.
    """

    def __init__(
        self,
        state: Path,
        cosigners: Sequence[Cosigner],
        logs: Mapping[str, LogKeys],
        clock: Clock,
    ) -> None:
        self._state = state
        self._cosigners = tuple(cosigners)
        self._logs = logs
        self._clock = clock

    @property
    def vkeys(self) -> list[str]:
        """The public keys, as text."""
        return [item.key.vkey for item in self._cosigners]

    def add(self, request: AddCheckpoint) -> tuple[NoteSignature, ...] | Refusal:
        """Cosign a checkpoint that continues the last one; on disk before this returns.

        Raises:
            StoreError: The state cannot be read, is damaged or cannot be written.
        """
        refusal = check_signer(request, self._logs)
        if refusal is not None:  # before the lock: strangers do not hold up those who sign
            return refusal
        with store_errors(str(self._state)):
            make_folders(self._state, self._state)
        with exclusive_lock(self._state / LOCK, LOCK_TIMEOUT_S):
            last = self.last(request.signed.checkpoint.origin)
            refusal = judge(request, self._logs, last.checkpoint if last else None)
            if refusal is not None:
                return refusal
            return self._cosign(request.signed, last)

    def last(self, origin: str) -> SignedCheckpoint | None:
        """The checkpoint of a log that was cosigned last, None before the first.

        Raises:
            StoreError: It cannot be read, or is not what was written: never taken for "none".
        """
        path = _path(origin)
        with store_errors(path):
            try:
                with (self._state / path).open("rb") as file:
                    data = file.read(MAX_NOTE + 1)
            except FileNotFoundError:
                return None
        try:
            signed = SignedCheckpoint.parse(data)
        except VerificationError as error:
            raise self._damaged(path, error.message) from error
        if signed.checkpoint.origin != origin or not self._is_own(signed):
            raise self._damaged(path, "not signed by this witness or the log")
        return signed

    def _cosign(
        self, signed: SignedCheckpoint, last: SignedCheckpoint | None
    ) -> tuple[NoteSignature, ...]:
        # What was said of a time is not unsaid: the clock does not go back behind it.
        now = max([self._clock(), *(self._times(last) if last else ())])
        lines = tuple(
            cosign(signed.checkpoint, item.key, item.sign, now) for item in self._cosigners
        )
        keys = {(key.name, key.key_id) for key in self._logs[signed.checkpoint.origin]}
        kept = (line for line in signed.note.signatures if (line.name, line.key_id) in keys)
        note = Note(signed.note.text, (*kept, *lines))
        write_file(self._state, _path(signed.checkpoint.origin), note.to_bytes())
        return lines

    def _times(self, signed: SignedCheckpoint) -> list[datetime]:
        """When a checkpoint was cosigned by the keys of today."""
        times: list[datetime] = []
        for item in self._cosigners:
            try:
                times.append(verify_cosignature(signed, item.key))
            except (VerificationError, UndecidableError):
                continue  # cosigned by an earlier key of this witness
        return times

    def _is_own(self, signed: SignedCheckpoint) -> bool:
        """Signed by a key of this witness, or, where those have changed, by one of the log."""
        by_log = is_signed(signed, self._logs.get(signed.checkpoint.origin, ()))
        return by_log or bool(self._times(signed))

    def _damaged(self, path: str, message: str) -> StoreError:
        return StoreError(
            f"the witness's memory is damaged: {message}",
            hint="put it back from a copy; a witness that forgot would cosign a rewritten log",
            where=str(self._state / path),
        )


def witnessed_logs(vkeys: Sequence[str]) -> dict[str, LogKeys]:
    """The logs that are watched, by origin: the name of their keys.

    Raises:
        ConfigError: No key, or one that is no log's.
    """
    logs: dict[str, list[NoteKey | CosignerKey]] = {}
    for vkey in vkeys:
        try:
            key = log_note_key(vkey)
        except LedgerError as error:
            raise ConfigError(error.message, hint=_LOG_HINT) from error
        logs.setdefault(key.name, []).append(key)
    if not logs:
        raise ConfigError("no log to watch was given", hint=_LOG_HINT)
    return {origin: tuple(keys) for origin, keys in logs.items()}


def new_cosigner(
    name: str, key: Path, algorithm: Algorithm, passphrase: bytes | None = None
) -> str:
    """Make a key to cosign with and write its name beside it; gives the vkey.

    Args:
        name: Of the witness, or of the log whose second key it is.
        key: File that does not exist yet.
        passphrase: Encrypts the key; None leaves it plain.

    Raises:
        ConfigError: The name cannot stand in a signature line, or a file exists or cannot be
            written.
    """
    path = vkey_path(key)
    try:
        check_key_name(name)
    except LedgerError as error:
        raise ConfigError(error.message, hint=error.hint) from error
    if path.exists() or path == key:
        raise ConfigError("a file is there already", hint="name another file", where=str(path))
    signer = generate_key(key, algorithm, passphrase)
    vkey = cosigner_key(signer.public_key, name).vkey
    with store_errors(str(path)):
        path.write_text(f"{vkey}\n", "ascii")
    return vkey


def vkey_path(key: Path) -> Path:
    """The file beside a private key that says under which name it cosigns."""
    return key.with_suffix(".vkey")


def load_cosigner(key: Path, signer: Signer) -> Cosigner:
    """A private key with the name that the file beside it gives it.

    Raises:
        ConfigError: There is no such file, or it is of another key.
    """
    path = vkey_path(key)
    try:
        text = path.read_bytes()[: MAX_VKEY + 2].decode("ascii").strip()
        public = CosignerKey.parse(text)
    except (OSError, UnicodeDecodeError, LedgerError) as error:
        raise ConfigError(
            f"the name of the key is not known: {error}",
            hint="auditor witness new writes it beside the key, in a file .vkey",
            where=str(path),
        ) from error
    if cosigner_key(signer.public_key, public.name) != public:
        raise ConfigError("this is the name of another key", where=str(path))
    return Cosigner(public, signer.sign)


def _path(origin: str) -> str:
    return f"logs/{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"
