"""The append-only log as pure functions: bytes in, bytes out.

- `merkle`, `proofs`: tree hashes, inclusion and consistency proofs (RFC 6962, RFC 9162)
- `tiles`: the log as static files (C2SP tlog-tiles)
- `note`, `checkpoint`: the signed state of the log (C2SP signed-note, tlog-checkpoint)
- `entries`, `chain`, `runs`: typed entries, the hash chain, the order within a run
- `blobs`: references to evidence, its compression and its checking
- `journal`: frames that make an entry durable before it is in tiles
"""
