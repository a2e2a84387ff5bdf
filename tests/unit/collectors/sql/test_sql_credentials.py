from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from auditor.collectors.sql.credentials import Credentials, password_of
from auditor.collectors.sql.failures import one_line
from auditor.errors import ConfigError


def in_file(tmp_path: Path, text: bytes, mode: int = 0o600) -> Credentials:
    path = tmp_path / "password"
    path.write_bytes(text)
    path.chmod(mode)
    return Credentials(password_file=str(path))


def test_a_password_of_the_environment_or_a_file(tmp_path: Path) -> None:
    assert password_of(Credentials(password_env="DB"), {"DB": "word"}) == "word"
    assert password_of(in_file(tmp_path, b"word \nsecond\n")) == "word "
    assert password_of(Credentials()) is None


@pytest.mark.parametrize("value", [{}, {"DB": ""}])
def test_an_empty_variable_is_no_password(value: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="DB is empty"):
        password_of(Credentials(password_env="DB"), value)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (b"", 0o600, "is empty"),
        (b"\nword", 0o600, "is empty"),
        (b"word", 0o640, "read by others"),
        (b"\xff", 0o600, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_trusted(
    tmp_path: Path, text: bytes, mode: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        password_of(in_file(tmp_path, text, mode))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        password_of(Credentials(password_file="/nowhere/at/all"))


def test_one_place_only() -> None:
    with pytest.raises(ValidationError, match="give one of them"):
        Credentials(password_env="A", password_file="/a")


def test_a_message_is_one_line_of_bounded_length() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert len(one_line("x" * 1000)) == 300
