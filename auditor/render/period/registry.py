"""Which formats a period report has. An explicit table, as `auditor.render.registry` is.

A renderer's module is imported when its format is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from auditor.catalog.source import did_you_mean
from auditor.errors import UsageError
from auditor.render.period.interface import PeriodRenderer

BUILT_IN: Mapping[str, str] = {
    "html": "auditor.render.period.html:PeriodHtmlRenderer",
    "json": "auditor.render.period.json_v1:PeriodJsonRenderer",
    "pdf": "auditor.render.period.pdf:PeriodPdfRenderer",
    "text": "auditor.render.period.text:PeriodTextRenderer",
    "xlsx": "auditor.render.period.xlsx:PeriodXlsxRenderer",
}


def period_format_names(places: Mapping[str, str] = BUILT_IN) -> list[str]:
    """Names of all formats, sorted."""
    return sorted(places)


def period_renderer(name: str, places: Mapping[str, str] = BUILT_IN) -> PeriodRenderer:
    """The renderer of that format, with its default options.

    Args:
        name: A format, as `period_format_names` lists them.
        places: Format to `module:factory`; the factory is called without arguments.

    Raises:
        UsageError: There is no such format.
    """
    if name not in places:
        known = ", ".join(period_format_names(places))
        raise UsageError(
            f"a period report has no format `{name}`{did_you_mean(name, places)}",
            hint=f"formats: {known}",
        )
    module, _, factory = places[name].partition(":")
    return cast("PeriodRenderer", getattr(import_module(module), factory)())
