"""Server certificates in secrets: which hosts they are for, and when they end.

Host names as in RFC 6125: a wildcard stands for one label.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from cryptography import x509

from auditor.core.times import format_instant


@dataclass(frozen=True, slots=True)
class Leaf:
    """The server's own certificate: its DNS names, and its end (RFC 3339)."""

    names: tuple[str, ...]
    not_after: str

    def covers(self, host: str) -> bool:
        """Whether one of its names is for a host."""
        return any(covers(name, host) for name in self.names)


def leaf_of(pem: str) -> Leaf:
    """Facts of the first certificate of a chain.

    Raises:
        ValueError: No certificate in PEM.
    """
    leaf = x509.load_pem_x509_certificates(pem.encode())[0]
    try:
        names = leaf.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    return Leaf(tuple(names), format_instant(leaf.not_valid_after_utc.astimezone(UTC)))


def covers(name: str, host: str) -> bool:
    """Whether a name of a certificate (or of a `tls` block) is for a host."""
    name, host = name.lower(), host.lower()
    if name.startswith("*.") and not host.startswith("*."):
        label, dot, rest = host.partition(".")
        return bool(label) and bool(dot) and rest == name[2:]
    return name == host
