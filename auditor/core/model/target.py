"""A system to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of `targets` in `auditor.yaml`.

    Args:
        name: Unique in the configuration; part of every finding's id.
        kind: `aws-account`, `tls-endpoint`, `host`, ...
        environment: A key of `environments` in `auditor.yaml`.
        labels: Free words for selecting (`target.labels.team == "core"`).
        settings: What is particular to the kind (profile, regions, endpoints); checked by the
            collector's own model, never a secret.
        declared: It is what somebody wrote down (manifests, a plan), not a living system.
    """

    name: str
    kind: str
    environment: str
    labels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    declared: bool = False

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {
            "name": self.name,
            "kind": self.kind,
            "environment": self.environment,
            "labels": dict(self.labels),
            "settings": dict(self.settings),
            "declared": self.declared,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Target:
        """The inverse of `to_json`."""
        return cls(
            name=str(document["name"]),
            kind=str(document["kind"]),
            environment=str(document["environment"]),
            labels=document["labels"],  # type: ignore[arg-type]
            settings=document["settings"],  # type: ignore[arg-type]
            declared=bool(document["declared"]),
        )

    def as_variable(self) -> dict[str, object]:
        """What an expression sees as `target`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "environment": self.environment,
            "labels": dict(self.labels),
            "declared": self.declared,
        }
