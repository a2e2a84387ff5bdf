"""Which of the fourteen events of the CIS benchmark a metric filter finds.

Source: CIS Amazon Web Services Foundations Benchmark, "Monitoring", and CloudWatch Logs User
Guide, "Filter pattern syntax for JSON log events". A pattern is brought into a list of
alternatives, each a set of conditions. It finds an event where every alternative of the benchmark's
pattern is met by one of its own that asks for nothing more: it may be wider, never narrower.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor.collectors.aws.facts.unreadable import mappings, text

_Alternatives = list[frozenset[str]]
_TOKEN = re.compile(
    r"""\s*(\(|\)|&&|\|\||\$\.[\w.\[\]*]+|!=|=|"[^"]*"|[^\s()&|=!"{}]+)""", re.ASCII
)
_MAX_ALTERNATIVES = 256


def _names(service: str, names: str) -> str:
    one = " || ".join(f"($.eventName = {name})" for name in names.split())
    return f"($.eventSource = {service}.amazonaws.com) && ({one})" if service else one


EVENTS: Mapping[str, str] = {
    "unauthorized-calls": (
        '(($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && '
        '($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket")'
    ),
    "sign-in-without-mfa": (
        '($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
        '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success")'
    ),
    "root-use": (
        '$.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && '
        '$.eventType != "AwsServiceEvent"'
    ),
    "policy-changes": _names(
        "",
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy "
        "PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion "
        "AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy "
        "DetachGroupPolicy",
    ),
    "trail-changes": _names("", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
    "failed-sign-in": '($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication")',
    "key-deletion": _names("kms", "DisableKey ScheduleKeyDeletion"),
    "bucket-policy-changes": _names(
        "s3",
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication "
        "DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
    ),
    "config-changes": _names(
        "config",
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel "
        "PutConfigurationRecorder",
    ),
    "security-group-changes": _names(
        "",
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
        "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup",
    ),
    "network-acl-changes": _names(
        "",
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry "
        "ReplaceNetworkAclEntry ReplaceNetworkAclAssociation",
    ),
    "gateway-changes": _names(
        "",
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
        "DeleteInternetGateway DetachInternetGateway",
    ),
    "route-changes": _names(
        "",
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable "
        "DeleteRoute DisassociateRouteTable",
    ),
    "network-changes": _names(
        "",
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection "
        "CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection "
        "AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink",
    ),
}


def security_filters(filters: object) -> list[dict[str, object]]:
    """A row for each filter and each event that it finds: event, filter, log group, metric.

    A pattern that is not understood finds nothing, as far as is known here.
    """
    return [
        {
            "event": event,
            "filter": text(one.get("filterName"), "filterName"),
            "log_group": text(one.get("logGroupName"), "logGroupName"),
            "metric": f"{change.get('metricNamespace')}/{change.get('metricName')}",
        }
        for one in mappings(filters, "metricFilters")
        for change in mappings(one.get("metricTransformations"), "metricTransformations")
        for event in found_events(text(one.get("filterPattern"), "filterPattern"))
    ]


def found_events(pattern: str) -> list[str]:
    """Names of the events that the pattern finds."""
    try:
        own = _alternatives(pattern)
    except ValueError:
        return []
    return [
        event
        for event, wanted in EVENTS.items()
        if all(any(one <= needed for one in own) for needed in _alternatives(wanted))
    ]


def _alternatives(pattern: str) -> _Alternatives:
    """The pattern as alternatives of conditions.

    Raises:
        ValueError: It is no pattern for JSON events, or far too long.
    """
    inner = pattern.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    parser = _Parser(inner)
    found = parser.either()
    if parser.tokens:
        raise ValueError(f"{parser.tokens[0]!r} is not understood")
    return found


class _Parser:
    """`&&` binds closer than `||`."""

    def __init__(self, pattern: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(pattern):
            match = _TOKEN.match(pattern, at)
            if match is None:
                raise ValueError(f"{pattern[at : at + 20]!r} is not understood")
            self.tokens.append(match[1])
            at = match.end()

    def either(self) -> _Alternatives:
        found = self.both()
        while self._next() == "||":
            self.tokens.pop(0)
            found = [*found, *self.both()]
        return found

    def both(self) -> _Alternatives:
        found = self.one()
        while self._next() == "&&":
            self.tokens.pop(0)
            right = self.one()
            found = [one | other for one in found for other in right]
            if len(found) > _MAX_ALTERNATIVES:
                raise ValueError("too many alternatives")
        return found

    def one(self) -> _Alternatives:
        if self._next() == "(":
            self.tokens.pop(0)
            found = self.either()
            self._take(")")
            return found
        selector = self._take()
        if not selector.startswith("$."):
            raise ValueError(f"{selector!r} is no field")
        operator = self._take()
        if operator in {"=", "!="}:
            return [frozenset({f"{selector} {operator} {self._take().strip(chr(34))}"})]
        if operator.upper() not in {"NOT", "IS"}:
            raise ValueError(f"{operator!r} is no comparison")
        return [frozenset({f"{selector} {operator.upper()} {self._take().upper()}"})]

    def _next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def _take(self, wanted: str = "") -> str:
        token = self._next()
        if not token or (wanted and token != wanted):
            raise ValueError(f"got {token!r}, expected {wanted or 'more'}")
        return self.tokens.pop(0)
