"""Static rules on the shell scripts of scheduled jobs: would a failure be noticed?

Line by line, without a shell's grammar: each rule is a mistake seen in real backup and monitoring
scripts. A rule that hits can be waived; that none hits does not prove a script right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.collectors.host.parse.secrets import redact

SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh", "ash"})
_SHEBANG = re.compile(r"#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?(.*)")
_OPTION_NAMES = {"e": "errexit", "u": "nounset"}
_LONG_NAMES = frozenset({"errexit", "nounset", "pipefail"})
_SET = re.compile(r"(?:^|[;&|{(]|\b(?:then|do|else))\s*set\s+([-+][^;&|})]*)")
_OPENING = frozenset({"{", "if", "do", "case"})
_CLOSING = frozenset({"}", "fi", "done", "esac"})
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("always_true", re.compile(r"\|\|\s*(?:true|:|exit\s+0|echo\b)")),
    # inside [ ], < and > are redirections, and inside [[ ]] they compare text
    ("redirect_comparison", re.compile(r"(?<!\[)\[\s[^\]]*[^-\\<>]\s[<>]\s*[\"']?[$\w.]")),
    (
        "string_number_comparison",
        re.compile(
            r"\[\[\s[^\]]*(?:[<>]\s*[\"']?\d+[\"']?|\d%?[\"']?\s*[<>])"
            r"|\[\s[^\]]*=\s*[\"']\d+%[\"']"
        ),
    ),
    ("replaces_crontab", re.compile(r"\bcrontab\s+-(?:\s|$|<)")),
    ("masked_status", re.compile(r"\b(?:local|export|readonly|declare)\s+\w+=[\"']?(?:\$\(|`)")),
    ("unchecked_cd", re.compile(r"^\s*cd\s+[^|&;]+$")),
)
_PIPE = re.compile(r"(?<![|&>])\|(?![|&])")
_CURL = re.compile(r"\bcurl\b(?P<rest>[^|;&]*)")
_CURL_FAILS = re.compile(r"\s(?:--fail(?:-with-body)?|-[A-Za-z]*f[A-Za-z]*)(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a line breaks; line 1 for a rule about the whole file."""

    rule: str
    line: int
    text: str

    def to_json(self) -> dict[str, object]:
        """All fields."""
        return {"rule": self.rule, "line": self.line, "text": self.text}


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the rules found."""

    errexit: bool
    nounset: bool
    pipefail: bool
    hits: tuple[Hit, ...]


def interpreter_of(first_line: str) -> str | None:
    """`bash`, `python3`, ...; None without a #! line."""
    match = _SHEBANG.match(first_line)
    if match is None:
        return None
    name = match[1].rsplit("/", 1)[-1]
    return (match[2] or name).rsplit("/", 1)[-1] if name == "env" else name


def analyse(text: str) -> Analysis:
    """Run the rules on a shell script."""
    lines = _code_lines(text)
    options = _options(text, lines)
    hits = [hit for number, line in lines for hit in _line_hits(number, line, options)]
    if "errexit" not in options:
        hits.append(Hit("no_errexit", 1, "set -e is missing, or is taken back"))
    if "pipefail" not in options and any(_PIPE.search(_unquoted(line)) for _, line in lines):
        hits.append(Hit("no_pipefail", 1, "a pipe without set -o pipefail, or it is taken back"))
    return Analysis(
        "errexit" in options,
        "nounset" in options,
        "pipefail" in options,
        tuple(sorted(hits, key=lambda hit: (hit.line, hit.rule))),
    )


def _code_lines(text: str) -> list[tuple[int, str]]:
    """Lines without comments; continued lines joined to the number of their first."""
    result = []
    carried = ""
    start = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        start = start if carried else number
        line = carried + re.sub(r"(^|\s)#.*", "", raw)
        carried = ""
        if line.endswith("\\"):
            carried = line[:-1] + " "
        elif line.strip():
            result.append((start, line))
    if carried.strip():
        result.append((start, carried))
    return result


def _options(text: str, lines: list[tuple[int, str]]) -> set[str]:
    """errexit, nounset and pipefail that hold from their `set` to the end of the script.

    Set by the #! line or by a `set` outside of functions and blocks, and nowhere taken back: what
    runs between `set +e` and the next `set -e` can fail unnoticed.
    """
    shebang = _SHEBANG.match(text)
    on = _named(shebang[0].split()[1:], "-") if shebang else set()
    off: set[str] = set()
    depth = parens = 0
    for _, line in lines:
        words = re.split(r"[;&|]", line)[0].split()
        if depth == parens == 0 and re.match(r"set\s+[-+]", line):
            on |= _named(words[1:], "-")
        for found in _SET.finditer(_unquoted(line)):
            off |= _named(found[1].split(), "+")
        words_and_parens = re.findall(r"[^\s;&|()]+|[()]", _unquoted(line))
        for each in words_and_parens:
            depth += (each in _OPENING) - (each in _CLOSING)
            # The ) of a pattern of `case` has no partner.
            parens = max(parens + (each == "(") - (each == ")"), 0)
    return on - off


def _named(words: Sequence[str], sign: str) -> set[str]:
    """Options among the words of a `set` that are switched with this sign: -e, -o pipefail."""
    found = set()
    current = ""
    for word in words:
        if word in _LONG_NAMES:
            found |= {word} if current == sign else set()
        elif re.fullmatch(r"[-+][A-Za-z]+", word):
            current = word[0]
            letters = {name for letter, name in _OPTION_NAMES.items() if letter in word}
            found |= letters if current == sign else set()
    return found


def _line_hits(number: int, line: str, options: set[str]) -> list[Hit]:
    clean, kinds = redact(line.strip())
    shown = clean[:160]
    hits = [Hit(rule, number, shown) for rule, pattern in _RULES if pattern.search(line)]
    if "errexit" in options:  # then a failing cd ends the script
        hits = [hit for hit in hits if hit.rule != "unchecked_cd"]
    if kinds:
        hits.append(Hit("secret", number, shown))
    curl = _CURL.search(line)
    if curl and not _CURL_FAILS.search(curl["rest"] + " "):
        hits.append(Hit("curl_without_fail", number, shown))
    return hits


def _unquoted(line: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
