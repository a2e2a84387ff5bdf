"""Freezing and drawing, in an order that the log shows.

(1) the population is stored and its digest logged, and the log's head signed; (2) nonce, size and
seed are logged, and the head signed; (3) only then the sample is computed. A second draw of what
was drawn before needs a reason, and names the first; the same draw again is the same sample, and
is not logged twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from auditor.app.assess import load_policy
from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.app.sampling.population import population_of
from auditor.app.sampling.records import (
    DrawFields,
    FreezeFields,
    Logged,
    sample_entries,
    sample_entry,
    to_record,
)
from auditor.app.upkeep.retention import retain_until
from auditor.app.witnesses.asking import cosign_head
from auditor.core.canonical import digest
from auditor.core.model.period_report import Bounds
from auditor.core.sampling import (
    FrozenPopulation,
    SampleSizes,
    check_nonce,
    make_seed,
    parse_population,
)
from auditor.errors import UsageError
from auditor.ledger.encoding import encode_base64

Clock = Callable[[], datetime]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SizeWish:
    """How many items: a number that was asked for, or the table's."""

    asked: int | None = None
    table: SampleSizes = field(default_factory=SampleSizes)

    def resolve(self, frequency: str) -> tuple[int, str]:
        """The size, and where it comes from."""
        if self.asked is not None:
            return self.asked, "asked for"
        return self.table.of(frequency), f"table: {frequency}"


def freeze(project: Project, path: str, bounds: Bounds, clock: Clock, progress: Progress) -> int:
    """Freeze the population of a control or check; gives the index of its entry.

    A population that was frozen before, and is the same, is not frozen again.

    Raises:
        UsageError: It has no population.
        VerificationError: What was recorded is missing or was changed.
    """
    population = population_of(project.store, path, bounds)
    data = population.to_bytes()
    before = _frozen_before(project, digest(data))
    if before is not None:
        return before
    fields = _freeze_fields(project, population, data, clock())
    return _log(project, fields, clock, progress)


def _frozen_before(project: Project, population: str) -> int | None:
    for logged in sample_entries(project.store):
        if logged.freeze is not None and logged.freeze.blob.digest == population:
            return logged.entry.index
    return None


def _freeze_fields(
    project: Project, population: FrozenPopulation, data: bytes, now: datetime
) -> FreezeFields:
    store = project.store
    history = store.history(population.runs[-1])
    signed = store.checkpoint()
    if history is None or signed is None:
        raise UsageError("the log has no run of this population", hint="auditor run list")
    retain = retain_until(project.loaded.config.retention, load_policy(store, history), now)
    head = signed.checkpoint
    return FreezeFields(
        control=population.control,
        check=population.check,
        since=population.since,
        until=population.until,
        count=len(population.items),
        head_size=head.size,
        head_root=encode_base64(head.root),
        blob=store.put(data, retain_until=retain),
    )


def draw_sample(
    project: Project,
    frozen: int,
    nonce: str,
    wish: SizeWish,
    reason: str,
    clock: Clock,
    progress: Progress,
) -> int:
    """Log a draw from a frozen population; gives the index of its entry.

    Args:
        frozen: Index of the population's entry.
        reason: Why it is drawn again; needed where a sample of it was drawn before.

    Raises:
        UsageError: No such population, a bad nonce, or a second draw without a reason.
    """
    check_nonce(nonce)
    found = sample_entry(project.store, frozen)
    if found.freeze is None:
        raise UsageError(f"entry {frozen} is a draw, not a population", hint="auditor sample list")
    size, basis = wish.resolve(_frequency(project, found.freeze))
    earlier = _earlier(project, found.freeze)
    for logged in earlier:
        same = logged.draw
        if same and (same.freeze, same.nonce, same.size) == (frozen, nonce, size):
            return logged.entry.index
    if earlier and not reason:
        raise UsageError(
            f"a sample of it was drawn already: entry {earlier[0].entry.index} of the log",
            hint="auditor sample verify shows it; a second draw needs --reason",
        )
    root = encode_base64(project.store.head(frozen + 1).root)
    population = found.freeze.blob.digest
    fields = DrawFields(
        freeze=frozen,
        root=root,
        population=population,
        nonce=nonce,
        size=size,
        basis=basis,
        seed=make_seed(root, population, nonce).hex(),
        first=earlier[0].entry.index if earlier else None,
        reason=reason if earlier else "",
    )
    return _log(project, fields, clock, progress)


def _frequency(project: Project, frozen: FreezeFields) -> str:
    return str(parse_population(project.store.get(frozen.blob))["frequency"])


def _earlier(project: Project, wanted: FreezeFields) -> list[Logged]:
    """Draws of any population of the same control, check and period, the first first."""
    subject = _subject(wanted)
    frozen: set[int] = set()
    draws = []
    for logged in sample_entries(project.store):
        if logged.freeze is not None and _subject(logged.freeze) == subject:
            frozen.add(logged.entry.index)
        elif logged.draw is not None and logged.draw.freeze in frozen:
            draws.append(logged)
    return draws


def _subject(fields: FreezeFields) -> tuple[object, ...]:
    return (fields.control, fields.check, fields.since, fields.until)


def _log(
    project: Project, fields: FreezeFields | DrawFields, clock: Clock, progress: Progress
) -> int:
    with open_log(project, clock) as log:
        index = log.append(to_record(fields))
        log.commit()
    cosign_head(project, progress)
    return index
