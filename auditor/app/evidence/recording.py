"""Storing the observations of one target on a thread of their own, while the next are read.

Forcing evidence to disk waits for the disk and reading waits for the network: neither waits for the
other. The store is used by this one thread until the recorder is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from types import TracebackType
from typing import Self

from auditor.app.evidence.of_run import RunEvidence
from auditor.app.evidence.redaction import record
from auditor.app.project import Project
from auditor.core.model.observation import Observation
from auditor.core.model.resource_type import ResourceType
from auditor.ledger.entries import Collect


class Recorder:
    """Records in the order of `put`; a context manager.

    Args:
        types: Resource types by name, as the policy of the run has them.
        retain: Until when the evidence is kept.
        evidence: What the run has read; grows here.
    """

    def __init__(
        self,
        project: Project,
        types: Mapping[str, ResourceType],
        retain: datetime,
        evidence: RunEvidence,
    ) -> None:
        self._project = project
        self._types = types
        self._retain = retain
        self._evidence = evidence
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._waiting: list[Future[None]] = []
        self._given: deque[Observation] = deque()  # a task's arguments would hold what they name
        self.entries: list[Collect] = []
        """Entries for the log of what is recorded, in order."""
        self.gaps = 0
        """What could not be read, counted."""

    def put(self, observation: Observation) -> None:
        """Record an observation soon.

        Raises:
            AuditorError: An earlier one could not be recorded.
        """
        self._raise_done()
        self._given.append(observation)
        self._waiting.append(self._executor.submit(self._record))

    def finish(self) -> None:
        """Wait until all are recorded.

        Raises:
            AuditorError: One could not be recorded.
        """
        wait(self._waiting)
        self._raise_done()

    def stop(self) -> list[Collect]:
        """Wait for what was put, failed or not; gives the entries of what is recorded."""
        wait(self._waiting)
        return self.entries

    def _raise_done(self) -> None:
        """Raise what went wrong; forget what went well."""
        while self._waiting and self._waiting[0].done():
            self._waiting.pop(0).result()

    def _record(self) -> None:
        kind = self._types[self._given[0].resource_type]
        recorded = record(self._project, self._given.popleft(), kind, self._retain)
        self.entries.append(self._evidence.add(recorded))
        self.gaps += len(recorded.observation.gaps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown()
