"""What is kept of an observation: tokens, allow-list, disclosures; `restoring` reads it back.

In this order, and only here: (1) fields of which only equality matters become keyed tokens, (2)
what is not declared and what holds a secret is taken out, (3) personal fields give way to digests,
their values go to the vault as salted disclosures (RFC 9901). Judging sees the disclosed
observation; whoever has the vault later sees the same one, byte for byte.
`docs/reference/redaction.md` is for people.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from auditor.app.evidence.cleaning import clean_document
from auditor.app.evidence.entries import RecordedObservation, recorded_form
from auditor.app.project import Project
from auditor.core.canonical import canonical
from auditor.core.model.disclosure import (
    ALGORITHM,
    SALT_BYTES,
    SD_ALG,
    Disclosure,
    conceal,
    disclosure_bytes,
    parse_disclosures,
)
from auditor.core.model.field_path import ANY
from auditor.core.model.observation import Call, Observation
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.token import KEY_BYTES, token_key_id, tokenise
from auditor.core.scrub import is_reference, names_secret, scrub
from auditor.errors import ConfigError
from auditor.ledger.entries import Collect


def record(
    project: Project, observation: Observation, kind: ResourceType, retain: datetime
) -> RecordedObservation:
    """Store an observation; gives it as a later reader will see it.

    Args:
        kind: Its type, as the policy of the run has it.
    """
    calls, whole = observation.calls, observation.to_json()
    del observation  # as large as what is read back: not both at once where nobody else holds it
    data, document = _read_back(whole)
    changed = _tokenise(project, document, kind)
    changed = clean_document(document, kind) or changed
    full, document = recorded_form(document) if changed else (data, document)
    observed = _observed(document, None if changed else calls)
    disclosures, redacted = _conceal(document, kind)
    if not disclosures:
        return RecordedObservation(observed, project.store.put(full, retain_until=retain))
    # From the bytes, for `conceal` has taken the values out of what `observed` was made of.
    observed = Observation.from_json(orjson.loads(full))
    vault = project.store.put_disclosures(disclosure_bytes(disclosures))
    blob = project.store.put(canonical(document), retain_until=retain)
    return RecordedObservation(observed, blob, redacted, vault)


def _read_back(whole: dict[str, object]) -> tuple[bytes, dict[str, Any]]:
    """The canonical bytes of a document, and what reading them gives; takes the document apart.

    Calls are not read back: they are not judged, and are many.
    """
    data = canonical(whole)
    calls = whole.pop("calls")
    judged = canonical(whole)
    whole.clear()
    document: dict[str, Any] = orjson.loads(judged)
    return data, document | {"calls": calls}


def _observed(document: dict[str, Any], calls: tuple[Call, ...] | None) -> Observation:
    """The observation of a document; of one that nothing was taken out of, calls are known."""
    if calls is None:
        return Observation.from_json(document)
    # Their many times cost more to parse than everything that is judged.
    return replace(Observation.from_json({**document, "calls": ()}), calls=calls)


def cleaned(observation: Observation, kind: ResourceType) -> Observation:
    """An observation to print and not to store: without undeclared fields and secrets.

    Tokens are made with a key of this call: what is equal in it looks equal, and no more.
    """
    document: dict[str, Any] = recorded_form(observation.to_json())[1]
    data = [resource["data"] for resource in document["resources"]]
    tokens = tokenise(data, kind.token_paths, secrets.token_bytes(KEY_BYTES))
    changed = clean_document(document, kind) or tokens
    return Observation.from_json(document) if changed else observation


def _tokenise(project: Project, document: dict[str, Any], kind: ResourceType) -> bool:
    if not kind.token or not document["resources"]:
        return False
    key = token_key(project)
    data = [resource["data"] for resource in document["resources"]]
    if not tokenise(data, kind.token_paths, key):
        return False
    document["token_key"] = token_key_id(key)
    return True


def _conceal(
    document: dict[str, Any], kind: ResourceType
) -> tuple[list[Disclosure], tuple[str, ...]]:
    if not kind.personal:
        return [], ()
    data = [resource["data"] for resource in document["resources"]]
    made, found = conceal(data, kind.personal_paths, lambda: secrets.token_bytes(SALT_BYTES))
    if made:
        document[SD_ALG] = ALGORITHM
    return made, tuple(sorted(".".join(path) for path in found))


def token_key(project: Project) -> bytes:
    """The key of tokens, made where there is none yet.

    Raises:
        ConfigError: It cannot be read or made, or is no key.
    """
    place = project.loaded.config.keys.token
    if "://" in place:
        raise ConfigError(f"keys.token is {place!r}, expected the path of a file")
    path = project.loaded.path(place)
    try:
        if not path.exists():
            make_token_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the key of tokens: {error}", where=str(path)) from error
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"got a key of {len(key)} bytes, expected {KEY_BYTES}",
            hint="move the file away: a new key is made, and tokens differ from then on",
            where=str(path),
        )
    return key


def make_token_key(path: Path) -> None:
    """Write a new key of tokens, readable by its owner alone.

    Raises:
        OSError: There is a file already, or the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))


def select_disclosures(data: bytes, show: Collection[str]) -> bytes:
    """The disclosures of some fields only, in the form of a vault file.

    Args:
        data: A vault file: one disclosure a line.
        show: Names of fields, as the disclosures have them: the last part of a path.

    Raises:
        VerificationError: `data` is not disclosures.
    """
    chosen = (item for item in parse_disclosures(data) if item.name in show)
    return disclosure_bytes(chosen)


def named_fields(entry: Collect, names: Collection[str]) -> list[str]:
    """Those of an observation's redacted fields that are meant by people.

    Args:
        names: As the log has them (`owner`), or with their type (`host.authorized_key.owner`).
    """
    kind = entry.resource_type
    return [name for name in entry.redacted if name in names or f"{kind}.{name}" in names]


def disclose(entry: Collect, data: bytes, show: Collection[str]) -> bytes:
    """The disclosures of an observation that a bundle may show; none where nothing is named.

    Args:
        data: What is left of its file of the vault.
        show: Names of fields as in `named_fields`.

    Raises:
        VerificationError: `data` is not disclosures.
    """
    names = {name.rpartition(".")[2] for name in named_fields(entry, show)}
    return data if ANY in names else select_disclosures(data, names)


def refuse_secrets(policy: Policy) -> None:
    """Refuse a run whose policy, which is stored as it is, would hold a secret of `auditor.yaml`.

    Raises:
        ConfigError: Names the place, not the secret.
    """
    places: dict[str, object] = {"inventory": policy.inventory, "owners": policy.owners}
    for target in policy.targets:
        places[f"target {target.name}: settings"] = target.settings
        places[f"target {target.name}: labels"] = target.labels
    for signed in policy.waivers:
        places[f"waiver {signed.waiver.id}"] = signed.text
    for where, value in places.items():
        for path, text in _texts(value, where):
            kinds = scrub(text).kinds
            if names_secret(path) and not is_reference(text):
                kinds = ("named", *kinds)
            if kinds:
                raise ConfigError(
                    f"it holds a secret ({', '.join(kinds)}), and would be recorded",
                    hint="give it by the environment or a file that only the reader can read",
                    where=path,
                )


def _texts(value: object, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, path)
