"""From blocks to the resources of a type, as its catalogue says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.collectors.aws.declared.blocks import Block, Document, belonging
from auditor.collectors.aws.declared.functions import FUNCTIONS
from auditor.collectors.aws.declared.hidden import MISSING, HiddenError
from auditor.collectors.aws.declared.model import DeclaredField, Form
from auditor.collectors.aws.extract import MALFORMED, to_json
from auditor.collectors.aws.loader import CollectedType
from auditor.core.model.fields import FieldType, Scalar
from auditor.core.model.observation import Gap, Resource
from auditor.core.model.status import Cause

_ELSEWHERE = "scan the account, too: what is declared elsewhere stands there"


def not_declared(what: str) -> Gap:
    """The gap of what a declaration cannot show."""
    return Gap(Cause.NOT_DECLARED, f"a declaration does not show {what}", hint=_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is said about the account beside the declaration; null: nothing."""

    account: str | None = None
    region: str | None = None


def extract(
    collected: CollectedType, form: Form | None, document: Document, around: Surroundings
) -> tuple[tuple[Resource, ...], tuple[Gap, ...]]:
    """The resources of a type, in order of address, and what could not be read."""
    facts = [
        replace(not_declared(f"the fact {name!r}"), subject=f"facts.{name}")
        for name in collected.resource_type.facts.fields
        if name not in {"items", "caller"}
    ]
    if form is None:
        return (), (not_declared(f"any {collected.name}"), *facts)
    owners = document.of(form.kinds)
    gaps = [*document.gaps, *facts]
    if form.elsewhere == "always":
        gaps.append(not_declared("what else the account has of it"))
    elif form.elsewhere == "absent" and not owners:
        gaps.append(not_declared(f"it: there is no {' or '.join(form.kinds)}"))
    gaps += [
        Gap(Cause.NOT_SUPPORTED, f"what a {block.kind} declares is not read", block.address)
        for block in document.of(form.unread)
    ]
    resources = [_resource(collected, form, block, owners, document, around) for block in owners]
    return tuple(resources), tuple(gaps)


def _resource(
    collected: CollectedType,
    form: Form,
    block: Block,
    owners: list[Block],
    document: Document,
    around: Surroundings,
) -> Resource:
    data: dict[str, object] = {}
    unread: dict[str, Gap] = {}
    for name, kind in collected.types.items():
        try:
            if name == collected.spec.key:
                data[name] = block.address
                continue
            raw = _around(name, block, around)
            if raw is MISSING:
                raw = _plain(_value(name, form, block, owners, document), kind)
            nothing = raw is None and name in collected.nullable
            data[name] = None if nothing else to_json(raw, kind)
        except HiddenError as error:
            unread[name] = error.gap
        except MALFORMED as error:
            detail = f"{block.address}: {name}: {error}"
            unread[name] = Gap(Cause.UNPARSABLE, detail)
    return Resource(data, unread=unread)


def _plain(raw: object, kind: FieldType) -> object:
    """CloudFormation takes texts for flags and numbers, too."""
    if not isinstance(raw, str) or not isinstance(kind, Scalar):
        return raw
    if kind.name == "bool" and raw.lower() in {"true", "false"}:
        return raw.lower() == "true"
    return int(raw) if kind.name == "int" and raw.isdecimal() else raw


def _around(name: str, block: Block, around: Surroundings) -> object:
    if name == "account" and around.account is not None:
        return around.account
    if name == "region":  # version 6 of the Terraform provider has it on each resource
        stated = block.values.get("region")
        return stated if isinstance(stated, str) else around.region or MISSING
    return MISSING


def _value(name: str, form: Form, block: Block, owners: list[Block], document: Document) -> object:
    spec = form.fields.get(name)
    if spec is None:
        raise HiddenError(not_declared(f"{name!r}"))
    if spec.has("value"):
        return spec.value
    found = _found(spec, form, block, owners, document)
    if found == "" and spec.has("default"):  # the provider's way of saying that it is not set
        found = MISSING
    if found is not MISSING:
        return found if spec.via is None else FUNCTIONS[spec.via](found)
    if any(block.values.get(argument) not in (None, "") for argument in spec.unless):
        raise HiddenError(not_declared(f"{name!r}: {block.address} is made from another"))
    if spec.has("default"):
        return spec.default
    if spec.has("least"):
        return spec.least
    raise HiddenError(not_declared(f"{name!r} of {block.address}"))


def _found(
    spec: DeclaredField, form: Form, block: Block, owners: list[Block], document: Document
) -> object:
    if spec.part is None:
        return _at(block, spec.path)
    part = form.parts[spec.part]
    parts = belonging(block, document.of(part.kinds), part.by, part.to, owners)
    if spec.many:
        return _all(spec, block, parts)
    if not parts:
        return _own(block, spec.own)
    if len(parts) > 1:
        names = " and ".join(one.address for one in parts)
        raise HiddenError(Gap(Cause.DUPLICATE_KEY, f"{names} both say it of {block.address}"))
    return _at(parts[0], spec.path)


def _own(block: Block, paths: list[str]) -> object:
    """What a block says itself, where no other says it."""
    if len(paths) != 1:
        return _at(block, paths) if paths else MISSING
    found = block.find(paths[0])
    return MISSING if found in ("", []) else found


def _all(spec: DeclaredField, block: Block, parts: list[Block]) -> object:
    """What all parts say; with `own` also what the block says itself.

    The provider documents that a block says it itself or by parts, never both: where there are
    parts, what nobody wrote into the block and is known after apply is made of them.
    """
    stated = [_at(one, spec.path) for one in parts]
    if not spec.own:
        return stated or MISSING
    own: dict[str, object] = {}
    for path in spec.own:
        name = _plain_name(path)
        try:
            own[name] = _or_null(block.find(path))
        except HiddenError:
            written = block.configured is None or name in block.configured
            if written or not parts:
                raise
            own[name] = None
    nothing = not parts and all(value is None for value in own.values())
    return MISSING if nothing else {"own": own, "parts": stated}


def _at(block: Block, path: str | list[str]) -> object:
    """What stands at a path; of several a mapping, MISSING where none of them is written."""
    if isinstance(path, str):
        return block.find(path)
    found: Mapping[str, object] = {_plain_name(one): _or_null(block.find(one)) for one in path}
    stated = (value for name, value in found.items() if name != "$kind")
    return found if any(value not in (None, "", []) for value in stated) else MISSING


def _plain_name(path: str) -> str:
    """The last argument of a path, without the columns that are taken of it."""
    return path.partition("(")[0].removeprefix("?").rpartition(".")[2]


def _or_null(value: object) -> object:
    return None if value is MISSING else value
