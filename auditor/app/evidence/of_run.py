"""What a run has read: for each observation its log entry and summary, the rest within bounds.

Judging needs one observation at a time, so a run over hundreds of accounts does not hold them all.
Those that do not fit are read back from the store: what was recorded is what is judged, and reading
it back gives the same observation. Provenance is not judged and is never held.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from auditor.app.evidence.entries import RecordedObservation, collect_entry
from auditor.app.evidence.loading import load_observation, reading_of
from auditor.core.evaluate import ObservationKey
from auditor.core.model.assessment import Reading
from auditor.core.model.observation import Observation
from auditor.core.model.policy import Policy
from auditor.ledger.entries import Collect
from auditor.store.interface import Store

MAX_HELD = 20_000
"""Resources in memory; a bucket with its policy is about 4 kB."""


class RunEvidence(Mapping[ObservationKey, Observation]):
    """The observations of a run, by target and resource type, in the order of reading.

    Args:
        run: Its id.
        max_held: Resources to hold in memory; the last observation is held whatever its size.
    """

    def __init__(self, store: Store, run: str, policy: Policy, max_held: int = MAX_HELD) -> None:
        self._store = store
        self._run = run
        self._policy = policy
        self._max_held = max_held
        self._entries: dict[ObservationKey, Collect] = {}
        self._readings: list[Reading] = []
        self._held: OrderedDict[ObservationKey, Observation] = OrderedDict()
        self._weight = 0

    @property
    def entries(self) -> list[Collect]:
        """The `collect` entries, in order."""
        return list(self._entries.values())

    @property
    def readings(self) -> list[Reading]:
        """Their summaries, for reports."""
        return self._readings

    def add(self, recorded: RecordedObservation) -> Collect:
        """Keep what was recorded; gives its entry for the log."""
        entry = collect_entry(self._run, recorded)
        self._keep(entry, recorded.observation)
        return entry

    def add_logged(self, entry: Collect) -> None:
        """Keep what stands in the log already.

        Raises:
            VerificationError: Its evidence is missing or was changed.
        """
        self._keep(entry, load_observation(self._store, entry, self._policy))

    def _keep(self, entry: Collect, observation: Observation) -> None:
        key = (entry.target, entry.resource_type)
        self._entries[key] = entry
        self._readings.append(reading_of(self._policy, observation, entry.blob.digest))
        self._hold(key, observation)

    def _hold(self, key: ObservationKey, observation: Observation) -> None:
        self._held[key] = replace(observation, calls=())
        self._weight += len(observation.resources)
        while self._weight > self._max_held and len(self._held) > 1:
            _oldest, dropped = self._held.popitem(last=False)
            self._weight -= len(dropped.resources)

    def let_go(self) -> None:
        """Hold nothing any more; what is asked for after this is read back."""
        self._held.clear()
        self._weight = 0

    def __getitem__(self, key: ObservationKey) -> Observation:
        """The observation, read back where it is not held."""
        if key not in self._held:
            self._hold(key, load_observation(self._store, self._entries[key], self._policy))
        self._held.move_to_end(key)
        return self._held[key]

    def __contains__(self, key: object) -> bool:
        """Whether it was read; nothing is loaded for the answer."""
        return key in self._entries

    def __iter__(self) -> Iterator[ObservationKey]:
        """Their keys, in order."""
        return iter(self._entries)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._entries)
