"""What a declaration declares: blocks, and which block belongs to which.

A bucket and its versioning are two blocks that are tied by a reference. Where the tie cannot be
told, the block may belong to any of them, and what it would say is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.collectors.aws.declared.hidden import MISSING, Hidden, HiddenError, find
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause


@dataclass(frozen=True, slots=True)
class Block:
    """One declared resource.

    Args:
        address: `module.x.aws_s3_bucket.b[0]`, or a logical id.
        kind: `aws_s3_bucket`, `AWS::S3::Bucket`.
        values: Arguments, with `Hidden` where a value is not shown.
        configured: Arguments that somebody wrote; None where that cannot be told.
        created: It is made new, so that what nobody wrote has its default.
        refers: Argument to the addresses that its value may come from.
    """

    address: str
    kind: str
    values: Mapping[str, object]
    configured: frozenset[str] | None = None
    created: bool = True
    refers: Mapping[str, frozenset[str] | None] = field(default_factory=dict)

    def find(self, path: str) -> object:
        """What stands at a path; MISSING also for what nobody wrote and is made new.

        `$kind` is the block's kind; `?auth_token` whether the argument is set, whatever it is.

        Raises:
            HiddenError: It is not shown.
        """
        if path == "$kind":
            return self.kind
        if path.startswith("?"):
            return self._is_set(path[1:])
        try:
            return find(self.values, path)
        except HiddenError as error:
            root = path.partition(".")[0].partition("[")[0].partition("(")[0]
            by_nobody = self.configured is not None and root not in self.configured
            if self.created and by_nobody and self.values.get(root) is not None:
                hidden = self.values[root]
                if isinstance(hidden, Hidden) and hidden.cause is Cause.KNOWN_AFTER_APPLY:
                    return MISSING
            raise HiddenError(
                Gap(error.gap.cause, f"{self.address}: {error.gap.detail}")
            ) from error

    def _is_set(self, name: str) -> bool:
        value = self.values.get(name)
        if isinstance(value, Hidden):
            return value.cause is Cause.SECRET or self.find(name) is not MISSING
        return value not in (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that was declared, and what of it could not be read."""

    blocks: Sequence[Block] = ()
    gaps: Sequence[Gap] = ()

    def of(self, kinds: Iterable[str]) -> list[Block]:
        """The blocks of some kinds, in order of address."""
        wanted = set(kinds)
        return sorted((b for b in self.blocks if b.kind in wanted), key=lambda b: b.address)


def belonging(
    owner: Block, parts: Sequence[Block], by: str, to: Sequence[str], owners: Sequence[Block]
) -> list[Block]:
    """The parts that belong to a block.

    Args:
        by: Argument of a part that names its owner.
        to: Arguments of an owner that it may be named by.
        owners: All blocks of the owner's kind.

    Raises:
        HiddenError: A part may belong to it, and that is not sure.
    """
    found = []
    for part in parts:
        candidates = _owners(part, by, to, owners)
        if candidates == {owner.address}:
            found.append(part)
        elif candidates is None or owner.address in candidates:
            detail = f"{part.address} may belong to it: its {by} is not known yet"
            raise HiddenError(Gap(Cause.KNOWN_AFTER_APPLY, detail))
    return found


def _owners(part: Block, by: str, to: Sequence[str], owners: Sequence[Block]) -> set[str] | None:
    """Addresses of the blocks that a part may belong to; None: any."""
    try:
        named = find(part.values, by)
    except HiddenError:
        refers = part.refers.get(by)
        if refers is None:
            return None
        known = {owner.address for owner in owners}
        return set(refers) if refers and refers <= known else None
    if not isinstance(named, str):
        return None if named is not MISSING else set()
    return {owner.address for owner in owners if named in _names(owner, to)}


def _names(owner: Block, to: Sequence[str]) -> set[object]:
    return {value for name in to if isinstance(value := owner.values.get(name), str)}
