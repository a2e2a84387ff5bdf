"""The signature of an HTML report: behind the page, over its bytes and over what a browser sees.

The signed file is the page as it was rendered, followed by one block of data: a public key and a
DSSE envelope whose payload has the digest of the bytes before it, and the digest of the page's
elements, attributes and texts. Programs check the first; the page's own script can only check the
second, because a browser does not show a page its own bytes. Standards: DSSE v1.0.2, HTML
(https://html.spec.whatwg.org).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from auditor.attest.dsse import Envelope, exact_fields, sign_envelope, text_field
from auditor.attest.signing import Signer, key_id
from auditor.core.canonical import canonical, digest
from auditor.errors import ConfigError, LedgerError, VerificationError
from auditor.ledger.encoding import parse_object

PAGE_TYPE = "application/vnd.auditor.page.v1+json"
ELEMENT = "page-signature"
MAX_SIGNATURE = 16 * 1024
_OPEN = f'<script type="application/json" id="{ELEMENT}">'.encode()
_CLOSE = b"</script>\n"
_END = b"</html>\n"
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_SOMETHING = re.compile(r"[^ \t\n\f\r]")


@dataclass(frozen=True, slots=True)
class SignedPage:
    """A page and its signature.

    Args:
        page: The bytes before the signature: what rendering gives.
        envelope: None where the page is not signed.
        key: The public key that it says it is signed with, PEM; "" where it is not signed.
    """

    page: bytes
    envelope: Envelope | None
    key: str = ""


def sign_page(page: bytes, signer: Signer) -> bytes:
    """The page with its signature behind it.

    Raises:
        VerificationError: The page is not as browsers read it: an element is not closed.
    """
    envelope = sign_envelope(canonical(_payload(page)), PAGE_TYPE, signer)
    block = {"dsseEnvelope": envelope.to_json(), "publicKey": signer.public_key}
    return page + _OPEN + canonical(block) + _CLOSE


def split_page(data: bytes) -> SignedPage:
    """The page and its signature, the latter read strictly and not checked.

    Raises:
        VerificationError: The block of the signature has another form.
    """
    page, opening, block = data.rpartition(_OPEN)
    if not opening:
        if not data.endswith(_END):
            raise VerificationError("something stands behind the page that is no signature")
        return SignedPage(data, None)
    if not block.endswith(_CLOSE):
        raise VerificationError("something stands behind the page's signature")
    try:
        document = parse_object(block.removesuffix(_CLOSE), limit=MAX_SIGNATURE)
    except LedgerError as error:
        raise VerificationError(f"the page's signature: {error.message}") from error
    fields = exact_fields(document, {"dsseEnvelope", "publicKey"}, "page signature")
    envelope = Envelope.from_json(fields["dsseEnvelope"])
    key = text_field(fields, "publicKey")
    try:
        same = [item.key_id for item in envelope.signatures] == [key_id(key)]
    except ConfigError as error:
        raise VerificationError(f"the page's signature: {error.message}") from error
    if not same:
        raise VerificationError("the page's signature is not by the key that stands with it")
    return SignedPage(page, envelope, key)


def check_payload(signed: SignedPage) -> None:
    """Check that what was signed is this page; who signed it is checked elsewhere.

    Raises:
        VerificationError: It is another page, or the payload has another form.
    """
    if signed.envelope is None:
        raise VerificationError("the page is not signed")
    if signed.envelope.payload_type != PAGE_TYPE:
        raise VerificationError(f"got payload type {signed.envelope.payload_type!r}")
    try:
        document = parse_object(signed.envelope.payload, limit=MAX_SIGNATURE)
    except LedgerError as error:
        raise VerificationError(f"the page's signature: {error.message}") from error
    fields = exact_fields(document, {"digest", "size", "page"}, "page signature")
    if fields["digest"] != digest(signed.page) or fields["size"] != len(signed.page):
        raise VerificationError("the page is not the one that was signed")
    if fields["page"] != page_digest(signed.page):
        raise VerificationError("the signature has another digest for browsers than for programs")


def page_digest(page: bytes) -> str:
    """The digest of what a browser makes of the page.

    Raises:
        VerificationError: Not UTF-8, or an element is not closed.
    """
    try:
        text = page.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VerificationError("the page is not UTF-8") from error
    walker = _Walker()
    walker.feed(text)
    walker.close()
    return walker.digest()


def _payload(page: bytes) -> dict[str, object]:
    return {"digest": digest(page), "size": len(page), "page": page_digest(page)}


class _Walker(HTMLParser):
    """Lists elements, attributes and texts as `tokens` in reports/html/verify.js does.

    That is possible without a browser because our pages close every element that they open and
    leave no element to be guessed.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._hash = hashlib.sha256()
        self._first = True
        self._text: list[str] = []
        self._open: list[str] = []

    def digest(self) -> str:
        """Of all tokens, with a zero byte between them."""
        self._end_text()
        if self._open:
            raise VerificationError(f"the element {self._open[-1]!r} of the page is not closed")
        return f"sha256:{self._hash.hexdigest()}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self._start(tag, attrs)
        if tag in _VOID:
            self._token(">")
        else:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG without content."""
        self._start(tag, attrs)
        self._token(">")

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        self._end_text()
        if not self._open or self._open.pop() != tag:
            raise VerificationError(f"the page closes {tag!r}, which is not open")
        self._token(">")

    def handle_data(self, data: str) -> None:
        """A piece of text."""
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        """A comment."""
        self._end_text()
        self._token(f"!{data}")

    def _start(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_text()
        self._token(f"<{tag}")
        for name, value in sorted(attrs, key=lambda pair: pair[0]):
            self._token(f"@{name}={value or ''}")

    def _end_text(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if _SOMETHING.search(text):
            self._token(f"'{text}")

    def _token(self, token: str) -> None:
        self._hash.update(token.encode() if self._first else b"\0" + token.encode())
        self._first = False
