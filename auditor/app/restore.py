"""Signing the record of a restore test."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from auditor.attest.detached import SIGNATURE_SUFFIX, sign_file
from auditor.attest.signing import Signer
from auditor.core.model.restore import RestoreRecord
from auditor.errors import ConfigError, DefinitionError, Problem


def sign_record(path: Path, signer: Signer) -> Path:
    """Write the signature beside a record of schema `restore-1`.

    Raises:
        ConfigError: The file cannot be read.
        DefinitionError: It is no such record; with every problem.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    try:
        RestoreRecord.model_validate_json(data)
    except ValidationError as error:
        problems = [
            Problem(path.name, f"{'.'.join(str(p) for p in item['loc'])}: {item['msg']}")
            for item in error.errors()
        ]
        raise DefinitionError(problems) from error
    sidecar = path.with_name(path.name + SIGNATURE_SUFFIX)
    sidecar.write_text(sign_file(data, signer), "utf-8")
    return sidecar
