"""The chain of CloudTrail's digests: whatever is changed in the bucket is found, exactly there."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace as with_changes
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from auditor.app.evidence.redaction import cleaned
from auditor.app.runs import check_derived
from auditor.collectors.aws import AwsCollector
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.status import Cause
from auditor.errors import VerificationError
from tests.services.aws.faults import Answer, FaultProxy, Rule, denied, gone, html_500
from tests.services.aws.judging import judged
from tests.services.aws.seed import HOME, client
from tests.services.aws.seed_digests import HOUR, TRAIL, TYPE, Chain
from tests.services.aws.server import moto_server, reset

pytestmark = pytest.mark.service
BAD = {
    "broken_digests", "moved_digests", "unknown_keys", "bad_signatures", "broken_links", "gaps",
    "missing_logs", "changed_logs", "extra_logs",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        yield url


@pytest.fixture
def chain(server: str) -> Chain:
    reset(server)
    return Chain(server).make()


def _read(chain: Chain, *rules: Rule, **settings: object) -> Resource:
    with FaultProxy(chain.url, [*rules, chain.public_keys()]) as url:
        observation = chain.observe(url, **settings)
    assert observation.gaps == ()
    [resource] = observation.resources
    kind = AwsCollector().resource_types()[TYPE]
    assert resource.data.keys() <= kind.fields.fields.keys()
    if "raw" in resource.data:  # what judges again must find the same
        assert kind.derive is not None
        facts = kind.derive(resource.data)
        assert facts == {name: resource.data[name] for name in facts}
        assert set(kind.derived) & resource.data.keys() == facts.keys()
    return resource


def _bad(resource: Resource) -> dict[str, object]:
    """The lists that are not empty."""
    return {name: resource.data[name] for name in BAD & resource.data.keys() if resource.data[name]}


def test_an_untouched_chain(chain: Chain) -> None:
    resource = _read(chain)
    assert resource.unread == {}
    assert _bad(resource) == {}
    assert resource.data["digest_count"] == 4
    assert resource.data["log_count"] == 6
    assert resource.data["extra_logs"] == []
    assert resource.data["id"] == f"{TRAIL}#{HOME}"


def test_a_prefix_and_an_organization(server: str) -> None:
    reset(server)
    made = Chain(server, prefix="audit", organization="o-exampleorgid").make()
    organization = Rule(
        operation="DescribeTrails",
        edit=lambda body: body.replace(
            b'"IsOrganizationTrail": false', b'"IsOrganizationTrail": true'
        ),
    )
    resource = _read(made, organization)
    assert resource.data["organization"] is True
    assert (_bad(resource), resource.data["log_count"]) == ({}, 6)


def test_an_edited_log(chain: Chain) -> None:
    key = chain.logs[3][0]
    chain.replace(key, gzip.compress(b'{"Records": []}'))
    assert _bad(_read(chain)) == {"changed_logs": [key]}


def test_a_second_member_behind_the_end_of_a_log(chain: Chain) -> None:
    key = chain.logs[3][1]
    content = chain.s3.get_object(Bucket=chain.bucket, Key=key)["Body"].read()
    chain.replace(key, content + gzip.compress(b"more"))
    assert _bad(_read(chain)) == {"changed_logs": [key]}


def test_a_log_that_is_no_gzip_file(chain: Chain) -> None:
    key = chain.logs[4][1]
    chain.replace(key, b"plain")
    assert _bad(_read(chain)) == {"changed_logs": [key]}


def test_a_deleted_log(chain: Chain) -> None:
    key = chain.logs[2][0]
    chain.delete(key)
    assert _bad(_read(chain)) == {"missing_logs": [key]}


def test_a_log_that_no_digest_names(chain: Chain) -> None:
    key = f"{chain.logs[3][0].removesuffix('.json.gz')}-copy.json.gz"
    chain.replace(key, gzip.compress(b"{}"))
    assert _bad(_read(chain)) == {"extra_logs": [key]}


def test_whose_a_file_is_cannot_be_told_where_two_trails_write(chain: Chain) -> None:
    client(chain.url, "cloudtrail").create_trail(Name="second", S3BucketName=chain.bucket)
    key = f"{chain.logs[3][0].removesuffix('.json.gz')}-copy.json.gz"
    chain.replace(key, gzip.compress(b"{}"))
    with FaultProxy(chain.url, [chain.public_keys()]) as url:
        found = {r.data["name"]: r for r in chain.observe(url).resources}
    assert found["main"].data["extra_logs"] is None
    assert _bad(found["main"]) == {}
    assert found["second"].unread["gaps"].cause is Cause.NOT_SUPPORTED
    assert found["second"].data["log_validation"] is False


def test_an_edited_digest(chain: Chain) -> None:
    document, metadata = chain.read_digest(3)
    document["logFiles"] = document["logFiles"][:1]
    chain.replace(chain.digests[3], gzip.compress(json.dumps(document).encode()), metadata)
    found = _bad(_read(chain))
    assert found["bad_signatures"] == [chain.digests[3]]
    assert found["broken_links"] == [chain.digests[4]]  # the next one names another hash
    assert found["extra_logs"] == [chain.logs[3][1]]
    assert found.keys() == {"bad_signatures", "broken_links", "extra_logs", "gaps"}


def test_a_digest_signed_by_somebody_else(chain: Chain) -> None:
    document, _metadata = chain.read_digest(5)
    forged = with_changes(chain, key=generate_private_key(65537, 2048), digests=[], logs=[])
    forged.put(document)
    found = _bad(_read(chain))
    assert found == {"bad_signatures": [chain.digests[5]]}


def test_a_digest_without_a_signature(chain: Chain) -> None:
    chain.replace(chain.digests[5], chain.content(5))
    resource = _read(chain)
    assert _bad(resource) == {"bad_signatures": [chain.digests[5]]}
    assert resource.data["latest_digest_at"] == _instant(chain, 1.5)


def _instant(chain: Chain, hours: float) -> str:
    return f"{chain.now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def test_a_digest_that_is_none(chain: Chain) -> None:
    chain.replace(chain.digests[3], b"nothing", {"signature": "00"})
    found = _bad(_read(chain))
    assert found["broken_digests"] == [chain.digests[3]]
    assert found["broken_links"] == [chain.digests[4]]
    assert "gaps" in found


def test_a_digest_missing_in_the_middle(chain: Chain) -> None:
    chain.delete(chain.digests[3])
    found = _bad(_read(chain))
    assert found["broken_links"] == [chain.digests[4]]
    assert found["gaps"] == [{"start": _instant(chain, 3.5), "end": _instant(chain, 2.5)}]
    assert found["extra_logs"] == sorted(chain.logs[3])


def test_the_newest_digests_are_missing(chain: Chain) -> None:
    for key in chain.digests[4:]:
        chain.delete(key)
    resource = _read(chain)
    assert _bad(resource) == {"extra_logs": sorted(chain.logs[4])}
    assert resource.data["latest_digest_at"] == _instant(chain, 2.5)


def test_every_digest_is_missing(chain: Chain) -> None:
    for key in chain.digests:
        chain.delete(key)
    resource = _read(chain)
    assert resource.data["latest_digest_at"] is None
    assert _bad(resource) == {"gaps": [{"start": _instant(chain, 4), "end": _instant(chain, 0)}]}


def test_a_chain_that_begins_again(chain: Chain) -> None:
    """Recording was off for an hour: the next digest names none before it, and is well signed."""
    document, _metadata = chain.read_digest(4)
    chain.delete(chain.digests[3])
    before = chain.put(chain.document(chain.now - 1.5 * HOUR, document["logFiles"], None))
    chain.put(chain.document(chain.now - 0.5 * HOUR, [], before))
    found = _bad(_read(chain))
    assert found["broken_links"] == [chain.digests[4]]
    assert "gaps" in found


def test_a_digest_in_another_place(chain: Chain) -> None:
    document, _metadata = chain.read_digest(2)
    chain.delete(chain.digests[3])
    chain.put(document, key=chain.digests[3])  # an old digest in the place of a missing one
    found = _bad(_read(chain))
    assert found["moved_digests"] == [chain.digests[3]]
    assert found["broken_links"] == [chain.digests[4]]
    assert "gaps" in found


def test_files_under_another_prefix_than_the_trail_says(chain: Chain) -> None:
    moved = Rule(
        operation="DescribeTrails",
        edit=lambda body: body.replace(b'"Name": "main"', b'"Name": "main", "S3KeyPrefix": "else"'),
    )
    resource = _read(chain, moved)
    assert resource.data["latest_digest_at"] is None
    assert _bad(resource).keys() == {"gaps"}


def test_a_key_that_aws_does_not_list(chain: Chain) -> None:
    resource = _read(chain, chain.public_keys(fingerprint="0" * 32))
    found = _bad(resource)
    assert found["unknown_keys"] == chain.digests[2:]
    assert resource.data["latest_digest_at"] is None


def test_a_backfill_digest_stands_beside_the_chain(chain: Chain) -> None:
    document, _metadata = chain.read_digest(3)
    log = document["logFiles"].pop()
    key = chain.digests[3].replace(".json.gz", "_backfill.json.gz")
    late = document | {"digestS3Object": key, "logFiles": [log]}
    chain.put(late)
    assert _bad(_read(chain)) == {}
    document, metadata = chain.read_digest(3)
    chain.replace(key, gzip.compress(json.dumps(late | {"logFiles": []}).encode()), metadata)
    assert _bad(_read(chain)) == {"bad_signatures": [key]}


def test_one_log_may_not_be_read(chain: Chain) -> None:
    key = chain.logs[3][0]
    resource = _read(chain, Rule(denied, operation=f"GET /{chain.bucket}/{key}"))
    assert resource.unread.keys() == {"changed_logs", "missing_logs"}
    gap = resource.unread["changed_logs"]
    assert (gap.cause, gap.action) == (Cause.DENIED, "s3:GetObject")
    assert key in gap.detail
    assert resource.data["broken_links"] == []


def test_a_changed_log_is_found_although_another_one_may_not_be_read(chain: Chain) -> None:
    chain.replace(chain.logs[4][0], gzip.compress(b"{}"))
    resource = _read(chain, Rule(denied, operation=f"GET /{chain.bucket}/{chain.logs[3][0]}"))
    assert resource.data["changed_logs"] == [chain.logs[4][0]]
    assert resource.unread.keys() == {"missing_logs"}


def test_one_digest_may_not_be_read(chain: Chain) -> None:
    rule = Rule(denied, operation=f"GET /{chain.bucket}/{chain.digests[3]}")
    resource = _read(chain, rule)
    assert _bad(resource) == {}
    assert resource.data["digest_count"] == 4
    assert resource.unread.keys() == BAD | {"latest_digest_at", "log_count"}
    assert {gap.cause for gap in resource.unread.values()} == {Cause.DENIED}


@pytest.mark.parametrize("fault", [denied, html_500, gone("NoSuchBucket")])
def test_the_bucket_may_not_be_listed(chain: Chain, fault: Rule) -> None:
    resource = _read(chain, Rule(fault, operation=f"GET /{chain.bucket}"))  # type: ignore[arg-type]
    assert "raw" not in resource.data
    assert resource.unread["gaps"].cause in {Cause.DENIED, Cause.UNPARSABLE, Cause.VANISHED}
    assert resource.unread.keys() >= BAD


def test_the_logs_may_not_be_listed(chain: Chain) -> None:
    rule = Rule(denied, operation=f"GET /{chain.bucket}", containing="CloudTrail%2F")
    resource = _read(chain, rule)
    assert resource.unread.keys() == {"extra_logs"}
    assert resource.unread["extra_logs"].action == "s3:ListBucket"


@pytest.mark.parametrize("fault", [denied, html_500])
def test_the_public_keys_may_not_be_read(chain: Chain, fault: Rule) -> None:
    resource = _read(chain, Rule(fault, operation="ListPublicKeys"))  # type: ignore[arg-type]
    assert resource.unread.keys() >= BAD
    assert not BAD & resource.data.keys()


def test_more_logs_than_may_be_read(chain: Chain) -> None:
    resource = _read(chain, digest_max_logs=5)
    assert resource.unread.keys() == {"changed_logs", "missing_logs"}
    assert resource.unread["missing_logs"].cause is Cause.LIMIT


def test_who_changes_the_kept_evidence_is_found(chain: Chain) -> None:
    resource = _read(chain)
    derive = AwsCollector().resource_types()[TYPE].derive
    assert derive is not None
    raw = json.loads(json.dumps(resource.data["raw"]))
    content = bytearray(gzip.decompress(b64decode(raw["digests"][1]["content"])))
    content[60] ^= 1
    raw["digests"][1]["content"] = b64encode(gzip.compress(bytes(content))).decode()
    facts = derive({**resource.data, "raw": raw})
    assert facts != {name: resource.data[name] for name in facts}
    raw = json.loads(json.dumps(resource.data["raw"]))
    raw["logs"][0]["sha256"] = "0" * 64
    assert derive({**resource.data, "raw": raw})["changed_logs"]


def _delete(number: int) -> Callable[[Chain], Rule | None]:
    return lambda chain: chain.delete(chain.digests[number])


def _edit_log(chain: Chain) -> None:
    chain.replace(chain.logs[3][0], gzip.compress(b"{}"))


def _delete_log(chain: Chain) -> None:
    chain.delete(chain.logs[3][0])


def _add_log(chain: Chain) -> None:
    chain.replace(chain.logs[3][0].replace("_0.json", "_9.json"), gzip.compress(b"{}"))


def _unsign(chain: Chain) -> None:
    chain.replace(chain.digests[5], chain.content(5))


def _spoil(chain: Chain) -> None:
    chain.replace(chain.digests[5], b"nothing")


def _deny(chain: Chain) -> Rule:
    return Rule(denied, operation=f"GET /{chain.bucket}/{chain.logs[3][0]}")


def _unlist(chain: Chain) -> Rule:
    return chain.public_keys(fingerprint="0" * 32)


@pytest.mark.parametrize(
    ("fault", "status", "false"),
    [
        (lambda _chain: None, "pass", set()),
        (_edit_log, "fail", {"logs-unchanged"}),
        (_delete_log, "fail", {"logs-present"}),
        (_add_log, "fail", {"no-foreign-logs"}),
        (_unsign, "fail", {"signed"}),
        (_spoil, "fail", {"in-place"}),
        (_delete(3), "fail", {"linked", "without-gaps", "no-foreign-logs"}),
        (_deny, "error", set()),
        (_unlist, "fail", {"signed", "without-gaps", "up-to-date"}),
        (lambda _chain: Rule(html_500, operation="ListPublicKeys"), "error", set()),
    ],
)  # fmt: skip
def test_the_shipped_control_finds_it(
    chain: Chain, fault: Callable[[Chain], Rule | None], status: str, false: set[str]
) -> None:
    rule = fault(chain)
    rules = [rule] if rule is not None else []
    with FaultProxy(chain.url, [*rules, chain.public_keys()]) as url:
        observation = chain.observe(url)
    [finding] = judged("audit-log-integrity", {TYPE: observation})["digest-chain"].values()
    assert finding.status.value == status
    assert {a.id for a in finding.assertions if a.truth == "false"} == false


def test_what_is_stored_gives_the_same_facts(chain: Chain) -> None:
    with FaultProxy(chain.url, [chain.public_keys()]) as url:
        observation = chain.observe(url)
    kind = AwsCollector().resource_types()[TYPE]
    stored = cleaned(observation, kind)
    assert stored is observation  # nothing is undeclared, nothing is taken for a secret
    read = Observation.from_json(json.loads(json.dumps(stored.to_json())))
    check_derived({TYPE: kind}, [read])
    forged = with_changes(read.resources[0], data={**read.resources[0].data, "log_count": 7})
    with pytest.raises(VerificationError, match="log_count"):
        check_derived({TYPE: kind}, [with_changes(read, resources=(forged,))])


@pytest.mark.parametrize("member", [b"HomeRegion", b"IsMultiRegionTrail", b"S3BucketName"])
def test_a_trail_that_does_not_say_where_it_writes(chain: Chain, member: bytes) -> None:
    edit = Rule(operation="DescribeTrails", edit=lambda body: body.replace(member, b"Other"))
    resource = _read(chain, edit)
    assert resource.unread.keys() >= BAD | {"raw"}
    assert resource.unread["gaps"].cause is Cause.UNPARSABLE


def test_keys_that_are_none(chain: Chain) -> None:
    body = b'{"PublicKeyList": [{"Fingerprint": "x"}]}'
    answer = Answer(200, body, "application/x-amz-json-1.1", {"x-amzn-RequestId": "0"})
    resource = _read(chain, Rule(lambda _asked: answer, operation="ListPublicKeys"))
    assert resource.unread["bad_signatures"].cause is Cause.UNPARSABLE
