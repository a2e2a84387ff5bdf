"""The passphrase for keys that are made."""

from __future__ import annotations

import os

import click

from auditor.keys.registry import PASSPHRASE


def new_passphrase(*, encrypt: bool) -> bytes | None:
    """From the environment or a prompt; the variable alone is enough to ask for encryption."""
    given = os.environ.get(PASSPHRASE)
    if given:
        return given.encode()
    if not encrypt:
        return None
    text: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return text.encode()
