"""Populations frozen and samples drawn, over a real store and log."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
from openpyxl import load_workbook

from auditor.app.period.bounds import parse_bounds
from auditor.app.sampling.checking import Sample, check_log, load_sample, parse_sample
from auditor.app.sampling.drawing import SizeWish, draw_sample, freeze
from auditor.app.sampling.outputs import listed_samples, load_sizes, sample_lines, write_sample
from auditor.app.sampling.population import population_of
from auditor.core.sampling import SampleSizes
from auditor.errors import DefinitionError, UsageError, VerificationError
from tests.unit.app.company import CONTROL, Company, found, target

BOUNDS = parse_bounds("2026-Q1")


def _freeze(company: Company, path: str = CONTROL) -> int:
    return freeze(company.project(), path, BOUNDS, company.clock, print)


def _draw(
    company: Company, frozen: int, nonce: str = "n-1", size: int | None = 2, why: str = ""
) -> int:
    wish = SizeWish(size)
    return draw_sample(company.project(), frozen, nonce, wish, why, company.clock, print)


def _sample(company: Company) -> Sample:
    return load_sample(company.project().store, _draw(company, _freeze(company)))


@pytest.fixture
def scanned(company: Company) -> Company:
    company.scan()
    return company


def test_population_is_every_resource_that_runs_judged_once(scanned: Company) -> None:
    scanned.scan()

    population = population_of(scanned.project().store, CONTROL, BOUNDS)

    places = sorted((item.check, item.resource, item.runs) for item in population.items)
    assert places == [
        (f"{CONTROL}/other", "a", 2),
        (f"{CONTROL}/other", "b", 2),
        (f"{CONTROL}/thing", "a", 2),
        (f"{CONTROL}/thing", "b", 2),
    ]
    assert len(population.runs) == 2
    assert population.incomplete == ()
    assert all(item.evidence.startswith("sha256:") for item in population.items)


def test_population_of_one_check_has_only_its_resources(scanned: Company) -> None:
    population = population_of(scanned.project().store, f"{CONTROL}/thing", BOUNDS)

    assert {item.check for item in population.items} == {f"{CONTROL}/thing"}


def test_what_could_not_be_read_makes_the_population_incomplete(tmp_path: Path) -> None:
    company = found(tmp_path / "w", target(), target("two", mode="denied"))
    company.scan()

    population = population_of(company.project().store, f"{CONTROL}/thing", BOUNDS)

    assert {item.target for item in population.items} == {"one"}
    assert population.incomplete == (f"{CONTROL}/thing@two: denied (1 runs)",)


def test_log_has_population_before_draw_and_head_between(scanned: Company) -> None:
    sample = _sample(scanned)

    assert sample.freeze_entry.index < sample.draw_entry.index
    assert sample.freeze.head_size == sample.freeze_entry.index
    store = scanned.project().store
    signed = store.checkpoint()
    assert signed is not None
    assert signed.checkpoint.size == sample.draw_entry.index + 1
    assert len(sample.items) == 2


def test_same_inputs_give_the_same_sample_and_no_further_entry(scanned: Company) -> None:
    first = _sample(scanned)

    again = _sample(scanned)

    assert again == first


def test_other_nonce_needs_a_reason_which_is_logged_with_the_first_draw(scanned: Company) -> None:
    first = _sample(scanned)
    frozen = first.freeze_entry.index

    with pytest.raises(UsageError, match=f"drawn already: entry {first.draw_entry.index}"):
        _draw(scanned, frozen, "n-2")
    second = load_sample(
        scanned.project().store, _draw(scanned, frozen, "n-2", why="an item was a duplicate")
    )

    assert second.draw.first == first.draw_entry.index
    assert second.draw.reason == "an item was a duplicate"
    assert second.draw.seed != first.draw.seed


def test_drawing_of_a_grown_population_is_a_redraw_too(scanned: Company) -> None:
    first = _sample(scanned)
    scanned.scan()

    frozen = _freeze(scanned)

    assert frozen > first.draw_entry.index
    with pytest.raises(UsageError, match="drawn already"):
        _draw(scanned, frozen)


def test_size_comes_from_the_table_and_is_never_more_than_there_is(scanned: Company) -> None:
    index = _draw(scanned, _freeze(scanned), size=None)

    sample = load_sample(scanned.project().store, index)

    assert (sample.draw.size, sample.draw.basis) == (40, "table: continuous")
    assert len(sample.items) == 4


def test_draw_is_no_population_and_a_population_no_draw(scanned: Company) -> None:
    sample = _sample(scanned)

    with pytest.raises(UsageError, match="is a draw"):
        _draw(scanned, sample.draw_entry.index)
    with pytest.raises(UsageError, match="nothing is drawn"):
        load_sample(scanned.project().store, sample.freeze_entry.index)
    with pytest.raises(UsageError, match="no sample's"):
        load_sample(scanned.project().store, 0)


@pytest.mark.parametrize(
    ("path", "period", "said"),
    [
        ("things-in-ordre", "2026-Q1", f"did you mean `{CONTROL}`"),
        (f"{CONTROL}/thnig", "2026-Q1", f"did you mean `{CONTROL}/thing`"),
        (CONTROL, "2025-Q1", "no complete run"),
    ],
)
def test_unknown_subject_is_a_usage_error(
    scanned: Company, path: str, period: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        population_of(scanned.project().store, path, parse_bounds(period))


def test_empty_log_and_empty_population_are_refused(tmp_path: Path) -> None:
    company = found(tmp_path / "w", target(mode="denied"))
    with pytest.raises(UsageError, match="no log"):
        population_of(company.project().store, CONTROL, BOUNDS)
    company.scan()

    with pytest.raises(UsageError, match="is empty"):
        population_of(company.project().store, CONTROL, BOUNDS)


def test_file_alone_derives_again(scanned: Company) -> None:
    sample = _sample(scanned)

    assert parse_sample(sample.to_bytes()) == sample
    check_log(sample, scanned.project().store)


def _edited(sample: Sample, change: str) -> bytes:
    document = orjson.loads(sample.to_bytes())
    draw = orjson.loads(document["draw_entry"])
    match change:
        case "items":
            document["items"].reverse()
        case "population":
            document["population"]["items"].pop()
        case "nonce":
            draw["body"]["nonce"] = "n-2"
        case "seed":
            draw["body"]["seed"] = "0" * 64
        case "order":
            draw["index"] = 0
        case "freeze":
            draw["body"]["freeze"] = 0
    document["draw_entry"] = orjson.dumps(draw, option=orjson.OPT_SORT_KEYS).decode()
    return orjson.dumps(document)


@pytest.mark.parametrize("change", ["items", "population", "nonce", "seed", "order", "freeze"])
def test_edited_file_is_found(scanned: Company, change: str) -> None:
    with pytest.raises(VerificationError):
        parse_sample(_edited(_sample(scanned), change))


def test_file_with_another_size_derives_and_is_not_in_the_log(scanned: Company) -> None:
    document = orjson.loads(_sample(scanned).to_bytes())
    draw = orjson.loads(document["draw_entry"])
    draw["body"]["size"] = 1
    document["draw_entry"] = orjson.dumps(draw, option=orjson.OPT_SORT_KEYS).decode()
    document["items"] = document["items"][:1]

    forged = parse_sample(orjson.dumps(document))

    with pytest.raises(VerificationError, match="another entry"):
        check_log(forged, scanned.project().store)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema": "other"}', b"PK\x03\x04"])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="sample"):
        parse_sample(data)


def test_worksheet_holds_the_drawn_items_and_columns_to_fill_in(
    scanned: Company, tmp_path: Path
) -> None:
    sample = _sample(scanned)
    path = tmp_path / "sample.xlsx"

    write_sample(sample, path, "Example Ltd", ("Was approved",))
    first = path.read_bytes()
    write_sample(sample, path, "Example Ltd", ("Was approved",))

    assert path.read_bytes() == first
    book = load_workbook(io.BytesIO(first))
    titles, *rows = book["sample"].values
    assert titles[7:] == ("Attribute A", "Exception", "Working paper", "Tested by, on")
    assert [row[3] for row in rows] == [item["resource"] for item in sample.items]
    assert len(list(book["population"].values)) == 5
    cover = dict(list(book["cover"].values))
    assert cover["Seed"] == sample.draw.seed
    assert cover["Attribute A"] == "Was approved"
    assert cover["Derive it again"] == f"auditor sample verify {sample.draw_entry.index}"


def test_redraw_stands_on_the_worksheet_and_in_the_list(scanned: Company, tmp_path: Path) -> None:
    first = _sample(scanned)
    index = _draw(scanned, first.freeze_entry.index, "n-2", why="item 2 was withdrawn")
    store = scanned.project().store
    again = load_sample(store, index)

    write_sample(again, tmp_path / "s.xlsx", "Example Ltd")

    cover = dict(list(load_workbook(tmp_path / "s.xlsx")["cover"].values))
    said = f"replaces entry {first.draw_entry.index}: item 2 was withdrawn"
    assert cover["Drawn again"] == said
    assert any("item 2 was withdrawn" in line for line in sample_lines(again))
    assert len(list(listed_samples(store))) == 3


def test_output_of_another_kind_is_refused(scanned: Company, tmp_path: Path) -> None:
    sample = _sample(scanned)
    for name in ("s.csv", "none/s.json"):
        with pytest.raises(UsageError):
            write_sample(sample, tmp_path / name, "")
    with pytest.raises(UsageError, match="27 attributes"):
        write_sample(sample, tmp_path / "s.xlsx", "", ["x"] * 27)


def test_json_output_is_the_document(scanned: Company, tmp_path: Path) -> None:
    sample = _sample(scanned)
    write_sample(sample, tmp_path / "s.json", "")

    assert parse_sample((tmp_path / "s.json").read_bytes()) == sample


def test_table_of_sizes_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "sizes.yaml"
    path.write_text("daily: 30\n", "utf-8")
    assert load_sizes(path) == SampleSizes(daily=30)
    path.write_text("dayly: 30\n", "utf-8")
    with pytest.raises(DefinitionError, match="did you mean `daily`"):
        load_sizes(path)
