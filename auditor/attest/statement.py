"""The statement of a run: which policy, which evidence, which verdicts, and how it ended.

Standard: in-toto Statement v1 (https://in-toto.io/Statement/v1) with a predicate of ours. The
subjects are everything that the verdicts rest on, by digest; so one signature covers the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from auditor.core.canonical import canonical
from auditor.core.times import Instant
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.blobs import BlobRef, Count, LogModel
from auditor.ledger.encoding import parse_object
from auditor.ledger.entries import Collect, RunId

StatementType = Literal["https://in-toto.io/Statement/v1"]
PredicateType = Literal["https://github.com/auditor-policy/auditor/attestation/assessment/v1"]
STATEMENT_TYPE: StatementType = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: PredicateType = (
    "https://github.com/auditor-policy/auditor/attestation/assessment/v1"
)
PAYLOAD_TYPE = "application/vnd.in-toto+json"


class SubjectDigest(LogModel):
    """Digest of a subject, hex."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Subject(LogModel):
    """One thing that the statement is about."""

    name: Annotated[str, Field(min_length=1)]
    digest: SubjectDigest


class Tool(LogModel):
    """The program that made the statement."""

    name: str
    version: str


class LogPosition(LogModel):
    """Where the log tells of the run: `index` is its `run.start` entry."""

    origin: str
    index: Count


class Assessment(LogModel):
    """The predicate: the run in a few words.

    `now` is the instant that everything was judged at; `engine` names the evaluator of expressions
    and its version, which verdicts depend on; `counts` are findings by status.
    """

    run: RunId
    now: Instant
    tool: Tool
    engine: str
    counts: dict[str, Count]
    outcome: str
    log: LogPosition


class Statement(LogModel):
    """An in-toto statement whose predicate is an assessment."""

    kind: StatementType = Field(STATEMENT_TYPE, alias="_type")
    subject: list[Subject] = Field(min_length=1)
    predicate_type: PredicateType = Field(PREDICATE_TYPE, alias="predicateType")
    predicate: Assessment

    def to_bytes(self) -> bytes:
        """The payload to sign: canonical JSON."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    @classmethod
    def parse(cls, payload: bytes) -> Statement:
        """Read a payload strictly, after its signature was checked.

        Raises:
            VerificationError: Not canonical, another type, or a wrong field.
        """
        try:
            statement = cls.model_validate(parse_object(payload))
            same = statement.to_bytes() == payload
        except LedgerError as error:
            raise VerificationError(f"statement: {error.message}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = "/".join(str(part) for part in first["loc"])
            raise VerificationError(f"statement: {where}: {first['msg']}") from error
        if not same:
            raise VerificationError("statement: a field is not in its canonical form")
        return statement


def subjects(policy: BlobRef, collects: Sequence[Collect], verdicts: BlobRef) -> list[Subject]:
    """What a run's statement is about: policy, each observation in order, verdicts."""
    observations = [
        _subject(f"observation/{collect.target}/{collect.resource_type}", collect.blob)
        for collect in collects
    ]
    return [_subject("policy", policy), *observations, _subject("verdicts", verdicts)]


def _subject(name: str, blob: BlobRef) -> Subject:
    sha256 = blob.digest.removeprefix("sha256:")
    return Subject(name=name, digest=SubjectDigest(sha256=sha256))
