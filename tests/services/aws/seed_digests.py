"""A chain of digests as CloudTrail writes it, signed with a key of our own, in a bucket of moto.

The form is that of AWS's documentation ("CloudTrail digest file structure"). moto neither writes
digests nor has ListPublicKeys: its answer here is made up after the documented one.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.collectors.aws import AwsCollector
from auditor.collectors.interface import CollectionContext
from auditor.core.model.observation import Observation
from tests.services.aws.faults import Answer, Asked, Rule
from tests.services.aws.reading import target_at
from tests.services.aws.seed import HOME, client
from tests.services.aws.server import ACCOUNT

TYPE = "aws.cloudtrail.digest_chain"
HOURS = 4  # of the window
HOUR = timedelta(hours=1)
FINGERPRINT = "31e8b5433410dfb61a9dc45cc65b22ff"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main"
_KEY = generate_private_key(65537, 2048)


@dataclass
class Chain:
    """Six hourly digests, of which four end in the window; three of those name two log files each.

    The reader's clock is three hours ahead: what moto writes now then lies in the covered time.
    """

    url: str
    bucket: str = "trail-logs"
    prefix: str = ""
    organization: str = ""
    key: RSAPrivateKey = _KEY
    now: datetime = field(
        default_factory=lambda: datetime.now(UTC).replace(microsecond=0) + 3 * HOUR
    )
    digests: list[str] = field(default_factory=list)
    logs: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3: Any = _client(self.url, "s3")

    def make(self, **trail: object) -> Chain:
        """The bucket, the trail and its files."""
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": HOME}
        )
        own = {"S3KeyPrefix": self.prefix} if self.prefix else {}
        trails = _client(self.url, "cloudtrail")
        trails.create_trail(
            **{"Name": "main", "S3BucketName": self.bucket, "EnableLogFileValidation": True}
            | own
            | trail
        )
        trails.start_logging(Name="main")
        self.write()
        return self

    def write(self) -> None:
        """The files."""
        before: Mapping[str, Any] | None = None
        for number in range(6):
            end = self.now - timedelta(minutes=30) - (5 - number) * HOUR
            logs = [self._log(end, part) for part in range(2 if 2 <= number < 5 else 0)]
            self.logs.append([log["s3Object"] for log in logs])
            before = self.put(self.document(end, logs, before))
            self.digests.append(str(before["key"]))

    def document(
        self, end: datetime, logs: list[dict[str, str]], before: Mapping[str, Any] | None
    ) -> dict[str, object]:
        """What a digest says."""
        return {
            "awsAccountId": ACCOUNT,
            "digestStartTime": _iso(end - HOUR),
            "digestEndTime": _iso(end),
            "digestS3Bucket": self.bucket,
            "digestS3Object": self.digest_key(end),
            "digestPublicKeyFingerprint": FINGERPRINT,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": None,
            "oldestEventTime": None,
            "previousDigestS3Bucket": before and self.bucket,
            "previousDigestS3Object": before and before["key"],
            "previousDigestHashValue": before and before["sha256"],
            "previousDigestHashAlgorithm": before and "SHA-256",
            "previousDigestSignature": before and before["signature"],
            "logFiles": logs,
        }

    def put(self, document: Mapping[str, Any], key: str = "") -> dict[str, str]:
        """Sign a digest and put it where it says, or under another key."""
        content = json.dumps(document).encode()
        digest = hashlib.sha256(content).hexdigest()
        place = f"{document['digestS3Bucket']}/{document['digestS3Object']}"
        signed = [
            document["digestEndTime"], place, digest,
            document["previousDigestSignature"] or "null",
        ]  # fmt: skip
        signature = self.key.sign("\n".join(signed).encode(), PKCS1v15(), SHA256()).hex()
        key = key or str(document["digestS3Object"])
        self.s3.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=gzip.compress(content),
            Metadata={"signature": signature, "signature-algorithm": "SHA256withRSA"},
        )
        return {"key": key, "sha256": digest, "signature": signature}

    def read_digest(self, number: int) -> tuple[dict[str, Any], dict[str, str]]:
        """A digest's document, and the metadata of its object."""
        found = self.s3.get_object(Bucket=self.bucket, Key=self.digests[number])
        return json.loads(gzip.decompress(found["Body"].read())), found["Metadata"]

    def content(self, number: int) -> bytes:
        """A digest's object, as it stands."""
        found = self.s3.get_object(Bucket=self.bucket, Key=self.digests[number])
        content: bytes = found["Body"].read()
        return content

    def replace(self, key: str, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
        """Put other bytes in the place of an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, Metadata=dict(metadata or {}))

    def delete(self, key: str) -> None:
        """Delete an object."""
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def digest_key(self, end: datetime) -> str:
        """Where CloudTrail puts the digest."""
        name = f"{ACCOUNT}_CloudTrail-Digest_{HOME}_main_{HOME}_{end:%Y%m%dT%H%M%SZ}.json.gz"
        return f"{self.folder('CloudTrail-Digest', end)}/{name}"

    def folder(self, kind: str, day: datetime) -> str:
        """The folder of a day."""
        parts = (self.prefix, "AWSLogs", self.organization, ACCOUNT, kind, HOME)
        return "/".join([*(part for part in parts if part), f"{day:%Y/%m/%d}"])

    def _log(self, end: datetime, part: int) -> dict[str, str]:
        content = json.dumps({"Records": [{"eventID": f"{end:%H%M}-{part}"}]}).encode()
        when = end - timedelta(minutes=20 + part)
        name = f"{ACCOUNT}_CloudTrail_{HOME}_{when:%Y%m%dT%H%MZ}_{part}.json.gz"
        key = f"{self.folder('CloudTrail', when)}/{name}"
        self.replace(key, gzip.compress(content))
        digest = hashlib.sha256(content).hexdigest()
        return {
            "s3Bucket": self.bucket, "s3Object": key, "hashValue": digest,
            "hashAlgorithm": "SHA-256",
        }  # fmt: skip

    def public_keys(self, fingerprint: str = FINGERPRINT) -> Rule:
        """What AWS would say about its keys (a made-up answer in the documented form)."""
        value = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        key = {
            "Value": b64encode(value).decode(),
            "Fingerprint": fingerprint,
            "ValidityStartTime": (self.now - 100 * HOUR).timestamp(),
            "ValidityEndTime": (self.now + 100 * HOUR).timestamp(),
        }
        return Rule(_answer({"PublicKeyList": [key]}), operation="ListPublicKeys")

    def observe(self, url: str, **settings: object) -> Observation:
        """What the collector reads at `now`."""
        own = {"regions": [HOME], "digest_hours": HOURS} | settings
        with ThreadPoolExecutor(4) as executor:
            context = CollectionContext(lambda: self.now, executor, timeout_s=20)
            [found] = AwsCollector().collect(target_at(url, **own), [TYPE], context)
        return found


@cache  # making one costs more than a test's requests
def _client(url: str, service: str) -> Any:
    return client(url, service)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _answer(document: object) -> Callable[[Asked], Answer]:
    body = json.dumps(document).encode()
    headers = {"x-amzn-RequestId": "0"}
    return lambda _asked: Answer(200, body, "application/x-amz-json-1.1", headers)
