"""Samples that anybody can draw again: populations, seeds, the draw itself, and sizes.

The seed is SHA-256 over the root of the log after the population was frozen, the population's
digest and the auditor's nonce. Items are sorted by HMAC-SHA256 of their fingerprint under the seed,
and the first ones are the sample: without replacement, each item as likely as any other. Pure;
what is recorded and when is `app.sampling`'s matter. Standards: FIPS 180-4, RFC 2104.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from auditor.core.canonical import canonical, parse_canonical
from auditor.core.model.control import Model
from auditor.core.times import format_instant
from auditor.errors import UsageError, VerificationError

ALGORITHM = "auditor-sample-1"
POPULATION_SCHEMA = "population-1"
SAMPLE_SCHEMA = "sample-1"
_NONCE = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?", re.ASCII)


class SampleSizes(Model):
    """How many items of a control are tested, by how often the control operates.

    The defaults lie in the ranges that audit firms commonly use; the auditor's own method decides.
    """

    yearly: int = Field(default=1, ge=1)
    quarterly: int = Field(default=2, ge=1)
    monthly: int = Field(default=3, ge=1)
    weekly: int = Field(default=8, ge=1)
    daily: int = Field(default=25, ge=1)
    hourly: int = Field(default=40, ge=1)
    continuous: int = Field(default=40, ge=1)
    on_event: int = Field(default=25, ge=1)

    def of(self, frequency: str) -> int:
        """The size for a control's frequency."""
        size: int = getattr(self, frequency)
        return size


@dataclass(frozen=True, slots=True)
class PopulationItem:
    """One resource that one check judged in the period.

    Args:
        fingerprint: Of the finding; unique in the population.
        check: `control/check`.
        first_run, last_run, runs: The runs that judged it.
        evidence: Digest of the observation of the last of them.
    """

    fingerprint: str
    check: str
    target: str
    resource: str
    uid: str
    first_run: str
    last_run: str
    runs: int
    evidence: str

    def to_json(self) -> dict[str, object]:
        """All fields. No result is among them: a sample is drawn without a look at results."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class FrozenPopulation:
    """What a sample is drawn from.

    Args:
        check: Of the control; "" for all of its checks.
        runs: The complete runs of the period that judged it, in order of time.
        incomplete: Why there may be items that nobody saw; empty when everything was read.
    """

    control: str
    check: str
    since: datetime
    until: datetime
    frequency: str
    runs: tuple[str, ...]
    incomplete: tuple[str, ...]
    items: tuple[PopulationItem, ...]

    def to_bytes(self) -> bytes:
        """The canonical document `population-1`: its digest is what the log has."""
        return canonical(
            {
                "schema": POPULATION_SCHEMA,
                "control": self.control,
                "check": self.check,
                "since": format_instant(self.since),
                "until": format_instant(self.until),
                "frequency": self.frequency,
                "runs": list(self.runs),
                "incomplete": list(self.incomplete),
                "items": [item.to_json() for item in self.items],
            }
        )


def parse_population(data: bytes) -> dict[str, object]:
    """The document of a population, its items unique and in order of fingerprint.

    Raises:
        VerificationError: Another document.
    """
    document = parse_canonical(data)
    if not isinstance(document, dict) or document.get("schema") != POPULATION_SCHEMA:
        raise VerificationError(f"not a document of schema {POPULATION_SCHEMA}")
    names = fingerprints(document)
    if list(names) != sorted(set(names)):
        raise VerificationError("the population's items are not unique and in order")
    return document


def fingerprints(population: Mapping[str, object]) -> tuple[str, ...]:
    """The fingerprints of a population's items.

    Raises:
        VerificationError: The items are of another form.
    """
    try:
        return tuple(str(item["fingerprint"]) for item in population["items"])  # type: ignore[attr-defined]
    except (KeyError, TypeError) as error:
        raise VerificationError(f"the population's items cannot be read: {error}") from error


def check_nonce(nonce: str) -> str:
    """The nonce, when a shell can print it without loss.

    Raises:
        UsageError: Empty, longer than 128 characters, or not printable ASCII.
    """
    if _NONCE.fullmatch(nonce) is None:
        raise UsageError(
            f"got the nonce {nonce!r:.80}, expected 1 to 128 printable ASCII characters",
            hint="let the auditor choose it, after the population is frozen",
        )
    return nonce


def make_seed(root: str, population: str, nonce: str) -> bytes:
    """The seed, 32 bytes.

    Args:
        root: Of the log right after the population was frozen, in base64 as a checkpoint has it.
        population: Digest of the population (`sha256:...`).
    """
    return hashlib.sha256(f"{ALGORITHM}\n{root}\n{population}\n{nonce}\n".encode()).digest()


def draw(seed: bytes, population: Iterable[str], size: int) -> tuple[str, ...]:
    """The first `size` items by HMAC-SHA256 under the seed; all of a smaller population.

    Args:
        population: Fingerprints, each once.
    """
    tickets = sorted((hmac.digest(seed, name.encode(), "sha256"), name) for name in set(population))
    return tuple(name for _ticket, name in tickets[:size])
