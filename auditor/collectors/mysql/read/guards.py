"""Whether a trigger refuses whatever is tried. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.collectors.sql.text import MYSQL, tokens

_NO_ERROR = ("00", "01", "02")


def raises(body: str) -> bool:
    """Whether a trigger's body raises an error whatever the row.

    That is so when its first statement is SIGNAL with a state that is an error. Anything else, a
    condition or a state by name, is not taken for a guard.
    """
    parts = [token for token in tokens(body, MYSQL) if not token.text.isspace()]
    words = [token.text.upper() for token in parts if token.kind != "comment"]
    if words[:1] == ["BEGIN"]:
        words = words[1:]
    if words[:2] != ["SIGNAL", "SQLSTATE"]:
        return False
    state = _first(words[2:4], skip="VALUE").strip("'\"")
    return bool(state) and not state.startswith(_NO_ERROR)


def _first(words: Sequence[str], skip: str) -> str:
    rest: Iterable[str] = (word for word in words if word != skip)
    return next(iter(rest), "")
