"""`host.restore_test`: signed records of restore tests, one JSON file each.

The record is a person's statement; what is established here is its form and who signed it. A file
that is not a record of schema `restore-1` is a gap: a test that cannot be read is not a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import ValidationError

from auditor.attest.detached import SIGNATURE_SUFFIX, verify_file
from auditor.attest.trust import NamedKey
from auditor.collectors.host.errors import Unread, unparsable
from auditor.collectors.host.machine import Machine
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings
from auditor.core.canonical import digest
from auditor.core.model.restore import RestoreRecord
from auditor.core.times import parse_instant
from auditor.errors import AuditorError

_ALWAYS = parse_instant("1970-01-01T00:00:00Z")


def read_restore_tests(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each record in the folder of the settings; none where none is named."""
    folder = settings.restore_records
    reading = Reading(facts={"configured": folder is not None, "records": 0})
    if folder is None:
        return reading
    names = machine.names(folder)
    if names is None:
        raise Unread(unparsable(folder, "the folder of restore records does not exist"))
    for name in names:
        if name.endswith(".json"):
            reading.attempt(
                lambda name=name: reading.rows.append(  # type: ignore[misc]
                    _row(machine, settings, f"{folder}/{name}")
                )
            )
    reading.facts["records"] = len(reading.rows)
    return reading


def _row(machine: Machine, settings: HostSettings, path: str) -> Row:
    text = machine.text(path)
    if text is None:
        raise Unread(unparsable(path, "it vanished while it was read"))
    try:
        record = RestoreRecord.model_validate_json(text)
        document = json.loads(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unread(unparsable(path, f"{where}: {first['msg']}")) from error
    row = Row({"host": machine.name, "path": path, "digest": digest(text.encode())})
    row.data |= record.model_dump(mode="json")
    row.attempt(
        ("signature", "signed_by"),
        lambda: _signature(machine, settings, path, text, document),
    )
    return row


def _signature(
    machine: Machine,
    settings: HostSettings,
    path: str,
    text: str,
    document: Mapping[str, str],
) -> dict[str, object]:
    """`valid` and by whom, or a sentence that says why it does not count."""
    sidecar = machine.text(path + SIGNATURE_SUFFIX)
    if sidecar is None:
        return {"signature": "it is not signed", "signed_by": None}
    keys = [_key(machine, name, where) for name, where in sorted(settings.restore_signers.items())]
    at = parse_instant(document["finished_at"])
    try:
        name = verify_file(text.encode(), sidecar, keys, at=at)
    except AuditorError as error:
        return {"signature": error.message, "signed_by": None}
    return {"signature": "valid", "signed_by": name}


def _key(machine: Machine, name: str, path: str) -> NamedKey:
    pem = machine.text(path)
    if pem is None:
        raise Unread(unparsable(path, f"the key of {name} does not exist"))
    try:
        return NamedKey(name=name, public_key=pem, not_before=_ALWAYS)
    except ValidationError as error:
        raise Unread(unparsable(path, f"the key of {name} is no public key")) from error
