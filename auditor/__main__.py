"""`python -m auditor`, and the entry point of the command `auditor`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from auditor.cli import run  # loaded here, so that importing this module costs nothing

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
