"""When the log took note of something that was signed, and what it says of the key by then.

A signature on a manifest or a report bears no time that could be trusted. An entry of the log that
names it, or that was the last one when it was made, does: so the key must have been in use there,
by trust policy and log together. Who has no log can only ask the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.attest.key_history import KeyHistory, KnownKey
from auditor.attest.trust import NamedKey
from auditor.errors import UndecidableError

_ID_SHOWN = 16


@dataclass(frozen=True, slots=True)
class NotedUse:
    """A place in the log at which a run key was used.

    Args:
        keys: What policy and log say of the keys.
        index: Of the entry.
        time: Of the entry.
    """

    keys: KeyHistory
    index: int
    time: datetime

    def known(self, wanted: str) -> KnownKey:
        """The run key with this id.

        Raises:
            UndecidableError: Neither the policy nor a rotation in the log leads to it.
        """
        key = self.keys.known("run", wanted)
        if key is None:
            raise UndecidableError(f"signed by an unknown key {wanted[:_ID_SHOWN]!r}")
        return key

    def named(self, wanted: str) -> NamedKey:
        """The same, in the form in which a trust policy has it.

        Raises:
            UndecidableError: As for `known`.
        """
        key = self.known(wanted)
        return NamedKey(
            name=f"run key {wanted[:_ID_SHOWN]}",
            public_key=key.public_key,
            not_before=key.window.not_before,
            not_after=key.window.not_after,
            revoked_at=key.revoked_at,
        )

    def check(self, wanted: str, proven: datetime | None = None) -> None:
        """Check that the key was in use there.

        Args:
            proven: A trusted time-stamp says that the signature existed then.

        Raises:
            VerificationError: It was not valid, replaced or revoked by then.
            UndecidableError: It is unknown, or was revoked later and nothing but the log says that
                the signature is older.
        """
        self.known(wanted).check_use(self.index, self.time, proven)
