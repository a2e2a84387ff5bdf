"""What a person sees at a terminal: colour, progress, and lines that fit."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.e2e.program import auditor, working_folder, write_control

pytestmark = pytest.mark.e2e
COLUMNS = 80


def at_terminal(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run `auditor` with a terminal of 80 columns for its output; exit code and what it shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", *arguments],
        cwd=folder,
        env=kept | {"TERM": "xterm"} | variables,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        while piece := _read(master):
            shown += piece
    os.close(master)
    return process.returncode, shown.decode()


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says EIO when the other side has closed
        return b""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = working_folder(tmp_path_factory.mktemp("terminal") / "work", controls=["library"])
    write_control(made / "library")
    assert auditor(made, "scan").code == 0
    return made


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_verify_is_coloured_and_fits_the_terminal(folder: Path) -> None:
    code, shown = at_terminal(folder, "verify")
    assert code == 0
    assert "\x1b[" in shown
    lines = plain(shown).splitlines()
    assert max(len(line) for line in lines) <= COLUMNS
    assert any(line.startswith(" " * 17) for line in lines)


@pytest.mark.parametrize(("option", "variable"), [("--no-color", {}), (None, {"NO_COLOR": "1"})])
def test_colour_can_be_switched_off(
    folder: Path, option: str | None, variable: dict[str, str]
) -> None:
    code, shown = at_terminal(folder, "verify", *([option] if option else []), **variable)
    assert code == 0
    assert "\x1b[" not in shown


def test_a_scan_shows_progress_and_its_result_fits(folder: Path) -> None:
    code, shown = at_terminal(folder, "scan", "--plan")
    assert code == 0
    code, shown = at_terminal(folder, "scan")
    assert code == 0
    text = plain(shown)
    assert "this-host: reading" in text
    assert "\x1b[" in shown


def test_a_passphrase_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "auditor", "init", "work", "--target", "host", "--encrypt-keys"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("AUDITOR_")},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - its own terminal
    ) as process:
        os.close(slave)
        shown = b""
        answered = 0
        while piece := _read(master):
            shown += piece
            if shown.count(b": ") > answered and shown.rstrip(b" ").endswith(b":"):
                answered = shown.count(b": ")
                os.write(master, b"correct horse\n")
    os.close(master)
    assert process.returncode == 0, shown
    assert b"horse" not in shown
    assert "ENCRYPTED" in (tmp_path / "work" / "keys" / "log.pem").read_text("utf-8")
