"""A working folder with keys made for one job: for runners that hold no secret.

The runs in it are signed, by keys that nobody trusts and that end with the job: `auditor verify`
with the organisation's trust says "unknown signer", so such a run is good for reading and never a
baseline or evidence. Every report says so in the organisation's name.

    python throwaway.py auditor.yaml FOLDER
"""

# ruff: noqa: INP001 - a script of a pipeline, in no package

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

from auditor.app.registry import Collectors
from auditor.app.setup import Setup, write_setup
from auditor.catalog.config import load_config
from auditor.errors import AuditorError

NOT_TAKEN = (
    "keys",
    "trust",
    "store",
    "object_store",
    "retention",
    "timestamping",
    "witnesses",
    "notifications",
)
"""What belongs to the real evidence, or would tell others of a run that is none."""
NAME = "auditor.throwaway.yaml"
SUFFIX = " (throwaway keys: no evidence)"


def make(config: Path, folder: Path, now: datetime) -> Path:
    """Write keys, trust and an empty log into the folder, and a configuration that uses them.

    The configuration stands beside the one it is made from, so that its paths mean the same.

    Raises:
        AuditorError: The configuration is wrong, or the folder has keys already.
    """
    loaded = load_config(config)  # what is wrong with it is said by its own rules
    document = yaml.safe_load(config.read_text("utf-8"))
    document["organisation"] += SUFFIX
    write_setup(folder, Setup(document["organisation"], "any", [], {}), now, Collectors())
    made = {name: value for name, value in document.items() if name not in NOT_TAKEN}
    made["keys"] = {
        "run": str(folder / "keys" / "run.pem"),
        "log": str(folder / "keys" / "log.pem"),
        "certificate": str(folder / "keys" / "run.crt"),
        "token": str(folder / "keys" / "token.key"),
    }
    made |= {"trust": str(folder / "trust"), "store": str(folder / "evidence")}
    path = loaded.folder / NAME
    path.write_text(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def main(arguments: list[str]) -> int:
    """Make it and print the configuration's path; the exit code."""
    if len(arguments) != 2:  # noqa: PLR2004 - as the usage says
        sys.stderr.write("usage: throwaway.py CONFIG FOLDER\n")
        return 2
    try:
        path = make(Path(arguments[0]), Path(arguments[1]).resolve(), datetime.now(UTC))
    except AuditorError as error:
        sys.stderr.write(f"throwaway.py: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
