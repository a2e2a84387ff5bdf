"""A configuration with everything it names, loaded and checked before anything is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from auditor.app.engine import DEFAULT, make_engine
from auditor.app.library import checked_library, controls_folders
from auditor.app.registry import Collectors
from auditor.app.upkeep.stores import open_store
from auditor.app.waivers import load_waivers
from auditor.attest.signing import Algorithm
from auditor.attest.trust import TrustPolicy
from auditor.catalog.config import LoadedConfig, load_config, load_targets, resolve_overrides
from auditor.catalog.library import Library
from auditor.catalog.source import did_you_mean
from auditor.core.expression.interface import Engine
from auditor.core.model.target import Target
from auditor.core.model.waiver import SignedWaiver
from auditor.errors import ConfigError, DefinitionError, LedgerError
from auditor.keys.opened import OpenKey
from auditor.keys.registry import open_key
from auditor.ledger.checkpoint import log_origin
from auditor.store.interface import Store

TRUST_FILE = "policy.json"
LAST_CHECKPOINT = "last-checkpoint"


@dataclass
class Project:
    """Everything that `auditor.yaml` leads to. Parts are loaded when they are first needed."""

    loaded: LoadedConfig
    engine: Engine = field(default_factory=make_engine)
    collectors: Collectors = field(default_factory=Collectors)

    @cached_property
    def library(self) -> Library:
        """The controls, linted; only the frameworks that the configuration names."""
        config = self.loaded.config
        folders = controls_folders(config.controls, self.loaded.folder)
        library = checked_library(folders, self.collectors, self.engine)
        for index, framework in enumerate(config.frameworks):
            if framework not in library.frameworks:
                message = f"no framework `{framework}`{did_you_mean(framework, library.frameworks)}"
                at = ("frameworks", index)
                raise DefinitionError([self.loaded.source.problem(at, message)])
        return library

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """All targets, their settings checked by their collectors."""
        kinds = {entry.kind for entry in self.loaded.config.targets}
        return load_targets(self.loaded, self.collectors.target_kinds(kinds))

    @cached_property
    def overrides(self) -> dict[str, dict[str, dict[str, object]]]:
        """Parameters by environment and control."""
        return resolve_overrides(self.loaded, self.library)

    @cached_property
    def waivers(self) -> tuple[SignedWaiver, ...]:
        """Every waiver, with what its signature turned out to be."""
        return load_waivers(self.loaded, self.library, self.engine)

    @cached_property
    def store(self) -> Store:
        """The evidence store."""
        config = self.loaded.config
        return open_store(config.store, self.loaded.folder, config.object_store)

    @property
    def trust_folder(self) -> Path:
        """Where the trust policy is kept."""
        return self.loaded.path(self.loaded.config.trust)

    @property
    def origin(self) -> str:
        """The name of the log."""
        return origin_of(self.loaded.config.organisation)

    def run_key(self) -> OpenKey:
        """The key that signs runs."""
        return self._key(self.loaded.config.keys.run, "ecdsa-p256-sha256")

    def log_key(self) -> OpenKey:
        """The key that signs the log's checkpoints."""
        return self._key(self.loaded.config.keys.log, "ed25519")

    def second_log_key(self) -> OpenKey | None:
        """The ML-DSA-44 key that signs checkpoints beside `log_key`; None where none is named."""
        place = self.loaded.config.keys.log_second
        return None if place is None else self._key(place, "ml-dsa-44")

    def _key(self, place: str, algorithm: Algorithm) -> OpenKey:
        return open_key(place, self.loaded.folder, os.environ, algorithm=algorithm)


def load_signing_key(path: Path) -> OpenKey:
    """A private key from a file, opened with the passphrase of the environment if it needs one.

    Raises:
        ConfigError: It cannot be read or opened.
    """
    return open_key(str(path.absolute()), Path(), os.environ)


def open_project(config: Path, engine: str | None = None) -> Project:
    """The project of a configuration file.

    Args:
        engine: Name of the expression engine, the default one where it is None.

    Raises:
        ConfigError, DefinitionError: It is missing or wrong.
    """
    return Project(load_config(config), make_engine(engine or DEFAULT))


def origin_of(organisation: str) -> str:
    """The name of an organisation's log.

    Raises:
        ConfigError: The organisation's name has nothing to name a log by.
    """
    try:
        return log_origin(organisation)
    except LedgerError as error:  # a matter of configuration here, not of integrity
        raise ConfigError(error.message, hint=error.hint) from error


def load_trust(folder: Path) -> TrustPolicy:
    """The trust policy of a folder.

    Raises:
        ConfigError: There is none, or it is wrong.
    """
    path = folder / TRUST_FILE
    if not path.is_file():
        raise ConfigError(
            f"there is no trust policy {path}",
            hint="get it from whoever you audit by another way, and give --trust DIR",
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=str(path)) from error
    return TrustPolicy.parse(text, where=str(path))


def nearest_problem(kind: str, name: str, known: Iterable[str]) -> str:
    """`no target `x`, did you mean `y`?`."""
    return f"no {kind} `{name}`{did_you_mean(name, known)}"


def check_known(kind: str, names: Sequence[str], known: Iterable[str]) -> list[str]:
    """The problems of names that are not known."""
    names_known = set(known)
    return [nearest_problem(kind, name, names_known) for name in names if name not in names_known]
