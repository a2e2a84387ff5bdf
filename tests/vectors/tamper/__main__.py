"""`python -m tests.vectors.tamper`: prints the table of faults; `--write` puts it into the docs."""

from __future__ import annotations

import sys

from tests.vectors.tamper.table import PAGE, page, table


def main() -> None:
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(f"{table()}\n")


if __name__ == "__main__":
    main()
