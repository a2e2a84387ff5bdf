"""Files of the API server that a target may name: its audit log, its encryption configuration.

Formats: audit.k8s.io/v1 Event, one JSON object a line; apiserver.config.k8s.io/v1
EncryptionConfiguration, of which the keys are never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import yaml

from auditor.collectors.kubernetes.listing import Read
from auditor.collectors.kubernetes.world import Listing
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

_EVENT = ("auditID", "stage", "verb", "user", "objectRef", "responseStatus", "sourceIPs",
          "userAgent", "requestURI", "requestReceivedTimestamp", "stageTimestamp", "level",
          "impersonatedUser")  # fmt: skip
_MAX_BYTES = 1 << 20
Clock = Callable[[], datetime]


def read_audit_logs(kind: str, paths: tuple[str, ...], clock: Clock) -> Read:
    """Events of audit logs: who did what, without the bodies of requests and answers."""
    documents: list[tuple[str, bytes]] = []
    gaps: list[Gap] = []
    calls: list[Call] = []
    for path in paths:
        started, before, problems = clock(), len(documents), len(gaps)
        try:
            with Path(path).open("rb") as file:
                for number, line in enumerate(file, start=1):
                    _take_event(line, f"{path}:{number}", documents, gaps)
        except OSError as error:
            gaps.append(_unreadable(path, error))
        items = len(documents) - before
        calls.append(Call(path, "local", started, items=items, ok=len(gaps) == problems))
    listing = Listing(kind, tuple(documents), tuple(gaps), counted=None if gaps else len(documents))
    return Read(listing, tuple(calls))


def _take_event(
    line: bytes, where: str, documents: list[tuple[str, bytes]], gaps: list[Gap]
) -> None:
    if not line.strip():
        return
    try:
        event = orjson.loads(line)
        if not isinstance(event, dict) or event.get("kind") != "Event" or "verb" not in event:
            raise ValueError("no event of audit.k8s.io")
    except ValueError as error:
        gaps.append(Gap(Cause.UNPARSABLE, f"{where}: {error}"))
        return
    kept = {name: event[name] for name in _EVENT if name in event}
    kept["metadata"] = {"name": str(event.get("auditID", where))}
    documents.append(("", orjson.dumps(kept)))


def read_encryption_config(kind: str, path: str, clock: Clock) -> Read:
    """Which resources are encrypted by which providers, in their order."""
    started = clock()
    try:
        data = Path(path).read_bytes()[:_MAX_BYTES]
        document = yaml.safe_load(data)
        found = {"metadata": {"name": "encryption"}, "resources": list(_resources(document))}
    except OSError as error:
        return _failed(kind, path, started, _unreadable(path, error))
    except (yaml.YAMLError, ValueError, UnicodeDecodeError):
        gap = Gap(
            Cause.UNPARSABLE, f"{path} is no EncryptionConfiguration of apiserver.config.k8s.io"
        )
        return _failed(kind, path, started, gap)
    listing = Listing(kind, (("", orjson.dumps(found)),), counted=1)
    return Read(listing, (Call(path, "local", started, items=1),))


def _resources(document: Any) -> Iterator[dict[str, object]]:
    if not isinstance(document, dict) or document.get("kind") != "EncryptionConfiguration":
        raise ValueError("another kind")
    for entry in document.get("resources") or []:
        if not isinstance(entry, dict):
            raise ValueError("no entry of resources")
        providers = entry.get("providers") or []
        if not all(isinstance(one, dict) and len(one) == 1 for one in providers):
            raise ValueError("no list of providers")
        names = [next(iter(one)) for one in providers]
        yield {"resources": list(entry.get("resources") or []), "providers": names}


def _failed(kind: str, path: str, started: datetime, gap: Gap) -> Read:
    return Read(Listing(kind, gaps=(gap,)), (Call(path, "local", started, ok=False),))


def _unreadable(path: str, error: OSError) -> Gap:
    cause = Cause.DENIED if isinstance(error, PermissionError) else Cause.NOT_COLLECTED
    detail = f"{path} cannot be read: {error.strerror or error}"
    return Gap(cause, detail, hint="look at the path and its permissions")
