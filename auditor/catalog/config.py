"""`auditor.yaml`: what is looked at, by whom, and where evidence goes. File format `config-1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from auditor.catalog.library import Library
from auditor.catalog.lint.mappings import unmet
from auditor.catalog.notifications import Notifications
from auditor.catalog.source import Source, did_you_mean, read_yaml, validate
from auditor.core.model.control import Control, Model
from auditor.core.model.ident import Id
from auditor.core.model.status import Severity
from auditor.core.model.target import Target
from auditor.core.sampling import SampleSizes
from auditor.core.times import Duration
from auditor.errors import ConfigError, DefinitionError, LedgerError, Problem
from auditor.ledger.cosignature import CosignerKey

CONFIG_FILE = "auditor.yaml"
SHIPPED = "package:auditor"
TargetName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class TargetEntry(BaseModel):
    """One target: the common fields here, the others are its collector's to check."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: TargetName
    kind: Id
    environment: str
    labels: dict[str, str] = Field(default_factory=dict)


class Person(Model):
    """Who fills a role."""

    name: str
    email: str = ""


class Keys(Model):
    """Where the signing keys are: paths relative to the file, or URIs of keys kept elsewhere.

    `token` is the secret that keyed tokens are made with; `certificate` the X.509 certificate (with
    its chain, PEM) of the run key, for signatures in PDF reports; `log_second` an ML-DSA-44 key
    that signs the log's checkpoints beside `log`, against quantum computers.
    """

    run: str = "keys/run.pem"
    log: str = "keys/log.pem"
    token: str = "keys/token.key"  # noqa: S105 - where it is, not what it is
    certificate: str = "keys/run.crt"
    log_second: str | None = None


def _cosigner_vkey(vkey: str) -> str:
    try:
        CosignerKey.parse(vkey)
    except LedgerError as error:  # pydantic adds the place to a ValueError
        raise ValueError(error.message) from error
    return vkey


class WitnessEntry(Model):
    """A witness that is asked to cosign each checkpoint: where it listens and its key."""

    url: str = Field(pattern=r"^https?://")
    vkey: Annotated[str, AfterValidator(_cosigner_vkey)]


class ObjectStore(Model):
    """How an `s3://` store is reached, where the AWS defaults do not say it."""

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    lock: Literal["compliance", "governance", "none"] = "compliance"


class Retention(Model):
    """How long evidence is kept at least: in general, and of runs that judged a control."""

    default: Duration = timedelta(days=400)
    controls: dict[Id, Duration] = Field(default_factory=dict)


REMEDIATION: Mapping[Severity, timedelta] = {
    Severity.CRITICAL: timedelta(days=7),
    Severity.HIGH: timedelta(days=30),
    Severity.MEDIUM: timedelta(days=90),
    Severity.LOW: timedelta(days=180),
}
"""How soon a finding is to be fixed, where `auditor.yaml` says nothing."""


class Config(Model):
    """The whole file."""

    organisation: str = Field(min_length=1)
    controls: tuple[str, ...] = (SHIPPED,)
    frameworks: tuple[Id, ...] = ("soc2", "iso27001")
    environments: dict[str, dict[str, object]] = Field(min_length=1)
    targets: tuple[TargetEntry, ...] = ()
    owners: dict[Id, Person] = Field(default_factory=dict)
    inventory: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    waivers: str | None = None
    attestations: str = "attestations"
    responses: str = "responses"
    sample_sizes: SampleSizes = SampleSizes()
    remediation: dict[Severity, Duration] = Field(default_factory=lambda: dict(REMEDIATION))
    approvers: dict[str, str] = Field(default_factory=dict)
    store: str = "evidence"
    keys: Keys = Keys()
    trust: str = "trust"
    object_store: ObjectStore = ObjectStore()
    retention: Retention = Retention()
    timestamping: tuple[str, ...] = ()
    witnesses: tuple[WitnessEntry, ...] = ()
    notifications: Notifications = Notifications()


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The configuration, the folder that its paths are relative to, and its places."""

    config: Config
    folder: Path
    source: Source

    def path(self, text: str) -> Path:
        """A path of the file, from the file's own folder."""
        return (self.folder / text).resolve()


def load_config(path: Path) -> LoadedConfig:
    """The configuration of a file.

    Raises:
        ConfigError: There is no such file.
        DefinitionError: It is wrong; with every problem and its place.
    """
    if not path.is_file():
        raise ConfigError(f"there is no {path}", hint="auditor init")
    source = read_yaml(path, path.name)
    config = validate(source, Config)
    problems = [*_duplicate_targets(config, source), *_unknown_environments(config, source)]
    if problems:
        raise DefinitionError(problems)
    return LoadedConfig(config, path.parent.resolve(), source)


def _duplicate_targets(config: Config, source: Source) -> Sequence[Problem]:
    names = [target.name for target in config.targets]
    return [
        source.problem(("targets", index, "name"), f"two targets are called `{name}`")
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _unknown_environments(config: Config, source: Source) -> Sequence[Problem]:
    return [
        source.problem(
            ("targets", index, "environment"),
            f"no environment `{target.environment}`"
            + did_you_mean(target.environment, config.environments),
        )
        for index, target in enumerate(config.targets)
        if target.environment not in config.environments
    ]


class KindOfTarget(Protocol):
    """What is known of a kind of target."""

    @property
    def settings(self) -> type[BaseModel]:
        """Pydantic model of the fields that are its own."""
        ...

    @property
    def declared(self) -> bool:
        """It is something that was written down, not a living system."""
        ...


def load_targets(loaded: LoadedConfig, kinds: Mapping[str, KindOfTarget]) -> tuple[Target, ...]:
    """The targets, each with the settings of its kind checked.

    Args:
        kinds: What each kind of target is.

    Raises:
        DefinitionError: An unknown kind, or settings that its collector does not accept.
    """
    targets: list[Target] = []
    problems: list[Problem] = []
    for index, entry in enumerate(loaded.config.targets):
        kind = kinds.get(entry.kind)
        if kind is None:
            message = f"no kind of target `{entry.kind}`{did_you_mean(entry.kind, kinds)}"
            problems.append(loaded.source.problem(("targets", index, "kind"), message))
            continue
        try:
            checked = _check_settings(loaded.source, index, entry, kind.settings)
        except DefinitionError as error:
            problems += error.problems
            continue
        targets.append(
            Target(
                name=entry.name,
                kind=entry.kind,
                environment=entry.environment,
                labels=entry.labels,
                settings=checked,
                declared=kind.declared,
            )
        )
    if problems:
        raise DefinitionError(problems)
    return tuple(targets)


def _check_settings(
    source: Source, index: int, entry: TargetEntry, model: type[BaseModel]
) -> dict[str, object]:
    """Validate the particular fields as if they were a file of their own, at their own places."""
    at = ("targets", index)
    own = Source(source.name, source.text, dict(entry.model_extra or {}))
    own.values = {key[2:]: place for key, place in source.values.items() if key[:2] == at}
    own.keys = {key[2:]: place for key, place in source.keys.items() if key[:2] == at}
    checked = validate(own, model)
    return checked.model_dump(mode="json", exclude_none=True)


def resolve_overrides(
    loaded: LoadedConfig, library: Library
) -> dict[str, dict[str, dict[str, object]]]:
    """Environment to control to parameter to value, as `environments` sets them.

    A key is `parameter` (every control that has one of that name) or `control-id.parameter`,
    which outranks it.

    Raises:
        DefinitionError: An unknown parameter, or a value looser than allowed by the parameter or
            by what a mapping requires.
    """
    problems: list[Problem] = []
    result: dict[str, dict[str, dict[str, object]]] = {}
    controls = library.sorted_controls()
    for environment, values in loaded.config.environments.items():
        chosen = result.setdefault(environment, {})
        # What is said for one control outranks what is said for all, in whatever order.
        for key, value in sorted(values.items(), key=lambda item: "." in item[0]):
            at = ("environments", environment, key)
            matching = [(c, n) for c in controls for n in c.parameters if key in (n, f"{c.id}.{n}")]
            if not matching:
                known = [n for c in controls for n in (*c.parameters, f"{c.id}.x")]
                message = f"no control has a parameter `{key}`{did_you_mean(key, known)}"
                problems.append(loaded.source.problem(at, message, key=True))
            for control, name in matching:
                problems += _check_override(loaded.source, at, control, name, value)
                chosen.setdefault(control.id, {})[name] = value
        problems += _check_requires(loaded.source, environment, chosen, library)
    if problems:
        raise DefinitionError(problems)
    return result


def _check_override(
    source: Source, at: tuple[str, ...], control: Control, name: str, value: object
) -> Sequence[Problem]:
    try:
        control.parameters[name].check(value)
    except ValueError as error:
        return [source.problem(at, f"{control.id}.{name}: {error}")]
    return ()


def _check_requires(
    source: Source,
    environment: str,
    overrides: Mapping[str, dict[str, object]],
    library: Library,
) -> Sequence[Problem]:
    problems = []
    for control_id, values in overrides.items():
        loaded = library.controls[control_id]
        for mappings in loaded.control.maps.values():
            for mapping in mappings:
                for message in unmet(loaded, mapping, values):
                    at = ("environments", environment)
                    problems.append(source.problem(at, f"{control_id}: {message}"))
    return problems
