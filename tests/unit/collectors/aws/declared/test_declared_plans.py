"""Terraform plans: what belongs together, what is not known yet, what is never kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.aws.declared.terraform import parse_plan
from auditor.core.model.observation import Observation
from auditor.core.model.status import Cause
from tests.unit.collectors.aws.declared.plans import (
    BUCKET,
    GROUP,
    TRAIL,
    VECTORS,
    change,
    configured,
    only,
    plan,
    read,
)

Reading = Callable[..., dict[str, Observation]]
B, V = "aws_s3_bucket.b", "aws_s3_bucket_versioning.v"
ENABLED = {"versioning_configuration": [{"status": "Enabled"}]}
NAMED = {"bucket": "shop-data", "tags_all": {}}
COMPUTED = {"id": True, "arn": True, "acl": True, "policy": True, "versioning": True}


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Read a plan that is given as a document."""

    def call(document: object, *types: str) -> dict[str, Observation]:
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(document))
        return read(path, *types)

    return call


def _versioning(reading: Reading, *arguments: Any, **more: Any) -> tuple[object, Cause | None]:
    resource = only(reading(plan(*arguments, **more), BUCKET)[BUCKET])
    gap = resource.unread.get("versioning")
    return resource.data.get("versioning"), gap.cause if gap else None


def test_what_belongs_to_a_bucket_is_found_by_reference(reading: Reading) -> None:
    changes = [change(B, NAMED, COMPUTED), change(V, ENABLED, {"bucket": True})]
    resources = [configured(B, bucket={}), configured(V, bucket=[f"{B}.id", B])]
    assert _versioning(reading, changes, resources) == ("Enabled", None)


def test_what_belongs_to_it_is_found_by_name(reading: Reading) -> None:
    changes = [change(B, NAMED, COMPUTED), change(V, {**ENABLED, "bucket": "shop-data"})]
    assert _versioning(reading, changes, [configured(B, bucket={})]) == ("Enabled", None)
    changes = [change(B, NAMED, COMPUTED), change(V, {**ENABLED, "bucket": "another"})]
    assert _versioning(reading, changes, [configured(B, bucket={})]) == ("Disabled", None)


@pytest.mark.parametrize("refers", [["local.name"], ["data.aws_s3_bucket.d.id"], [], ["var.x"]])
def test_what_may_belong_to_it_leaves_the_field_unread(reading: Reading, refers: list[str]) -> None:
    changes = [change(B, NAMED, COMPUTED), change(V, ENABLED, {"bucket": True})]
    resources = [configured(B, bucket={}), configured(V, bucket=refers)]
    assert _versioning(reading, changes, resources) == (None, Cause.KNOWN_AFTER_APPLY)


def test_a_choice_between_two_buckets_is_open_for_both(reading: Reading) -> None:
    other = "aws_s3_bucket.c"
    changes = [
        change(B, NAMED, COMPUTED),
        change(other, {"bucket": "other"}, COMPUTED),
        change(V, ENABLED, {"bucket": True}),
    ]
    resources = [configured(V, bucket=[f"{B}.id", B, f"{other}.id", other])]
    found = reading(plan(changes, resources), BUCKET)[BUCKET].resources
    assert [one.unread["versioning"].cause for one in found] == [Cause.KNOWN_AFTER_APPLY] * 2


def test_instances_of_count_and_for_each_are_tied_by_their_index(reading: Reading) -> None:
    changes = [
        *(change(f'{B}["{key}"]', {"bucket": key}, COMPUTED) for key in ("x", "y")),
        change(f'{V}["x"]', ENABLED, {"bucket": True}),
    ]
    resources = [
        configured(B, bucket={}),
        configured(V, bucket=["each.value.id", "each.value"])
        | {"for_each_expression": {"references": [B]}},
    ]
    found = reading(plan(changes, resources), BUCKET)[BUCKET].resources
    states = {str(one.data["arn"]): one.data["versioning"] for one in found}
    assert states == {f'{B}["x"]': "Enabled", f'{B}["y"]': "Disabled"}


def test_references_go_through_outputs_and_variables_of_modules(reading: Reading) -> None:
    changes = [
        change(f"module.store.{B}", NAMED, COMPUTED),
        change(f"module.settings.{V}", ENABLED, {"bucket": True}),
    ]
    calls = {
        "store": {
            "module": {
                "resources": [configured(B, bucket={})],
                "outputs": {"id": {"expression": {"references": [f"{B}.id", B]}}},
            }
        },
        "settings": {
            "expressions": {"name": {"references": ["module.store.id", "module.store"]}},
            "module": {"resources": [configured(V, bucket="var.name")]},
        },
    }
    resource = only(reading(plan(changes, [], calls), BUCKET)[BUCKET])
    assert (resource.data["arn"], resource.data["versioning"]) == (f"module.store.{B}", "Enabled")


def test_a_value_that_somebody_wrote_and_is_not_known_has_no_default(reading: Reading) -> None:
    changes = [change(B, NAMED, COMPUTED)]
    by_nobody = only(reading(plan(changes, [configured(B, bucket={})]), BUCKET)[BUCKET])
    assert by_nobody.data["policy_public"] is False
    written = configured(B, bucket={}, policy="data.aws_iam_policy_document.d.json")
    by_somebody = only(reading(plan(changes, [written]), BUCKET)[BUCKET])
    assert by_somebody.unread["policy_public"].cause is Cause.KNOWN_AFTER_APPLY
    nobody_knows = only(reading(plan(changes), BUCKET)[BUCKET])
    assert nobody_knows.unread["policy_public"].cause is Cause.KNOWN_AFTER_APPLY


def test_a_changed_resource_has_no_defaults_for_what_is_computed(reading: Reading) -> None:
    changes = [change(B, NAMED, COMPUTED, actions=["update"])]
    found = only(reading(plan(changes, [configured(B, bucket={})]), BUCKET)[BUCKET])
    assert found.unread["policy_public"].cause is Cause.KNOWN_AFTER_APPLY


@pytest.mark.parametrize("actions", [["delete"], ["forget"]])
def test_what_goes_away_is_not_judged(reading: Reading, actions: list[str]) -> None:
    changes = [change(B, None, actions=actions), change("aws_s3_bucket.c", NAMED, deposed="1")]
    assert reading(plan(changes), BUCKET)[BUCKET].resources == ()


def test_what_stays_as_it_is_is_judged_as_planned(reading: Reading) -> None:
    after = {**NAMED, "policy": "", "acl": None}
    found = only(reading(plan([change(B, after, actions=["no-op"])]), BUCKET)[BUCKET])
    assert (found.data["name"], found.data["has_policy"], found.uid) == ("shop-data", False, "")


def test_sensitive_values_are_never_kept(reading: Reading) -> None:
    cache = "aws_elasticache_replication_group.c"
    after = {"replication_group_id": "c", "auth_token": "not-to-be-kept", "kms_key_id": "k"}
    marks = {"auth_token": True, "kms_key_id": True}
    kind = "aws.elasticache.replication_group"
    found = reading(plan([change(cache, after, sensitive=marks)]), kind)[kind]
    assert "not-to-be-kept" not in json.dumps(found.to_json())
    assert only(found).data["auth_token"] is True
    assert only(found).unread["kms_key"].cause is Cause.SECRET
    without = {**after, "auth_token": None}
    found = reading(plan([change(cache, without, sensitive=marks)]), kind)[kind]
    assert only(found).data["auth_token"] is False


def test_rules_beside_a_group_open_it(reading: Reading) -> None:
    group, rule = "aws_security_group.g", "aws_vpc_security_group_ingress_rule.r"
    after = {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_ipv4": "0.0.0.0/0"}
    changes = [
        change(group, {"name": "web"}, {"id": True, "ingress": True, "egress": True}),
        change(rule, after, {"security_group_id": True}),
    ]
    resources = [configured(group, name={}), configured(rule, security_group_id=f"{group}.id")]
    found = only(reading(plan(changes, resources), GROUP)[GROUP])
    assert found.data["world_ports"] == [{"protocol": "tcp", "from_port": 22, "to_port": 22}]


def test_a_rule_that_is_not_known_leaves_no_group_closed(reading: Reading) -> None:
    inline = {"name": "web", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22}]}
    unknown = {"ingress": [{"cidr_blocks": True}]}
    changes = [change("aws_security_group.g", inline, unknown)]
    found = only(reading(plan(changes), GROUP)[GROUP])
    assert found.unread["world_ports"].cause is Cause.KNOWN_AFTER_APPLY
    group_known_later = {"ingress": [{"security_groups": True}]}
    inline["ingress"] = [{**inline["ingress"][0], "cidr_blocks": ["10.0.0.0/8"]}]  # type: ignore[dict-item]  # of a mixed literal
    found = only(
        reading(plan([change("aws_security_group.g", inline, group_known_later)]), GROUP)[GROUP]
    )
    assert found.data["world_ports"] == []


def test_a_plan_says_of_an_account_wide_thing_only_what_it_holds(reading: Reading) -> None:
    policy = "aws.iam.password_policy"
    found = reading(plan([]), policy, TRAIL, "aws.guardduty.region")
    for one in found.values():
        assert Cause.NOT_DECLARED in {gap.cause for gap in one.gaps if not gap.subject}


def test_a_copy_is_encrypted_as_its_source(reading: Reading) -> None:
    kind, address = "aws.rds.instance", "aws_db_instance.d"
    fresh = only(reading(plan([change(address, {"identifier": "d"})]), kind)[kind])
    assert fresh.data["encrypted"] is False
    copy = {"identifier": "d", "replicate_source_db": "other"}
    found = only(reading(plan([change(address, copy)]), kind)[kind])
    assert found.unread["encrypted"].cause is Cause.NOT_DECLARED


EXPECTED: Mapping[str, str] = {
    "not-json": "it is not JSON",
    "state-not-plan": "this is a state, not a plan",
    "no-format-version": "format_version: got None",
    "format-version-0": "format_version: got '0.2', known is 1.x",
    "format-version-2": "format_version: got '2.0', known is 1.x",
    "no-planned-values": "planned_values: missing",
    "changes-no-list": "resource_changes: got dict",
    "change-without-after": "resource_changes[0]: aws_s3_bucket.b: change.after",
    "errored": "the plan ended in an error",
    "targeted": "does not cover the whole configuration",
    "deferred": "resources are planned later",
    "other-provider": "what a awscc_s3_bucket declares is not read",
    "planned-without-change": "aws_s3_bucket.b has no entry of its changes",
}


@pytest.mark.parametrize("fault", sorted(EXPECTED))
def test_each_fault_of_a_plan_is_a_gap_that_names_it(fault: str) -> None:
    path = VECTORS / "terraform" / f"{fault}.json"
    gaps = read(path, BUCKET)[BUCKET].gaps
    assert any(EXPECTED[fault] in gap.detail for gap in gaps if not gap.subject), gaps


def test_every_vector_is_expected() -> None:
    assert {path.stem for path in (VECTORS / "terraform").iterdir()} == set(EXPECTED) | {"good"}


def test_the_good_vector_has_no_gap_but_facts() -> None:
    found = read(VECTORS / "terraform" / "good.json", BUCKET)[BUCKET]
    assert all(gap.subject.startswith("facts.") for gap in found.gaps)
    assert only(found).data["versioning"] == "Enabled"


def test_a_file_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    [gap, *_] = read(tmp_path / "none.json", BUCKET)[BUCKET].gaps
    assert gap.cause is Cause.NOT_COLLECTED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["address", "type", "mode", "change", "actions", "after", "bucket",
                         "after_unknown", "after_sensitive", "references", "expressions",
                         "resources", "module_calls", "root_module", "ingress", "managed"]),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON, JSON, JSON)
def test_any_json_is_a_document_or_a_value_error(change_: Any, after: Any, root: Any) -> None:
    odd = change(B, {}) | {"change": {"actions": ["create"], "after": after, "after_unknown": root}}
    document = plan([change_, odd]) | {"configuration": {"root_module": root}}
    for text in (json.dumps(document), json.dumps(change_)):
        with suppress(ValueError):
            assert parse_plan(text).blocks is not None
