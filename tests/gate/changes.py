"""What the pull requests do to the repository."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from auditor.app.gating.approvals import FOLDER
from auditor.attest.detached import sign_file
from auditor.attest.trust import NamedKey, TrustPolicy
from auditor.core.model.approval import Approval
from auditor.core.times import format_instant
from auditor.keys.file import FileKey, generate_key, load_key
from tests.gate.repository import Repository, check, control, found
from tests.unit.app.bundles import pack, unpacked

THINGS = "library/access/things-level/control.yaml"
PARTS = "library/access/parts-level/control.yaml"
Change = Callable[[Repository], object]


def level(name: str, value: int, **more: object) -> Change:
    """A thing of target one gets another level, or becomes another thing of that name."""

    def change(repository: Repository) -> None:
        def edit(world: dict[str, Any]) -> None:
            next(row for row in world["world.thing"] if row["name"] == name).update(
                level=value, **more
            )

        repository.world(edit)

    return change


def world(**more: object) -> Change:
    """Something goes wrong while target one is read."""
    return lambda repository: repository.world(lambda document: document.update(more))


def without_a(repository: Repository) -> None:
    repository.world(lambda document: document["world.thing"].pop(0))


def reordered(repository: Repository) -> None:
    for name in ("one", "two"):
        repository.world(lambda document: document["world.thing"].reverse(), name)
    repository.edit("auditor.yaml", lambda document: document["targets"].reverse())


def renamed(repository: Repository) -> None:
    """The control's folder moves to another domain."""
    (repository.folder / "library" / "resilience").mkdir()
    repository.git("mv", "library/access/things-level", "library/resilience/things-level")


def loosened(repository: Repository) -> None:
    repository.edit(THINGS, lambda document: document["parameters"]["least"].update(default=2))


def aged(repository: Repository) -> None:
    """Older evidence is good enough."""
    repository.edit(THINGS, lambda document: document["checks"][0].update(freshness="48h"))


def rewritten(repository: Repository) -> None:
    """Nobody can tell from the text that this passes everything."""

    def edit(document: dict[str, Any]) -> None:
        document["checks"][0]["assert"][0]["expr"] = "resource.level >= param.least - 2"

    repository.edit(THINGS, edit)


def rewritten_equally(repository: Repository) -> None:
    def edit(document: dict[str, Any]) -> None:
        document["checks"][0]["assert"][0]["expr"] = "!(resource.level < param.least)"

    repository.edit(THINGS, edit)


def other_type(repository: Repository) -> None:
    """The check reads what the baseline never read on any target."""
    repository.edit(THINGS, lambda document: document["checks"][0].update(resource="world.other"))


def narrowed(repository: Repository) -> None:
    edit: Callable[[dict[str, Any]], None]
    edit = lambda document: document["checks"][0].update(scope='target.name == "one"')  # noqa: E731
    repository.edit(PARTS, edit)


def target_dropped(repository: Repository) -> None:
    repository.edit("auditor.yaml", lambda document: document["targets"].pop())


def target_added(repository: Repository) -> None:
    """A target that cannot be read."""
    target = {"name": "three", "kind": "world", "environment": "prod", "file": "world/three.json"}
    repository.edit("auditor.yaml", lambda document: document["targets"].append(target))
    (repository.folder / "world" / "three.json").write_text('{"denied": true}', "utf-8")


def check_removed(repository: Repository) -> None:
    repository.write_control(control("parts-level", "part", checks=[check("part", id="piece")]))


def control_removed(repository: Repository) -> None:
    shutil.rmtree((repository.folder / PARTS).parent)


def mapping_removed(repository: Repository) -> None:
    repository.edit(PARTS, lambda document: document["maps"]["soc2"].pop())


def control_added(repository: Repository) -> None:
    repository.write_control(control("more-level", "part"))


def failing_control_added(repository: Repository) -> None:
    repository.write_control(control("more-level", "thing"))


def waiver(key: bool = True, **changes: object) -> Change:  # noqa: FBT001, FBT002 - reads in a table
    """A waiver is written; signed by ciso where `key`."""
    return lambda repository: repository.waive(repository.approver if key else None, **changes)


def days(number: int) -> str:
    """A moment so many days from now."""
    return format_instant(datetime.now(UTC).replace(microsecond=0) + timedelta(days=number))


def with_bundle(edit: Callable[[dict[str, bytes]], object]) -> Change:
    """The baseline is packed anew with other members."""

    def change(repository: Repository) -> None:
        path = repository.folder / "baseline.zip"
        members = unpacked(path)
        edit(members)
        pack(members, path)

    return change


def edited_verdicts(members: dict[str, bytes]) -> None:
    """One byte of each blob."""
    for name, data in members.items():
        if name.startswith("blobs/"):
            members[name] = data[:-1] + bytes([data[-1] ^ 1])


def edited_statement(members: dict[str, bytes]) -> None:
    """The signed statement, and nothing else."""
    name = next(name for name in members if name.endswith("statement.sigstore.json"))
    members[name] = members[name][:-1] + b" "


def edited_manifest(members: dict[str, bytes]) -> None:
    members["manifest.json"] = members["manifest.json"][:-2]


def unsigned(members: dict[str, bytes]) -> None:
    del members["manifest.json.sig"]


def no_bundle(repository: Repository) -> None:
    (repository.folder / "baseline.zip").write_text('{"schema": "assessment-1"}', "utf-8")


def of_a_stranger(repository: Repository) -> None:
    """A whole and well signed bundle of another working folder of that name."""
    other = found(repository.folder.parent / "stranger")
    shutil.copy(other.folder / "baseline.zip", repository.folder / "baseline.zip")


def rebased(at: timedelta, change: Change | None = None) -> Change:
    """`main` gets a baseline that was made at another moment, or of another state."""

    def rebase(repository: Repository) -> None:
        if change is not None:
            change(repository)
        run = repository.scan(datetime.now(UTC) + at)
        repository.export(run)

    return rebase


def of_last_year(repository: Repository) -> None:
    """`main` has another log, whose only run is 300 days old, and keys that were valid then."""
    shutil.rmtree(repository.folder / "evidence")
    (repository.folder / "trust" / "last-checkpoint").unlink()
    path = repository.folder / "trust" / "policy.json"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r'("not_before": ?")\d{4}', r"\g<1>2020", text), "utf-8")
    rebased(timedelta(days=-300))(repository)


def approve(repository: Repository, digest: str, key: FileKey, **changes: object) -> Path:
    """An approval as a file, by whomever."""
    now = format_instant(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
    document = {
        "id": "P-1",
        "part": "control things-level",
        "change": digest,
        "reason": "the things of level two are retired in May",
        "requested_by": "dana",
        "approved_by": "ciso",
        "approved_at": now,
    } | changes
    Approval.model_validate(document)
    path = repository.folder / FOLDER / "P-1.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    path.with_name("P-1.yaml.sig").write_text(sign_file(path.read_bytes(), key), "utf-8")
    return path


def approver_key(repository: Repository) -> FileKey:
    """The key of ciso."""
    return load_key(repository.approver)


def trust_mallory(repository: Repository) -> FileKey:
    """The change names an approver of its own; gives the key."""
    key = generate_key(repository.folder.parent / "mallory.pem", "ecdsa-p256-sha256")
    path = repository.folder / "trust" / "policy.json"
    policy = TrustPolicy.parse(path.read_text("utf-8"))
    named = NamedKey(
        name="mallory", public_key=key.public_key, not_before=datetime(2026, 1, 1, tzinfo=UTC)
    )
    own = policy.model_copy(update={"approvers": (*policy.approvers, named)})
    path.write_text(own.to_json(), "utf-8")
    (repository.folder / "trust" / "mallory.pub").write_text(key.public_key, "utf-8")
    repository.edit(
        "auditor.yaml", lambda document: document["approvers"].update(mallory="trust/mallory.pub")
    )
    return key


def waived_by_mallory(repository: Repository) -> None:
    """A new waiver by the approver that the change itself names."""
    trust_mallory(repository)
    level("a", 1)(repository)
    repository.waive(
        repository.folder.parent / "mallory.pem",
        id="W-2026-002",
        match='resource.name == "a"',
        approved_by="mallory",
    )
