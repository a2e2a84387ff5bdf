"""Processes of their own for the tests of the log: `python -m tests.unit.store.workers WHAT ROOT`.

They are started as new processes, not forked, so that killing them and limiting them concerns
nobody else.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from auditor.errors import StoreError
from auditor.keys.file import load_key
from auditor.ledger.entries import WaiverRecord
from tests.unit.store.building import BEGIN, Site, ticking

REPOSITORY = Path(__file__).parents[3]


def start(what: str, site: Site, *arguments: str, killed: bool = False) -> subprocess.Popen[str]:
    """Start a worker on the store of a site; `killed` is one that may not end by itself."""
    command = [sys.executable, "-m", __name__, what, str(site.root), *arguments]
    environment = dict(os.environ)
    if killed or what == "for-ever":  # it would leave a broken record of coverage
        environment.pop("COVERAGE_PROCESS_CONFIG", None)
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    )


def numbered(number: int) -> WaiverRecord:
    return WaiverRecord(fields={"number": number})


def reopened(root: Path) -> Site:
    """The site whose keys lie there already."""
    site = object.__new__(Site)
    site.root, site.clock = root, ticking(BEGIN)
    site.log_key, site.run_key = load_key(root / "log.pem"), load_key(root / "run.pem")
    return site


def append_in_turns(site: Site, first: int) -> None:
    """Ten turns: open, append one number, say it, commit."""
    for number in range(first, first + 10):
        with site.open(60.0) as log:
            log.append(numbered(number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            log.commit()


def append_for_ever(site: Site, first: int) -> None:
    """Say each number once it is acknowledged; commit every seventh time."""
    with site.open(60.0) as log:
        number = first
        while True:
            log.append(numbered(number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            if number % 7 == 0:
                log.commit()
            number += 1


def append_until_full(site: Site, limit: int) -> None:
    """Append until no file may grow beyond the limit; say what was acknowledged."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    number = 0
    try:
        with site.open() as log:
            while True:
                log.append(numbered(number))
                sys.stdout.write(f"{number}\n")
                number += 1
    except StoreError:
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


def append_much(site: Site, count: int) -> None:
    """Append entries of 60 kB; say by how many MB the process grew."""
    text = "x" * 60_000
    with site.open() as log:
        log.append(WaiverRecord(fields={"text": text}))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(count):
            log.append(WaiverRecord(fields={"text": text}))
        log.commit()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{(after - before) // 1024}\n")


WORKERS = {
    "turns": append_in_turns,
    "for-ever": append_for_ever,
    "until-full": append_until_full,
    "much": append_much,
}

if __name__ == "__main__":
    WORKERS[sys.argv[1]](reopened(Path(sys.argv[2])), int(sys.argv[3]))
