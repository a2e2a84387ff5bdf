"""Paging of operations that answer in pages and for which botocore has no paginator."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from botocore import xform_name
from botocore.client import BaseClient
from botocore.paginate import Paginator

_OWN: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType(
    {
        ("s3control", "ListAccessPoints"): {
            "input_token": "NextToken",
            "output_token": "NextToken",
            "limit_key": "MaxResults",
            "result_key": "AccessPointList",
        },
    }
)


def has_own_pages(service: str, operation: str) -> bool:
    """Whether the paging of the operation is described here."""
    return (service, operation) in _OWN


def paginator(client: BaseClient, service: str, operation: str) -> Paginator[Any] | None:
    """What reads all pages of the operation; None where it answers in one."""
    method = xform_name(operation)
    if client.can_paginate(method):
        return client.get_paginator(method)
    own = _OWN.get((service, operation))
    if own is None:
        return None
    model = client.meta.service_model.operation_model(operation)
    return Paginator(getattr(client, method), dict(own), model)
