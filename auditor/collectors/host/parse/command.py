"""Which program a command line of cron runs first: past wrappers, tests and shells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from auditor.collectors.host.parse.words import words

_SKIPPED = words(
    "cd test [ [[ true : exit export set umask ulimit sleep if then fi else ! { } ( ) command echo"
)
_SHELLS = words("sh bash dash zsh ksh ash")
_INTERPRETERS = _SHELLS | words("python python2 python3 perl ruby node php . source")
# Wrapper to its options that take a value, and how many arguments stand before the command.
_WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "nice": (frozenset({"-n"}), 0),
    "ionice": (frozenset({"-c", "-n", "-p"}), 0),
    "chrt": (frozenset(), 1),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "exec": (frozenset(), 0),
    "time": (frozenset(), 0),
    "chronic": (frozenset(), 0),
    "cronic": (frozenset(), 0),
    "env": (frozenset({"-u", "-C"}), 0),
    "flock": (frozenset({"-w", "-E"}), 1),
    "timeout": (frozenset({"-s", "-k"}), 1),
    "sudo": (frozenset({"-u", "-g", "-h", "-C", "-D", "-p"}), 0),
    "runuser": (frozenset({"-u", "-g", "-G"}), 0),
    "systemd-cat": (frozenset({"-t", "-p"}), 0),
}
_MAX_DEPTH = 8  # wrappers around wrappers
_OPERATORS = frozenset({"&&", "||", ";", "|", "&", ";;", "|&"})
_TESTS = words("test [ [[ !")
_PREFIXES = words("if then else do { (")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)


def first_program(command: str) -> str | None:
    """The path or name of the program or script that a command line runs; None if it has none.

    Tests, `cd` and the like are passed over, wrappers (`nice`, `flock`, `timeout`, ...) are looked
    through, and a shell or interpreter gives its script.
    """
    return next(iter(programs(command)), None)


def programs(command: str) -> list[str]:
    """All programs that a command line runs, in order.

    Left out is what the shell never comes to (`true || x`, `exit; x`), and what runs only when a
    program before it has failed.
    """
    found: list[str] = []
    last: bool | None = None  # how the command before ended, where that is certain
    tested = False
    for operator, simple in _simple_commands(command):
        if _is_passed_over(operator, simple, last=last, tested=tested):
            continue
        plain = [word for word in simple if word not in _PREFIXES]
        name = plain[0].rsplit("/", 1)[-1] if plain else ""
        if name == "exit":
            # Whether it comes to this is not known here.
            if operator in ("&&", "||") or simple[0] != "exit":
                continue
            break
        last = {"true": True, ":": True, "echo": True, "false": False}.get(name)
        tested = name in _TESTS
        program = None if last is not None else _program(simple, 0)
        if program is not None:
            found.append(program)
    return found


def _is_passed_over(
    operator: str, simple: Sequence[str], *, last: bool | None, tested: bool
) -> bool:
    if operator == "||":
        return last is True or (last is None and not tested)
    return last is False and (operator == "&&" or simple[:1] == ["then"])


def without_comment(command: str) -> str:
    """A command line up to its comment: a # at the beginning of a word, outside of quotes."""
    quote = ""
    before = " "
    for index, letter in enumerate(command):
        if quote:
            quote = "" if letter == quote and before != "\\" else quote
        elif letter == "#" and before in " \t;|&(":
            return command[:index]
        elif letter in "'\"" and before != "\\":
            quote = letter
        before = letter
    return command


def _simple_commands(command: str) -> Iterator[tuple[str, list[str]]]:
    """Each simple command with the operator in front of it, "" for the first."""
    command = without_comment(command)
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=";|&")
        lexer.commenters = ""
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:  # an open quote: the shell would refuse it too
        words = command.split()
    simple: list[str] = []
    operator = ""
    for word in words:
        if word in _OPERATORS:
            yield operator, simple
            operator, simple = word, []
        else:
            simple.append(word)
    yield operator, simple


def _program(words: Sequence[str], depth: int) -> str | None:
    rest = list(words)
    while rest and (_ASSIGNMENT.fullmatch(rest[0]) or rest[0] in ("{", "(", "!", "then", "if")):
        rest.pop(0)
    if not rest or depth > _MAX_DEPTH or rest[0] in _SKIPPED:
        return None
    name = rest[0].rsplit("/", 1)[-1]
    if name in _WRAPPERS:
        return _program(_after_wrapper(rest[1:], *_WRAPPERS[name]), depth + 1)
    if name in _INTERPRETERS:
        return _script_of(name, rest, depth)
    return rest[0]


def _after_wrapper(words: Sequence[str], with_value: frozenset[str], plain: int) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in with_value and rest:
            rest.pop(0)
    while rest and _ASSIGNMENT.fullmatch(rest[0]):
        rest.pop(0)
    rest = rest[plain:]
    # `flock /lock -c "command line"`: the line is a command of its own.
    return ["sh", *rest] if rest[:1] == ["-c"] else rest


def _script_of(name: str, words: Sequence[str], depth: int) -> str | None:
    """The script after an interpreter; of `sh -c LINE` the program of the line."""
    for index, word in enumerate(words[1:], start=1):
        if name in _SHELLS and re.fullmatch(r"-[a-z]*c", word) and index + 1 < len(words):
            return first_program(words[index + 1]) if depth < _MAX_DEPTH else None
        if word in ("-c", "-m") or (word == "-e" and name not in _SHELLS):
            break
        if not word.startswith("-"):
            return word
    return words[0]
