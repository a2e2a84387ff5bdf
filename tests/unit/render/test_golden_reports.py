from __future__ import annotations

import pytest

from tests.golden.update import GOLDEN, golden


@pytest.mark.parametrize("name", sorted(golden()))
def test_report_has_the_golden_bytes(name: str) -> None:
    wanted = (GOLDEN / name).read_bytes()

    assert golden()[name] == wanted, "changed on purpose? python -m tests.golden.update"
