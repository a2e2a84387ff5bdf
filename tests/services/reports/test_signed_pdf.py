"""Signed PDF reports: by whom, over what, since when; and what breaks them."""

from __future__ import annotations

import io
import itertools
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import segno
from PIL import Image

from auditor.app.reports.pdf_signing import sign_pdf
from auditor.attest.report_parts import read_report
from auditor.attest.report_proof import verify_report_alone
from auditor.attest.result import StepVerdict
from auditor.attest.trust import NamedKey, TrustPolicy
from auditor.errors import ConfigError
from auditor.keys.file import generate_key
from tests.services.reports.authority import Issuer
from tests.services.reports.conftest import Office

pytestmark = pytest.mark.service
NOW = datetime.now(UTC)
NOTHING_LISTENS = "http://127.0.0.1:9/"


def told(data: bytes, trust: TrustPolicy | None, now: datetime = NOW) -> dict[int, str]:
    """Step to `verdict: details`."""
    report = verify_report_alone(data, trust, now)
    assert [step.number for step in report.steps] == list(range(9))
    return {
        step.number: f"{step.verdict}: {step.detail}; {'; '.join(n.detail for n in step.notes)}"
        for step in report.steps
    }


def verdict(data: bytes, trust: TrustPolicy | None) -> StepVerdict:
    return verify_report_alone(data, trust, NOW).verdict


def test_the_rendering_is_a_prefix_of_the_signed_file(office: Office, signed_pdf: bytes) -> None:
    assert signed_pdf.startswith(office.pdf)
    assert len(signed_pdf) > len(office.pdf)


def test_a_report_alone_is_checked_as_far_as_it_goes(office: Office, signed_pdf: bytes) -> None:
    steps = told(signed_pdf, office.trust())
    for number, begin in {
        0: "ok", 1: "ok", 2: "warning", 3: "ok", 5: "warning",
    }.items():  # fmt: skip
        assert steps[number].startswith(begin), steps[number]
    for number in (4, 6, 7):
        assert "cannot_tell: not in a report: give --store" in steps[number]
    assert "signed by a trusted run key, time-stamped at" in steps[8]
    assert "give --store" in steps[8]
    assert verdict(signed_pdf, office.trust()) is StepVerdict.CANNOT_TELL


def test_the_self_made_certificate_counts_by_its_key(office: Office, signed_pdf: bytes) -> None:
    trust = office.trust(certificate_authorities=())
    assert "signed by a trusted run key" in told(signed_pdf, trust)[8]


def test_without_an_authority_the_pdf_is_signed_and_said_to_be_untimed(office: Office) -> None:
    lines: list[str] = []
    key = office.material.run_key
    made = sign_pdf(office.pdf, key, office.certificate, [NOTHING_LISTENS], lines.append)
    assert made.authority == ""
    assert "untimed" in made.level
    assert lines[0].startswith(f"no time-stamp from {NOTHING_LISTENS}")
    steps = told(made.data, office.trust())
    assert "no trusted authority says when the PDF was signed" in steps[8]
    required = office.trust().required.model_copy(update={"timestamp": True})
    assert told(made.data, office.trust(required=required))[8].startswith("bad")


def test_the_next_authority_is_asked_where_one_is_silent(office: Office) -> None:
    assert office.sign(NOTHING_LISTENS, office.url).authority == office.url


def test_an_unknown_authority_for_time_or_certificates_cannot_be_judged(
    office: Office, signed_pdf: bytes
) -> None:
    other = (
        office.trust()
        .timestamp_authorities[0]
        .model_copy(update={"certificate": Issuer.create("somebody else").pem})
    )
    for field, said in (
        ("timestamp_authorities", "unknown authority"),
        ("certificate_authorities", "does not lead to a trusted authority"),
    ):
        step = told(signed_pdf, office.trust(**{field: (other,)}))[8]
        assert step.startswith("cannot_tell")
        assert said in step


def test_a_key_that_is_not_trusted_cannot_be_judged_and_no_policy_neither(
    office: Office, signed_pdf: bytes, tmp_path: Path
) -> None:
    stranger = generate_key(tmp_path / "k.pem", "ecdsa-p256-sha256")
    key = NamedKey(name="x", public_key=stranger.public_key, not_before=NOW - timedelta(days=60))
    assert "unknown key" in told(signed_pdf, office.trust(run_keys=(key,)))[8]
    assert told(signed_pdf, None)[8].startswith("cannot_tell: no trust policy")


@pytest.mark.parametrize("field", ["revoked_at", "not_after"])
def test_a_key_out_of_its_time_is_bad(office: Office, signed_pdf: bytes, field: str) -> None:
    key = office.material.trust.run_keys[0].model_copy(update={field: NOW - timedelta(days=1)})
    assert told(signed_pdf, office.trust(run_keys=(key,)))[8].startswith("bad")


def test_a_key_that_ended_after_a_proven_time_counts_and_without_proof_is_undecided(
    office: Office, signed_pdf: bytes
) -> None:
    end = NOW + timedelta(days=1)
    later = NOW + timedelta(days=2)
    key = office.material.trust.run_keys[0].model_copy(update={"not_after": end})
    trust = office.trust(run_keys=(key,))
    assert "signed by a trusted run key" in told(signed_pdf, trust, later)[8]
    untimed = told(office.sign().data, trust, later)[8]
    assert "nothing proves that it was when it signed" in untimed


def test_an_unsigned_report_says_so(office: Office) -> None:
    assert "the report itself is not signed" in told(office.pdf, office.trust())[8]


def test_a_certificate_of_another_key_is_refused_with_the_next_step(
    office: Office, tmp_path: Path
) -> None:
    other = generate_key(tmp_path / "k.pem", "ecdsa-p256-sha256")
    with pytest.raises(ConfigError, match="the certificate is of the key") as caught:
        sign_pdf(office.pdf, other, office.certificate, [], print)
    assert "--unsigned" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be read"):
        sign_pdf(office.pdf, other, "-----BEGIN NOTHING-----", [], print)


def test_every_flipped_bit_of_the_signature_is_found(office: Office, signed_pdf: bytes) -> None:
    """The bytes that no signature covers are those of the signature itself."""
    trust = office.trust()
    gap = signed_pdf.index(b"/Contents <") + len(b"/Contents <")
    size = len(signed_pdf[gap : signed_pdf.index(b">", gap)].rstrip(b"0"))
    chance = random.Random(6)  # noqa: S311 - which bits are tried
    places = [*chance.sample(range(gap, gap + size), 150), gap - 1, gap + size + 40]
    untouched = told(signed_pdf, trust)
    for place in places:
        edited = bytearray(signed_pdf)
        edited[place] ^= 1 << chance.randrange(4)
        if bytes(edited) != signed_pdf:
            step = told(bytes(edited), trust)
            found = step[1].startswith("bad") or step[8].startswith("bad")
            # A certificate of the time-stamp that is not read any more: the time is not proven.
            assert found or step[8] != untouched[8], (place - gap, step)


def test_every_flipped_bit_elsewhere_is_found(office: Office, signed_pdf: bytes) -> None:
    trust = office.trust()
    chance = random.Random(7)  # noqa: S311 - which bits are tried
    for place in chance.sample(range(len(signed_pdf)), 60):
        edited = bytearray(signed_pdf)
        edited[place] ^= 1 << chance.randrange(8)
        assert verdict(bytes(edited), trust) is StepVerdict.BAD, place


def test_what_is_added_after_the_signature_is_found(office: Office, signed_pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(signed_pdf)) as document:
        document.pages[0].Contents.write(b"")
        again = io.BytesIO()
        document.save(again)
    for edited in (again.getvalue(), signed_pdf + b"\n%% more\n", signed_pdf[:-3]):
        assert verdict(edited, office.trust()) is StepVerdict.BAD


def test_an_update_that_paints_over_a_page_is_found(office: Office, signed_pdf: bytes) -> None:
    from pyhanko.pdf_utils.generic import StreamObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer: Any = IncrementalPdfFileWriter(io.BytesIO(signed_pdf))
    painted = writer.add_object(StreamObject(stream_data=b"0 0 200 200 re f"))
    writer.add_stream_to_page(0, painted)
    out = io.BytesIO()
    writer.write(out)
    step = told(out.getvalue(), office.trust())[1]
    assert step.startswith("bad")
    assert "after it was signed" in step


def test_a_bomb_is_refused_before_it_goes_off(office: Office) -> None:
    import zlib

    packed = zlib.compress(bytes(600 * 1024 * 1024), 9)
    bomb = office.pdf + b"9 0 obj <</Filter /FlateDecode>> stream\n" + packed
    assert "unpacks to more than" in told(bomb, office.trust())[1]
    twice = office.pdf + b"<</Filter [/FlateDecode /FlateDecode]>>"
    assert "packed more than once" in told(twice, office.trust())[1]


def test_attachments_are_whole_and_each_has_type_and_relationship(
    office: Office, signed_pdf: bytes
) -> None:
    proof = read_report(signed_pdf).proof
    assert proof == office.material.proof
    with pikepdf.open(io.BytesIO(signed_pdf)) as document:
        names = [str(item.UF) for item in document.Root.AF]
        assert sorted(names) == sorted(set(names))
        assert len(names) == 8
        for item in document.Root.AF:
            assert item.AFRelationship in ("/Source", "/Data", "/Supplement")
            assert item.EF.F.Subtype in ("/application/json", "/text/plain")
        assert document.Root.Metadata.read_bytes().count(b'pdfaid:conformance="U"') == 1
        widget = document.Root.AcroForm.Fields[0]
        assert int(widget.F) & 0b111 == 0b100  # printed, neither hidden nor invisible: PDF/A


def test_the_qr_code_is_the_text_that_the_log_has_signed(office: Office, tmp_path: Path) -> None:
    (tmp_path / "r.pdf").write_bytes(office.pdf)
    subprocess.run(
        ["pdftoppm", "-r", "300", "-gray", "-png", "-l", "1", "r.pdf", "page"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    image = Image.open(next(tmp_path.glob("page*.png"))).convert("L")
    body = office.material.proof.checkpoint_body
    assert body == "\n".join(body.splitlines()[:3]) + "\n"
    wanted = [[bool(dot) for dot in row] for row in segno.make_qr(body, error="m").matrix]
    assert _modules(image, len(wanted)) == wanted


def _modules(image: Any, size: int) -> list[list[bool]]:
    """The dark modules of the code on the right of the page, found by its three corners."""
    right = image.crop((image.width // 2, image.height // 2, image.width, image.height))
    dark = [[right.getpixel((x, y)) < 90 for x in range(right.width)] for y in range(right.height)]
    rows = [y for y, row in enumerate(dark) if any(50 < n < 100 for _at, n in _runs(row))]
    top, bottom = rows[0], rows[-1] + 1
    corners = [at for at, n in _runs(dark[top + 2]) if n > 50]
    left, end = corners[0], max(x for x, one in enumerate(dark[top + 2]) if one) + 1
    step_x, step_y = (end - left) / size, (bottom - top) / size
    return [
        [dark[int(top + (y + 0.5) * step_y)][int(left + (x + 0.5) * step_x)] for x in range(size)]
        for y in range(size)
    ]


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark runs begin, and how long they are."""
    runs, at = [], 0
    for is_dark, group in itertools.groupby(row):
        length = len(list(group))
        if is_dark:
            runs.append((at, length))
        at += length
    return runs


def test_verification_imports_pyhanko_only_for_a_pdf() -> None:
    code = (
        "import sys, auditor.attest.report_proof, auditor.app.reports.outputs\n"
        "print([m for m in ('pyhanko', 'asn1crypto', 'weasyprint', 'pikepdf') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "[]"
