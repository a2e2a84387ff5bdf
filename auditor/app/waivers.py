"""Waiver files: loading, signing, and telling whether the signature counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from auditor.attest.detached import SIGNATURE_SUFFIX, sign_file, verify_file
from auditor.attest.signing import Signer
from auditor.attest.trust import NamedKey
from auditor.catalog.config import LoadedConfig
from auditor.catalog.library import Library
from auditor.catalog.source import Source, did_you_mean, parse_yaml, validate
from auditor.core.evaluate.compiled import RESOURCE_VARIABLES
from auditor.core.expression.interface import Engine
from auditor.core.model.waiver import SignedWaiver, Waiver
from auditor.errors import (
    AuditorError,
    DefinitionError,
    ExpressionError,
    Problem,
    VerificationError,
)


def load_waivers(
    loaded: LoadedConfig, library: Library, engine: Engine
) -> tuple[SignedWaiver, ...]:
    """Every waiver of the folder, in order of id; unsigned ones too, so that they are shown.

    Raises:
        DefinitionError: A file is wrong, names an unknown check, or repeats an id.
    """
    if loaded.config.waivers is None:
        return ()
    folder = loaded.path(loaded.config.waivers)
    if not folder.is_dir():
        message = f"the folder of waivers {loaded.config.waivers} does not exist"
        hint = f"mkdir {folder}, or take `waivers` out of {loaded.source.name}"
        raise DefinitionError([loaded.source.problem(("waivers",), message, hint)])
    problems: list[Problem] = []
    found: dict[str, SignedWaiver] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            signed = _load(path, loaded, library, engine)
        except DefinitionError as error:
            problems += error.problems
            continue
        if signed.waiver.id in found:
            problems.append(Problem(path.name, f"two waivers have the id {signed.waiver.id}"))
        found[signed.waiver.id] = signed
    if problems:
        raise DefinitionError(problems)
    return tuple(found[i] for i in sorted(found))


def _load(path: Path, loaded: LoadedConfig, library: Library, engine: Engine) -> SignedWaiver:
    data, source = _read(path, f"{path.parent.name}/{path.name}")
    waiver = validate(source, Waiver)
    try:
        engine.compile(waiver.match, RESOURCE_VARIABLES)
    except ExpressionError as error:  # found before anything is read, and not after
        raise DefinitionError([source.problem(("match",), error.message, error.hint)]) from error
    known = {f"{c.id}/{k.id}" for c in library.sorted_controls() for k in c.checks}
    if waiver.check not in known:
        message = f"no check `{waiver.check}`{did_you_mean(waiver.check, known)}"
        raise DefinitionError([source.problem(("check",), message)])
    for index, environment in enumerate(waiver.environments):
        if environment not in loaded.config.environments:
            nearest = did_you_mean(environment, loaded.config.environments)
            message = f"no environment `{environment}`{nearest}"
            raise DefinitionError([source.problem(("environments", index), message)])
    sidecar = _sidecar(path)
    signature = _signature(data, sidecar, waiver, loaded)
    return SignedWaiver(waiver, signature, source.text, sidecar)


def _read(path: Path, name: str) -> tuple[bytes, Source]:
    """The bytes of a waiver file, and its YAML with places."""
    try:
        data = path.read_bytes()
        return data, parse_yaml(data.decode("utf-8"), name)
    except OSError as error:
        raise DefinitionError([Problem(name, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise DefinitionError([Problem(name, f"not text in UTF-8: {error}")]) from error


def _sidecar(path: Path) -> str:
    """The text of the signature beside a waiver; "" where there is none that can be read."""
    sidecar = path.with_name(path.name + SIGNATURE_SUFFIX)
    try:
        return sidecar.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _signature(data: bytes, sidecar: str, waiver: Waiver, loaded: LoadedConfig) -> str:
    """Say `valid`, or a sentence that says why the signature does not count."""
    if not sidecar:
        return "it is not signed"
    if waiver.approved_by not in loaded.config.approvers:
        return f"{waiver.approved_by} is not among the approvers of auditor.yaml"
    key = loaded.path(loaded.config.approvers[waiver.approved_by])
    try:
        approver = NamedKey(
            name=waiver.approved_by,
            public_key=key.read_text("utf-8"),
            not_before=datetime(1970, 1, 1, tzinfo=UTC),
        )
        verify_file(data, sidecar, [approver], at=waiver.approved_at)
    except (OSError, UnicodeDecodeError) as error:
        return f"the key of {waiver.approved_by} cannot be read: {error}"
    except ValidationError as error:
        return f"the key of {waiver.approved_by} is not a public key: {error.errors()[0]['msg']}"
    except AuditorError as error:
        return error.message
    return "valid"


def check_recorded_waiver(signed: SignedWaiver, approvers: Sequence[NamedKey]) -> None:
    """Check a waiver of a recorded run again, by the keys that the verifier trusts.

    Raises:
        VerificationError: The run says that it was valid, and the recorded file and signature do
            not bear that out.
        UndecidableError: It is signed by a key that the verifier does not know.
    """
    if signed.signature != "valid":
        return
    waiver = signed.waiver
    where = f"waiver {waiver.id}"
    source = parse_yaml(signed.text, where)
    if validate(source, Waiver) != waiver:
        raise VerificationError("the run's waiver is not what its file says", where=where)
    name = verify_file(signed.text.encode(), signed.sidecar, approvers, at=waiver.approved_at)
    if name != waiver.approved_by:
        message = f"it is signed by {name}, and says that {waiver.approved_by} approved it"
        raise VerificationError(message, where=where)


def sign_waiver(path: Path, signer: Signer) -> Path:
    """Write the signature beside a waiver file.

    Raises:
        DefinitionError: It cannot be read, or is no waiver.
    """
    data, source = _read(path, path.name)
    validate(source, Waiver)
    sidecar = path.with_name(path.name + SIGNATURE_SUFFIX)
    sidecar.write_text(sign_file(data, signer), "utf-8")
    return sidecar
