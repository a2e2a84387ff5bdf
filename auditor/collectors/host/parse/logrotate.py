"""logrotate's configuration (logrotate(8)) and its status file.

As logrotate does, defaults hold for what follows them, also out of an included file, and a second
stanza for the same pattern is not honoured.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from auditor.collectors.host.parse.words import words

FREQUENCIES = ("hourly", "daily", "weekly", "monthly", "yearly")
_MAX_DEPTH = 10  # of includes, against a file that includes itself
_SCRIPTS = ("prerotate", "postrotate", "firstaction", "lastaction", "preremove")
_KNOWN = words(
    "copy nocopy dateformat dateyesterday datehourago nodateext nodelaycompress nomail mail "
    "mailfirst maillast noolddir createolddir nocreateolddir nosharedscripts sharedscripts shred "
    "noshred shredcycles start addextension compresscmd uncompresscmd compressext compressoptions "
    "minage ifempty notifempty nomissingok nocopytruncate tabooext taboopat allowhardlink "
    "noallowhardlink renamecopy norenamecopy ignoreduplicates"
)
_TABOO = words(
    ".bak .cfsaved .disabled .dpkg-bak .dpkg-del .dpkg-dist .dpkg-new .dpkg-old .dpkg-tmp .rpmnew "
    ".rpmorig .rpmsave .swp .ucf-dist .ucf-new .ucf-old ,v ~"
)
_STATUS = re.compile(r'"((?:[^"\\]|\\.)*)"\s+(\d+)-(\d+)-(\d+)(?:-(\d+):(\d+):(\d+))?', re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    """What holds for a stanza; the values before any directive are logrotate's own defaults."""

    frequency: str = "size"
    rotate: int = 0
    size: str | None = "1M"
    min_size: str | None = None
    max_size: str | None = None
    max_age_days: int | None = None
    compress: bool = False
    delay_compress: bool = False
    copy_truncate: bool = False
    create: bool = False
    create_mode: str | None = None
    create_owner: str | None = None
    create_group: str | None = None
    missing_ok: bool = False
    date_ext: bool = False
    extension: str = ""
    su: str | None = None
    old_dir: str | None = None
    scripts: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stanza:
    """One pattern of one stanza."""

    pattern: str
    source: str
    line: int
    options: Options


@dataclass
class Configuration:
    """Everything read so far; `options` are the defaults for what follows."""

    stanzas: list[Stanza] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    options: Options = field(default_factory=Options)
    sources: list[str] = field(default_factory=list)


def parse_configuration(
    text: str, source: str, include: Callable[[str], Sequence[tuple[str, str]]]
) -> Configuration:
    """The stanzas of a file and of what it includes, in logrotate's order.

    Args:
        text: Of the file `source`.
        source: Its path.
        include: Path of an `include` to the files it means (of a folder, those that are not
            taboo), path and text, in order.
    """
    result = Configuration()
    _read_into(result, text, source, include, 0)
    return result


def is_taboo(name: str) -> bool:
    """A file of an included folder that logrotate does not read."""
    return name.startswith((".", "#")) or any(name.endswith(ending) for ending in _TABOO)


def _read_into(
    result: Configuration,
    text: str,
    source: str,
    include: Callable[[str], Sequence[tuple[str, str]]],
    depth: int,
) -> None:
    result.sources.append(source)
    lines = _logical_lines(text)
    for number, line in lines:
        word, _, rest = line.partition(" ")
        if line.rstrip().endswith("{") or word.startswith(("/", '"', "'")):
            _read_stanza(result, source, number, line, lines)
        elif word == "include":
            for path, inner in include(rest.strip().strip("\"'")) if depth < _MAX_DEPTH else ():
                _read_into(result, inner, path, include, depth + 1)
        elif word in _SCRIPTS:
            _skip_script(lines)
        elif line == "}":
            result.problems.append((f"{source}:{number}", "a } without its {"))
        else:
            result.options = _applied(result, result.options, line, f"{source}:{number}")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and blanks, white space made single; braces on lines of their own."""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        clean = re.sub(r"\s+#.*", "", stripped)
        inside = re.fullmatch(r"(.*\{)\s*(\S.*)", clean)
        if inside:  # `/var/log/x { missingok }` in one line
            yield number, inside[1]
            body, closing, _ = inside[2].partition("}")
            yield from ((number, part.strip()) for part in body.split(";") if part.strip())
            if closing:
                yield number, "}"
        else:
            yield number, re.sub(r"\s+", " ", re.sub(r"^(\w+)\s*=\s*", r"\1 ", clean))


def _read_stanza(
    result: Configuration, source: str, number: int, head: str, lines: Iterator[tuple[int, str]]
) -> None:
    names = head
    while not names.rstrip().endswith("{"):  # patterns may stand on several lines
        following = next(lines, None)
        if following is None:
            result.problems.append((f"{source}:{number}", f"no {{ after {head}"))
            return
        names += " " + following[1]
    options = result.options
    for at, line in lines:
        if line == "}":
            break
        word = line.split(" ", 1)[0]
        if word in _SCRIPTS:
            _skip_script(lines)
            options = replace(options, scripts=(*options.scripts, word))
        else:
            options = _applied(result, options, line, f"{source}:{at}")
    else:
        result.problems.append((f"{source}:{number}", "the stanza is not closed with }"))
    try:
        patterns = shlex.split(names.rstrip().removesuffix("{"))
    except ValueError as error:
        result.problems.append((f"{source}:{number}", str(error)))
        return
    result.stanzas += [Stanza(pattern, source, number, options) for pattern in patterns]


def _skip_script(lines: Iterator[tuple[int, str]]) -> None:
    for _, line in lines:
        if line == "endscript":
            return


def _applied(result: Configuration, options: Options, line: str, where: str) -> Options:
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    if word in FREQUENCIES:
        return replace(options, frequency=word, size=None)
    if word in ("create", "nocreate"):
        return _created(options, rest.split(), wanted=word == "create")
    if word in _SETTERS:
        return replace(options, **_SETTERS[word](rest))  # type: ignore[arg-type]  # one per field
    if word in _NUMBERS:
        return _numbered(result, options, word, rest, where)
    return options if word in _KNOWN else replace(options, unknown=(*options.unknown, word))


def _numbered(result: Configuration, options: Options, word: str, rest: str, where: str) -> Options:
    if not re.fullmatch(r"-?\d{1,9}", rest):
        result.problems.append((where, f"{word} {rest!r}: expected a number"))
        return options
    return replace(options, **{_NUMBERS[word]: int(rest)})  # type: ignore[arg-type]  # both int


_NUMBERS = {"rotate": "rotate", "maxage": "max_age_days"}


_SETTERS: dict[str, Callable[[str], dict[str, object]]] = {
    "size": lambda rest: {"frequency": "size", "size": rest.lstrip("= ")},
    "minsize": lambda rest: {"min_size": rest},
    "maxsize": lambda rest: {"max_size": rest},
    "compress": lambda _: {"compress": True},
    "nocompress": lambda _: {"compress": False},
    "delaycompress": lambda _: {"delay_compress": True},
    "nodelaycompress": lambda _: {"delay_compress": False},
    "copytruncate": lambda _: {"copy_truncate": True},
    "nocopytruncate": lambda _: {"copy_truncate": False},
    "missingok": lambda _: {"missing_ok": True},
    "nomissingok": lambda _: {"missing_ok": False},
    "dateext": lambda _: {"date_ext": True},
    "nodateext": lambda _: {"date_ext": False},
    "extension": lambda rest: {"extension": rest},
    "su": lambda rest: {"su": rest},
    "olddir": lambda rest: {"old_dir": rest},
    "noolddir": lambda _: {"old_dir": None},
}


def _created(options: Options, words: Sequence[str], *, wanted: bool) -> Options:
    mode = next((word for word in words if re.fullmatch(r"[0-7]{3,4}", word)), None)
    names = [word for word in words if word != mode]
    return replace(
        options,
        create=wanted,
        create_mode=mode.zfill(4) if mode else None,
        create_owner=names[0] if names else None,
        create_group=names[1] if len(names) > 1 else None,
    )


def parse_status(text: str, zone: tzinfo) -> dict[str, datetime]:
    """Path of a log to when it was last rotated (or first seen); the file has local time.

    Raises:
        ValueError: A line has another form; the message has its number.
    """
    result = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("logrotate state"):
            continue
        match = _STATUS.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"{number}: got {line[:80]!r}, expected a quoted path and a time")
        try:
            numbers = [int(part or 0) for part in match.groups()[1:]]
            when = datetime(*numbers, tzinfo=zone)  # type: ignore[arg-type,misc]  # six numbers
        except ValueError as error:
            raise ValueError(f"{number}: {error}") from error
        result[re.sub(r"\\(.)", r"\1", match[1])] = when
    return result


def rotated_name(live: str, options: Options) -> re.Pattern[str]:
    """What the names of a live log's rotated files look like."""
    stem = live.removesuffix(options.extension) if options.extension else live
    return re.compile(
        re.escape(stem)
        + r"[.-]\d[\d._:-]*"
        + re.escape(options.extension)
        + r"(\.(gz|xz|bz2|zst))?"
    )
