"""A kind of thing that a collector can read, and what each of its fields is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.core.model.field_path import Path, check_flags
from auditor.core.model.fields import Record

Derive = Callable[[Mapping[str, object]], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One entry of the resource catalogue.

    Args:
        name: `aws.s3.bucket`; the part before the first dot is the collector's name.
        title: For people, singular.
        fields: Every field that evidence may hold: the allow-list of what is kept.
        facts: What the collection as a whole knows (counts, caller), usable in `reconcile`.
        permissions: What reading it needs, in the system's own words (`s3:ListAllMyBuckets`).
        derive: Pure step from a resource's raw part (its field `raw`) to facts, where facts are
            computed and not read; it is run again when a run is judged again.
        derived: The fields that `derive` answers for. Each of them that evidence holds must come
            out of `derive` and be equal: one that its raw part no longer yields is not proven.
        active: True when reading it sends more than ordinary read requests (a login attempt, a
            weak handshake); such types are read only where probes are allowed.
        personal: Paths of fields about a person: their values are kept apart from the evidence and
            may be withheld or erased. Syntax: `field_path`.
        token: Paths of fields of which only equality is kept, as a keyed token.
    """

    name: str
    title: str
    fields: Record
    facts: Record
    permissions: tuple[str, ...] = ()
    derive: Derive | None = None
    derived: tuple[str, ...] = ()
    active: bool = False
    personal: tuple[str, ...] = ()
    token: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse flags of fields that there are not (ValueError)."""
        if self.personal or self.token:
            check_flags(self.fields, self.personal, self.token)

    @property
    def collector(self) -> str:
        """The name of the collector that reads it."""
        return self.name.partition(".")[0]

    @property
    def personal_paths(self) -> tuple[Path, ...]:
        """`personal`, in steps."""
        return tuple(tuple(text.split(".")) for text in self.personal)

    @property
    def token_paths(self) -> tuple[Path, ...]:
        """`token`, in steps."""
        return tuple(tuple(text.split(".")) for text in self.token)
