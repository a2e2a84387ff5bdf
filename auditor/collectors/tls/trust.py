"""Trust, as a client judges it: OpenSSL verifies the chain against the roots.

Two contexts with equal parameters, as lenient as the library can be so that an old server still
gets to show its chain: one verifies, the other only looks whether a client certificate is
required. Names are not judged here (`certificate.py` does, by SAN only).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.collectors.tls import wire
from auditor.collectors.tls.failure import ClosedError, ProbeError, from_os_error
from auditor.collectors.tls.keys import KINDS
from auditor.collectors.tls.link import Link
from auditor.core.model.status import Cause

# No anonymous suite: with it nothing would be verified, and the handshake would succeed.
_CIPHERS = "ALL:eNULL:!aNULL:@SECLEVEL=0"
_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, named from Python 3.12 on
_WAIT_FOR_ALERT_S = 2.0
_HEADER = 5  # bytes of a record before its content


@dataclass(frozen=True, slots=True)
class SystemStore:
    """Where the roots of this machine lie: a bundle, a folder of hashed files, or both."""

    cafile: str | None
    capath: str | None

    @classmethod
    def of_openssl(cls) -> SystemStore:
        """The store that the local OpenSSL uses."""
        paths = ssl.get_default_verify_paths()
        return cls(paths.cafile, paths.capath)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What OpenSSL says about the chain.

    Args:
        code: X509_V_ERR number; 0 when the chain leads to a trusted root.
        text: OpenSSL's words for it.
        leaf: DER of the certificate that was verified; None where neither the library tells nor
            the handshake shows it in clear (TLS 1.3, when verification fails).
    """

    code: int
    text: str = ""
    leaf: bytes | None = None

    @property
    def ok(self) -> bool:
        """Whether the chain is trusted."""
        return self.code == 0


class Trust:
    """The roots in force. One for each certificate: contexts are not shared between threads."""

    def __init__(self, ca_file: str | None, system: SystemStore, only: str | None = None) -> None:
        """Load the roots.

        Args:
            only: Take one kind of key only (of KINDS), which needs TLS 1.2: in TLS 1.3 the local
                library offers every kind, always.

        Raises:
            ProbeError: There are none, or `ca_file` is not readable: nothing can be judged.
        """
        self._context = _lenient()
        self._context.verify_mode = ssl.CERT_REQUIRED
        if only is not None and only in KINDS:
            self._context.maximum_version = ssl.TLSVersion.TLSv1_2
            self._context.set_ciphers(f"{_CIPHERS}:{KINDS[only].openssl}")
        used = ["system"] if _load_system(self._context, system) else []
        if ca_file is not None:
            _load_extra(self._context, ca_file)
            used.append("ca_file")
        if not used:
            raise ProbeError(
                Cause.NOT_COLLECTED,
                "this machine has no trusted root certificates",
                hint="install ca-certificates, or set `ca_file` of the target",
            )
        self.source = " and ".join(used)

    def roots(self) -> Iterator[bytes]:
        """DER of the roots loaded so far (those of a folder only once they were needed)."""
        yield from self._context.get_ca_certs(binary_form=True)

    def judge(self, link: Link, server_name: str | None) -> Verdict:
        """Shake hands and let OpenSSL verify the chain.

        Raises:
            ProbeError: The handshake ended before the chain was verified.
        """
        shake = _Handshake(link, self._context, server_name)
        try:
            shake.run()
        except ssl.SSLCertVerificationError as error:
            return Verdict(error.verify_code, error.verify_message, shake.shown())
        except (ssl.SSLError, ClosedError) as error:
            if shake.done:
                return Verdict(0, leaf=shake.leaf())
            if shake.key_exchange_sent:  # OpenSSL sends it only after it verified the chain
                return Verdict(0, leaf=shake.shown())
            if isinstance(error, ssl.SSLError):
                raise from_os_error(error, "judging trust") from error
            raise ProbeError(
                Cause.UNREACHABLE, f"judging trust: the server {error.message} the connection"
            ) from error
        if shake.leaf() is None:  # never with these suites; a pass must not hang on that
            raise ProbeError(Cause.INCOMPLETE, "the handshake ended without a certificate")
        return Verdict(0, leaf=shake.leaf())


def requires_client_certificate(link: Link, server_name: str | None) -> bool:
    """Whether a server that asks for a client certificate goes on without one.

    Raises:
        ProbeError: The handshake ended before the question.
    """
    shake = _Handshake(link, _lenient(), server_name)
    try:
        shake.run()
        return shake.is_refused()
    except ssl.SSLError as error:
        if shake.key_exchange_sent:
            return True
        raise from_os_error(error, "asking without a client certificate") from error
    except ClosedError as error:
        if shake.key_exchange_sent and not shake.done:
            return True
        raise ProbeError(
            Cause.UNREACHABLE,
            f"the server {error.message} the connection and did not say whether it needs a"
            " client certificate",
        ) from error


class _Handshake:
    """A handshake over memory, so that the deadline is ours and what was sent is seen."""

    def __init__(self, link: Link, context: ssl.SSLContext, server_name: str | None) -> None:
        self._link = link
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        self._sent = b""
        self._received = b""
        self.done = False

    def run(self) -> None:
        """Until both sides are finished."""
        while not self.done:
            try:
                self._tls.do_handshake()
                self.done = True
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            except ssl.SSLError:
                self._flush_quietly()
                raise
        self._flush()

    def is_refused(self) -> bool:
        """In TLS 1.3 the server's refusal comes after the handshake: read one answer, or none."""
        if self._tls.version() != "TLSv1.3":
            return False
        self._link.shorten(_WAIT_FOR_ALERT_S)
        try:
            self._fill()
            self._tls.read(1)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            return False  # session tickets, or a polite end: the server took the handshake
        except ssl.SSLError:
            return True
        except ProbeError as error:
            if error.cause is not Cause.TIMEOUT:
                raise
        return False

    def leaf(self) -> bytes | None:
        """The certificate that was verified."""
        return self._tls.getpeercert(binary_form=True)

    def shown(self) -> bytes | None:
        """The certificate that the server showed in clear (TLS 1.2 and older)."""
        for kind, body in _messages_in_clear(self._received):
            if kind == wire.CERTIFICATE:
                chain = wire.parse_certificates(body)
                return chain[0] if chain else None
        return None

    @property
    def key_exchange_sent(self) -> bool:
        """Whether a ClientKeyExchange left in clear (TLS 1.2 and older)."""
        messages = _messages_in_clear(self._sent)
        return any(kind == wire.CLIENT_KEY_EXCHANGE for kind, _body in messages)

    def _flush(self) -> None:
        data = self._out.read()
        self._sent += data
        if data:
            self._link.send(data)

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except (ClosedError, ProbeError):
            return  # our own alert; the handshake's error is what counts, and is raised

    def _fill(self) -> None:
        data = self._link.receive()
        if not data:
            raise ClosedError("closed")
        self._received += data
        self._in.write(data)


def _messages_in_clear(stream: bytes) -> list[tuple[int, bytes]]:
    """The handshake messages of a stream of records, up to the first change of keys."""
    handshake = b""
    while len(stream) >= _HEADER and stream[0] != wire.CHANGE_CIPHER_SPEC:
        end = _HEADER + int.from_bytes(stream[3:_HEADER], "big")
        if stream[0] == wire.HANDSHAKE:
            handshake += stream[_HEADER:end]
        stream = stream[end:]
    return wire.parse_messages(handshake)[0]


def _lenient() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers(_CIPHERS)
    context.options |= _LEGACY_SERVER_CONNECT
    return context


def _load_system(context: ssl.SSLContext, store: SystemStore) -> bool:
    """Whether there was a root to load."""
    bundle = store.cafile if store.cafile and Path(store.cafile).is_file() else None
    folder = store.capath if store.capath and Path(store.capath).is_dir() else None
    if bundle is None and folder is None:
        return False
    try:
        context.load_verify_locations(cafile=bundle, capath=folder)
    except OSError:
        # An empty or broken bundle: say that there are no roots, not that a chain is untrusted.
        return False
    hashed = folder is not None and any(Path(folder).glob("[0-9a-f]*.[0-9]"))
    return hashed or context.cert_store_stats()["x509_ca"] > 0


def _load_extra(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProbeError(
            Cause.DENIED if isinstance(error, PermissionError) else Cause.NOT_COLLECTED,
            f"`ca_file` {ca_file} cannot be used: {reason}",
            hint="give a readable file of PEM certificates",
        ) from error
