"""Documents of the organisation: Markdown with front matter, or a register `documents.yaml`.

The register names a document's file and its digest as approved; front matter stands in the file
itself. The digest of every file is computed. A file without front matter, and a row whose file
cannot be read, are gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from auditor.catalog.source import did_you_mean, parse_yaml
from auditor.collectors.own_records import OwnRecords, Reading
from auditor.collectors.records.files import MAX_ATTACHMENT, Folder, sha256, unreadable
from auditor.collectors.records.registers import read_register
from auditor.core.model.observation import Call, Gap, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.errors import CollectionError, DefinitionError

REGISTER = "documents.yaml"
_FENCE = "---\n"
_OWN = frozenset({"path", "sha256", "source", "sha256_approved"})


def read_documents(
    documents: Folder, registers: Folder, kind: ResourceType, records: OwnRecords, now: datetime
) -> Reading:
    """Every document of the folder, and of the register where there is one."""
    resources: list[Resource] = []
    gaps: list[Gap] = []
    calls: list[Call] = []
    if documents.path.is_dir():
        names = documents.files(".md")
        for name in names:
            try:
                resources.append(_with_front_matter(documents, name, kind))
            except (CollectionError, DefinitionError) as error:
                gaps.append(unreadable(error, name, "give it front matter, or move it elsewhere"))
        calls.append(
            Call(f"read {documents.name}/**/*.md", "local", now, items=len(names), ok=not gaps)
        )
    if (registers.path / REGISTER).exists():
        listed = read_register(registers, _as_register(kind), records, now)
        resources += _with_files(listed, documents)
        gaps += listed.gaps
        calls += listed.calls
    if not calls:
        message = f"there is neither a folder {documents.name} nor {registers.name}/{REGISTER}"
        hint = "keep one of them: docs/reference/attestations.md"
        gaps.append(Gap(Cause.NOT_COLLECTED, message, hint=hint))
    return Reading(resources, {"documents": len(resources)}, gaps, calls)


def _as_register(kind: ResourceType) -> ResourceType:
    """The type by which `documents.yaml` is found and its rows are checked."""
    return ResourceType("records.register.documents", kind.title, kind.fields, kind.facts)


def _with_front_matter(folder: Folder, name: str, kind: ResourceType) -> Resource:
    text = folder.text(name).replace("\r\n", "\n")
    head, fence, _body = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    if not text.startswith(_FENCE) or not fence:
        raise CollectionError(f"{folder.name}/{name} has no front matter between lines of `---`")
    data = parse_yaml(head, f"{folder.name}/{name}").data
    if not isinstance(data, dict) or not isinstance(data.get("id"), str):
        raise CollectionError(f"{folder.name}/{name}: front matter needs an `id`, as text")
    unknown = sorted(data.keys() - (kind.fields.fields.keys() - _OWN))
    if unknown:
        nearest = did_you_mean(unknown[0], kind.fields.fields)
        raise CollectionError(f"{folder.name}/{name}: unknown field `{unknown[0]}`{nearest}")
    row = dict.fromkeys(sorted(kind.fields.nullable)) | data
    digest = sha256(folder.read(name))
    return Resource({**row, "path": name, "sha256": digest, "source": "front matter"})


def _with_files(listed: Reading, documents: Folder) -> Iterator[Resource]:
    """The rows of the register with the digests of the files that they name."""
    for resource in listed.resources:
        data = {**resource.data, "source": "register"}
        path = data.get("path")
        try:
            if not isinstance(path, str):
                raise CollectionError("the register names no path of it")
            data["sha256"] = sha256(documents.read(path, MAX_ATTACHMENT))
        except CollectionError as error:
            data.pop("sha256", None)
            yield Resource(data, unread={"sha256": unreadable(error)})
        else:
            yield Resource(data)
