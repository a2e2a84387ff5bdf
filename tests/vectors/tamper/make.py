"""`python -m tests.vectors.tamper.make FOLDER`: the honest folder and every fault, as files.

For trying other people's verifiers on them, or an older version of ours. Nothing of it is kept in
version control: keys are new each time, ECDSA signatures are never the same twice, and reports
follow the templates of the day. Laid down is what was done, and what must be said (`faults`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.vectors.tamper.case import Case
from tests.vectors.tamper.story import make_honest
from tests.vectors.tamper.table import faults


def main() -> None:
    folder = Path(sys.argv[1])
    honest = make_honest(folder / "honest")
    for name, fault in faults().items():
        case = Case.copy(honest, folder / name)
        fault.apply(case)
        given = case.subject or case.evidence
        told = {
            "attack": fault.attack,
            "given": str(given.relative_to(case.folder)),
            "step": fault.step,
            "verdict": fault.verdict.value,
            "says": fault.says,
        }
        (case.folder / "fault.json").write_text(json.dumps(told, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
