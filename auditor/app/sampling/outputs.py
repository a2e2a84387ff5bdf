"""Samples as files and as text: a worksheet to fill in, JSON to derive it from, lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from auditor.app.reports.outputs import write_files
from auditor.app.sampling.checking import Sample
from auditor.app.sampling.records import sample_entries
from auditor.catalog.source import read_yaml, validate
from auditor.core.sampling import SampleSizes
from auditor.core.times import format_instant
from auditor.errors import UsageError
from auditor.render.escape import visible
from auditor.render.xlsx.worksheet import ATTRIBUTES, WorksheetInput, render_worksheet
from auditor.store.interface import Store

MAX_ATTRIBUTES = 26


def load_sizes(path: Path) -> SampleSizes:
    """A table of sizes by frequency, in YAML.

    Raises:
        DefinitionError: It is wrong; with the place of everything that is.
    """
    return validate(read_yaml(path, path.name), SampleSizes)


def check_output(path: Path, attributes: Sequence[str]) -> None:
    """Refuse what cannot be written before anything is logged.

    Raises:
        UsageError: Another suffix, no such folder, too many attributes.
    """
    if path.suffix not in (".xlsx", ".json"):
        raise UsageError(f"got --output {path}, expected a name that ends in .xlsx or .json")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist", hint=f"mkdir {path.parent}")
    if len(attributes) > MAX_ATTRIBUTES:
        raise UsageError(f"got {len(attributes)} attributes, expected at most {MAX_ATTRIBUTES}")


def write_sample(
    sample: Sample, path: Path, organisation: str, attributes: Sequence[str] = ()
) -> None:
    """Write the worksheet or the JSON document, by the suffix of the name.

    Raises:
        UsageError: Another suffix or no such folder.
        DependencyError: XlsxWriter is not installed.
        ConfigError: The file cannot be written.
    """
    check_output(path, attributes)
    if path.suffix == ".json":
        write_files([(path, sample.to_bytes())])
        return
    made = render_worksheet(_input(sample, organisation), attributes or ATTRIBUTES)
    write_files([(path, made)])


def _input(sample: Sample, organisation: str) -> WorksheetInput:
    population, drawn = sample.population, sample.draw
    return WorksheetInput(
        organisation=organisation,
        control=sample.freeze.control,
        check=sample.freeze.check,
        since=sample.freeze.since,
        until=sample.freeze.until,
        drawn_at=sample.drawn_at,
        freeze_index=sample.freeze_entry.index,
        draw_index=sample.draw_entry.index,
        root=drawn.root,
        population_digest=drawn.population,
        nonce=drawn.nonce,
        seed=drawn.seed,
        basis=drawn.basis,
        first=drawn.first,
        reason=drawn.reason,
        runs=len(cast("list[str]", population["runs"])),
        incomplete=cast("list[str]", population["incomplete"]),
        items=sample.items,
        population=cast("list[Mapping[str, object]]", population["items"]),
    )


def sample_lines(sample: Sample) -> Iterator[str]:
    """The sample for a terminal."""
    freeze, drawn = sample.freeze, sample.draw
    subject = f"{freeze.control}/{freeze.check}" if freeze.check else freeze.control
    yield f"sample of {subject}, {format_instant(freeze.since)}/{format_instant(freeze.until)}"
    yield f"  population  {freeze.count} items, entry {sample.freeze_entry.index} of the log"
    yield f"  digest      {drawn.population}"
    yield f"  root        {drawn.root}"
    yield f"  nonce       {visible(drawn.nonce)}"
    yield f"  seed        {drawn.seed}"
    yield f"  draw        {len(sample.items)} items ({drawn.basis})"
    yield f"  logged as   entry {sample.draw_entry.index}"
    if drawn.first is not None:
        yield f"  drawn again, after entry {drawn.first}: {visible(drawn.reason)}"
    for said in cast("list[str]", sample.population["incomplete"]):
        yield f"  incomplete  {visible(said)}"
    for number, item in enumerate(sample.items, 1):
        place = f"{item['check']}@{item['target']}/{item['resource']}"
        yield f"{number:4}  {str(item['fingerprint'])[:12]}  {visible(place)}"


def listed_samples(store: Store) -> Iterator[str]:
    """A line for each population and draw of the log, in its order."""
    counts: dict[int, int] = {}
    for logged in sample_entries(store):
        at = f"{logged.entry.index:6}  {format_instant(logged.entry.time)}"
        if logged.freeze is not None:
            one = logged.freeze
            counts[logged.entry.index] = one.count
            subject = f"{one.control}/{one.check}" if one.check else one.control
            yield f"{at}  population  {subject}  {one.count} items  {one.blob.digest}"
        elif logged.draw is not None:
            two = logged.draw
            again = f"  again after {two.first}: {visible(two.reason)}" if two.reason else ""
            drawn = min(two.size, counts.get(two.freeze, two.size))
            yield f"{at}  draw        of {two.freeze}  {drawn} items{again}"
