"""Implementations of the signing port; one file per kind of key.

`file.generate_key` and `file.load_key` give a `FileKey`, which is an `attest.signing.Signer`.
"""
