"""The honest folder, made once."""

from __future__ import annotations

import pytest

from tests.vectors.tamper.story import Honest, make_honest


@pytest.fixture(scope="package")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    return make_honest(tmp_path_factory.mktemp("tamper") / "honest")
