"""Which release a server runs, and what the dated table says about its series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from auditor.catalog.source import parse_yaml, validate

_TABLE = Path(__file__).with_name("releases.yaml")
_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_DISGUISE = "5.5.5-"  # what MariaDB puts before its version for old clients

Flavour = Literal["mariadb", "mysql"]


class Series(BaseModel):
    """What is known of one series."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    end_of_life: date
    newest: str | None = None
    released: date | None = None


class Releases(BaseModel):
    """The whole table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    mariadb: Mapping[str, Series]
    mysql: Mapping[str, Series]

    def series(self, release: Release) -> Series | None:
        """What the table says about a release's series; None where it says nothing."""
        return getattr(self, release.flavour).get(release.series)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Release:
    """A server's version: flavour and three numbers."""

    flavour: Flavour
    numbers: tuple[int, int, int]

    @property
    def series(self) -> str:
        """`10.11`."""
        return f"{self.numbers[0]}.{self.numbers[1]}"

    @property
    def text(self) -> str:
        """`10.11.19`."""
        return ".".join(map(str, self.numbers))


def parse_release(version: str, comment: str = "") -> Release:
    """The release of `@@version`, such as `10.11.19-MariaDB-0+deb12u1-log` or `8.4.9`.

    Raises:
        ValueError: No version number in it.
    """
    match = _RELEASE.match(version.removeprefix(_DISGUISE))
    if match is None:
        raise ValueError(f"got version {version!r}, expected three numbers such as '8.4.9'")
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    marked = "mariadb" in f"{version} {comment}".lower()
    return Release("mariadb" if marked else "mysql", numbers)


def load_releases() -> Releases:
    """The table of this program."""
    return validate(parse_yaml(_TABLE.read_text(encoding="utf-8"), _TABLE.name), Releases)


def at_midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
