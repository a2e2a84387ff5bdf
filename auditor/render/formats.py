"""Tables of formats: what an unknown one is refused with, and how a renderer is loaded.

Which formats there are is told by the tables: `registry` for a run, `period.registry` for a period.
A renderer's module is imported when its format is asked for: `auditor --version` must not pay for
a PDF engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from auditor.catalog.source import did_you_mean
from auditor.errors import UsageError


def check_format(name: str, formats: Iterable[str]) -> None:
    """Refuse an unknown format; imports nothing, so it can stand before all work.

    Raises:
        UsageError: `name` is none of `formats`; names the nearest one.
    """
    known = sorted(formats)
    if name not in known:
        raise UsageError(
            f"no format `{name}`{did_you_mean(name, known)}", hint=f"formats: {', '.join(known)}"
        )


def load_renderer(name: str, places: Mapping[str, str]) -> object:
    """What the factory of a format makes.

    Args:
        places: Format to `module:factory`; the factory is called without arguments.

    Raises:
        UsageError: There is no such format.
    """
    check_format(name, places)
    module, _, factory = places[name].partition(":")
    made: object = getattr(import_module(module), factory)()
    return made
