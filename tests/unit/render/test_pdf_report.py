from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from auditor.core.model.status import Outcome
from auditor.render.json_v1 import JsonRenderer
from auditor.render.pdf import ATTACHMENT, PdfRenderer
from tests.unit.render.sample import LOG, failing, sample

ROOT = Path(__file__).parents[3]
RENDER_AND_HASH = (
    "import hashlib\n"
    "from auditor.render.pdf import PdfRenderer\n"
    "from tests.unit.render.sample import sample\n"
    "print(hashlib.sha256(PdfRenderer().render(sample())).hexdigest())\n"
)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return PdfRenderer().render(sample())


@pytest.fixture(scope="module")
def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


@pytest.fixture(scope="module")
def text(reader: PdfReader) -> str:
    return _text(reader)


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


def test_attached_json_is_the_json_report(reader: PdfReader) -> None:
    assert reader.attachments[ATTACHMENT] == [JsonRenderer().render(sample())]


def test_dates_are_those_of_the_run(pdf: bytes, reader: PdfReader) -> None:
    assert reader.metadata is not None
    assert reader.metadata.creation_date == sample().finished_at
    assert reader.metadata.modification_date == sample().finished_at
    assert set(re.findall(rb"D:[0-9]{14}Z?", pdf)) == {b"D:20261120060312Z"}


def test_file_is_tagged_has_a_language_and_claims_pdf_a_3u(reader: PdfReader) -> None:
    catalog: Any = reader.root_object
    metadata = catalog["/Metadata"].get_data().decode()

    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert "/StructTreeRoot" in catalog
    assert re.search(r'part="3"', metadata)
    assert re.search(r'conformance="U"', metadata)


def test_bookmarks_lead_to_the_chapters_and_controls(reader: PdfReader) -> None:
    outline: list[Any] = reader.outline
    titles = [item.title for item in outline if not isinstance(item, list)]
    nested = [item.title for part in outline if isinstance(part, list) for item in part]

    assert titles == [
        "Outcome",
        "Requirements",
        "Controls",
        "Findings",
        "Waivers",
        "What was not read, and not tested",
        "What was read",
        "Method and glossary",
        "Limits",
    ]
    assert "Every person who signs in has a second factor" in nested


def test_the_contents_name_what_follows_in_its_order(reader: PdfReader) -> None:
    text = reader.pages[1].extract_text()
    assert text.count("Controls that were not tested") == 1
    chapters = [line.strip(" .0123456789") for line in text.splitlines()]
    begin, end = chapters.index("Controls"), chapters.index("Controls that were not tested")
    later = "".join(page.extract_text() for page in reader.pages[2:])
    chapter = later[later.index("worst first.") :]
    places = [chapter.index(title) for title in chapters[begin + 1 : end + 1]]
    assert len(places) > 1
    assert places == sorted(places)


def test_pages_are_a4_and_numbered(reader: PdfReader) -> None:
    total = len(reader.pages)

    for number, page in enumerate(reader.pages, start=1):
        assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842)
        if number > 1:
            assert f"page {number} of {total}" in page.extract_text()


def test_bundled_fonts_are_embedded(reader: PdfReader) -> None:
    pages: list[Any] = list(reader.pages)
    fonts = {
        str(font["/BaseFont"]).partition("+")[2]
        for page in pages
        for font in (ref.get_object() for ref in page["/Resources"]["/Font"].values())
    }

    assert {"Plex-Sans", "Plex-Sans-Semi-Bold", "Plex-Mono"} <= fonts


def test_cover_has_the_log_head(reader: PdfReader) -> None:
    cover = re.sub(r"\s+", " ", reader.pages[0].extract_text())

    for part in (LOG.origin, LOG.root, LOG.statement, LOG.signer, "untimed", "412 entries"):
        assert part in cover
    assert "20 November 2026" in cover


def test_findings_waivers_gaps_and_untested_requirements_are_there(text: str) -> None:
    for part in (
        "has a console password and no second factor",
        "it expired at 2026-05-31T00:00:00Z",
        "the region did not answer within 30 s",
        "s3:GetBucketPolicy",
        "no target of kind aws-backup",
        "not tested: no control",
        "scope `target.environment == 'lab'` is false for every target",
    ):
        assert part in text


def test_no_word_of_opinion_stands_in_the_report(text: str) -> None:
    assert not re.search(r"complian|effective|certif(y|ied)\b", text, re.IGNORECASE)


def test_capped_list_states_the_number_left_out_and_where_all_are() -> None:
    data = PdfRenderer(findings=5).render(sample(findings=failing(12)))
    text = _text(PdfReader(io.BytesIO(data)))

    assert "7 findings left out here, the least severe" in text
    assert text.count("has no second factor") == 5
    assert "assessment.json" in text


def test_empty_and_unrecorded_run_claims_nothing() -> None:
    nothing = sample(
        findings=[],
        frameworks=(),
        controls=(),
        requirements=(),
        targets=(),
        readings=(),
        waivers=(),
        not_tested=(),
        log=None,
        outcome=Outcome.NOTHING_EVALUATED,
    )
    text = _text(PdfReader(io.BytesIO(PdfRenderer().render(nothing))))

    assert "Not recorded." in text
    assert "Nothing was evaluated, so nothing is known." in text
    assert "Nothing was read." in text


@pytest.mark.parametrize(
    ("failure", "message", "command"),
    [
        ("raise ImportError('no weasyprint')", "not installed", "pip install 'auditor[pdf]'"),
        ("raise OSError('libpango-1.0-0')", "Pango", "apt-get install libpango-1.0-0"),
    ],
)
def test_missing_engine_is_named_with_the_command_to_type(
    tmp_path: Path, failure: str, message: str, command: str
) -> None:
    (tmp_path / "weasyprint.py").write_text(failure)
    code = (
        "from auditor.errors import DependencyError\n"
        "from auditor.render.pdf import PdfRenderer\n"
        "from tests.unit.render.sample import sample\n"
        "try:\n"
        "    PdfRenderer().render(sample())\n"
        "except DependencyError as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        check=True,
        text=True,
    )

    assert message in out.stdout
    assert command in out.stdout
