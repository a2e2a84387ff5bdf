"""What is to be read at one address of one endpoint, and with what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from auditor.collectors.budget import CallBudget
from auditor.collectors.tls.settings import EndpointSettings
from auditor.collectors.tls.trust import SystemStore
from auditor.core.model.fields import Record


@dataclass(frozen=True, slots=True)
class Plan:
    """One address.

    Args:
        timeout_s: For each connection, and for each request about revocation.
        budget: Of connections and requests of the run.
        fields: Those of `tls.endpoint`; each is read or stands in `unread`.
    """

    endpoint: EndpointSettings
    address: str
    ca_file: str | None
    system: SystemStore
    timeout_s: float
    clock: Callable[[], datetime]
    budget: CallBudget
    fields: Record

    @property
    def id(self) -> str:
        """Key of the row of the address's default certificate; others add `#` and a name."""
        return f"{self.endpoint.endpoint}@{self.address}"
