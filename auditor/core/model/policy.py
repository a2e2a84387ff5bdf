"""All that a judgement depends on besides the evidence: the policy of one run.

It is stored with the run, so that anybody can judge the evidence again years later with the
controls, parameters, waivers and types as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor.core.model.control import Control
from auditor.core.model.fields import Record, field_spec, parse_field_type
from auditor.core.model.framework import Framework
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.core.model.waiver import SignedWaiver, Waiver

SCHEMA = "policy-1"


@dataclass(frozen=True, slots=True)
class Policy:
    """Controls and everything that decides what they mean here.

    Args:
        overrides: Environment to control id to parameter to value as written in `auditor.yaml`,
            already checked against `loosest` and `requires`.
        resource_types: The types that the checks name.
        kinds: Collector name to the kinds of targets that it reads.
        inventory: Lists of `auditor.yaml` that checks compare with.
        owners: Role to the person's name and address, to tell a self-approved waiver.
        engine: Name and version of the expression engine.
        limited: It was made for a selection, and not for all that `auditor.yaml` names.
    """

    controls: tuple[Control, ...]
    frameworks: tuple[Framework, ...]
    targets: tuple[Target, ...]
    environments: tuple[str, ...]
    resource_types: Mapping[str, ResourceType]
    overrides: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    waivers: tuple[SignedWaiver, ...] = ()
    inventory: Mapping[str, object] = field(default_factory=dict)
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    organisation: str = ""
    engine: str = ""
    limited: bool = False

    def parameters(self, environment: str, control: Control) -> dict[str, object]:
        """The typed parameters of a control in an environment.

        Raises:
            ValueError: An override is looser than the parameter allows.
        """
        set_here = self.overrides.get(environment, {}).get(control.id, {})
        return {
            name: parameter.check(set_here.get(name, parameter.default))
            for name, parameter in control.parameters.items()
        }

    def to_json(self) -> dict[str, object]:
        """The policy document, schema `policy-1`, fit for canonical JSON."""
        document = {
            "schema": SCHEMA,
            "organisation": self.organisation,
            "engine": self.engine,
            "limited": self.limited,
            "controls": [_dump(control) for control in self.controls],
            "frameworks": [_dump(framework) for framework in self.frameworks],
            "targets": [target.to_json() for target in self.targets],
            "environments": list(self.environments),
            "overrides": self.overrides,
            "kinds": {name: list(kinds) for name, kinds in self.kinds.items()},
            "waivers": [
                {
                    "waiver": _dump(signed.waiver),
                    "signature": signed.signature,
                    "text": signed.text,
                    "sidecar": signed.sidecar,
                }
                for signed in self.waivers
            ],
            "inventory": self.inventory,
            "owners": self.owners,
            "resource_types": {
                name: {
                    "title": kind.title,
                    "fields": field_spec(kind.fields),
                    "facts": field_spec(kind.facts),
                    "derived": list(kind.derived),
                    "personal": list(kind.personal),
                    "token": list(kind.token),
                }
                for name, kind in self.resource_types.items()
            },
        }
        return _without_floats(document)  # type: ignore[return-value]

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Policy:
        """The inverse of `to_json`.

        Raises:
            KeyError, ValueError: Not a document of schema `policy-1`.
        """
        if document.get("schema") != SCHEMA:
            raise ValueError(f"got schema {document.get('schema')!r}, expected {SCHEMA!r}")
        waivers: list[dict[str, str]] = document["waivers"]  # type: ignore[assignment]
        types: dict[str, dict[str, object]] = document["resource_types"]  # type: ignore[assignment]
        policy = cls(
            controls=tuple(Control.model_validate(c) for c in document["controls"]),  # type: ignore[attr-defined]
            frameworks=tuple(Framework.model_validate(f) for f in document["frameworks"]),  # type: ignore[attr-defined]
            targets=tuple(Target.from_json(t) for t in document["targets"]),  # type: ignore[attr-defined]
            environments=tuple(document["environments"]),  # type: ignore[arg-type]
            resource_types={name: _type_from_json(name, spec) for name, spec in types.items()},
            overrides=document["overrides"],  # type: ignore[arg-type]
            kinds={name: _names(kinds) for name, kinds in document["kinds"].items()},  # type: ignore[attr-defined]
            waivers=tuple(
                SignedWaiver(
                    Waiver.model_validate(item["waiver"]),
                    str(item["signature"]),
                    str(item["text"]),
                    str(item["sidecar"]),
                )
                for item in waivers
            ),
            inventory=document["inventory"],  # type: ignore[arg-type]
            owners=document["owners"],  # type: ignore[arg-type]
            organisation=str(document["organisation"]),
            engine=str(document["engine"]),
            limited=bool(document["limited"]),
        )
        for environment in policy.environments:
            for control in policy.controls:
                policy.parameters(environment, control)
        return policy


def _type_from_json(name: str, spec: Mapping[str, object]) -> ResourceType:
    fields, facts = parse_field_type(spec["fields"]), parse_field_type(spec["facts"])
    if not isinstance(fields, Record) or not isinstance(facts, Record):
        raise ValueError(f"fields and facts of {name} must be records")
    derived, personal, token = (_names(spec[key]) for key in ("derived", "personal", "token"))
    return ResourceType(
        name, str(spec["title"]), fields, facts, derived=derived, personal=personal, token=token
    )


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError(f"got {value!r:.60}, expected a list of names")
    return tuple(value)


def _dump(model: Control | Framework | Waiver) -> dict[str, object]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def _without_floats(value: object) -> object:
    """Doubles travel as decimal strings: parameters of type double read them back."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {key: _without_floats(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_floats(item) for item in value]
    return value
