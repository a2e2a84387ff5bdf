"""Output for the log of a CI job that takes commands out of it: GitHub Actions and its imitations.

The runner takes `::name ...::` at the beginning of a line for a command, and `##[name ...]` at any
place in it (actions/runner, ActionCommand.TryParseV2 and TryParse). A resource of that name could
mask words, make annotations or switch commands off. Here both are shown, and are no commands any
more; annotations of our own are not sent through here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLE = "GITHUB_ACTIONS"
_AT_BEGINNING = re.compile(r"(^|[\r\n])([^\S\r\n]*):(?=:)")
_ANYWHERE = re.compile(r"#(?=#\[)")
_COLON, _HASH = "\\u{3a}", "\\u{23}"  # as `render.escape.visible` writes what must not act
_TEXTS = frozenset({"text", "markdown", "summary"})
_JSON = frozenset({"json", "gitlab-code-quality", "ocsf", "oscal-poam", "oscal-results", "sarif"})
_JSON_HASH = "\\u0023"


def inert_for_log(data: bytes, environ: Mapping[str, str], form: str) -> bytes:
    """Output without anything that the log of this job acts upon; as it is elsewhere.

    Args:
        data: In UTF-8, where the form is one of texts.
        environ: Of the process; GITHUB_ACTIONS tells where it runs.
        form: Name of the format. JSON is escaped as JSON does it, so that a program reads the same
            values; a form that is neither text for people nor JSON stays as it is.
    """
    if not environ.get(VARIABLE) or form not in _TEXTS | _JSON:
        return data
    text = data.decode()
    if form in _JSON:  # no line of it begins with a colon
        return _ANYWHERE.sub(lambda _sign: _JSON_HASH, text).encode()
    shown = _ANYWHERE.sub(lambda _sign: _HASH, text)
    return _AT_BEGINNING.sub(lambda found: f"{found[1]}{found[2]}{_COLON}", shown).encode()
