"""The commands of docs/reference/reports.md that make reports, as they stand there."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.app.company import Company
from tests.unit.cli.conftest import Auditor

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "reports.md"
BLOCKS: list[str] = [
    text
    for text in re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    if text.startswith("auditor report")
]


def test_there_are_such_blocks() -> None:
    assert len(BLOCKS) == 2


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_each_report_of_a_block_is_written(here: Company, auditor: Auditor, block: str) -> None:
    assert auditor("scan").code in {0, 1}
    today = datetime.now(UTC)
    quarter = f"{today.year}-Q{(today.month + 2) // 3}"
    for line in block.replace("2026-Q3", quarter).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        said = auditor(*words[1:])
        assert said.code == 0, said.err
        outputs = [word.partition("=")[2] for word in words if "=" in word]
        assert all((here.folder / name).stat().st_size for name in outputs)
