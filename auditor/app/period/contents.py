"""The content of one run at a time, proven against the digests that the log holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from auditor.app.evidence.loading import NOT_OF_THE_SCHEMA, load_observation, unreadable
from auditor.app.export.controls import parse_policy
from auditor.app.period.log_view import PeriodStore
from auditor.attest.bundle import Bundle
from auditor.attest.statement import Statement
from auditor.core.canonical import digest, parse_canonical
from auditor.core.evaluate.plan import NotTested
from auditor.core.model.observation import Gap
from auditor.core.model.period_report import RunLine, RunState
from auditor.core.model.policy import Policy
from auditor.core.period.inputs import ReadingFacts, RunContent
from auditor.errors import VerificationError
from auditor.ledger.entries import Collect, RunStart
from auditor.ledger.runs import RunHistory
from auditor.store.interface import Store

_POLICIES = 4
"""Policies in memory: runs that follow each other mostly have the same."""


@dataclass(slots=True)
class Contents:
    """Reads runs from a store.

    Args:
        histories: What the log says of each.
    """

    store: PeriodStore
    histories: Mapping[str, RunHistory]
    _policies: dict[str, Policy] = field(default_factory=dict)

    def policy(self, start: RunStart) -> Policy:
        """The policy of a run.

        Raises:
            VerificationError: Its blob is missing or was changed.
        """
        name = start.policy.digest
        if name not in self._policies:
            while len(self._policies) >= _POLICIES:
                del self._policies[next(iter(self._policies))]
            data = self.store.get(start.policy)
            self._policies[name] = parse_policy(data, start.policy.path)
        return self._policies[name]

    def load(self, line: RunLine) -> RunContent:
        """What a run left; of one that is not complete the policy alone.

        Raises:
            VerificationError: Something of it is missing or was changed.
        """
        history = self.histories[line.run]
        start = history.start
        if start is None:
            raise VerificationError("the log has no start of the run", where=f"run {line.run}")
        policy = self.policy(start)
        if line.state is not RunState.COMPLETE or history.verdicts is None:
            return RunContent(policy, (), (), ())
        reference = history.verdicts.blob
        try:
            document = cast("dict[str, Any]", parse_canonical(self.store.get(reference)))
            return RunContent(
                policy=policy,
                findings=document["findings"],
                not_tested=[
                    NotTested(item["control"], item["check"], item["reason"])
                    for item in document["not_tested"]
                ],
                readings=[self._reading(entry, policy) for entry in history.collects],
                program=self._program(line),
                problems=list(_outside(start, history)),
            )
        except NOT_OF_THE_SCHEMA as error:
            raise unreadable("verdicts", error, reference.path) from error

    def _reading(self, entry: Collect, policy: Policy) -> ReadingFacts:
        """What the log says; the observation itself is read only where it has gaps."""
        gaps: tuple[Gap, ...] = ()
        if not entry.complete:
            # The port has writing besides; reading an observation asks `get` and `reader` alone.
            gaps = load_observation(cast("Store", self.store), entry, policy).gaps
        return ReadingFacts(
            entry.target, entry.resource_type, entry.blob.digest, entry.items, entry.complete, gaps
        )

    def _program(self, line: RunLine) -> str:
        data = self.store.read_statement(line.run)
        if digest(data) != line.statement:
            raise VerificationError(
                "the statement has another digest than `run.end` says", where=f"run {line.run}"
            )
        bundle = Bundle.parse(data)
        tool = Statement.parse(bundle.envelope.payload).predicate.tool
        return f"{tool.name} {tool.version}"


def _outside(start: RunStart, history: RunHistory) -> Iterator[str]:
    """What was read and not asked for by its own scope, and what was asked for and not read."""
    requests = cast("dict[str, list[str]]", start.scope.get("requests", {}))
    asked = {(target, kind) for target, kinds in requests.items() for kind in kinds}
    read = {(entry.target, entry.resource_type) for entry in history.collects}
    for target, kind in sorted(read - asked):
        yield f"read {kind} of {target}, which its scope does not ask for"
    for target, kind in sorted(asked - read):
        yield f"has no reading of {kind} of {target}, which its scope asks for"
