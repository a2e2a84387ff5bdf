"""Which commands of a sudo rule give their caller any command at all (sudoers(5), wildcards).

A program whose arguments the rule fixes is not looked into: what an editor, a pager or a package
manager lets its user start is for the review of the rule.
"""

from __future__ import annotations

import re

from auditor.collectors.host.parse.words import words

_SHELLS = words("sh bash dash ash ksh mksh zsh csh tcsh fish busybox rbash")
_RUNNERS = words("env sudo doas nsenter chroot unshare setsid nohup nice timeout xargs script")
_INTERPRETERS = words("perl ruby node nodejs php lua tclsh expect gdb awk gawk mawk")
_EDITORS = words("vi vim vim.basic vim.tiny nvim view vimdiff nano pico emacs ed ex visudo")
_ROOT_OF_SU = frozenset({"-", "-l", "--login", "root"})
_WILD = frozenset("*?[")


def gives_any_command(command: str) -> bool:
    """`ALL`, a whole folder, a wildcard in the program's path, or a shell without fixed arguments.

    Args:
        command: As cvtsudoers writes it: `!` in front of a forbidden one, arguments behind a space.
    """
    if command.startswith("!"):
        return False
    program, _, rest = command.partition(" ")
    if program == "ALL" or program.endswith("/") or program.startswith("^") or _is_wild(program):
        return True
    name = program.rsplit("/", 1)[-1]
    arguments = [word for word in rest.split() if word != '""']
    if name == "su":
        return _ROOT_OF_SU.issuperset(arguments) or _is_wild(rest)
    if not _runs_others(name):
        return False
    # `""` forbids arguments; a shell without any, or with options only, asks for commands.
    return all(word.startswith("-") for word in arguments) or rest.startswith("^") or _is_wild(rest)


def _runs_others(name: str) -> bool:
    known = _SHELLS | _RUNNERS | _INTERPRETERS | _EDITORS
    return name in known or re.fullmatch(r"python[0-9.]*|perl[0-9.]+|lua[0-9.]+", name) is not None


def _is_wild(text: str) -> bool:
    return not _WILD.isdisjoint(text)
