"""The operation that a request seen by the proxy stands for, as botocore's models name it.

The proxy itself knows the operations of S3 only among those that are told by method and path.
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from botocore.session import Session

from tests.services.aws.faults import Asked

# What is signed for, where it is not botocore's name of the service.
_SERVICES = {"elasticloadbalancing": "elbv2", "tagging": "resourcegroupstaggingapi"}


def named(asked: Asked) -> tuple[str, str]:
    """botocore's names of service and operation."""
    service = _SERVICES.get(asked.service, asked.service)
    if " " not in asked.operation:
        return service, asked.operation
    method, _, target = asked.operation.partition(" ")
    path = urlsplit(target).path
    for verb, pattern, operation in _paths(service):
        if verb == method and pattern.fullmatch(path):
            return service, operation
    raise LookupError(f"{service}: no operation for {asked.operation}")


@cache
def _paths(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of each operation; those with the longest fixed part first."""
    model = Session().get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = urlsplit(http["requestUri"]).path.rstrip("/") or "/"
        pattern = re.sub(r"\\\{[^{}]+\\\}", "[^/]+", re.escape(path))
        found.append((len(re.sub(r"\{[^{}]+\}", "", path)), http["method"], pattern, name))
    return [(m, re.compile(f"{p}/?"), n) for _, m, p, n in sorted(found, reverse=True)]
