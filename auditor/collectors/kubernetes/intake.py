"""What is kept of an object when it comes in, from a cluster or a file. Pure.

Of a Secret only its metadata, its type, the names of its keys and a public certificate are kept:
its values do not reach anything else in this program. What grows objects and says nothing to any
check (managed fields, the last applied manifest) is dropped.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

_CERTIFICATE = "tls.crt"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def kept(kind: str, item: Mapping[str, Any]) -> tuple[str, bytes]:
    """Namespace and JSON text of an object.

    Raises:
        ValueError: It is no object of the API: no metadata, no name.
    """
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise ValueError("an object without metadata.name")
    slim = {name: value for name, value in metadata.items() if name != "managedFields"}
    annotations = slim.get("annotations")
    if isinstance(annotations, dict) and _APPLIED in annotations:
        slim["annotations"] = {n: v for n, v in annotations.items() if n != _APPLIED}
    document = _secret(item) if kind == "Secret" else item
    _check(metadata)
    namespace = str(metadata.get("namespace") or "")
    # YAML may have numbers as keys: to the API they are texts.
    text = orjson.dumps({**document, "metadata": slim}, option=orjson.OPT_NON_STR_KEYS)
    return namespace, text


def _check(metadata: Mapping[str, Any]) -> None:
    """Refuse what the API server would refuse, and what every resource is made of."""
    for name in ("namespace", "uid"):
        if not isinstance(metadata.get(name), (str, type(None))):
            raise ValueError(f"metadata.{name} is no text")
    labels = metadata.get("labels") or {}
    if not isinstance(labels, dict) or not all(isinstance(v, str) for v in labels.values()):
        raise ValueError("metadata.labels is no mapping of texts")


def _secret(item: Mapping[str, Any]) -> dict[str, object]:
    names: set[str] = set()
    certificate: str | None = None
    for member in ("data", "stringData"):
        values = item.get(member)
        if isinstance(values, dict):
            names |= set(values)
            found = values.get(_CERTIFICATE)
            if isinstance(found, str):
                certificate = _public(found, encoded=member == "data")
    return {
        "type": item.get("type") or "Opaque",  # the server's default
        "keys": sorted(names),
        "certificate": certificate,
    }


def _public(value: str, *, encoded: bool) -> str | None:
    """The certificates of a PEM text and nothing else: people put keys into the wrong field."""
    try:
        text = base64.b64decode(value, validate=True).decode("ascii") if encoded else value
    except (binascii.Error, UnicodeDecodeError):
        return None
    parts = text.split("-----BEGIN CERTIFICATE-----")[1:]
    bodies = [part.partition("-----END CERTIFICATE-----")[0] for part in parts]
    return (
        "".join(f"-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n" for body in bodies)
        or None
    )
