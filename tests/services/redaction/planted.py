"""Secrets to plant, and the search for them in everything that a run leaves behind.

    planted = Planted.make(); planted["github_token"]      # a value, different in each session
    assert leaks(planted.secrets, everything(folder)) == {}

`everything` opens gzip, zip and PDF files (text, streams and attachments) and what lies in them, so
that a value is found wherever it stands. Reusable for bundles: give it the file.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import secrets
import urllib.parse
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdf

KINDS = (
    "cron_environment",
    "cron_bearer",
    "crontab_mysql",
    "crontab_variable",
    "script_aws_secret",
    "sudoers_comment",
    "sudoers_argument",
    "sshd_comment",
    "shadow_hash",
    "env_file",
    "authorized_key_option",
    "timer_option",
    "timer_environment",
    "logrotate_webhook",
    "archived_env_file",
    "journal_upload_url",
    "private_key_file",
    "chrony_key",
    "backup_config",
    "audit_rule_comment",
    "secrets_manager",
    "lambda_environment",
    "parameter_store",
    "user_data",
    "access_key",
    "bucket_tag",
    "volume_tag_token",
    "key_description",
    "policy_referer",
    "user_tag_key",
    "database_password",
    "login_password",
    "ocsp_url",
    "crl_url",
    "tls_private_key",
    "process_secret_key",
    "process_session_token",
    "key_passphrase",
)
PERSONAL = ("key_comment", "user_tag_mail")


@dataclass(frozen=True)
class Planted:
    """Values by kind."""

    secrets: dict[str, str]
    personal: dict[str, str]

    @classmethod
    def make(cls) -> Planted:
        """Fresh values, without characters that a format would write in another way."""
        values = {kind: f"Pl4nted{secrets.token_hex(10)}" for kind in KINDS}
        values["volume_tag_token"] = f"ghp_{secrets.token_hex(18)}"
        values["key_description"] = f"xoxb-{secrets.token_hex(12)}"
        values["logrotate_webhook"] = f"T{secrets.token_hex(6)}/B{secrets.token_hex(6)}"
        personal = {kind: f"anna-{secrets.token_hex(6)}@example.org" for kind in PERSONAL}
        return cls(values, personal)

    def note(self, kind: str, value: str) -> None:
        """Take a secret that the system itself made."""
        self.secrets[kind] = value

    def __getitem__(self, kind: str) -> str:
        return self.secrets[kind] if kind in self.secrets else self.personal[kind]


def everything(*places: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of all files in folders, and of all that is packed into them."""
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in files:
            if path.is_file():
                yield from unpacked(path.name if place == path else str(path), path.read_bytes())


def unpacked(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes, and those of what is packed into them, to any depth."""
    yield name, data
    if data[:2] == b"\x1f\x8b":
        yield from unpacked(f"{name}!gzip", gzip.decompress(data))
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield from unpacked(f"{name}!{member.filename}", archive.read(member))
    elif data[:5] == b"%PDF-":
        yield from _pdf(name, data)


def _pdf(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pypdf says much about fonts
        pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]
    # Lines are broken anywhere: a value is looked for in the text without its white space as well.
    text = "\n".join(pages)
    yield f"{name}!text", f"{text}\n{''.join(text.split())}".encode()
    with pikepdf.open(io.BytesIO(data)) as document:
        for number, thing in enumerate(document.objects):
            if isinstance(thing, pikepdf.Stream):
                try:
                    yield from unpacked(f"{name}!{number}", thing.read_bytes())
                except pikepdf.PdfError:  # an image's own encoding
                    yield f"{name}!{number}", thing.read_raw_bytes()


def leaks(values: Mapping[str, str], files: Iterator[tuple[str, bytes]]) -> dict[str, list[str]]:
    """Kind to the names of the files that hold its value, in whatever way it is written there."""
    forms = {kind: _forms(value) for kind, value in values.items()}
    found: dict[str, list[str]] = {}
    for name, data in files:
        for kind, written in forms.items():
            if any(form in data for form in written):
                found.setdefault(kind, []).append(name)
    return found


def _forms(value: str) -> set[bytes]:
    ways = (value, json.dumps(value)[1:-1], html.escape(value), urllib.parse.quote(value, safe=""))
    return {way.encode() for way in ways} | {value.encode("utf-16-le"), value.encode("utf-16-be")}
