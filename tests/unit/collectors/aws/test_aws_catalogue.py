"""The catalogue loads without the SDK, fits botocore's models, and wrong ones are refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from botocore.session import Session

from auditor.collectors.aws import AwsCollector
from auditor.collectors.aws.loader import CATALOGUE, load_catalogue, parse_catalogue
from auditor.collectors.aws.modelcheck import check_against_botocore
from auditor.collectors.aws.permissions import iam_action
from auditor.errors import DefinitionError, UsageError
from tests.services.aws.reading import read

_SHAPES = "shapes: {pair: {one: string}}"
_GOOD = """
service: s3
types:
  aws.s3.thing:
    title: Thing
    scope: global
    list: {operation: ListBuckets, items: Buckets}
    key: name
    fields:
      name: {path: Name, type: string}
"""


def _parse(text: str) -> None:
    parse_catalogue({"_shapes.yaml": _SHAPES, "s3.yaml": text})


def _check(text: str) -> str:
    types = parse_catalogue({"_shapes.yaml": _SHAPES, "s3.yaml": text})
    try:
        check_against_botocore(types.values(), Session())
    except DefinitionError as error:
        return str(error)
    return ""


def test_the_shipped_catalogue_fits_the_models() -> None:
    check_against_botocore(load_catalogue().values(), Session())


def test_fields_that_an_answer_must_state_although_they_may_be_null() -> None:
    # Null comes from an error code that means "not configured", never from a member left out.
    found = {
        f"{name}.{declared}"
        for name, collected in load_catalogue().items()
        for declared, spec in collected.spec.all_fields()
        if declared.endswith("?") and not spec.has_missing
    }
    assert found == {
        *(
            f"aws.account.contacts.{kind}_{part}?"
            for kind in ("security", "operations", "billing")
            for part in ("name", "phone")
        ),
        "aws.elbv2.load_balancer.access_logs?",
        "aws.elbv2.load_balancer.deletion_protection?",
        "aws.iam.password_policy.minimum_length?",
        "aws.iam.password_policy.require_symbols?",
        "aws.iam.password_policy.require_numbers?",
        "aws.iam.password_policy.require_uppercase?",
        "aws.iam.password_policy.require_lowercase?",
        "aws.iam.password_policy.users_may_change?",
        "aws.kms.key.policy?",
        "aws.kms.key.rotation_enabled?",
        "aws.organizations.membership.all_features?",
        "aws.organizations.membership.management_account?",
        "aws.organizations.membership.organization?",
        "aws.s3.backup_bucket.encryption_algorithm?",
        "aws.s3.bucket.encryption_algorithm?",
    }


def test_types_are_named_after_the_collector_and_have_titles() -> None:
    for name, resource_type in AwsCollector().resource_types().items():
        assert resource_type.collector == "aws"
        assert resource_type.name == name
        assert resource_type.title
        assert "account" in resource_type.fields.fields
        assert "items" in resource_type.facts.fields


def test_types_are_known_without_the_sdk() -> None:
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'boto3', 'botocore', 'jmespath'}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from auditor.collectors.aws import AwsCollector\n"
        "from auditor.core.model.target import Target\n"
        "from auditor.errors import DependencyError\n"
        "collector = AwsCollector()\n"
        "assert len(collector.resource_types()) > 10\n"
        "try:\n"
        "    collector.collect(Target('t', 'aws-account', 'prod'), [], None)\n"
        "except DependencyError as error:\n"
        "    print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "auditor[aws]" in done.stdout


def test_no_key_stands_twice_in_a_file() -> None:
    for file in sorted(CATALOGUE.glob("*.yaml")):
        pending = [yaml.compose(file.read_text("utf-8"))]
        while pending:
            node = pending.pop()
            if isinstance(node, yaml.MappingNode):
                keys = [key.value for key, _ in node.value]
                assert len(keys) == len(set(keys)), f"{file.name}: {keys}"
                pending += [value for _, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                pending += node.value


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("key: name", "key: namex", "'namex' is no field"),
        ("title: Thing", "title: Thing\n    colour: red", "colour"),
        ("list: {operation: ListBuckets, items: Buckets}", "uid: x", "exactly one of"),
        ("type: string", "type: strinx", "unknown type 'strinx'"),
        ("path: Name", "via: nothing", "no function 'nothing'"),
        ("scope: global", "scope: galactic", "scope"),
        (
            "key: name",
            (
                "locate: {operation: GetBucketLocation, from: {Bucket: Name}, "
                "path: x, via: nothing}\n    key: name"
            ),
            "locate: no function 'nothing'",
        ),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, fields: "
                "{name: {type: string}}}"
            ),
            "'name' is given twice",
        ),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, when: {namex: [1]}, "
                "fields: {acl: {type: string}}}"
            ),
            "'acl' has no value",
        ),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, absent: {E: {b: 1}}, "
                "fields: {acl?: {type: string, at: namex}}}"
            ),
            "'b' is no field",
        ),
        ("path: Name", "path: Name, missing: null", "without 'at', only null can be missing"),
        ("name: {path: Name", "name?: {path: Name, missing: x", "only null can be missing"),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, each: {Bucket: Name}, "
                "absent: {E: {}}, fields: {acl?: {type: string}}}"
            ),
            "do not go together",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(old: str, new: str, expected: str) -> None:
    assert old in _GOOD
    with pytest.raises(DefinitionError) as caught:
        _parse(_GOOD.replace(old, new))
    assert expected in str(caught.value)
    assert "catalogue/s3.yaml" in str(caught.value)


def test_not_yaml_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"catalogue/s3\.yaml"):
        _parse("types: [")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ListBuckets", "ListBucket", "s3 has no 'ListBucket', the nearest is 'ListBuckets'"),
        ("service: s3", "service: s33", "no service 's33', the nearest is 's3'"),
        ("items: Buckets", "items: Bucket", "no 'Bucket', the nearest is 'Buckets'"),
        ("items: Buckets", "items: Owner", "'Owner' is no list"),
        ("path: Name", "path: Namx", "Bucket has no 'Namx', the nearest is 'Name'"),
        ("path: Name", "path: Name.Of", "is asked of string"),
        ("path: Name", "path: CreationDate", "not of type string"),
        ("path: Name", 'template: "{Namex}"', "Bucket has no 'Namex'"),
        ("ListBuckets, ", "ListBuckets, params: {Max: 1}, ", "has no parameter 'Max'"),
        ("ListBuckets, ", "ListObjectsV2, ", "parameter 'Bucket' is required"),
        ("ListBuckets, ", "ListBuckets, as_of: Moment, ", "no 'Moment'"),
        (
            "ListBuckets, ",
            "ListBuckets, prepare: {operation: HeadBucket, path: State, until: x}, ",
            "no 'State'",
        ),
        ("key: name", "key: name\n    region: Regionx", "no 'Regionx'"),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, from: {Bucket: Nomx}, "
                "fields: {acl: {path: Grant, type: string}}}"
            ),
            "nearest is 'Grants'",
        ),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, each: {Bucket: Names}, "
                "fields: {acl: {path: answers, type: string}}}"
            ),
            "GetBucketAcl.Bucket",
        ),
        (
            "key: name",
            (
                "key: name\n    enrich:\n      - {operation: GetBucketAcl, each: {Bucket: Name}, "
                "fields: {acl: {path: item.Names, type: string}}}"
            ),
            "no 'Names'",
        ),
        (
            "key: name",
            "key: name\n    facts: {n: {operation: GetBucketAcl, path: Grant, type: int}}",
            "facts.n",
        ),
        (
            "key: name",
            (
                "key: name\n    region: BucketRegion\n    locate: {operation: GetBucketLocation, "
                "from: {Bucket: Nomx}, path: Place, via: bucket_region}"
            ),
            "locate.Bucket",
        ),
        ("path: Name", "path: 'Name[0]'", "string is no list"),
        ("path: Name", "path: '[Name, Namex]'", "no 'Namex'"),
    ],
)
def test_what_botocore_does_not_know_is_named_with_the_nearest(
    old: str, new: str, expected: str
) -> None:
    assert _check(_GOOD) == ""
    assert expected in _check(_GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("path", "of"),
    [
        ("length(Name) > `1` && Name == 'a'", "bool"),
        ("Name | @", "string"),
        ("[Name]", "list<string>"),
        ("Name || 'none'", "string"),
        ("{one: Name}", "pair"),
    ],
)
def test_paths_of_the_language_are_followed(path: str, of: str) -> None:
    text = _GOOD + f'      more: {{path: "{path}", type: {of}}}\n'
    assert _check(text) == ""


def test_pages_that_botocore_cannot_read_are_refused() -> None:
    text = _GOOD.replace("ListBuckets, ", "ListBucketAnalyticsConfigurations, ")
    assert "answers in pages, and botocore cannot read them" in _check(text)


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
        ("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
        ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
        ("kms", "ListKeys", "kms:ListKeys"),
    ],
)
def test_actions_are_iam_s(service: str, operation: str, action: str) -> None:
    assert iam_action(service, operation) == action


def test_an_unknown_type_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"aws\.s3\.bukket"):
        read("http://127.0.0.1:9", ["aws.s3.bukket"])
