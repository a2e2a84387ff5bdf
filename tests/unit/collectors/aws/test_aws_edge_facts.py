"""Facts about load balancers, distributions, images and clusters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.collectors.aws.facts import container, distribution, load_balancer

_EARLY, _LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)


def _redirect(protocol: str) -> dict[str, object]:
    return {"Type": "redirect", "RedirectConfig": {"Protocol": protocol}}


@pytest.mark.parametrize(
    ("actions", "redirects"),
    [
        ([_redirect("HTTPS")], True),
        ([_redirect("#{protocol}")], False),
        ([_redirect("HTTP")], False),
        ([{"Type": "forward"}], False),
        ([_redirect("HTTPS"), {"Type": "forward"}], False),
        ([], False),
    ],
)
def test_what_a_listener_does(actions: list[object], redirects: bool) -> None:  # noqa: FBT001 - a row of the table
    found = [{"Port": 80, "Protocol": "HTTP", "DefaultActions": actions}]
    assert load_balancer.listeners(found) == [
        {"port": 80, "protocol": "HTTP", "tls_policy": None, "redirects_to_https": redirects}
    ]


def test_attributes_are_true_or_false() -> None:
    assert load_balancer.is_true("true") is True
    assert load_balancer.is_true("false") is False
    for wrong in ("True", None):
        with pytest.raises(ValueError, match="got"):
            load_balancer.is_true(wrong)


def _managed(**rule: object) -> dict[str, object]:
    group = {"VendorName": "AWS", "Name": "Common"}
    return {"Statement": {"ManagedRuleGroupStatement": group}, **rule}


def _rate(action: str) -> dict[str, object]:
    return {"Statement": {"RateBasedStatement": {"Limit": 100}}, "Action": {action: {}}}


def test_managed_rules_that_do_more_than_count() -> None:
    def named(*rules: object) -> list[str]:
        return load_balancer.managed_rule_groups({"Rules": list(rules)})

    assert load_balancer.managed_rule_groups(None) == []
    assert named() == []
    assert named(_managed(OverrideAction={"None": {}})) == ["AWS/Common"]
    assert named(_managed()) == ["AWS/Common"]
    assert named(_managed(OverrideAction={"Count": {}})) == []
    assert named(_rate("Block")) == []
    with pytest.raises(ValueError, match="Rules"):
        load_balancer.managed_rule_groups({})


def test_rules_of_the_firewall_manager_count() -> None:
    group = {"VendorName": "AWS", "Name": "Common"}
    rule = {"FirewallManagerStatement": {"ManagedRuleGroupStatement": group}}
    acl = {"Rules": [], "PreProcessFirewallManagerRuleGroups": [rule]}
    assert load_balancer.managed_rule_groups(acl) == ["AWS/Common"]


def test_limits_that_do_more_than_count() -> None:
    assert load_balancer.rate_rules(None) == 0
    rules = [_rate("Block"), _rate("Captcha"), _rate("Challenge"), _rate("Count"), _rate("Allow")]
    assert load_balancer.rate_rules({"Rules": rules}) == 3
    assert load_balancer.rate_rules({"Rules": [_managed()]}) == 0


def _target(name: str, state: str, **more: str) -> dict[str, object]:
    return {"Target": {"Id": name, **more}, "TargetHealth": {"State": state}}


def test_healthy_targets_and_the_zones_that_they_state() -> None:
    found = [
        _target("10.0.0.5", "healthy", AvailabilityZone="a"),
        _target("10.0.1.5", "draining", AvailabilityZone="b"),
        _target("10.9.0.5", "healthy", AvailabilityZone="all"),
        _target("i-1", "healthy"),
    ]
    assert load_balancer.healthy_targets(found) == ["10.0.0.5", "10.9.0.5", "i-1"]
    assert load_balancer.healthy_stated_zones(found) == ["a"]
    with pytest.raises(ValueError, match="State"):
        load_balancer.healthy_targets([{"Target": {"Id": "i-1"}, "TargetHealth": {}}])


def _policy(policy: str) -> dict[str, object]:
    return {"ViewerProtocolPolicy": policy}


def test_paths_that_allow_plain_http() -> None:
    found = {
        "DefaultCacheBehavior": _policy("redirect-to-https"),
        "CacheBehaviors": {
            "Quantity": 2,
            "Items": [
                {"PathPattern": "/old/*", **_policy("allow-all")},
                {"PathPattern": "/new/*", **_policy("https-only")},
            ],
        },
    }
    assert distribution.plain_behaviors(found) == ["/old/*"]
    none = {"DefaultCacheBehavior": _policy("allow-all"), "CacheBehaviors": {"Quantity": 0}}
    assert distribution.plain_behaviors(none) == ["*"]
    with pytest.raises(ValueError, match="CacheBehaviors"):
        distribution.plain_behaviors({"DefaultCacheBehavior": _policy("https-only")})


def test_origins_by_kind() -> None:
    items = [
        {"Id": "a", "DomainName": "a.example.org",
         "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"}},
        {"Id": "b", "DomainName": "b.s3.amazonaws.com",
         "S3OriginConfig": {"OriginAccessIdentity": ""}},
        {"Id": "c", "DomainName": "c", "VpcOriginConfig": {"VpcOriginId": "vo-1"}},
    ]  # fmt: skip
    found = distribution.origins({"Quantity": 3, "Items": items})
    assert [origin["protocol_policy"] for origin in found] == ["http-only", None, None]


@pytest.mark.parametrize(
    "origin", [{"Id": "a"}, {"Id": "a", "CustomOriginConfig": {"HTTPPort": 80}}]
)
def test_an_origin_that_does_not_say_how_it_is_reached(origin: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="origin"):
        distribution.origins({"Quantity": 1, "Items": [origin]})


def test_a_list_of_distributions_that_is_empty_and_one_that_is_cut() -> None:
    assert distribution.distributions({"Quantity": 0}) == []
    several: tuple[object, ...] = ({"Quantity": 2}, {}, {"Items": []}, None)
    for wrong in several:
        with pytest.raises(ValueError, match="DistributionList"):
            distribution.distributions(wrong)


def _image(moment: datetime, **more: object) -> dict[str, object]:
    return {"imageDigest": f"sha256:{moment.day}", "imagePushedAt": moment, **more}


def test_the_newest_image_and_its_figures() -> None:
    summary = {"findingSeverityCounts": {"CRITICAL": 2}}
    scanned = _image(_LATE, imageScanStatus={"status": "ACTIVE"}, imageScanFindingsSummary=summary)
    index = _image(
        datetime(2026, 3, 21, tzinfo=UTC),
        imageManifestMediaType="application/vnd.oci.image.index.v1+json",
    )
    assert container.newest_image([_image(_EARLY), scanned, index]) == {
        "digest": "sha256:20", "pushed_at": _LATE, "scanned": True, "critical": 2, "high": 0,
    }  # fmt: skip
    assert container.newest_image([]) is None
    assert container.newest_image([index]) is None
    with pytest.raises(ValueError, match="pushed"):
        container.newest_image([{"imageDigest": "sha256:1"}])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"imageScanStatus": {"status": "FAILED"}},
        {"imageScanStatus": {"status": "COMPLETE"}},
        {"imageScanStatus": {"status": "UNSUPPORTED_IMAGE"}, "imageScanFindingsSummary": {}},
    ],
)
def test_an_image_that_was_not_scanned_to_the_end(more: dict[str, object]) -> None:
    found = container.newest_image([_image(_EARLY, **more)])
    assert found is not None
    assert found["scanned"] is False


def test_how_a_repository_is_scanned() -> None:
    one = {"scanningConfigurations": [{"scanFrequency": "MANUAL"}], "failures": []}
    assert container.scan_frequency(one) == "MANUAL"
    for wrong in (
        {},
        {"scanningConfigurations": [], "failures": [{"failureCode": "REPOSITORY_NOT_FOUND"}]},
        {**one, "failures": [{"failureCode": "REPOSITORY_NOT_FOUND"}]},
    ):
        with pytest.raises(ValueError, match="does not say"):
            container.scan_frequency(wrong)


def test_logs_that_are_on() -> None:
    logging = {
        "clusterLogging": [
            {"types": ["audit", "api"], "enabled": True},
            {"types": ["scheduler"], "enabled": False},
        ]
    }
    assert container.enabled_log_types(logging) == ["api", "audit"]
    with pytest.raises(ValueError, match="clusterLogging"):
        container.enabled_log_types({})


@pytest.mark.parametrize(
    ("public", "cidrs", "opened"),
    [
        (True, ["0.0.0.0/0"], True),
        (True, ["0.0.0.0/1", "128.0.0.0/1"], True),
        (True, ["203.0.113.0/24"], False),
        (False, ["0.0.0.0/0"], False),
    ],
)
def test_endpoints_open_to_the_world(public: bool, cidrs: list[str], opened: bool) -> None:  # noqa: FBT001 - a row of the table
    found = {"endpointPublicAccess": public, "publicAccessCidrs": cidrs}
    assert container.open_to_world(found) is opened


@pytest.mark.parametrize(
    "found",
    [{}, {"endpointPublicAccess": True}, {"endpointPublicAccess": True, "publicAccessCidrs": []}],
)
def test_an_endpoint_that_does_not_say_is_not_closed(found: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        container.open_to_world(found)


def test_support_of_versions() -> None:
    versions = [
        {"clusterVersion": "1.34", "versionStatus": "STANDARD_SUPPORT",
         "endOfStandardSupportDate": _LATE},
    ]  # fmt: skip
    assert container.version_support(versions) == {"1.34": "STANDARD_SUPPORT"}
    assert container.standard_support_ends(versions) == {"1.34": _LATE}
