"""TLS endpoints as their clients see them: protocols, ciphers, certificates, trust, revocation."""

from auditor.collectors.tls.collector import TlsCollector

__all__ = ["TlsCollector"]
