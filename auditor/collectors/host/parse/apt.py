"""apt: simulated upgrades, Release files, and the order of kernel versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_INSTALL = re.compile(r"Inst (\S+) (?:\[([^\]]*)\] )?\((\S+) (.*?) ?\[(\S+)\]\)(?: .*)?")
_WAITING = re.compile(  # apt's words for upgrades that it would leave out
    r"The following (?:packages have been kept back|upgrades have been deferred due to phasing):"
)
_TOTAL = re.compile(
    r"^(\d+) upgraded, (\d+) newly installed, .*\b(\d+) not upgraded\.", re.MULTILINE
)
_RELEASE_LINE = re.compile(r"^([A-Za-z-]+): (.+)$")


@dataclass(frozen=True, slots=True)
class Update:
    """A package that an upgrade would install."""

    package: str
    architecture: str
    installed: str | None
    candidate: str
    origins: tuple[str, ...]

    @property
    def security(self) -> bool:
        """Offered by a security archive, as in `Debian-Security:12/stable-security`."""
        return any("security" in origin.lower() for origin in self.origins)


def parse_simulation(text: str) -> list[Update]:
    """The updates of `apt-get -s dist-upgrade`, new dependencies with them, sorted.

    Raises:
        ValueError: An `Inst` line of another form.
    """
    updates = []
    for line in text.splitlines():
        if not line.startswith("Inst "):
            continue
        match = _INSTALL.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"got {line!r}, expected Inst NAME [OLD] (NEW ORIGIN [ARCH])")
        package = match[1].partition(":")[0]
        origins = tuple(sorted(origin.strip() for origin in match[4].split(",") if origin.strip()))
        updates.append(Update(package, match[5], match[2] or None, match[3], origins))
    return sorted(updates, key=lambda update: (update.package, update.architecture))


def parse_waiting(text: str) -> list[str]:
    """Packages with an upgrade that `apt-get -s dist-upgrade` would leave out, sorted.

    Raises:
        ValueError: Their number, or that of the updates, is not the one that apt states.
    """
    total = _TOTAL.search(text)
    if total is None:
        raise ValueError("apt-get states no total of upgraded and not upgraded packages")
    names: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith(" "):
            names += line.split() if inside else []
        else:
            inside = _WAITING.fullmatch(line.strip()) is not None
    stated = int(total[3])
    if len(names) != stated:
        raise ValueError(f"apt-get names {len(names)} packages not upgraded and counts {stated}")
    found = sum(line.startswith("Inst ") for line in text.splitlines())
    if found < int(total[1]) + int(total[2]):
        raise ValueError(f"apt-get lists {found} updates and counts {total[1]} and {total[2]}")
    return sorted(names)


def parse_release(text: str) -> dict[str, str]:
    """The single-line fields of a Release or InRelease file, up to its lists of digests."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        match = _RELEASE_LINE.match(line)
        if match:
            fields.setdefault(match[1], match[2].strip())
    return fields


def is_security(release: dict[str, str]) -> bool:
    """A Release file of a security archive."""
    named = (release.get(name, "") for name in ("Label", "Suite", "Codename", "Archive"))
    return any("security" in text.lower() for text in named)


def release_date(release: dict[str, str]) -> datetime:
    """When the archive was last written.

    Raises:
        ValueError: No date, or one that is none.
    """
    try:
        return parsedate_to_datetime(release["Date"]).astimezone(UTC)
    except (KeyError, TypeError) as error:
        raise ValueError("the Release file has no Date") from error


def count_installed(lines: Iterable[str]) -> tuple[int, list[str]]:
    """How many packages of dpkg's status file are installed, and which are held, sorted."""
    installed = 0
    held = []
    package = ""
    for line in lines:
        if line.startswith("Package: "):
            package = line[9:].strip()
        elif line.startswith("Status: ") and line.rstrip().endswith(" installed"):
            installed += 1
            if line.startswith("Status: hold "):
                held.append(package)
    return installed, sorted(held)


def newest_kernel(names: Iterable[str]) -> str | None:
    """The highest version among /boot's `vmlinuz-VERSION`; None if there is none."""
    versions = [name.removeprefix("vmlinuz-") for name in names if name.startswith("vmlinuz-")]
    return max(versions, key=_order, default=None)


def _order(version: str) -> list[tuple[int, int, str]]:
    """Numbers as numbers: 6.1.0-9 before 6.1.0-10; a word sorts before a number."""
    parts = re.findall(r"\d+|[A-Za-z]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
