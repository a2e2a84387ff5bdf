"""A time-stamp authority that answers requests (RFC 3161) at a clock that the story sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from auditor.attest import der
from tests.unit.attest.token_maker import OIDS, Maker, Mistakes, integer, octets, oid, seq

NULL = b"\x05\x00"


@dataclass(frozen=True)
class _ByDigest(Maker):
    """Stamps a digest, for a request has no more than that."""

    @staticmethod
    def _info(message: bytes, time: datetime, mistakes: Mistakes) -> bytes:
        return seq(
            integer(1),
            oid("1.2.3.4"),
            seq(seq(oid(OIDS["sha256"]), NULL), octets(message)),
            integer(7),
            der.encode(0x18, f"{time:%Y%m%d%H%M%SZ}".encode()),
            seq(integer(1)),
            b"" if mistakes.nonce is None else integer(mistakes.nonce),
        )


def _real_time() -> datetime:
    return datetime.now(UTC)


@dataclass
class RequestMaker:
    """The authority of the story.

    Args:
        clock: What it takes for the time.
    """

    clock: Callable[[], datetime] = _real_time
    _maker: _ByDigest = field(default_factory=_ByDigest)

    def answer(self, query: bytes) -> bytes:
        """The TimeStampResp to a TimeStampReq."""
        parts = der.read_element(query, der.SEQUENCE).children()
        imprint = parts[1].child(1).content
        nonces = [part.content for part in parts[2:] if part.tag == der.INTEGER]
        nonce = int.from_bytes(nonces[0], "big", signed=True) if nonces else None
        return self._maker.token(imprint, self.clock(), Mistakes(nonce=nonce))

    def stamp(self, message: bytes, time: datetime) -> bytes:
        """A token over these bytes, of any time that is wished: for who may ask in time."""
        return Maker.token(_plain(self._maker), message, time)

    def authority(self, **fields: object) -> object:
        """As a trust policy names it."""
        return self._maker.authority(**fields)


def _plain(maker: Maker) -> Maker:
    return Maker(maker.root, maker.between, maker.signer)
