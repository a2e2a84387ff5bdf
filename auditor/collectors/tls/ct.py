"""A certificate-transparency search result, saved as a file, joined to the inventory.

The rows are those of crt.sh's JSON output (`?q=example.org&output=json`). The file is either that
list itself, or `{"exported_at": "<RFC 3339>", "certificates": [...]}`, which also says how old it
is. Fetching it is the user's: the collector asks no third party about the user's names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from auditor.collectors.tls.failure import ProbeError
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause
from auditor.core.times import format_instant, parse_instant

_MAX_BYTES = 64 * 2**20
_ZONELESS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_NOT_ALL_READ = Gap(Cause.INCOMPLETE, "not every endpoint was read", action="TLS handshake")


@dataclass(frozen=True, slots=True)
class Export:
    """The file, read: its rows as JSON, and the moment that it describes."""

    rows: tuple[object, ...]
    as_of: datetime
    as_of_source: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The rows as resources, and those that could not be read."""

    resources: list[Resource] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def load_export(path: Path) -> Export:
    """Read the file.

    Raises:
        ProbeError: It is not there, not readable, too large or of another form.
    """
    try:
        status = path.stat()
        if status.st_size > _MAX_BYTES:
            raise ProbeError(Cause.LIMIT, f"{path} is larger than {_MAX_BYTES} bytes")
        document = json.loads(path.read_bytes())
    except OSError as error:
        cause = Cause.DENIED if isinstance(error, PermissionError) else Cause.NOT_COLLECTED
        raise ProbeError(
            cause,
            f"`ct_export` {path} cannot be read: {error.strerror}",
            hint="save the result of a certificate-transparency search there, as JSON",
        ) from error
    except ValueError as error:
        raise ProbeError(Cause.UNPARSABLE, f"{path} is not JSON: {error}") from error
    return _export(document, datetime.fromtimestamp(status.st_mtime, UTC), path)


def join_export(
    export: Export, hosts: frozenset[str], serials: frozenset[str], *, all_read: bool
) -> Joined:
    """One row for each logged certificate.

    Args:
        hosts: Names in the inventory, lower case.
        serials: Serial numbers that the endpoints serve, lower-case hexadecimal.
        all_read: Whether every endpoint was read; otherwise nobody knows what is not served.
    """
    joined = Joined()
    for number, row in enumerate(export.rows):
        try:
            data = _row(row, hosts)
        except ValueError as error:
            gap = Gap(Cause.UNPARSABLE, str(error), subject=f"row {number}", action="ct_export")
            joined.gaps.append(gap)
            continue
        served = data["serial"] in serials
        if served or all_read:
            joined.resources.append(Resource(data | {"served": served}))
        else:
            joined.resources.append(Resource(data, unread={"served": _NOT_ALL_READ}))
    joined.resources.sort(key=lambda resource: str(resource.data["id"]))
    return joined


def _export(document: object, modified_at: datetime, path: Path) -> Export:
    if isinstance(document, list):
        return Export(tuple(document), modified_at, "the file's modification time")
    if isinstance(document, dict) and isinstance(document.get("certificates"), list):
        try:
            as_of = parse_instant(document.get("exported_at"))
        except ValueError as error:
            raise ProbeError(Cause.UNPARSABLE, f"{path}: exported_at: {error}") from error
        return Export(tuple(document["certificates"]), as_of, "exported_at")
    raise ProbeError(
        Cause.UNPARSABLE,
        f"{path} is neither a list of certificates nor a mapping with `certificates`",
        hint="save crt.sh's output=json as it is",
    )


def _row(row: object, hosts: frozenset[str]) -> dict[str, object]:
    if not isinstance(row, Mapping):
        raise ValueError(f"got {row!r:.80}, expected a mapping")
    names = sorted({name.strip().lower() for name in _text(row, "name_value").split("\n")} - {""})
    unknown = [name for name in names if not _is_known(name, hosts)]
    logged_at = row.get("entry_timestamp")
    return {
        "id": str(_required(row, "id")),
        "names": names,
        "issuer": _text(row, "issuer_name"),
        "serial": _serial(_text(row, "serial_number")),
        "not_before": _instant(row, "not_before"),
        "not_after": _instant(row, "not_after"),
        "logged_at": None if logged_at is None else _instant(row, "entry_timestamp"),
        "unknown_names": unknown,
        "in_inventory": not unknown,
    }


def _is_known(name: str, hosts: frozenset[str]) -> bool:
    """A wildcard is known when the inventory lists a name that it covers."""
    if not name.startswith("*."):
        return name in hosts
    return any(host.partition(".")[2] == name[2:] for host in hosts)


def _serial(text: str) -> str:
    return f"{int(text, 16):x}"


def _instant(row: Mapping[str, object], name: str) -> str:
    """An RFC 3339 time; crt.sh writes UTC and leaves the zone out."""
    text = _text(row, name)
    return format_instant(parse_instant(f"{text}Z" if _ZONELESS.fullmatch(text) else text))


def _text(row: Mapping[str, object], name: str) -> str:
    value = _required(row, name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r:.80}, expected text")
    return value


def _required(row: Mapping[str, object], name: str) -> object:
    if row.get(name) is None:
        raise ValueError(f"{name} is missing")
    return row[name]
