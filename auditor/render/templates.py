"""The template engine for HTML and PDF: escapes by default, and invents nothing.

Every value that a template prints goes through `escape.visible` and is then escaped for HTML; a
name that does not exist is an error and not an empty place.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import jinja2
from markupsafe import Markup

from auditor.core.model.status import Cause
from auditor.core.times import format_duration, format_instant
from auditor.render.cut import cut
from auditor.render.escape import visible
from auditor.render.glossary import CAUSE_LABEL, REQUIREMENT_LABEL, STATUS_LABEL
from auditor.render.view.words import count_line, label, listed, plural
from auditor.shipped import shipped

_SHORT_DIGEST = 16
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def environment(*folders: str, whole: str = "") -> jinja2.Environment:
    """The engine for the templates in `reports/<folder>`; the first folder that has one counts.

    Args:
        whole: Where texts are whole that are cut here; "" cuts none.
    """
    finalize = partial(_cut_and_finalize, whole=whole) if whole else _finalize
    engine = jinja2.Environment(
        loader=jinja2.FileSystemLoader([shipped("reports") / folder for folder in folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    engine.filters |= {
        "cause": _cause,
        "count_line": count_line,
        "day": day,
        "duration": format_duration,
        "instant": format_instant,
        "to_the_second": lambda value: format_instant(value.replace(microsecond=0)),
        "label": label,
        "listed": listed,
        "plural": plural,
        "requirement_label": REQUIREMENT_LABEL.__getitem__,
        "short": _short,
        "status_label": STATUS_LABEL.__getitem__,
        "thousands": "{:,}".format,
    }
    return engine


def read_asset(folder: str, name: str) -> str:
    """The text of a style sheet or script in `reports/<folder>`."""
    return (shipped("reports") / folder / name).read_text("utf-8")


def _finalize(value: object) -> object:
    """Markup is our own; every other text comes from outside."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def _cut_and_finalize(value: object, whole: str) -> object:
    """The same for pages: their layout must end."""
    shown = _finalize(value)
    if isinstance(shown, str) and not isinstance(shown, Markup):
        return cut(shown, whole)
    return shown


def _cause(cause: Cause) -> str:
    return CAUSE_LABEL[cause]


def day(value: datetime) -> str:
    """`20 November 2026`, of the UTC day; the names of months do not depend on the machine."""
    utc = value.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}"


def _short(digest: str) -> str:
    """The beginning of a digest, for people: `sha256:0123456789ab…`."""
    name, _, value = digest.partition(":")
    return f"{name}:{value[:_SHORT_DIGEST]}…" if len(value) > _SHORT_DIGEST else digest
