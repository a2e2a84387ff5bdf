"""Collectors at scale: databases and a cluster, each part in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PARTS = ("_databases", "_mysql", "_kubernetes")


def main() -> int:
    """Run the parts that are there; gives how many failed."""
    failed = 0
    for part in PARTS:
        if not Path(__file__).with_name(f"{part}.py").exists():
            print(f"{part}: not in this tree")
            failed += 1
            continue
        print(f"-- {part.removeprefix('_')}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{part}"], check=False)
        failed += bool(done.returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main())
