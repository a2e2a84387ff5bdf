"""Which formats a period report has. An explicit table, as `auditor.render.registry` is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from auditor.render.formats import load_renderer
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
    return cast("PeriodRenderer", load_renderer(name, places))
