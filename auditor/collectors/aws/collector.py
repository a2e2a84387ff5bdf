"""The AWS collector, as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TypeVar

from pydantic import BaseModel

from auditor.collectors.asked import refuse_unknown, settings_of
from auditor.collectors.aws.declared.settings import PlanSettings, TemplateSettings
from auditor.collectors.aws.grants import iam_documents
from auditor.collectors.aws.loader import load_catalogue
from auditor.collectors.aws.planned import planned_calls
from auditor.collectors.aws.settings import AwsSettings, OrganizationSettings
from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    Expansion,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.errors import DependencyError

KIND = "aws-account"
TERRAFORM = "terraform-plan"
CLOUDFORMATION = "cloudformation-template"
SettingsT = TypeVar("SettingsT", bound=BaseModel)
_DECLARED: Mapping[str, type[PlanSettings]] = MappingProxyType(
    {TERRAFORM: PlanSettings, CLOUDFORMATION: TemplateSettings}
)


class AwsCollector:
    """Reads AWS accounts, with credentials of boto3's own chain; plans and templates."""

    name = "aws"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = MappingProxyType(
        {KIND: TargetKind(AwsSettings)}
        | {kind: TargetKind(settings, declared=True) for kind, settings in _DECLARED.items()}
    )

    @property
    def expanders(self) -> Sequence[Expander]:
        """Organizations."""
        return (AwsOrganization(),)

    def resource_types(self) -> Mapping[str, ResourceType]:
        """All types it can read, by name. Needs no SDK and no network."""
        types = load_catalogue().items()
        return MappingProxyType({name: collected.resource_type for name, collected in types})

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        """IAM policies that allow reading these types and nothing else."""
        known = self.resource_types()
        return iam_documents(
            action for name in resource_types for action in known[name].permissions
        )

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        """Which operations will be called, and how often where that is known: none for files."""
        if target.kind in _DECLARED:
            return ()
        catalogue = load_catalogue()
        types = [catalogue[name] for name in resource_types]
        return planned_calls(types, settings_of(target, AwsSettings))

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        """Ask who we are there; a file is read once, so that nothing is asked of it before.

        Raises:
            ConfigError: The target's settings are wrong.
            DependencyError: boto3 is not installed.
        """
        if target.kind in _DECLARED:
            return Preflight(f"file: {settings_of(target, _DECLARED[target.kind]).path}")
        result: Preflight = _run().preflight(settings_of(target, AwsSettings), context)
        return result

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        """Read the types from the account, one observation for each, as they are ready.

        Raises:
            UsageError: A name is no type of this collector.
            ConfigError: The target's settings are wrong.
            DependencyError: boto3 is not installed.
            DefinitionError: The catalogue does not fit the installed botocore.
        """
        catalogue = load_catalogue()
        refuse_unknown(self.name, target, resource_types, catalogue)
        types = [catalogue[name] for name in resource_types]
        if target.kind in _DECLARED:
            settings = settings_of(target, _DECLARED[target.kind])
            declared: Iterator[Observation] = _run("declared.run").collect(
                target, settings, types, context
            )
            return declared
        observations: Iterator[Observation] = _run().collect(
            target, settings_of(target, AwsSettings), types, context
        )
        return observations


class AwsOrganization:
    """Finds the accounts of an organization."""

    target_kind = "aws-organization"
    settings: type[BaseModel] = OrganizationSettings

    def unexpanded(self, target: Target) -> Target:
        """Any account of it."""
        settings = settings_of(target, OrganizationSettings)
        own = {"regions": settings.regions}
        name = f"{target.name}.each-account"
        return Target(name, KIND, target.environment, target.labels, own)

    def expand(self, target: Target, context: CollectionContext) -> Expansion:
        """Ask for its accounts.

        Raises:
            ConfigError: The target's settings are wrong.
            DependencyError: boto3 is not installed.
        """
        settings = settings_of(target, OrganizationSettings)
        _run()  # says it where the SDK is missing
        from auditor.collectors.aws import organization  # needs the SDK

        return organization.expand(target, settings, context)


def _run(module: str = "run") -> ModuleType:
    """A part that needs the SDK, loaded when it is used: it costs 0.2 s and is an extra."""
    try:
        return import_module(f"auditor.collectors.aws.{module}")
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"reading AWS needs the SDK: no module {error.name!r}",
            hint="pip install 'auditor[aws]'",
        ) from error
