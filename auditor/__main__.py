"""`python -m auditor`, and the entry point of the command `auditor`."""

from __future__ import annotations

import gc
import sys

# A run's documents are many small objects without cycles. Looking for cycles among them after each
# 700 allocations, as is the default, costs a third of a verification (`python -m bench verify`).
_GC_THRESHOLDS = (100_000, 50, 100)


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(*_GC_THRESHOLDS)
    from auditor.cli import run  # loaded here, so that importing this module costs nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
