"""From the bytes that an endpoint sent to the facts that controls judge. Pure.

It is run when the evidence is collected, and again, by anybody, when it is judged again: equal
bytes give equal facts. A fact that the bytes do not yield is absent, never a default; so evidence
with a derived field (`ResourceType.derived`) that does not come out of here again was changed, or
has lost the bytes behind it.

Not computed again, for it takes the server, or the roots and the OpenSSL of that day: which
protocols, ciphers and client certificates were accepted, and `trust`, `chain_ok`, `verify_code` and
`verify_error`. `chain_complete` follows from `verify_code` and is no more proven than that.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from auditor.collectors.tls import certificate as facts
from auditor.collectors.tls import revocation
from auditor.core.times import format_instant, parse_instant

# X509_V_ERR: issuer's certificate not found, locally or at all; leaf's signature not verifiable.
_NO_PATH = frozenset({2, 20, 21})
Facts = dict[str, object]


def derive_endpoint(data: Mapping[str, object]) -> Facts:
    """The derived fields of a `tls.endpoint`.

    Args:
        data: Its other fields, with `raw`; `raw_staple`, `raw_revocation`, `verify_code` and
            `chain_ok` where they were read.

    Returns:
        All of them where `raw` is a chain and the rest was read; fewer where something is missing
        or broken, none without a chain.
    """
    try:
        chain = facts.parse_chain([decode(item) for item in _texts(data.get("raw"))])
    except ValueError:
        return {}
    if not chain:
        return {}
    steps: tuple[Callable[[], Facts], ...] = (
        lambda: facts.leaf_facts(chain[0]),
        lambda: facts.extension_facts(chain[0]),
        lambda: facts.chain_facts(chain),
        lambda: _expectations(data, chain[0]),
        lambda: _completeness(data),
        lambda: _staple(data, chain),
        lambda: _revocation(data, chain[0]),
    )
    derived: Facts = {}
    for step in steps:
        derived |= _or_nothing(step)
    return derived


def find_issuer(
    leaf: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    """The candidate whose key made the leaf's signature."""
    for candidate in candidates:
        try:
            if facts.proven_issuer(leaf, candidate):
                return candidate
        except UnsupportedAlgorithm:
            continue  # an issuer that cannot be proven must not vouch for revocation
    return None


def decode(text: str) -> bytes:
    """Bytes of base64.

    Raises:
        ValueError: Not base64.
    """
    return base64.b64decode(text, validate=True)


def encode(data: bytes) -> str:
    """The inverse of `decode`."""
    return base64.b64encode(data).decode("ascii")


def _or_nothing(step: Callable[[], Facts]) -> Facts:
    try:
        return step()
    except (ValueError, KeyError, TypeError, UnsupportedAlgorithm):
        return {}  # the collector states every absent field as a gap


def _expectations(data: Mapping[str, object], leaf: x509.Certificate) -> Facts:
    allowed = data.get("fingerprints_allowed")
    known = facts.fingerprint(leaf) in _texts(allowed) if allowed else None
    name = data.get("server_name") or data["host"]
    return {"name_ok": facts.name_matches(leaf, str(name)), "fingerprint_allowed": known}


def _completeness(data: Mapping[str, object]) -> Facts:
    """OpenSSL looks for a path before it looks at anything else: other errors mean there is one."""
    if "verify_code" not in data:
        return {}
    return {"chain_complete": data["verify_code"] not in _NO_PATH}


def _staple(data: Mapping[str, object], chain: Sequence[x509.Certificate]) -> Facts:
    if "raw_staple" not in data:
        return {}
    raw = data["raw_staple"]
    if raw is None:
        return {"staple": "none", "staple_error": ""}
    issuer = _asked_issuer(data, chain[0]) or find_issuer(chain[0], chain[1:])
    if issuer is None:
        return {"staple": "invalid", "staple_error": "the issuer's certificate is not known"}
    try:
        answer = revocation.judge("staple", decode(str(raw)), chain[0], issuer, _read_at(data))
    except revocation.AnswerError as error:
        return {"staple": "invalid", "staple_error": str(error)}
    return {"staple": answer.status, "staple_error": ""}


def _revocation(data: Mapping[str, object], leaf: x509.Certificate) -> Facts:
    if "raw_revocation" not in data:
        return {}
    asked = data["raw_revocation"]
    if not isinstance(asked, Mapping):
        offered = facts.ocsp_urls(leaf) or facts.crl_urls(leaf) or data.get("raw_staple")
        return _status("not_asked" if offered else "none_offered", "none")
    issuer = facts.parse_certificate(decode(asked["issuer"]))
    if find_issuer(leaf, [issuer]) is None:
        return {}  # whoever has a key can answer about a certificate that is not theirs
    source = str(asked["source"])
    answer = revocation.judge(source, decode(asked["response"]), leaf, issuer, _read_at(data))
    return _status(answer.status, source, answer)


def _status(status: str, source: str, answer: revocation.Answer | None = None) -> Facts:
    return {
        "revocation": status,
        "revocation_source": source,
        "revocation_updated_at": _instant(answer.updated_at if answer else None),
        "revocation_valid_until": _instant(answer.valid_until if answer else None),
        "revoked_at": _instant(answer.revoked_at if answer else None),
        "revocation_reason": answer.reason if answer else None,
    }


def _asked_issuer(data: Mapping[str, object], leaf: x509.Certificate) -> x509.Certificate | None:
    asked = data.get("raw_revocation")
    if not isinstance(asked, Mapping):
        return None
    return find_issuer(leaf, [facts.parse_certificate(decode(asked["issuer"]))])


def _read_at(data: Mapping[str, object]) -> datetime:
    return parse_instant(data["read_at"])


def _instant(value: datetime | None) -> str | None:
    return format_instant(value) if value else None


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
