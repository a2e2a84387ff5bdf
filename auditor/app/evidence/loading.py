"""One observation of a recorded run, read back and proven; and its summary for reports."""

from __future__ import annotations

from auditor.app.evidence.restoring import restore_observation
from auditor.attest.vault import read_vault
from auditor.core.model.assessment import Reading
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.errors import LedgerError, VerificationError
from auditor.ledger.entries import Collect
from auditor.store.interface import Store

NOT_OF_THE_SCHEMA = (KeyError, ValueError, TypeError)
"""What reading a document raises that has another form."""


def reading_of(policy: Policy, observation: Observation, digest: str) -> Reading:
    """The summary of an observation.

    Args:
        digest: Of its evidence document.
    """
    return Reading(
        target=observation.target,
        resource_type=observation.resource_type,
        title=policy.resource_types[observation.resource_type].title,
        identity=observation.identity,
        read_at=observation.read_at,
        as_of=observation.as_of,
        items=len(observation.resources),
        calls=len(observation.calls),
        digest=digest,
        gaps=observation.gaps,
        derived_only=observation.derived_only,
    )


def load_observation(store: Store, entry: Collect, policy: Policy) -> Observation:
    """The observation of a `collect` entry; values that were erased since are unread in it.

    Args:
        policy: Of its run.

    Raises:
        VerificationError: A blob is missing or changed.
    """
    reference = entry.disclosures
    kind = policy.resource_types.get(entry.resource_type)
    try:
        given = read_vault(store.reader(), reference) if reference else None
        return restore_observation(store.get(entry.blob), given, kind).observation
    except NOT_OF_THE_SCHEMA as error:
        raise unreadable("observation", error, entry.blob.path) from error
    except (VerificationError, LedgerError) as error:
        where = error.where or entry.blob.path
        raise VerificationError(error.message, hint=error.hint, where=where) from error


def unreadable(what: str, error: Exception, where: str) -> VerificationError:
    """The error for a document of another form."""
    reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
    hint = "it was recorded by another version of auditor, or was changed: auditor verify"
    return VerificationError(f"the {what} cannot be read: {reason}", hint=hint, where=where)
