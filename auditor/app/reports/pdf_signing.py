"""Signing a rendered PDF with the run key, as an addition that leaves every byte of it.

pyHanko writes the signature; the key stays behind the signing port, be it a file, a token or a key
service. Standards: PAdES baseline B-T with a time-stamp and B-B without (ETSI EN 319 142-1), CMS
(RFC 5652), ISO 32000-2 section 12.8.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.attest.signing import Signer, key_id, public_pem
from auditor.errors import AuditorError, ConfigError

if TYPE_CHECKING:
    from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper

FIELD = "auditor"
TIMEOUT_S = 15
RESERVED = 32 * 1024
"""Hexadecimal digits kept free: a signature with chain and time-stamp of up to 16 kB."""


@dataclass(frozen=True, slots=True)
class SignedPdf:
    """A signed file; `authority` is the URL that time-stamped it, "" where none did."""

    data: bytes
    authority: str

    @property
    def level(self) -> str:
        """The PAdES baseline level, in words."""
        if self.authority:
            return f"PAdES B-T, time-stamped by {self.authority}"
        return "PAdES B-B, untimed: no authority has time-stamped it"


def sign_pdf(
    data: bytes,
    signer: Signer,
    certificates: str,
    authorities: Sequence[str],
    progress: Callable[[str], None],
) -> SignedPdf:
    """The file with a signature behind it.

    Args:
        signer: The run key.
        certificates: PEM: the certificate of that key, then its chain.
        authorities: URLs of time-stamp authorities; the first that answers is enough.
        progress: Told a line for each that does not.

    Raises:
        ConfigError: The certificate is not of that key, or cannot be read.
    """
    from pyhanko.sign.timestamps.common_utils import TimestampRequestError  # slow to import

    chain = _load_chain(certificates, signer)
    for url in authorities:
        try:
            return SignedPdf(_sign(data, signer, chain, time_stamper(url)), url)
        except (TimestampRequestError, OSError, ValueError) as error:
            progress(f"no time-stamp from {url}: {error}")
    return SignedPdf(_sign(data, signer, chain, None), "")


def time_stamper(url: str) -> RequestsHTTPTimeStamper:
    """The client of a time-stamp authority (RFC 3161 over HTTP)."""
    from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper

    make: Any = RequestsHTTPTimeStamper
    client: RequestsHTTPTimeStamper = make(url, timeout=TIMEOUT_S)
    return client


def _load_chain(certificates: str, signer: Signer) -> list[Any]:
    """The certificates in pyHanko's form, the signer's first."""
    from cryptography.x509 import load_pem_x509_certificate
    from pyhanko.keys.pemder import load_certs_from_pemder_data

    try:
        first = load_pem_x509_certificate(certificates.encode())
        chain = list(load_certs_from_pemder_data(certificates.encode()))
        own = key_id(public_pem(first.public_key()))  # type: ignore[arg-type]
    except (ValueError, AuditorError) as error:
        raise ConfigError(f"the certificate of the run key cannot be read: {error}") from error
    if own != signer.key_id:
        raise ConfigError(
            f"the certificate is of the key {own[:16]}, runs are signed by {signer.key_id[:16]}",
            hint="auditor keys certificate makes one, or asks for one; --unsigned writes none",
        )
    return chain


def _sign(
    data: bytes, signer: Signer, chain: Sequence[Any], stamper: RequestsHTTPTimeStamper | None
) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter

    out = io.BytesIO()
    # PDF/A wants even an invisible field to be one that would be printed.
    invisible = InvisSigSettings(set_print_flag=True, set_hidden_flag=False)
    signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(data)),
        signers.PdfSignatureMetadata(
            field_name=FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        ),
        signer=_port_signer(signer, chain),
        timestamper=stamper,
        new_field_spec=SigFieldSpec(FIELD, invis_sig_settings=invisible),
        bytes_reserved=RESERVED,
        output=out,
    )
    return out.getvalue()


def _port_signer(signer: Signer, chain: Sequence[Any]) -> Any:
    """Our signing port as pyHanko's: the class is made here, where pyHanko is imported."""
    from pyhanko.sign.signers.pdf_cms import Signer as PdfCmsSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class PortSigner(PdfCmsSigner):
        """Has the raw signature made by whoever holds the key."""

        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,
            dry_run: bool = False,  # noqa: FBT001, FBT002
        ) -> bytes:
            """ECDSA P-256 over SHA-256, DER."""
            if digest_algorithm != "sha256":
                raise ConfigError(f"asked to sign with {digest_algorithm}, the key does sha256")
            return bytes(72) if dry_run else signer.sign(data)

    make: Any = SimpleCertificateStore
    store = make()
    store.register_multiple(list(chain[1:]))
    # Roots come from the reader's own trust; in the signature nothing would vouch for them.
    return PortSigner(signing_cert=chain[0], cert_registry=store, embed_roots=False)
