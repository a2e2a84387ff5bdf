"""`auditor init`: find what can be reached, write the configuration, make keys and trust."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import yaml

from auditor.app.project import TRUST_FILE, origin_of
from auditor.app.registry import Collectors
from auditor.app.signing_keys.listing import LIFETIME, with_authority
from auditor.attest.trust import LogKey, NamedKey, TrustPolicy
from auditor.catalog.config import CONFIG_FILE, Config, LoadedConfig, load_targets
from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.interface import CollectionContext
from auditor.core.model.target import Target
from auditor.core.model.waiver import MAX_LIFETIME
from auditor.errors import ConfigError, DependencyError, UsageError
from auditor.keys.certificate import Subject, self_signed
from auditor.keys.file import generate_key

# What can be looked for without being told an address: the settings of a first try.
CANDIDATES: Mapping[str, Mapping[str, object]] = {
    "aws": {"regions": "enabled"},
    "host": {"connection": "local"},
    "kubernetes": {},
}
ON_REQUEST = ("records",)
"""Written without a try: what an organisation states and writes down may not be there yet."""
_FILES = ("keys/run.pem", "keys/log.pem", "keys/run.crt", f"trust/{TRUST_FILE}")
# Waivers that were approved before this setup, and may still be in force, count.
APPROVED_BEFORE = MAX_LIFETIME
_NAMES = {"aws": "aws", "host": "this-host", "kubernetes": "cluster", "records": "organisation"}


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate: a target to write, or why there is none."""

    kind: str
    entry: Mapping[str, object] | None
    said: str


def discover(
    collectors: Collectors, names: Sequence[str], now: datetime, environment: str
) -> list[Found]:
    """Try each collector that needs no address; say what answered."""
    results = []
    with ThreadPoolExecutor(2) as executor:
        context = CollectionContext(clock=lambda: now, executor=executor, timeout_s=5.0)
        for name in names:
            if name in ON_REQUEST:
                results.append(_written(collectors, name, environment))
                continue
            if name not in CANDIDATES:
                raise UsageError(
                    f"nothing can be found for {name!r} without an address",
                    hint="auditor init --endpoint shop.example.org:443 for TLS",
                )
            results.append(_try(collectors, name, context, environment))
    return results


def _written(collectors: Collectors, name: str, environment: str) -> Found:
    kind = next(iter(collectors.get(name).target_kinds))
    entry = {"name": _NAMES[name], "kind": kind, "environment": environment}
    return Found(name, entry, "documents, registers and attestations beside auditor.yaml")


def _try(collectors: Collectors, name: str, context: CollectionContext, environment: str) -> Found:
    try:
        collector = collectors.get(name)
        settings = CANDIDATES[name]
        target = Target(_NAMES[name], next(iter(collector.target_kinds)), environment, {}, settings)
        answer = collector.preflight(target, context)
    except DependencyError as error:
        return Found(name, None, f"{error.message} ({error.hint})")
    if answer.gap is not None:
        return Found(name, None, answer.gap.detail)
    entry = {"name": target.name, "kind": target.kind, "environment": environment, **settings}
    return Found(name, entry, f"as {answer.identity}")


@dataclass(frozen=True, slots=True)
class Setup:
    """What `init` writes.

    Args:
        targets: Entries of `targets`.
        extra: Further fields of auditor.yaml (inventory, owners, ...).
        approvers: Name to public key (PEM): whose signature on a waiver counts. The keys are kept
            in `trust/`, and named in auditor.yaml and in the trust policy.
        passphrase: Encrypts the keys at rest; None leaves them plain.
    """

    organisation: str
    environment: str
    targets: Sequence[Mapping[str, object]]
    extra: Mapping[str, object]
    approvers: Mapping[str, str] = field(default_factory=dict)
    passphrase: bytes | None = None


def write_setup(folder: Path, setup: Setup, now: datetime, collectors: Collectors) -> list[Path]:
    """Write auditor.yaml, keys, trust and an empty folder of waivers; overwrite nothing.

    Raises:
        ConfigError: One of the files is there already; nothing was written.
        DefinitionError: What was given makes no valid configuration; nothing was written.
    """
    config = folder / CONFIG_FILE
    text = config_text(setup)
    _check(text, folder, collectors)
    origin = origin_of(setup.organisation)
    for path in (config, *(folder / name for name in _FILES)):
        if path.exists():
            raise ConfigError(f"{path} exists already", hint="edit it, or give another folder")
    for name in ("keys", "trust", "waivers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    run_key = generate_key(folder / "keys" / "run.pem", "ecdsa-p256-sha256", setup.passphrase)
    log_key = generate_key(folder / "keys" / "log.pem", "ed25519", setup.passphrase)
    certificate = self_signed(run_key, Subject(setup.organisation), now, LIFETIME)
    (folder / "keys" / "run.crt").write_text(certificate, "utf-8")
    trust = TrustPolicy(
        origin=origin,
        log_keys=(LogKey(vkey=log_key.note_key(origin).vkey, not_before=now),),
        run_keys=(NamedKey(name="run", public_key=run_key.public_key, not_before=now),),
        approvers=tuple(
            NamedKey(name=name, public_key=pem, not_before=now - APPROVED_BEFORE)
            for name, pem in setup.approvers.items()
        ),
    )
    trust = with_authority(trust, certificate, run_key)
    for name, pem in setup.approvers.items():
        (folder / "trust" / f"{name}.pub").write_text(pem, "utf-8")
    (folder / "trust" / TRUST_FILE).write_text(trust.to_json(), "utf-8")
    (folder / "keys" / ".gitignore").write_text("*.pem\n*.key\n", "utf-8")
    config.write_text(text, "utf-8")
    return [config, folder / "keys", folder / "trust" / TRUST_FILE, folder / "waivers"]


def _check(text: str, folder: Path, collectors: Collectors) -> None:
    """Refuse what `auditor scan` would refuse, before anything is written."""
    source = parse_yaml(text, CONFIG_FILE)
    loaded = LoadedConfig(validate(source, Config), folder, source)
    load_targets(loaded, collectors.target_kinds())


def config_text(setup: Setup) -> str:
    """The text of a new auditor.yaml."""
    document: dict[str, object] = {
        "organisation": setup.organisation,
        "controls": ["package:auditor"],
        "frameworks": ["soc2", "iso27001"],
        "environments": {setup.environment: {}},
        "targets": [dict(target) for target in setup.targets],
        "waivers": "waivers",
        "store": "evidence",
        "keys": {"run": "keys/run.pem", "log": "keys/log.pem"},
        "trust": "trust",
        "approvers": {name: f"trust/{name}.pub" for name in setup.approvers},
        **setup.extra,
    }
    plain = json.loads(json.dumps(document))  # no YAML tags or aliases from Python objects
    body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    return f"# What auditor looks at. Every field: docs/reference/config.md\n{body}"
