"""The controls of a recorded policy as files for people, laid out as a library is.

`controls/<policy>/<control id>/control.yaml`, `frameworks/*.yaml` and the overrides, so that
`auditor reperform --controls` can also read them. The recorded policy alone is proven; verification
writes these files again and compares.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from auditor.attest.package import CONTROLS
from auditor.core.canonical import parse_canonical
from auditor.core.model.control import Control
from auditor.core.model.framework import Framework
from auditor.core.model.policy import Policy
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.blobs import BlobRef

_DIGITS = 12


def policy_folder(reference: BlobRef) -> str:
    """Where the controls of a policy are shown: by the first digits of its digest."""
    return f"{CONTROLS}/{reference.digest.removeprefix('sha256:')[:_DIGITS]}"


def readable_controls(reference: BlobRef, data: bytes) -> Mapping[str, bytes]:
    """The files that show a policy to people: path in the bundle to bytes, the same every time.

    Raises:
        VerificationError: The bytes are no policy.
    """
    policy = parse_policy(data, reference.path)
    folder = policy_folder(reference)
    files = {f"{folder}/{c.id}/control.yaml": _text(_dump(c)) for c in policy.controls}
    files |= {f"{folder}/frameworks/{f.id}.yaml": _text(_dump(f)) for f in policy.frameworks}
    overrides = {name: dict(policy.overrides.get(name, {})) for name in policy.environments}
    files[f"{folder}/overrides.yaml"] = _text(overrides)
    return files


def parse_policy(data: bytes, where: str) -> Policy:
    """A recorded policy.

    Raises:
        VerificationError: The bytes are none.
    """
    try:
        document = parse_canonical(data)
        if not isinstance(document, dict):
            raise VerificationError("the policy is not an object", where=where)
        return Policy.from_json(document)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError, LedgerError) as error:
        raise VerificationError(f"the policy cannot be read: {error}", where=where) from error


def _dump(model: Control | Framework) -> dict[str, object]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def _text(document: object) -> bytes:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()
