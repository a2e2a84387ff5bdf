"""Which version of a kind the server serves. Group by group: one that is down harms no other.

The whole of discovery (`/apis`, OpenAPI) is not read: an aggregated API that does not answer would
make it partial, and nobody could tell a kind that is not installed from one that is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditor.collectors.kubernetes.api import Api
from auditor.collectors.kubernetes.failures import Asked, RequestError, unparsable
from auditor.collectors.kubernetes.kinds import Kind
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Served:
    """Whether and how a kind is served.

    Args:
        version: The best accepted version; None where the kind is not served at all.
        gap: Why it is not known, or why what is served cannot be read.
    """

    version: str | None
    gap: Gap | None = None


class Discovery:
    """Remembers what was asked; not for threads."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._versions: dict[str, list[str] | Gap] = {}
        self._resources: dict[str, frozenset[str] | Gap] = {}

    def served(self, kind: Kind) -> Served:
        """The best version of a kind that the server has and the catalogue accepts."""
        offered = self._of_group(kind.group)
        if isinstance(offered, Gap):
            return Served(None, offered)
        elsewhere = []
        # Accepted ones first; the others only tell a missing kind from one in another version.
        for version in sorted(offered, key=lambda v: _rank(v, kind)):
            plurals = self._of_version(kind.group, version)
            if isinstance(plurals, Gap):
                return Served(None, plurals)
            if kind.plural in plurals:
                if version in kind.versions:
                    return Served(version)
                elsewhere.append(version)
        return Served(None, _other_version(kind, elsewhere) if elsewhere else None)

    def _of_group(self, group: str) -> list[str] | Gap:
        if group not in self._versions:
            self._versions[group] = self._ask_group(group)
        return self._versions[group]

    def _ask_group(self, group: str) -> list[str] | Gap:
        if not group:
            return ["v1"]
        asked = Asked("get", "", "", "", f"/apis/{group}")
        try:
            document = self._api.get(asked.path, asked).document(asked)
            return [str(version["version"]) for version in _list(document, "versions", asked)]
        except RequestError as error:
            return [] if error.status == _NOT_FOUND else error.gap

    def _of_version(self, group: str, version: str) -> frozenset[str] | Gap:
        name = f"{group}/{version}"
        if name not in self._resources:
            self._resources[name] = self._ask_version(group, version)
        return self._resources[name]

    def _ask_version(self, group: str, version: str) -> frozenset[str] | Gap:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        asked = Asked("get", "", "", "", path)
        try:
            document = self._api.get(path, asked).document(asked)
            return frozenset(str(one["name"]) for one in _list(document, "resources", asked))
        except RequestError as error:
            return error.gap


def _list(document: dict[str, Any], name: str, asked: Asked) -> list[dict[str, Any]]:
    found = document.get(name)
    wanted = "version" if name == "versions" else "name"
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and wanted in one for one in found
    ):
        raise unparsable(f"the answer has no list of {name}", asked)
    return found


def _rank(version: str, kind: Kind) -> int:
    return kind.versions.index(version) if version in kind.versions else len(kind.versions)


def _other_version(kind: Kind, versions: list[str]) -> Gap:
    detail = (
        f"the server has {kind.resource} in {', '.join(versions)};"
        f" known here: {', '.join(kind.versions)}"
    )
    return Gap(Cause.NOT_SUPPORTED, detail, hint="use an auditor that knows the server's version")
