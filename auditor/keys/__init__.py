"""Implementations of the signing port; one file per kind of key, imported when a key is opened.

`registry.open_key` takes a path or a URI and gives an `opened.OpenKey`: PKCS#8 file (`file`),
PKCS#11 token (`hsm`), AWS KMS (`awskms`), the services that securesystemslib reaches (`remote`).
`certificate` makes X.509 certificates and requests for any of them.
"""
