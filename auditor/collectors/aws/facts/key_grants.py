"""Grants on a key: who may use it beside its policy.

Source: KMS Developer Guide, "Grants in AWS KMS". A grantee is an ARN of an account, user or role,
or an AWS service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor.collectors.aws.facts.unreadable import mappings, sequence, text

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:(?:iam|sts)::)?(\d{12})(?::.+)?", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?", re.ASCII)


def key_grants(grants: object) -> list[dict[str, object]]:
    """The grants, sorted by their id.

    Raises:
        ValueError: Not grants as AWS lists them.
    """
    return sorted(map(_grant, mappings(grants, "Grants")), key=lambda grant: str(grant["id"]))


def _grant(grant: Mapping[str, object]) -> dict[str, object]:
    service = grant.get("GranteeServicePrincipal")
    found = grant.get("GranteePrincipal") if service is None else service
    grantee = text(found, "GranteePrincipal")
    match = _ACCOUNT.fullmatch(grantee)
    operations = sequence(grant.get("Operations"), "Operations")
    return {
        "id": text(grant.get("GrantId"), "GrantId"),
        "grantee": grantee,
        "account": match[1] if match else None,
        "service": service is not None or _SERVICE.fullmatch(grantee) is not None,
        "operations": sorted(text(operation, "Operations") for operation in operations),
    }
