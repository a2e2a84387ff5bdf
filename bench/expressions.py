"""CPU microseconds per assertion, from a plain document: hand-written Python, our engine, others.

Five kinds of documents with five assertions each; every engine must give the verdicts of the
hand-written functions, or the benchmark stops. JMESPath answers what it can say of the same
question.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath  # type: ignore[import-untyped]  # no stubs are installed

from auditor.core.expression.cel_cpp import CelCppEngine
from auditor.core.expression.engine import CelEngine
from auditor.core.expression.interface import Engine

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TYPES = {"resource": "dyn", "now": "timestamp"}
Document = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """An assertion in CEL, as hand-written Python, and in JMESPath where it can say it."""

    cel: str
    by_hand: Callable[[Document], bool]
    jmespath: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of document and its questions."""

    name: str
    document: Document
    questions: Sequence[Question]


def bucket() -> Kind:
    document = {
        "name": "logs-eu-1",
        "region": "eu-central-1",
        "versioning": {"status": "Enabled", "mfa_delete": False},
        "encryption": {
            "algorithm": "aws:kms",
            "key": "arn:aws:kms:eu-central-1:123456789012:key/1",
        },
        "public_access": {"acls": True, "policy": True, "ignore": True, "restrict": True},
        "tags": {f"tag-{n}": f"value of the tag number {n}" for n in range(20)},
        "rules": [{"id": f"rule-{n}", "days": 30 * n, "enabled": True} for n in range(1, 6)],
    }
    return Kind(
        "bucket 1.5 KB",
        document,
        (
            Question(
                'resource.versioning.status == "Enabled"',
                lambda r: bool(r["versioning"]["status"] == "Enabled"),
                "versioning.status == 'Enabled'",
            ),
            Question(
                'resource.encryption.algorithm in ["aws:kms", "aws:kms:dsse"]',
                lambda r: r["encryption"]["algorithm"] in ("aws:kms", "aws:kms:dsse"),
                "contains(['aws:kms', 'aws:kms:dsse'], encryption.algorithm)",
            ),
            Question(
                "resource.public_access.acls && resource.public_access.policy"
                " && resource.public_access.ignore && resource.public_access.restrict",
                lambda r: (
                    r["public_access"]["acls"] is True
                    and r["public_access"]["policy"] is True
                    and r["public_access"]["ignore"] is True
                    and r["public_access"]["restrict"] is True
                ),
                "public_access.acls && public_access.policy"
                " && public_access.ignore && public_access.restrict",
            ),
            Question(
                "size(resource.rules) > 0 && resource.rules.all(r, r.enabled && r.days >= 30)",
                lambda r: (
                    len(r["rules"]) > 0
                    and all(x["enabled"] is True and x["days"] >= 30 for x in r["rules"])
                ),
                "length(rules) > `0` && length(rules[?!(enabled && days >= `30`)]) == `0`",
            ),
            Question(
                'resource.name.startsWith("logs-")',
                lambda r: bool(r["name"].startswith("logs-")),
                "starts_with(name, 'logs-')",
            ),
        ),
    )


def security_group() -> Kind:
    rules = [
        {"protocol": "tcp", "from_port": port, "to_port": port, "cidrs": ["10.0.0.0/8"]}
        for port in (22, 80, 443, 5432, 6379)
    ]
    closed = (
        "resource.rules.all(r, r.protocol in ['tcp', 'udp']"
        " && (r.from_port > 22 || r.to_port < 22 || r.cidrs.all(c, c != '0.0.0.0/0')))"
    )
    return Kind(
        "security group",
        {"id": "sg-1", "default": False, "rules": rules, "owner": "team-core"},
        (
            Question(
                closed,
                lambda r: all(
                    x["protocol"] in ("tcp", "udp")
                    and (
                        x["from_port"] > 22
                        or x["to_port"] < 22
                        or all(c != "0.0.0.0/0" for c in x["cidrs"])
                    )
                    for x in r["rules"]
                ),
                "length(rules[?from_port <= `22` && to_port >= `22`"
                " && contains(cidrs, '0.0.0.0/0')]) == `0`",
            ),
            Question("!resource.default", lambda r: r["default"] is False, "!default"),
            Question(
                "size(resource.rules) < 60", lambda r: len(r["rules"]) < 60, "length(rules) < `60`"
            ),
            Question(
                "resource.rules.exists(r, r.from_port == 443)",
                lambda r: any(x["from_port"] == 443 for x in r["rules"]),
                "length(rules[?from_port == `443`]) > `0`",
            ),
            Question("resource.owner != null", lambda r: r["owner"] is not None, "owner != `null`"),
        ),
    )


def setting() -> Kind:
    row = {"name": "ssl", "setting": "on", "source": "configuration file", "pending_restart": False}
    row |= {"unit": None, "context": "sighup", "boot_val": "off", "reset_val": "on"}
    return Kind(
        "pg_settings row",
        row,
        (
            Question(
                'resource.setting == "on"', lambda r: bool(r["setting"] == "on"), "setting == 'on'"
            ),
            Question(
                "!resource.pending_restart",
                lambda r: r["pending_restart"] is False,
                "!pending_restart",
            ),
            Question("resource.unit == null", lambda r: r["unit"] is None, "unit == `null`"),
            Question(
                'resource.context in ["sighup", "postmaster"]',
                lambda r: r["context"] in ("sighup", "postmaster"),
                "contains(['sighup', 'postmaster'], context)",
            ),
            Question(
                "resource.reset_val == resource.setting",
                lambda r: bool(r["reset_val"] == r["setting"]),
                "reset_val == setting",
            ),
        ),
    )


def certificate() -> Kind:
    document = {
        "subject": "CN=www.example.org",
        "names": ["www.example.org", "example.org"],
        "not_before": NOW - timedelta(days=10),
        "not_after": NOW + timedelta(days=80),
        "key": {"type": "rsa", "bits": 3072},
        "chain_ok": True,
    }
    return Kind(
        "certificate",
        document,
        (
            Question(
                "resource.not_after - now >= duration('720h')",
                lambda r: r["not_after"] - NOW >= timedelta(days=30),
            ),
            Question("resource.not_before <= now", lambda r: bool(r["not_before"] <= NOW)),
            Question(
                'resource.key.type == "rsa" ? resource.key.bits >= 2048 : resource.key.bits >= 256',
                lambda r: bool(r["key"]["bits"] >= (2048 if r["key"]["type"] == "rsa" else 256)),
                "(key.type == 'rsa' && key.bits >= `2048`)"
                " || (key.type != 'rsa' && key.bits >= `256`)",
            ),
            Question("resource.chain_ok", lambda r: r["chain_ok"] is True, "chain_ok"),
            Question(
                '"example.org" in resource.names',
                lambda r: "example.org" in r["names"],
                "contains(names, 'example.org')",
            ),
        ),
    )


def pod() -> Kind:
    containers = [
        {
            "name": f"c{n}",
            "image": f"registry.example.org/app-{n}@sha256:{'0' * 64}",
            "securityContext": {"privileged": False, "runAsNonRoot": True},
            "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
            "env": [{"name": f"VARIABLE_{e}", "value": f"some value {e}"} for e in range(12)],
        }
        for n in range(4)
    ]
    document = {
        "metadata": {
            "name": "app-1",
            "namespace": "prod",
            "labels": {"app": "app", "team": "core"},
        },
        "spec": {"hostNetwork": False, "containers": containers, "serviceAccountName": "app"},
    }
    each = "spec.containers[?!({})]"
    return Kind(
        "pod 5 KB",
        document,
        (
            Question(
                "resource.spec.containers.all(c, !c.securityContext.privileged)",
                lambda r: all(
                    c["securityContext"]["privileged"] is False for c in r["spec"]["containers"]
                ),
                f"length({each.format('!securityContext.privileged')}) == `0`",
            ),
            Question(
                'resource.spec.containers.all(c, c.image.contains("@sha256:"))',
                lambda r: all("@sha256:" in c["image"] for c in r["spec"]["containers"]),
                "length(spec.containers[?!contains(image, '@sha256:')]) == `0`",
            ),
            Question(
                "resource.spec.containers.all(c, has(c.resources.limits.memory))",
                lambda r: all(
                    "memory" in c["resources"]["limits"] for c in r["spec"]["containers"]
                ),
                "length(spec.containers[?!resources.limits.memory]) == `0`",
            ),
            Question(
                "!resource.spec.hostNetwork",
                lambda r: r["spec"]["hostNetwork"] is False,
                "!spec.hostNetwork",
            ),
            Question(
                'resource.metadata.labels.team in ["core", "web"]',
                lambda r: r["metadata"]["labels"]["team"] in ("core", "web"),
                "contains(['core', 'web'], metadata.labels.team)",
            ),
        ),
    )


def microseconds(action: Callable[[], object], seconds: float = 0.15) -> float:
    """CPU microseconds of one call: the best of five runs."""
    count, best = 1, float("inf")
    while True:
        start = time.process_time()
        for _ in range(count):
            action()
        used = time.process_time() - start
        if used >= seconds / 5:
            break
        count *= 2
    for _ in range(5):
        start = time.process_time()
        for _ in range(count):
            action()
        best = min(best, (time.process_time() - start) / count)
    return best * 1e6


def by_engine(engine: Engine, kind: Kind) -> Callable[[], list[bool]]:
    """Bind the document, then judge each assertion: what a scan does for one resource."""
    expressions = [engine.compile(question.cel, TYPES) for question in kind.questions]

    def judge() -> list[bool]:
        bound = engine.bind({"resource": kind.document, "now": NOW}, TYPES)
        return [expression.truth(bound).value for expression in expressions]

    return judge


def by_hand(kind: Kind) -> Callable[[], list[bool]]:
    functions = [question.by_hand for question in kind.questions]
    return lambda: [function(kind.document) for function in functions]


def by_jmespath(kind: Kind) -> tuple[Callable[[], list[bool]], int]:
    searches = [jmespath.compile(q.jmespath) for q in kind.questions if q.jmespath]
    return lambda: [search.search(kind.document) for search in searches], len(searches)


def main() -> None:
    own, cpp = CelEngine(), CelCppEngine()
    print("CPU us per assertion, from a dict   (in brackets: times the hand-written Python)")
    print(f"{'document':18}{'by hand':>9}{'cel':>15}{'cel-cpp':>17}{'JMESPath':>17}")
    totals: Mapping[str, list[float]] = {"hand": [], "cel": [], "cpp": [], "jmes": []}
    for kind in (bucket(), security_group(), setting(), certificate(), pod()):
        expected = by_hand(kind)()
        searched, asked = by_jmespath(kind)
        assert by_engine(own, kind)() == by_engine(cpp, kind)() == expected
        number = len(expected)
        hand = microseconds(by_hand(kind)) / number
        cel = microseconds(by_engine(own, kind)) / number
        runtime = microseconds(by_engine(cpp, kind)) / number
        jmes = microseconds(searched) / asked
        for name, value in zip(totals, (hand, cel, runtime, jmes), strict=True):
            totals[name].append(value)
        print(row(kind.name, hand, cel, runtime, jmes))
    mean = [sum(values) / len(values) for values in totals.values()]
    print(row("mean", *mean))
    size = len(json.dumps(bucket().document)), len(json.dumps(pod().document))
    print(f"cel is {mean[2] / mean[1]:.0f} times faster than cel-cpp; bytes of JSON: {size}")


def row(name: str, hand: float, cel: float, cpp: float, jmes: float) -> str:
    ratios = "".join(f"{value:9.2f} ({value / hand:4.1f}x)" for value in (cel, cpp, jmes))
    return f"{name:18}{hand:9.2f}{ratios}"


if __name__ == "__main__":
    main()
