"""The HTML report checks itself in a real browser, offline: good files, and changed ones."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from auditor.attest.page_signature import sign_page, split_page
from auditor.core.model.report_proof import ReportProof
from auditor.keys.file import generate_key
from auditor.render.html import HtmlRenderer, content_policy
from auditor.render.view.declared import DECLARED
from tests.services.reports.conftest import Office
from tests.services.reports.material import Material, make_material, seal
from tests.unit.render.sample import failing
from tests.unit.render.test_declared_state import mixed

pytestmark = pytest.mark.service
CHROMIUM = "/usr/bin/chromium"


@dataclass(frozen=True)
class Seen:
    """What a reader sees: the state of the page, the panel's text, and errors of the page."""

    state: str
    text: str
    errors: list[str]
    requests: list[str]


Look = Callable[..., Seen]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Look:
    """Open the bytes of a page as a file, without a network."""

    def _look(page: bytes, *, script: bool = True, before: str = "", runs: bool = True) -> Seen:
        path = tmp_path / "report.html"
        path.write_bytes(page)
        context = browser.new_context(offline=True, java_script_enabled=script)
        tab = context.new_page()
        errors: list[str] = []
        asked: list[str] = []
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url[:40]))
        if before:
            tab.add_init_script(before)
        tab.goto(path.as_uri())
        if script and runs and tab.locator("form.filter").count():
            tab.wait_for_selector("form.filter:not([hidden])")  # the check comes before it
        state = tab.locator("#check").get_attribute("data-state") or ""
        seen = Seen(state, tab.inner_text("#check"), errors, asked)
        context.close()
        return seen

    return _look


def test_a_good_page_is_green_and_shows_the_keys_to_compare(
    office: Office, signed_page: bytes, look: Look
) -> None:
    seen = look(signed_page)
    assert seen.state == "ok", seen.text
    assert office.material.run_key.key_id in seen.text
    assert office.material.proof.log_key in seen.text
    assert "Compare them with what you got by another way" in seen.text
    assert seen.errors == []
    assert [url for url in seen.requests if not url.startswith(("file:", "data:"))] == []


def test_a_page_without_its_own_signature_is_not_green(office: Office, look: Look) -> None:
    seen = look(office.page)
    assert seen.state == "part"
    assert "page itself is not signed" in seen.text


def test_a_page_without_proof_or_without_script_claims_nothing(
    office: Office, signed_page: bytes, look: Look
) -> None:
    bare = look(HtmlRenderer().render(office.material.assessment))
    assert (bare.state, "nothing in it can be checked" in bare.text) == ("none", True)
    quiet = look(signed_page, script=False)
    assert (quiet.state, "Not verified here" in quiet.text) == ("none", True)
    old = look(signed_page, before="Object.defineProperty(crypto, 'subtle', {value: undefined})")
    assert (old.state, "Not verified here" in old.text) == ("none", True)


def part(page: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The page with one part of its proof changed."""
    block = re.search(rb'id="proof">([^<]*)</script>', page)
    assert block is not None
    document = json.loads(block[1])
    before = base64.b64decode(document[name])
    after = change(before)
    assert after != before
    document[name] = base64.b64encode(after).decode()
    return page.replace(block[1], json.dumps(document).encode())


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, new, 1)

    return change


def flip(at: int) -> Callable[[bytes], bytes]:
    """One bit of the byte at that place."""

    def change(data: bytes) -> bytes:
        edited = bytearray(data)
        edited[at] ^= 1
        return bytes(edited)

    return change


def line(number: int) -> Callable[[bytes], bytes]:
    """Another first letter in that line of the proof."""

    def change(data: bytes) -> bytes:
        lines = data.split(b"\n")
        lines[number] = (b"B" if lines[number][:1] == b"A" else b"A") + lines[number][1:]
        return b"\n".join(lines)

    return change


def statement(field: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The bundle with its payload or signature changed."""

    def _change(data: bytes) -> bytes:
        bundle = json.loads(data)
        envelope = bundle["dsseEnvelope"]
        holder = envelope if field == "payload" else envelope["signatures"][0]
        holder[field] = base64.b64encode(change(base64.b64decode(holder[field]))).decode()
        return json.dumps(bundle).encode()

    return _change


CHANGED_PROOF = {
    "a verdict": ("verdicts", swap(b'"status":"fail"', b'"status":"pass"'), "verdicts"),
    "a byte at the end of the verdicts": ("verdicts", flip(-1), "verdicts"),
    "the statement": ("bundle", statement("payload", swap(b'"fail":', b'"fall":')), "statement"),
    "the signature of the statement": ("bundle", statement("sig", flip(-1)), "signature"),
    "the form of that signature": ("bundle", statement("sig", flip(0)), "DER"),
    "the type of the bundle": ("bundle", swap(b"v0.3", b"v0.2"), "entry"),
    "the run of the entry": ("end_entry", swap(b"20261120", b"20261121"), "entry"),
    "a byte of the entry": ("end_entry", swap(b"ababab", b"bababa"), "another root"),
    "the place in the log": ("end_proof", swap(b"index 411", b"index 410"), "entry"),
    "a hash of the proof": ("end_proof", line(3), "root"),
    "a hash less": ("end_proof", lambda d: d.replace(d.split(b"\n")[3] + b"\n", b"", 1), "proof"),
    "the root of the checkpoint": (
        "end_proof", lambda d: line(d.split(b"\n").index(b"413") + 1)(d), "root",
    ),
    "the size in the checkpoint": ("end_proof", swap(b"\n413\n", b"\n412\n"), "log|checkpoint"),
    "the signature of the checkpoint": (
        "end_proof", lambda d: d[:-6] + (b"A" if d[-6:-5] != b"A" else b"B") + d[-5:], "checkpoint",
    ),
    "the log key": ("log_key", flip(-2), "log key"),
    "the run key": ("run_key", flip(80), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED_PROOF)
def test_a_changed_byte_of_the_signed_data_makes_the_page_red(
    name: str, office: Office, signed_page: bytes, look: Look
) -> None:
    """Also where the page has no signature of its own, or has it made anew by whoever edits."""
    where, change, said = CHANGED_PROOF[name]
    for page in (signed_page, office.page):
        seen = look(part(page, where, change))
        assert seen.state == "bad", seen.text
        assert "Do not rely on this page" in seen.text
        assert re.search(said, seen.text.split("What failed:")[1]), seen.text


SHOWN = {
    "a finding's reason": (b"has no second factor", b"has a new second factor"),
    "a finding's status": (b'data-status="fail"', b'data-status="pass"'),
    "the word of a status": (
        b'<div class="verdict"><span class="badge s-fail">fail<',
        b'<div class="verdict"><span class="badge s-fail">pass<',
    ),
    "a finding's resource": (b'<p class="resource"><bdi>arn', b'<p class="resource"><bdi>ern'),
    "the digest of the evidence": (b'"digest" title="sha256:', b'"digest" title="sha512:'),
    "a figure": (b't-fail"><dt>fail</dt><dd>', b't-fail"><dt>fail</dt><dd>0'),
    "the outcome": (b'data-signed="outcome">', b'data-signed="outcome">Not '),
    "the root of the log": (b'data-signed="root">', b'data-signed="root">A'),
    "a finding hidden": (b'<li class="finding" id', b'<li hidden class="finding" id'),
    "a finding more": (b'<ol class="findings">', b'<ol class="findings"><li data-status="pass">'),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_otherwise_than_signed_makes_the_page_red(
    name: str, office: Office, look: Look
) -> None:
    """Found by comparing with the signed findings: the page's own signature is not needed."""
    old, new = SHOWN[name]
    assert old in office.page
    seen = look(office.page.replace(old, new, 1))
    assert seen.state == "bad", seen.text


AROUND = {
    "a control's text": (b"has a second factor.", b"has a first factor."),
    "a colour": (b"--fail: #b3261e", b"--fail: #1d6b3f"),
    "a style that hides": (b"</style>", b".s-fail{display:none}</style>"),
    "an element after the script": (b"</body>", b"<p>approved</p></body>"),
    "a comment": (b"<footer>", b"<!-- x --><footer>"),
    "an attribute": (b"<footer>", b'<footer class="quiet">'),
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_around_the_findings_is_under_the_signature_of_the_page(
    name: str, signed_page: bytes, look: Look
) -> None:
    old, new = AROUND[name]
    assert old in signed_page
    edited = _with_policy(signed_page.replace(old, new, 1))
    seen = look(edited)
    assert seen.state == "bad", seen.text
    assert "not the page that was signed" in seen.text


def _with_policy(page: bytes) -> bytes:
    """As somebody would who edits: the content policy allows the style as it is now."""
    style = re.search(rb"<style>(.*?)</style>", page, re.DOTALL)
    script = re.search(rb"<script>(.*?)</script>", page, re.DOTALL)
    assert style is not None
    assert script is not None
    policy = content_policy(style[1].decode(), script[1].decode()).encode()
    return re.sub(rb'(Security-Policy" content=")[^"]*', rb"\1" + _escaped(policy), page)


def _escaped(policy: bytes) -> bytes:
    return policy.replace(b"'", b"&#39;")


def test_a_page_signature_of_another_page_or_of_another_form_is_red(
    office: Office, signed_page: bytes, look: Look
) -> None:
    other = HtmlRenderer(findings=5).render(office.material.assessment, office.material.proof)
    moved = office.page + sign_page(other, office.material.run_key).removeprefix(other)
    cut = signed_page.replace(b'"signatures":[', b'"signatures":[],"x":[')
    for page in (moved, cut, signed_page + signed_page.removeprefix(office.page)):
        assert look(page).state == "bad"


def test_page_and_script_mark_declared_state_alike(office: Office, look: Look) -> None:
    """A mark that was taken out of one row is found: the script makes the row again."""
    of_both = replace(office.material.assessment, targets=mixed().targets)
    page = HtmlRenderer().render(of_both, office.material.proof)
    assert look(sign_page(page, office.material.run_key)).state == "ok"
    mark = f"</bdi> · <strong>{DECLARED}</strong>".encode()
    assert mark in page
    seen = look(page.replace(mark, b"</bdi>", 1))
    assert (seen.state, "is not shown as it was signed" in seen.text) == ("bad", True)


def test_a_page_that_lists_no_finding_says_so(office: Office, look: Look) -> None:
    """How many it lists, the page says itself: whoever takes out the signature can say none."""
    emptied = re.sub(rb'data-most="\d+"', b'data-most="0"', office.page)
    row = rb'<li class="finding" id="f-[0-9a-f]{12}".*?</li>'
    emptied, count = re.subn(row, b"", emptied, flags=re.DOTALL)
    seen = look(emptied)
    assert count > 0
    assert seen.state == "part"
    assert f"shows 0 of the {count} findings, the worst first" in seen.text
    assert "shows just these findings" in look(office.page).text


def test_a_script_that_was_exchanged_does_not_run(signed_page: bytes, look: Look) -> None:
    """Whoever also changes the policy can run anything: the page says to compare the keys."""
    seen = look(signed_page.replace(b"const Check =", b"const Chess =", 1), runs=False)
    assert seen.state == "none"
    assert "Not verified here" in seen.text
    assert any("Content Security Policy" in error for error in seen.errors)


def test_a_forged_whole_shows_other_keys(office: Office, tmp_path: Path, look: Look) -> None:
    forger = generate_key(tmp_path / "r.pem", "ecdsa-p256-sha256")
    log = generate_key(tmp_path / "l.pem", "ed25519")
    forged = seal(office.material.assessment, forger, log)
    page = sign_page(HtmlRenderer().render(forged.assessment, forged.proof), forger)
    seen = look(page)
    assert seen.state == "ok"
    assert forger.key_id in seen.text
    assert office.material.run_key.key_id not in seen.text
    assert office.material.proof.log_key not in seen.text


def test_signed_with_one_key_and_showing_another_is_red(
    office: Office, tmp_path: Path, look: Look
) -> None:
    other = generate_key(tmp_path / "r.pem", "ecdsa-p256-sha256")
    for proof in (
        replace(office.material.proof, run_key=other.public_key),
        replace(office.material.proof, log_key=_other_log_key(tmp_path)),
    ):
        assert look(_rendered(office.material, proof)).state == "bad"


def test_a_page_signed_with_another_key_than_the_run_is_not_green_and_shows_it(
    office: Office, tmp_path: Path, look: Look
) -> None:
    """As after a rotation of the run key; or by a stranger."""
    other = generate_key(tmp_path / "r.pem", "ecdsa-p256-sha256")
    seen = look(sign_page(office.page, other))
    assert seen.state == "part"
    assert other.key_id in seen.text


def _other_log_key(folder: Path) -> str:
    return generate_key(folder / "l.pem", "ed25519").note_key("example-ltd/auditor-log").vkey


def _rendered(material: Material, proof: ReportProof) -> bytes:
    return HtmlRenderer().render(material.assessment, proof)


def test_five_thousand_findings_are_checked_within_seconds(tmp_path: Path, look: Look) -> None:
    material = make_material(tmp_path, failing(5200))
    page = sign_page(_rendered(material, material.proof), material.run_key)
    begin = time.monotonic()
    seen = look(page)
    assert seen.state == "ok", seen.text
    assert time.monotonic() - begin < 25
    hidden = page.replace(b'<li class="finding"', b"<li", 1)
    assert look(hidden).state == "bad"


def test_the_signature_of_a_page_stands_behind_it(office: Office, signed_page: bytes) -> None:
    assert split_page(signed_page).page == office.page
