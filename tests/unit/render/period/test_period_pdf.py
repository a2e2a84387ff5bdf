from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from auditor.core.model.period_report import PeriodReport
from auditor.render.escape import visible
from auditor.render.period.interface import DOCUMENT
from auditor.render.period.json_v1 import PeriodJsonRenderer
from auditor.render.period.pdf import PeriodPdfRenderer
from tests.unit.render.hostile_corpus import CORPUS
from tests.unit.render.period.large_period import UNTIL, large_period, with_texts

ROOT = Path(__file__).parents[4]
RENDER_AND_HASH = (
    "import hashlib\n"
    "from auditor.render.period.pdf import PeriodPdfRenderer\n"
    "from tests.unit.render.period.large_period import large_period\n"
    "print(hashlib.sha256(PeriodPdfRenderer().render(large_period(9))).hexdigest())\n"
)
ACTIVE = re.compile(r"'/(?:AA|OpenAction|JS|JavaScript|Launch|URI|SubmitForm|RichMedia)'")


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return PeriodPdfRenderer().render(large_period(9))


@pytest.fixture(scope="module")
def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


@pytest.fixture(scope="module")
def text(reader: PdfReader) -> str:
    return _text(reader)


@pytest.fixture(scope="module")
def capped() -> PdfReader:
    """More findings than pages show, so that the annex has all."""
    return _read(PeriodPdfRenderer(rows=5).render(large_period(60)))


def _read(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data), strict=True)


def _text(reader: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


def test_another_process_at_another_time_and_place_makes_the_same_bytes(
    pdf: bytes, tmp_path: Path
) -> None:
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "99"}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "LC_ALL": "C"}
    again = subprocess.run(
        [sys.executable, "-c", RENDER_AND_HASH],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )

    assert again.stdout.strip() == hashlib.sha256(pdf).hexdigest()


def test_attached_document_is_the_json_report(reader: PdfReader) -> None:
    assert reader.attachments[DOCUMENT] == [PeriodJsonRenderer().render(large_period(9))]


def test_changes_stand_on_page_two(reader: PdfReader) -> None:
    second = re.sub(r"\s+", " ", reader.pages[1].extract_text())

    assert "Changed since the last report" in second
    assert "control-1.max_days" in second
    assert "loosens" in second


def test_every_part_says_what_the_report_holds(text: str) -> None:
    for part in (
        "Example Ltd",
        "1 July 2026 to 1 October 2026",
        "NeYC3ov5p3/KhHZKjIue1o708naeuryGhJ/TB+I6QlE=",
        "2 of 20 items (one check on one resource) deviated",
        "Management's words",
        "set up by hand",
        "no evidence 2026-07-30 00:00Z to 2026-10-01 00:00Z",
        "No control is mapped to 1 requirement",
        "W-1: expired",
        "the review was done",
        "iam:ListUsers",
        "the disk was full",
        "run key, rotate: yearly rotation",
        "nobody.yaml: accounts/mfa@a/u-99",
        "12 came",
        "29 of 30 runs, by another party",
    ):
        assert part in text


def test_digests_of_evidence_are_printed_whole(text: str) -> None:
    assert "sha256:" + "0123456789abcdef" * 4 in text


def test_no_word_of_opinion_stands_in_the_report(text: str) -> None:
    assert not re.search(r"complian|effective|certif(y|ied)\b", text, re.IGNORECASE)


def test_pages_are_numbered_through_the_annexes(capped: PdfReader) -> None:
    total = len(capped.pages)

    for number, page in enumerate(capped.pages, start=1):
        assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842)
        if number > 1:
            assert f"page {number} of {total}" in page.extract_text()


def test_bookmarks_and_contents_lead_to_the_annexes(capped: PdfReader) -> None:
    pages: list[Any] = list(capped.pages)
    marks: dict[str | None, int | None] = {
        item.title: capped.get_destination_page_number(item)
        for item in capped.outline
        if not isinstance(item, list)
    }
    contents = re.sub(r"[ .\n]+", " ", pages[2].extract_text())

    for title in ("Annex A: all findings of the period", "Annex C: runs of the period"):
        page = marks[title]
        assert page is not None
        assert title in pages[page].extract_text()
        assert f"{title} {page + 1}" in contents


def test_annex_has_every_finding_and_pages_say_how_many_they_leave_out(capped: PdfReader) -> None:
    text = _text(capped)

    assert "55 findings left out here," in text
    joined = text.replace(" ", "")
    for index in range(60):
        assert f"person-{index:06d}" in joined


def test_tags_of_annexes_are_joined_with_the_rest(capped: PdfReader) -> None:
    root: Any = capped.root_object["/StructTreeRoot"]
    nums: list[Any] = list(root["/ParentTree"]["/Nums"])
    keys = [int(key) for key in nums[::2]]
    pages: list[Any] = list(capped.pages)

    assert keys == sorted(set(keys))
    assert {int(page["/StructParents"]) for page in pages} <= set(keys)
    assert len({int(page["/StructParents"]) for page in pages}) == len(pages)
    last = nums[2 * keys.index(int(pages[-1]["/StructParents"])) + 1]
    first: Any = last.get_object()[0].get_object()
    assert first["/Pg"] == pages[-1]


def test_long_list_has_no_tags_and_is_marked_as_such() -> None:
    reader = _read(PeriodPdfRenderer(rows=5, tagged=10).render(large_period(20)))
    page: Any = [page for page in reader.pages if "person-000019" in page.extract_text()][-1]

    assert page.get_contents().get_data().startswith(b"/Artifact BMC")


def test_list_in_parts_numbers_its_rows() -> None:
    text = _text(_read(PeriodPdfRenderer(rows=5, part=7).render(large_period(20))))

    for part in ("findings 1 to 7 of 20", "findings 8 to 14 of 20", "findings 15 to 20 of 20"):
        assert part in text


def test_file_is_tagged_has_a_language_and_claims_pdf_a_3u(reader: PdfReader) -> None:
    catalog: Any = reader.root_object
    metadata = catalog["/Metadata"].get_data().decode()

    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert re.search(r'part="3"', metadata)
    assert re.search(r'conformance="U"', metadata)


def test_dates_are_those_of_the_log(pdf: bytes, reader: PdfReader) -> None:
    assert reader.metadata is not None
    assert reader.metadata.creation_date == UNTIL
    assert set(re.findall(rb"D:[0-9]{14}Z?", pdf)) == {b"D:20261001000000Z"}


def test_fonts_of_pages_and_annexes_are_plex_and_embedded(reader: PdfReader) -> None:
    pages: list[Any] = list(reader.pages)
    fonts = {
        str(font["/BaseFont"]).partition("+")[2]
        for page in pages
        for font in (ref.get_object() for ref in page["/Resources"]["/Font"].values())
    }

    assert {"Plex-Sans", "Plex-Mono", "IBMPlexSans-Regular", "IBMPlexMono-Regular"} <= fonts


def test_period_without_anything_claims_nothing() -> None:
    text = _text(_read(PeriodPdfRenderer().render(_empty())))

    assert "No organisation named" in text
    assert "There is no earlier complete run" in text
    assert "No framework was selected." in text
    assert "No waiver was offered in the period." in text
    assert "no run was signed" in text


def _empty() -> PeriodReport:
    nothing = large_period(0)
    return replace(
        nothing,
        organisation="",
        frameworks=(),
        asked_frameworks=(),
        baseline=None,
        remediation={},
        problems=(),
        changes=(),
        requirements=(),
        controls=(),
        waivers=(),
        attestations=(),
        coverage=(),
        runs=(),
        events=(),
        responses=(),
        unmatched_responses=(),
    )


@pytest.fixture(scope="module")
def hostile() -> PdfReader:
    strings = iter([*CORPUS.values()] * 200)
    report = with_texts(large_period(70), lambda _text: next(strings))
    return _read(PeriodPdfRenderer(rows=5).render(report))


def test_hostile_text_acts_nowhere(hostile: PdfReader) -> None:
    objects = {str(hostile.get_object(number)) for number in range(1, len(hostile.xref[0]))}

    assert not [one for one in objects if ACTIVE.search(one)]


@pytest.mark.parametrize(
    "name", ["html-script", "template", "markdown-emphasis", "formula-equals", "bidi-override"]
)
def test_hostile_text_is_shown_as_it_is_in_pages_and_annexes(hostile: PdfReader, name: str) -> None:
    pages: list[Any] = list(hostile.pages)
    texts = [re.sub(r"\s+", "", page.extract_text()) for page in pages]
    wanted = re.sub(r"\s+", "", visible(CORPUS[name]))

    assert any(wanted in text for text in texts)


def test_long_text_without_a_space_is_cut_and_says_so() -> None:
    report = with_texts(large_period(12), lambda _text: "x" * 10_000)
    text = _text(_read(PeriodPdfRenderer(rows=5).render(report))).replace(" ", "")

    assert "9,800morecharactersleftouthere" in text


def test_order_of_a_mapping_changes_nothing(pdf: bytes) -> None:
    report = large_period(9)
    turned = replace(report, remediation=dict(reversed(list(report.remediation.items()))))

    assert PeriodPdfRenderer().render(turned) == pdf
