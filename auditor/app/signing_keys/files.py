"""The two files that a change of keys touches: the trust policy and `auditor.yaml`.

Each is replaced as a whole, durable before it takes the old one's place. In `auditor.yaml` only the
text of one value changes, so that comments and layout stay as their author has them.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from auditor.app.project import TRUST_FILE
from auditor.attest.trust import TrustPolicy
from auditor.catalog.config import Config, LoadedConfig
from auditor.catalog.source import Source, parse_yaml, validate
from auditor.errors import DefinitionError

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*", re.ASCII)


def replace_file(path: Path, data: bytes) -> None:
    """Put new content in a file's place: after a crash it has the old content or the new one."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_trust(folder: Path, policy: TrustPolicy) -> Path:
    """Replace the trust policy of a folder."""
    path = folder / TRUST_FILE
    text = policy.to_json()
    TrustPolicy.parse(text, where=str(path))  # what could not be read again is not written
    replace_file(path, text.encode())
    return path


def set_key_place(loaded: LoadedConfig, field: str, place: str) -> str:
    """Change `keys.FIELD` in auditor.yaml.

    Args:
        field: `run` or `log`.
        place: The path or URI that it gets.

    Returns:
        "" when it is done; else the line for a person to write, and nothing was changed.
    """
    path = loaded.folder / loaded.source.name
    text = path.read_bytes().decode("utf-8")
    if text.replace("\r\n", "\n") == loaded.source.text:
        changed = _edited(text, loaded.source, field, place)
        if changed is not None and _says(changed, loaded, field, place):
            replace_file(path, changed.encode())
            return ""
    return f"keys: {{{field}: {_scalar(place)}}}"


def _edited(text: str, source: Source, field: str, place: str) -> str | None:
    """The text with the value replaced where it stands; None where that is not plain to see."""
    data = source.data if isinstance(source.data, dict) else {}
    if "keys" not in data:
        end = "" if text.endswith("\n") else "\n"
        return f"{text}{end}keys: {{{field}: {_scalar(place)}}}\n"
    at = source.values.get(("keys", field))
    if at is None:
        return None
    old = str(data["keys"][field])
    lines = text.split("\n")
    line, column = lines[at[0] - 1], at[1] - 1
    for form in (json.dumps(old, ensure_ascii=False), f"'{old}'", old):
        if line.startswith(form, column):
            lines[at[0] - 1] = line[:column] + _scalar(place) + line[column + len(form) :]
            return "\n".join(lines)
    return None


def _says(text: str, loaded: LoadedConfig, field: str, place: str) -> bool:
    """The text differs from the old in this one value."""
    try:
        config = validate(parse_yaml(text, loaded.source.name), Config)
    except DefinitionError:
        return False
    keys = loaded.config.keys.model_copy(update={field: place})
    return config == loaded.config.model_copy(update={"keys": keys})


def _scalar(place: str) -> str:
    """A YAML scalar for any text: plain where nothing in it has a meaning."""
    return place if _PLAIN.fullmatch(place) else json.dumps(place, ensure_ascii=False)
