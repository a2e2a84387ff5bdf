"""Making and listing keys, and certificates for the run key; `key_changes` rotates and revokes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from auditor.app.project import Project, load_trust
from auditor.app.signing_keys.files import replace_file, write_trust
from auditor.attest.key_history import KeyHistory, KnownKey
from auditor.attest.signing import (
    Algorithm,
    Signer,
    key_id,
    note_key,
    note_key_pem,
    public_pem,
)
from auditor.attest.trust import Authority, TrustPolicy, Validity
from auditor.core.times import format_instant
from auditor.errors import AuditorError, ConfigError, UsageError
from auditor.keys.certificate import (
    Subject,
    is_of,
    is_self_signed,
    request,
    self_signed,
    validity,
)
from auditor.keys.file import FileKey, generate_key
from auditor.keys.opened import OpenKey
from auditor.ledger.cosignature import CosignerKey
from auditor.ledger.note import NoteKey

ALGORITHMS: Mapping[str, Algorithm] = {
    "run": "ecdsa-p256-sha256",
    "log": "ed25519",
    "log-pq": "ml-dsa-44",
}
"""What each use of a key asks for."""
LIFETIME = timedelta(days=1826)
"""Of a certificate: five years. Signatures in reports are time-stamped, and outlive it."""


def new_key(path: Path, use: str, passphrase: bytes | None) -> FileKey:
    """Make a key in a file of its own.

    Args:
        use: One of ALGORITHMS.

    Raises:
        ConfigError: The file exists or cannot be written.
    """
    return generate_key(path, ALGORITHMS[use], passphrase)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One key, as `auditor keys list` shows it.

    Args:
        use: `run`, `log` or `log-pq`.
        key_id: SHA-256 (hex) of the public key.
        text: Vkey of a key of the log, name of another.
        validity: Of the trust policy, or of the log where that does not name it.
        revoked_at: The earliest time from which policy or log calls it revoked.
        source: `trust policy`, or the entry that rotates to it.
        state: `in use`, `not in use`, `replaced by entry N`, `ended`, `not yet`, `revoked`.
        place: Where auditor.yaml says it is; "" where it does not.
    """

    use: str
    key_id: str
    text: str
    validity: Validity
    revoked_at: datetime | None
    source: str
    state: str
    place: str

    def to_json(self) -> dict[str, object]:
        """All fields; times in RFC 3339."""
        ends = {"not_after": self.validity.not_after, "revoked_at": self.revoked_at}
        return {
            "use": self.use,
            "key_id": self.key_id,
            "name": self.text,
            "not_before": format_instant(self.validity.not_before),
            **{name: None if end is None else format_instant(end) for name, end in ends.items()},
            "source": self.source,
            "state": self.state,
            "place": self.place,
        }


def list_keys(project: Project, now: datetime) -> tuple[list[ListedKey], list[str]]:
    """Every key that trust policy or log knows, and why a configured one could not be opened.

    Raises:
        ConfigError: There is no trust policy.
    """
    trust = load_trust(project.trust_folder)
    places, problems = _places(project)
    history = log_history(project, trust)
    rows: list[ListedKey] = []
    for named in trust.run_keys:
        known = history.known("run", named.key_id)
        rows.append(_row("run", named.key_id, named.name, named, known, places, now))
    for log_key in trust.log_keys:
        name = _log_key_id(log_key.note_key)
        use = "log" if isinstance(log_key.note_key, NoteKey) else "log-pq"
        known = history.known("log", name)
        rows.append(_row(use, name, log_key.vkey, log_key, known, places, now))
    for key in history.unnamed():
        text = "" if key.use == "run" else note_key(key.public_key, project.origin).vkey
        rows.append(_row(key.use, key.key_id, text, key.window, key, places, now))
    return rows, problems


def log_history(project: Project, trust: TrustPolicy | None) -> KeyHistory:
    """What the log says of keys, under a policy."""
    history = KeyHistory(trust)
    for entry in project.store.entries():
        history.add(entry)
    return history


def make_certificate(
    project: Project, now: datetime, *, name: str, days: int, replace: bool
) -> Path:
    """Write a self-signed certificate of the run key, and trust it.

    Raises:
        UsageError: There is a certificate already, and `replace` was not said.
        ConfigError: The key refuses, or the trust policy is missing.
    """
    path = project.loaded.path(project.loaded.config.keys.certificate)
    if path.exists() and not replace:
        raise UsageError(f"{path} exists already", hint="--replace puts another in its place")
    trust = load_trust(project.trust_folder)
    subject = Subject(project.loaded.config.organisation, name)
    pem = self_signed(project.run_key(), subject, now, timedelta(days=days))
    # The policy first: a certificate that is trusted and not used yet does no harm.
    write_trust(project.trust_folder, with_authority(trust, pem, project.run_key()))
    replace_file(path, pem.encode())
    return path


def make_request(project: Project, name: str) -> str:
    """A certificate signing request of the run key, PEM.

    Raises:
        ConfigError: The key refuses.
    """
    return request(project.run_key(), Subject(project.loaded.config.organisation, name))


def renew_certificate(project: Project, key: OpenKey, now: datetime) -> tuple[str, str]:
    """What a rotation of the run key means for its certificate.

    Returns:
        The new self-signed certificate (PEM; "" where there is nothing to make), and what to say.
    """
    path = project.loaded.path(project.loaded.config.keys.certificate)
    if not path.exists():
        return "", ""
    old = read_certificate(path)
    if is_of(old, key):
        return old if is_self_signed(old) else "", ""
    if not is_self_signed(old):
        said = f"{path} is of the old key: auditor keys certificate --csr, and have it issued anew"
        return "", said
    begin, end = validity(old)
    subject = Subject(project.loaded.config.organisation)
    return self_signed(key, subject, now, end - begin), f"made a new certificate {path}"


def read_certificate(path: Path) -> str:
    """The text of a certificate file.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the certificate cannot be read: {error}", where=str(path)) from error


def with_authority(trust: TrustPolicy, pem: str, key: Signer) -> TrustPolicy:
    """The policy that trusts a self-signed certificate too."""
    if any(item.certificate == pem for item in trust.certificate_authorities):
        return trust
    authority = Authority(
        name=f"run key {key.key_id[:16]}", certificate=pem, not_before=validity(pem)[0]
    )
    authorities = (*trust.certificate_authorities, authority)
    return trust.model_copy(update={"certificate_authorities": authorities})


def _log_key_id(key: NoteKey | CosignerKey) -> str:
    """SHA-256 (hex) of a key of the log."""
    if isinstance(key, NoteKey):
        return key_id(note_key_pem(key))
    return key_id(public_pem(MLDSA44PublicKey.from_public_bytes(key.public)))


def _places(project: Project) -> tuple[dict[str, str], list[str]]:
    """Key id to where auditor.yaml has it, and what could not be opened."""
    config = project.loaded.config.keys
    openers = {
        f"keys.run: {config.run}": project.run_key,
        f"keys.log: {config.log}": project.log_key,
        f"keys.log_second: {config.log_second}": project.second_log_key,
    }
    places: dict[str, str] = {}
    problems: list[str] = []
    for place, opener in openers.items():
        try:
            key = opener()
        except AuditorError as error:
            problems.append(f"{place} cannot be opened: {error.message}")
            continue
        if key is not None:
            places[key.key_id] = place
    return places, problems


def _row(
    use: str,
    name: str,
    text: str,
    window: Validity,
    known: KnownKey | None,
    places: Mapping[str, str],
    now: datetime,
) -> ListedKey:
    brought = known.brought_by if known else None
    source = "trust policy" if brought is None else f"entry {brought}"
    revoked = known.revoked_at if known else window.revoked_at
    place = places.get(name, "")
    state = _state(window, known, revoked, place, now)
    return ListedKey(use, name, text, window, revoked, source, state, place)


def _state(
    window: Validity, known: KnownKey | None, revoked: datetime | None, place: str, now: datetime
) -> str:
    if revoked is not None:
        return "revoked"
    if known is not None and known.replaced_by is not None:
        return f"replaced by entry {known.replaced_by}"
    if window.not_after is not None and now >= window.not_after:
        return "ended"
    if now < window.not_before:
        return "not yet"
    return "in use" if place else "not in use"
