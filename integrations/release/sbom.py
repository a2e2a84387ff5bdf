"""The software bill of materials of a release: CycloneDX 1.6, from the lock file alone.

Every package that an installation can bring in, with version, hashes of its files and who asks for
it; what only development needs is left out. Equal inputs give equal bytes: no random serial number.
"""

# ruff: noqa: INP001 - a script of the release, in no package

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #(?: via)? +(?P<parent>\S.*)$")
ROOT = "auditor (pyproject.toml)"


@dataclass
class Locked:
    """One package of the lock."""

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)
    parents: set[str] = field(default_factory=set)

    @property
    def reference(self) -> str:
        """Package URL."""
        return f"pkg:pypi/{self.name.lower().replace('_', '-')}@{self.version}"


def read_lock(text: str) -> dict[str, Locked]:
    """The packages of a `requirements.lock` that `uv pip compile` wrote.

    Raises:
        ValueError: A line is of no form that is known: nothing may be left out in silence.
    """
    found: dict[str, Locked] = {}
    last: Locked | None = None
    for number, line in enumerate(text.splitlines(), 1):
        pin, via = _PIN.match(line), _VIA.match(line)
        if pin:
            last = found[pin["name"]] = Locked(pin["name"], pin["version"])
        elif last is None or line.strip() in ("", "# via"):
            continue
        elif via:
            last.parents.add(via["parent"])
        elif _HASH.search(line):
            last.hashes += _HASH.findall(line)
        else:
            raise ValueError(f"line {number} of the lock is not understood: {line!r}")
    return found


def shipped(packages: dict[str, Locked]) -> list[Locked]:
    """Those that the program or an extra of it needs, by name."""
    wanted: set[str] = set()
    growing = True
    while growing:
        more = {
            name
            for name, package in packages.items()
            if name not in wanted and (ROOT in package.parents or package.parents & wanted)
        }
        wanted |= more
        growing = bool(more)
    return [packages[name] for name in sorted(wanted)]


def sbom(version: str, packages: dict[str, Locked]) -> dict[str, object]:
    """The document, CycloneDX 1.6.

    Args:
        version: Of auditor.
    """
    parts = shipped(packages)
    root = f"pkg:pypi/auditor@{version}"
    serial = uuid.uuid5(uuid.NAMESPACE_URL, " ".join([root, *(part.reference for part in parts)]))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "auditor",
                "version": version,
                "purl": root,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [_component(part) for part in parts],
        "dependencies": list(_dependencies(root, parts)),
    }


def _component(part: Locked) -> dict[str, object]:
    # A package has a file for each platform: one hash could be any of theirs, so all stand here.
    properties = [{"name": "auditor:file:sha256", "value": value} for value in part.hashes]
    return {
        "type": "library",
        "bom-ref": part.reference,
        "name": part.name,
        "version": part.version,
        "purl": part.reference,
        "properties": properties,
    }


def _dependencies(root: str, parts: list[Locked]) -> Iterator[dict[str, object]]:
    direct = sorted(part.reference for part in parts if ROOT in part.parents)
    yield {"ref": root, "dependsOn": direct}
    for part in parts:
        needs = sorted(other.reference for other in parts if part.name in other.parents)
        yield {"ref": part.reference, "dependsOn": needs}
