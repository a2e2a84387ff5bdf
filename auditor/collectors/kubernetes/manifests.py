"""Manifests to listings: YAML and JSON, several documents in a file, `List` objects.

What `kubectl apply` would take is taken. A template is no manifest: it is refused with file and
line, and what stands twice is named. Times stay texts, as in the API.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from errno import EINVAL
from pathlib import Path
from typing import Any

import yaml

from auditor.collectors.kubernetes.intake import kept
from auditor.collectors.kubernetes.kinds import Kind
from auditor.collectors.kubernetes.world import Listing
from auditor.collectors.yaml_documents import parse_documents
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

STDIN = "-"
_SUFFIXES = (".yaml", ".yml", ".json")
_MAX_BYTES = 64 << 20
_TEMPLATE = re.compile(r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|include\b)")
_LEGACY_GROUP = "extensions"  # of workloads, ingresses and policies before Kubernetes 1.16
_MAKERS_HINT = "judge the running cluster as well: its pods are judged whoever makes them"
_NO_UNKNOWN_PODS = frozenset(
    {
        *(("apps", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
        *(("batch", "Job"), ("batch", "CronJob"), ("", "Pod")),
        ("", "PodTemplate"),  # nothing makes a pod of it
    }
)
_RENDER = "render it first: helm template CHART | auditor scan --manifests -"


@dataclass(slots=True)
class Manifests:
    """What was found in files.

    Args:
        files: Names of the files that were read, with the number of objects in each.
        gaps: Files and documents that could not be read: they stand for objects of any kind.
    """

    objects: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def listing(self, kind: Kind, namespace: str) -> Listing:
        """The objects of one kind; `namespace` is that of objects that name none."""
        documents: dict[tuple[str, str], bytes] = {}
        first: dict[tuple[str, str], str] = {}
        gaps = [*self.gaps, *(self._unknown_makers() if kind.name == "Pod" else ())]
        for where, one in self.objects:
            group, version = _group_version(one)
            if one["kind"] == kind.kind and group == _LEGACY_GROUP:
                gaps.append(_other_version(where, one, kind))
            if one["kind"] != kind.kind or group != kind.group:
                continue
            if version not in kind.versions:
                gaps.append(_other_version(where, one, kind))
                continue
            try:
                place, document = kept(kind.name, _placed(one, kind, namespace))
            except (ValueError, TypeError) as error:
                gaps.append(Gap(Cause.UNPARSABLE, f"{where}: {error}"))
                continue
            key = (place, str(one["metadata"]["name"]))
            if key in documents:
                gaps.append(_twice(kind, key, first[key], where))
                continue
            documents[key], first[key] = document, where
        found = [(place, document) for (place, _name), document in documents.items()]
        return Listing(kind.name, found, gaps, counted=len(found))

    def _unknown_makers(self) -> Iterator[Gap]:
        """Objects of other kinds that pods come of: theirs are not judged, and not passed over."""
        for where, one in self.objects:
            group, _version = _group_version(one)
            if (group, one["kind"]) not in _NO_UNKNOWN_PODS and _holds_containers(one):
                detail = f"{where}: pods that a {one['kind']} of {one['apiVersion']} makes"
                yield Gap(Cause.NOT_SUPPORTED, f"{detail} are not judged", hint=_MAKERS_HINT)


def read_manifests(paths: Sequence[str]) -> Manifests:
    """Read files, folders and standard input."""
    found = Manifests()
    for path in paths:
        for name, data in _files(path, found):
            before = len(found.objects)
            _take(name, data, found)
            found.files.append((name, len(found.objects) - before))
    return found


def _files(path: str, found: Manifests) -> Iterator[tuple[str, bytes]]:
    if path == STDIN:
        yield STDIN, sys.stdin.buffer.read(_MAX_BYTES + 1)
        return
    place = Path(path)
    try:
        files = [place] if not place.is_dir() else _below(place)
        if not files:
            found.gaps.append(
                Gap(Cause.NOT_COLLECTED, f"{path} holds no {', '.join(_SUFFIXES)} file")
            )
        for file in files:
            if place.is_dir() and not file.is_file():  # a pipe would be waited for without end
                raise OSError(EINVAL, "it is no file", str(file))
            yield str(file), _read(file)
    except OSError as error:
        cause = Cause.DENIED if isinstance(error, PermissionError) else Cause.NOT_COLLECTED
        detail = f"{error.filename or path} cannot be read: {error.strerror or error}"
        found.gaps.append(Gap(cause, detail, hint="look at the path and its permissions"))


def _below(folder: Path) -> list[Path]:
    """Files of manifests, in order; a folder that cannot be listed raises."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            found += _below(path)
        elif path.suffix in _SUFFIXES:
            found.append(path)
    return found


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_MAX_BYTES + 1)


def _take(name: str, data: bytes, found: Manifests) -> None:
    if len(data) > _MAX_BYTES:
        found.gaps.append(Gap(Cause.LIMIT, f"{name} is longer than {_MAX_BYTES} bytes"))
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        found.gaps.append(Gap(Cause.UNPARSABLE, f"{name} is not UTF-8"))
        return
    match = _TEMPLATE.search(text)
    if match is not None:
        found.gaps.append(_template(name, text.count("\n", 0, match.start()) + 1))
        return
    try:
        for line, document in parse_documents(text):
            _take_document(f"{name}:{line}", document, found)
    except (yaml.YAMLError, ValueError) as error:
        if "{{" in text:
            found.gaps.append(_template(name, text[: text.index("{{")].count("\n") + 1))
        else:
            found.gaps.append(Gap(Cause.UNPARSABLE, f"{name}: {' '.join(str(error).split())}"))


def _template(name: str, line: int) -> Gap:
    return Gap(Cause.UNPARSABLE, f"{name}:{line} is a template, not a manifest", hint=_RENDER)


def _take_document(where: str, document: object, found: Manifests) -> None:
    """An object, or the objects of a list; half an object is a gap.

    What is no object of the API at all (values of a chart) is left alone; its file is named.
    """
    if not isinstance(document, dict) or not {"kind", "apiVersion"} & document.keys():
        return
    kind, version, items = document.get("kind"), document.get("apiVersion"), document.get("items")
    if not isinstance(kind, str) or not isinstance(version, str):
        found.gaps.append(Gap(Cause.UNPARSABLE, f"{where}: an object needs kind and apiVersion"))
    elif kind.endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            _take_item(f"{where} items[{index}]", item, document, found)
    elif kind == "List":
        found.gaps.append(Gap(Cause.UNPARSABLE, f"{where}: a List without a list of items"))
    else:
        found.objects.append((where, document))


def _take_item(where: str, item: object, of: dict[str, Any], found: Manifests) -> None:
    """An item of a list. In a typed one (`PodList`) it need not say what it is; kubectl knows."""
    half = isinstance(item, dict) and not {"kind", "apiVersion"} & item.keys()
    if half and of["kind"] != "List":
        whose = {"kind": of["kind"].removesuffix("List"), "apiVersion": of["apiVersion"]}
        _take_document(where, {**item, **whose}, found)  # type: ignore[dict-item]  # a dict
    elif half or not isinstance(item, dict):
        found.gaps.append(Gap(Cause.UNPARSABLE, f"{where}: an object needs kind and apiVersion"))
    else:
        _take_document(where, item, found)


def _holds_containers(value: object) -> bool:
    """Whether a list `containers`, of which one has an image, stands anywhere in it."""
    if isinstance(value, dict):
        held = value.get("containers")
        if isinstance(held, list) and any(isinstance(c, dict) and "image" in c for c in held):
            return True
        return any(_holds_containers(part) for part in value.values())
    return isinstance(value, list) and any(_holds_containers(part) for part in value)


def _group_version(one: Mapping[str, Any]) -> tuple[str, str]:
    group, slash, version = str(one["apiVersion"]).rpartition("/")
    return (group, version) if slash else ("", version)


def _placed(one: dict[str, Any], kind: Kind, namespace: str) -> dict[str, Any]:
    metadata = one.get("metadata")
    if not kind.namespaced or not isinstance(metadata, dict) or metadata.get("namespace"):
        return one
    return {**one, "metadata": {**metadata, "namespace": namespace}}


def _other_version(where: str, one: Mapping[str, Any], kind: Kind) -> Gap:
    accepted = ", ".join(f"{kind.group}/{v}" if kind.group else v for v in kind.versions)
    detail = f"{where}: {one['kind']} of {one['apiVersion']}; known here: {accepted}"
    return Gap(Cause.NOT_SUPPORTED, detail, hint="write it in a version that servers still have")


def _twice(kind: Kind, key: tuple[str, str], first: str, second: str) -> Gap:
    name = "/".join(part for part in (kind.kind, *key) if part)
    return Gap(Cause.DUPLICATE_KEY, f"{name} stands at {first} and again at {second}")
