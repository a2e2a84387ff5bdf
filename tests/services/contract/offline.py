"""What a collector says without a system, in a process that may not talk to anybody.

usage: python -m tests.services.contract.offline. An audit hook refuses sockets and programs. Prints
JSON: collector to its types, grants and plans, and which of the SDKs were imported for it.
"""

from __future__ import annotations

import json
import sys

from auditor.app.registry import Collectors
from auditor.core.model.target import Target

_FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.exec")
_SDKS = ("boto3", "botocore", "kubernetes", "psycopg", "pymysql")
_SETTINGS: dict[str, dict[str, object]] = {
    "kubernetes-manifests": {"paths": ["/none"]},
    "terraform-plan": {"path": "/none"},
    "cloudformation-template": {"path": "/none"},
    "compose-file": {"path": "/none"},
    "mysql-server": {"user": "auditor"},
    "postgres-server": {"host": "db.example.org"},
    "tls-endpoint": {"endpoints": ["www.example.org:443"]},
}


def _refuse(event: str, _arguments: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(event)


def main() -> None:
    """Print what every collector of the registry says."""
    sys.addaudithook(_refuse)
    said: dict[str, object] = {}
    for one in Collectors().all():
        types = sorted(one.resource_types())
        targets = [
            Target("t", kind, "prod", settings=_SETTINGS.get(kind, {})) for kind in one.target_kinds
        ]
        plans = {
            target.kind: [
                (call.per, call.request, call.times) for call in one.planned_calls(target, types)
            ]
            for target in targets
        }
        said[one.name] = {"types": types, "grants": one.grants(types), "plans": plans}
    json.dump({"said": said, "imported": [n for n in _SDKS if n in sys.modules]}, sys.stdout)


if __name__ == "__main__":
    main()
