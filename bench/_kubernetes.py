"""A cluster of 10,000 pods, read for all types: requests, CPU seconds, peak memory.

usage: python -m bench._kubernetes [PODS]. The cluster is a stand-in (tests/services/kubernetes) on
loopback in a process of its own. The floor is the official client that lists the same kinds, twice:
as its typed models, and as bytes that are only parsed. Limits: 300 MB; 4 x the CPU of the bytes, or
1 x that of the models, whichever is more. Exit 1 when one is broken, or a resource is missing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from auditor.collectors.interface import CollectionContext
from auditor.collectors.kubernetes import KubernetesCollector
from auditor.collectors.kubernetes.loader import load_kinds
from auditor.core.model.target import Target
from bench.measure import cpu_of, peak_mb
from tests.services.kubernetes.apiserver.server import Cluster, serving
from tests.services.kubernetes.apiserver.store import is_built_in
from tests.services.kubernetes.small_objects import deployment, namespace, owner, pod, replica_set

MAX_MB = 300
RATIO = 4.0
PER_DEPLOYMENT = 10
BARE = 50  # every fiftieth pod has no controller


def _objects(count: int) -> Iterator[dict[str, Any]]:
    yield namespace("shop")
    for number in range(count // PER_DEPLOYMENT):
        yield deployment(f"d{number}")
        yield replica_set(f"d{number}-r", f"d{number}")
    for number in range(count):
        yield _pod(number)


def _pod(number: int) -> dict[str, Any]:
    """A pod as big as a real one: managed fields are half of it."""
    made = pod(f"p{number:05}")
    if number % BARE:
        name = f"d{number // PER_DEPLOYMENT}-r"
        made["metadata"]["ownerReferences"] = owner("apps", "replicasets", "ReplicaSet", name)
    managed: dict[str, Any] = {
        f"f:field{n}": {f"f:part{m}": {} for m in range(12)} for n in range(20)
    }
    made["metadata"]["managedFields"] = [{"manager": "kubelet", "fieldsV1": managed}]
    container = made["spec"]["containers"][0]
    container["env"] = [{"name": f"VARIABLE_{n}", "value": f"value {n}"} for n in range(20)]
    container["volumeMounts"] = [{"name": f"v{n}", "mountPath": f"/v/{n}"} for n in range(5)]
    made["spec"]["volumes"] = [{"name": f"v{n}", "emptyDir": {}} for n in range(5)]
    made["status"] = {"phase": "Running", "containerStatuses": []}
    return made


def _serve(count: int) -> None:
    """Serve until standard input ends."""
    cluster = Cluster(validated=False)
    cluster.store.add(_objects(count))
    with serving(cluster):
        print(cluster.url, flush=True)
        sys.stdin.read()


def _ours(url: str, token: str) -> dict[str, object]:
    collector = KubernetesCollector()
    settings = {"connection": "server", "server": url, "token_file": token, "insecure": True}
    target = Target("bench", "kubernetes-cluster", "prod", settings=settings)

    def collect() -> tuple[dict[str, int], int, int]:
        resources: dict[str, int] = {}
        gaps = 0
        with ThreadPoolExecutor(16) as executor:
            context = CollectionContext(lambda: datetime.now(UTC), executor)
            for one in collector.collect(target, list(collector.resource_types()), context):
                resources[one.resource_type] = len(one.resources)
                gaps += len(one.gaps)
            return resources, gaps, context.budget.made

    cpu, (resources, gaps, calls) = cpu_of(collect)
    return {"cpu": cpu, "mb": peak_mb(), "calls": calls, "resources": resources, "gaps": gaps}


def _floor(url: str, token: str, *, models: bool) -> dict[str, object]:
    """The official client alone, over the same lists in pages of 500."""
    from kubernetes import client  # heavy; not for the process that serves

    configuration = client.Configuration()
    configuration.host = url
    configuration.api_key["BearerToken"] = f"Bearer {Path(token).read_text()}"
    api = client.ApiClient(configuration)
    kinds = [k for k in load_kinds().values() if k.origin == "list" and is_built_in(k.group)]

    def loop() -> tuple[int, int]:
        items = calls = 0
        for kind in kinds:
            following: str | None = ""
            while following is not None:
                query = [("limit", "500"), *([("continue", following)] if following else [])]
                path = kind.path(kind.versions[0])
                request = api.param_serialize(
                    "GET", path, query_params=query, auth_settings=["BearerToken"]
                )
                response = api.call_api(*request)
                data = response.read()  # type: ignore[no-untyped-call]  # untyped
                document = orjson.loads(data)
                if models and kind.name in {"Pod", "Deployment", "ReplicaSet"}:
                    of = f"V1{kind.name}List"
                    api.response_deserialize(response, {"200": of})
                items += len(document["items"])
                calls += 1
                following = document["metadata"].get("continue")
        return items, calls

    cpu, (items, calls) = cpu_of(loop)
    return {"cpu": cpu, "mb": peak_mb(), "calls": calls, "items": items}


@contextmanager
def _server(count: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench._kubernetes", "--serve", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdin is not None
        yield one.stdout.readline().strip()
        one.stdin.close()


def _measured(what: str, url: str, token: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench._kubernetes", what, url, token]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main(count: int = 10_000) -> int:
    with _server(count) as url, tempfile.TemporaryDirectory() as folder:
        token = f"{folder}/token"
        Path(token).write_text("admin-token")
        ours, raw, models = (
            _measured(what, url, token) for what in ("--ours", "--raw", "--models")
        )
    print(f"{count} pods, {count // PER_DEPLOYMENT} deployments with a replica set each")
    for name, one in (("auditor", ours), ("bytes", raw), ("models", models)):
        print(f"{name:8} {one['calls']:4} requests  {one['cpu']:6.2f} CPU s  {one['mb']:6.0f} MB")
    print(
        f"CPU: {ours['cpu'] / raw['cpu']:.1f} x bytes, {ours['cpu'] / models['cpu']:.2f} x models"
    )
    expected = count // PER_DEPLOYMENT + count // BARE
    found = ours["resources"]["kubernetes.workload"]
    print(f"workloads: {found} of {expected}")
    allowed = max(RATIO * raw["cpu"], models["cpu"])
    good = found == expected and ours["mb"] <= MAX_MB and ours["cpu"] <= allowed
    return 0 if good else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve", number]:
            _serve(int(number))
        case ["--ours", address, path]:
            print(json.dumps(_ours(address, path)))
        case ["--raw" | "--models" as form, address, path]:
            print(json.dumps(_floor(address, path, models=form == "--models")))
        case [number]:
            sys.exit(main(int(number)))
        case _:
            sys.exit(main())
