"""Whether the auditor's account has a grant, and the SQL that gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.collectors.sql.catalogue import Catalogue, GrantSpec
from auditor.collectors.sql.failures import QueryFailedError
from auditor.collectors.sql.session import Asker
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

ACCOUNT = "auditor"


def needed_grants(catalogue: Catalogue, resource_types: Iterable[str]) -> dict[str, GrantSpec]:
    """The grants that reading these types needs, in the catalogue's order."""
    wanted = {g for name in resource_types for g in catalogue.types[name].spec.grants}
    return {name: grant for name, grant in catalogue.grants.items() if name in wanted}


def statements(grant: GrantSpec, account: str = ACCOUNT) -> tuple[str, ...]:
    """The statements that give a grant.

    Args:
        account: As it stands in SQL: quoted where the engine needs it.
    """
    return tuple(line.replace("{account}", account) for line in grant.sql)


class HeldGrants:
    """Which grants a session's account has: asked once each.

    Some refusals are silent (a view shows NULL or fewer rows), so that an answer alone does not
    tell whether it is whole. What is asked here is the right itself.

    Args:
        hosted: Name of the service that hosts the server and keeps its superuser, "" if none.
    """

    def __init__(
        self,
        asker: Asker,
        grants: Mapping[str, GrantSpec],
        *,
        account: str = ACCOUNT,
        hosted: str = "",
    ) -> None:
        self._asker = asker
        self._grants = grants
        self._account = account
        self._hosted = hosted
        self._found: dict[str, Gap | None] = {}

    def missing(self, names: Iterable[str]) -> Gap | None:
        """The gap of the first grant that is not held; None where all are."""
        for name in names:
            if name not in self._found:
                self._found[name] = self._look(name)
            if self._found[name] is not None:
                return self._found[name]
        return None

    def _look(self, name: str) -> Gap | None:
        grant = self._grants[name]
        if grant.held is None:
            return None
        try:
            held = self._asker.scalar(f"grant {name}", grant.held)
        except QueryFailedError as error:
            return error.gap
        return None if held in (True, 1) else self.gap(name)

    def gap(self, name: str) -> Gap:
        """The gap of a grant that is not held, with the SQL that gives it."""
        grant = self._grants[name]
        sql = "; ".join(statements(grant, self._account))
        hint = f"run {sql}"
        if self._hosted and grant.withheld:
            hint = f"{self._hosted} does not give this right: {grant.withheld}"
        detail = f"the auditor's account may not {grant.title}"
        return Gap(Cause.DENIED, detail, action=sql, hint=hint)
