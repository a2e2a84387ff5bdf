"""What it costs to start: CPU seconds, beside an empty Python in the same run."""

from __future__ import annotations

import sys

from bench.measure import cpu_of_command

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "auditor --version": ["-m", "auditor", "--version"],
    "auditor --help": ["-m", "auditor", "--help"],
    "auditor controls list": ["-m", "auditor", "controls", "list"],
    "auditor controls lint": ["-m", "auditor", "controls", "lint", "--controls", "controls"],
}


def main() -> None:
    floor = 0.0
    print(f"{'command':28} {'CPU s':>7} {'x python':>9}")
    for name, arguments in COMMANDS.items():
        used = cpu_of_command([sys.executable, *arguments])
        floor = floor or used
        print(f"{name:28} {used:7.3f} {used / floor:9.1f}")


if __name__ == "__main__":
    main()
