"""An evidence document before it is stored: only declared fields, no secrets, nothing silent.

What is taken out becomes a gap: of an undeclared field a gap of the whole collection (the collector
is wrong, and what else it got wrong is not known); of a value with a secret an unread field of its
resource. Both end in status error, for whatever check reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from auditor.core.model.allowed import Cleaning
from auditor.core.model.disclosure import has_reserved_name
from auditor.core.model.observation import Gap
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.scrub import MARK, may_hold_secret, scrub

_DEFECT = "this is a defect of the collector: report it"
_HINT = "take the secret out of that place, and change it: whoever can read there knows it"
_GAP_TEXTS = ("detail", "subject", "action", "hint")


def clean_document(document: dict[str, Any], kind: ResourceType) -> bool:
    """Clean a document of schema `observation-1` in place; True when anything was changed.

    Args:
        document: Plain JSON.
    """
    gaps: list[Gap] = []
    undeclared: set[str] = set()
    count = 0
    for resource in document["resources"]:
        cleaning = _clean_resource(resource, kind)
        undeclared |= cleaning.undeclared
        count += cleaning.count
    facts = Cleaning()
    facts.record(document["facts"], kind.facts)
    for name, kinds in sorted(facts.secrets.items()):
        del document["facts"][name]
        gaps.append(_secret_gap(kinds, f"facts.{name}"))
    undeclared |= {f"facts.{path}" for path in facts.undeclared}
    gaps += [_undeclared_gap(path, kind.name) for path in sorted(undeclared)]
    count += facts.count + _clean_provenance(document)
    document["gaps"] += [gap.to_json() for gap in gaps]
    if count:
        document["scrubbed"] = count
    return bool(count or gaps)


def _clean_resource(resource: dict[str, Any], kind: ResourceType) -> Cleaning:
    raw = orjson.dumps(resource)
    cleaning = Cleaning(look=may_hold_secret(raw.decode().lower()))
    data: dict[str, object] = resource["data"]
    cleaning.record(data, kind.fields)
    unread: dict[str, Any] = resource.get("unread", {})
    for name, kinds in cleaning.secrets.items():
        unread[name] = _secret_gap(kinds).to_json()
    if kind.personal and has_reserved_name(raw):
        unread |= _without_reserved_names(data)
    if cleaning.look:
        cleaning.count += _scrub_texts([resource], ("uid",))
        cleaning.count += _scrub_texts(unread.values(), _GAP_TEXTS)
    if unread:
        resource["unread"] = unread
    return cleaning


def _without_reserved_names(data: dict[str, object]) -> dict[str, object]:
    """Take out fields with keys that mean digests to whoever reads the evidence."""
    gaps: dict[str, object] = {}
    for name in [name for name, value in data.items() if has_reserved_name(orjson.dumps(value))]:
        del data[name]
        detail = "it has a key that the format of the evidence reserves (`_sd`, `...`)"
        gaps[name] = Gap(Cause.UNPARSABLE, detail, hint="give the key another name").to_json()
    return gaps


def _clean_provenance(document: dict[str, Any]) -> int:
    """Scrub who asked, what was asked and what was answered; gives how many secrets there were."""
    count = _scrub_texts([document], ("identity", "collector", "derived_only"))
    count += _scrub_texts(document["gaps"], _GAP_TEXTS)
    return count + _scrub_texts(document["calls"], ("request", "endpoint"))


def _scrub_texts(documents: Iterable[dict[str, Any]], names: tuple[str, ...]) -> int:
    count = 0
    for document in documents:
        for name in names:
            if name in document:
                clean = scrub(document[name])
                document[name] = clean.text
                count += clean.count
    return count


def _secret_gap(kinds: set[str], subject: str = "") -> Gap:
    detail = f"it holds a secret ({', '.join(sorted(kinds))}), which is not kept: {MARK}"
    return Gap(Cause.SECRET, detail, subject=subject, hint=_HINT)


def _undeclared_gap(path: str, name: str) -> Gap:
    detail = f"the collector gave `{path}`, which {name} does not declare: it was not kept"
    return Gap(Cause.INTERNAL, detail, hint=_DEFECT)
