"""`host.script`: the scripts of scheduled jobs, and the rules that they break."""

from __future__ import annotations

import stat

from auditor.collectors.host.errors import Unread
from auditor.collectors.host.machine import Machine, instant, octal
from auditor.collectors.host.parse.script import SHELLS, analyse, interpreter_of
from auditor.collectors.host.read.common import Owners, read_owners
from auditor.collectors.host.read.cron import find_jobs, script_of
from auditor.collectors.host.rows import Reading, Row
from auditor.collectors.host.settings import HostSettings

_SHELL_LIMIT = 2**20  # a shell script above 1 MiB is none that a person wrote
_HEAD = 4096  # bytes in which a program has a zero, and a text has none
_OTHERS = (".py", ".pl", ".rb", ".php", ".js", ".lua")
_CONTENT = (
    "interpreter",
    "analysed",
    "sha256",
    "errexit",
    "nounset",
    "pipefail",
    "hits",
    "rules_hit",
)
_INODE = ("size", "mode", "owner", "modified_at")


def read_scripts(machine: Machine, settings: HostSettings) -> Reading:
    """One row for each script that a job runs or that the settings name."""
    reading = Reading()
    owners = read_owners(machine)
    paths = set(settings.scripts)
    for job in find_jobs(machine, owners, reading):
        try:
            path = script_of(machine, job) if job.ignored is None else None
        except Unread as problem:
            reading.gaps.append(problem.gap)
            continue
        if path is not None:
            paths.add(path)
    reading.rows = [_row(machine, owners, path) for path in sorted(paths)]
    reading.facts = {"scripts": len(paths)}
    return reading


def _row(machine: Machine, owners: Owners, path: str) -> Row:
    row = Row({"host": machine.name, "path": path, "exists": False, "analysed": False})
    row.data |= dict.fromkeys((*_INODE, *_CONTENT)) | {"analysed": False}
    try:
        found = machine.stat(path)
    except Unread as problem:
        row.missing(("exists", *_INODE, *_CONTENT), problem.gap)
        return row
    if found is None or not stat.S_ISREG(found.st_mode):
        return row
    row.data |= {
        "exists": True,
        "size": found.st_size,
        "mode": octal(found.st_mode),
        "owner": owners.user(found.st_uid),
    }
    row.attempt(("modified_at",), lambda: {"modified_at": instant(found.st_mtime)})
    row.attempt(_CONTENT, lambda: _content(machine, path))
    return row


def _content(machine: Machine, path: str) -> dict[str, object]:
    head, digest = machine.digest(path, keep=_HEAD)
    nothing: dict[str, object] = dict.fromkeys(_CONTENT) | {"analysed": False, "sha256": digest}
    if not head.startswith(b"#!") and (b"\0" in head or path.endswith(_OTHERS)):
        return nothing  # a program, or the text of another language
    text = machine.text(path, _SHELL_LIMIT) or ""
    interpreter = interpreter_of(text.split("\n", 1)[0])
    # Without a #! line the shell that starts it runs it as a script of its own.
    if head.startswith(b"#!") and interpreter not in SHELLS:
        return nothing | {"interpreter": interpreter}
    found = analyse(text)
    return {
        "interpreter": interpreter,
        "analysed": True,
        "sha256": digest,
        "errexit": found.errexit,
        "nounset": found.nounset,
        "pipefail": found.pipefail,
        "hits": [hit.to_json() for hit in found.hits],
        "rules_hit": sorted({hit.rule for hit in found.hits}),
    }
