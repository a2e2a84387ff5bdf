"""10,000 buckets judged by 5 assertions: CPU and memory, beside hand-written Python."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from auditor.app.assess import verdict_bytes
from auditor.core.canonical import canonical, parse_canonical
from auditor.core.evaluate import Judgement, evaluate
from auditor.core.evaluate.plan import make_plan
from auditor.core.expression.engine import CelEngine
from auditor.core.model.control import Control
from auditor.core.model.fields import Record, parse_field_type
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from bench.measure import cpu_of, peak_mb

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
FIELDS = {
    "arn": "string",
    "region": "string",
    "encryption": "string",
    "versioning?": "string",
    "public": "bool",
    "created_at": "timestamp",
    "tags": "map<string>",
    "statements": [{"effect": "string", "actions": "list<string>", "principals": "list<string>"}],
}
ASSERTIONS = [
    "resource.encryption == 'aws:kms'",
    "!resource.public",
    "resource.versioning == 'Enabled'",
    "now - resource.created_at > param.grace",
    "resource.statements.all(s, s.effect == 'Deny' || !('*' in s.principals))",
]


def bucket(number: int) -> dict[str, object]:
    """A bucket of about 1.5 KB of JSON, most of them good."""
    return {
        "arn": f"arn:aws:s3:::bench-bucket-{number:06}",
        "region": "eu-west-1",
        "encryption": "aws:kms" if number % 10 else "AES256",
        "versioning": "Enabled" if number % 7 else None,
        "public": number % 50 == 0,
        "created_at": "2024-01-01T00:00:00Z",
        "tags": {f"tag-{i}": f"value-{i}-{number}" for i in range(12)},
        "statements": [
            {
                "effect": "Allow" if i else "Deny",
                "actions": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
                "principals": ["*"] if not i else [f"arn:aws:iam::111122223333:role/r{i}"],
            }
            for i in range(6)
        ],
    }


def control() -> Control:
    return Control.model_validate(
        {
            "id": "buckets",
            "title": "Buckets are in order",
            "statement": "Every bucket is encrypted, private, versioned and old enough.",
            "owner": {"role": "head-of-platform"},
            "nature": {"type": "preventive", "execution": "automated"},
            "frequency": "continuous",
            "evaluate": {"every": "24h", "gap_tolerance": "6h"},
            "maps": {},
            "parameters": {
                "grace": {"type": "duration", "default": "1d", "doc": "age of a settled bucket"}
            },
            "checks": [
                {
                    "id": "all",
                    "title": "All five",
                    "collector": "aws",
                    "resource": "aws.s3.bucket",
                    "key": "resource.arn",
                    "population": {"on_empty": "error"},
                    "freshness": "24h",
                    "assert": [
                        {
                            "id": f"a{i}",
                            "expr": expr,
                            "severity": "high",
                            "message": "{resource.arn} is not in order",
                            "absorbs": "for the benchmark",
                        }
                        for i, expr in enumerate(ASSERTIONS)
                    ],
                    "remediation": {"text": "put it in order"},
                    "verify_by_hand": "look at it",
                }
            ],
        }
    )


def policy() -> Policy:
    fields, facts = parse_field_type(FIELDS), parse_field_type({"count": "int"})
    assert isinstance(fields, Record)
    assert isinstance(facts, Record)
    return Policy(
        controls=(control(),),
        frameworks=(),
        targets=(Target("aws", "aws-account", "prod"),),
        environments=("prod",),
        resource_types={"aws.s3.bucket": ResourceType("aws.s3.bucket", "Bucket", fields, facts)},
        kinds={"aws": ("aws-account",)},
    )


def by_hand(buckets: list[dict[str, object]]) -> int:
    """The same five assertions as plain Python; the number of buckets in order."""
    good = 0
    for item in buckets:
        created = datetime.fromisoformat(str(item["created_at"]))
        statements: list[dict[str, object]] = item["statements"]  # type: ignore[assignment]
        good += (
            item["encryption"] == "aws:kms"
            and not item["public"]
            and item["versioning"] == "Enabled"
            and (NOW - created).days > 1
            and all(s["effect"] == "Deny" or "*" not in s["principals"] for s in statements)  # type: ignore[operator]
        )
    return good


def observe(buckets: list[dict[str, object]]) -> Observation:
    return Observation(
        target="aws",
        environment="prod",
        resource_type="aws.s3.bucket",
        identity="bench",
        started_at=NOW,
        read_at=NOW,
        as_of=NOW,
        resources=tuple(Resource(item) for item in buckets),
        facts={"count": len(buckets)},
    )


def main(number: int = 10_000) -> None:
    engine, made = CelEngine(), policy()
    buckets = [bucket(i) for i in range(number)]
    floor, good = cpu_of(lambda: by_hand(buckets))
    observation = observe(buckets)
    encode, data = cpu_of(lambda: canonical(observation.to_json()))
    decode, _ = cpu_of(lambda: Observation.from_json(parse_canonical(data)))  # type: ignore[arg-type]
    plan = make_plan(made, engine)

    def judge() -> Judgement:
        return evaluate(made, plan, {("aws", "aws.s3.bucket"): observation}, NOW, engine)

    judged, judgement = cpu_of(judge)
    written, verdicts = cpu_of(lambda: verdict_bytes(judgement))
    passed = sum(finding.status.value == "pass" for finding in judgement.findings)
    assert passed == good, (passed, good)
    each = 1e6 / number
    print(f"{number} buckets of {len(data) // number} bytes, {len(ASSERTIONS)} assertions each")
    print(f"{'step':34} {'CPU s':>7} {'us each':>8}")
    rows = {
        "hand-written Python, verdict only": floor,
        "evidence to canonical bytes": encode,
        "evidence from canonical bytes": decode,
        "judgement": judged,
        f"verdicts ({len(verdicts) / 1e6:.1f} MB) to canonical bytes": written,
    }
    for name, used in rows.items():
        print(f"{name:34} {used:7.3f} {used * each:8.1f}")
    print(f"peak memory {peak_mb():.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
