"""Which formats there are. An explicit table; `app` passes what third parties add.

A renderer's module is imported when its format is asked for: `auditor --version` must not pay for
a PDF engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from auditor.catalog.source import did_you_mean
from auditor.errors import UsageError
from auditor.render.interface import Renderer

BUILT_IN: Mapping[str, str] = {
    "csv": "auditor.render.csv_v1:CsvRenderer",
    "gitlab-code-quality": "auditor.render.gitlab_code_quality:GitlabCodeQualityRenderer",
    "html": "auditor.render.html:HtmlRenderer",
    "json": "auditor.render.json_v1:JsonRenderer",
    "junit": "auditor.render.junit:JunitRenderer",
    "markdown": "auditor.render.markdown:MarkdownRenderer",
    "ocsf": "auditor.render.ocsf:OcsfRenderer",
    "oscal-poam": "auditor.render.oscal_poam:OscalPoamRenderer",
    "oscal-results": "auditor.render.oscal_results:OscalResultsRenderer",
    "pdf": "auditor.render.pdf:PdfRenderer",
    "prometheus": "auditor.render.prometheus:PrometheusRenderer",
    "sarif": "auditor.render.sarif:SarifRenderer",
    "text": "auditor.render.text:TextRenderer",
    "xlsx": "auditor.render.xlsx.report:XlsxRenderer",
}


def format_names(places: Mapping[str, str] = BUILT_IN) -> list[str]:
    """Names of all formats, sorted."""
    return sorted(places)


def renderer(name: str, places: Mapping[str, str] = BUILT_IN) -> Renderer:
    """The renderer of that format, with its default options.

    Args:
        name: A format, as `format_names` lists them.
        places: Format to `module:factory`; the factory is called without arguments.

    Raises:
        UsageError: There is no such format.
    """
    if name not in places:
        known = ", ".join(format_names(places))
        raise UsageError(
            f"no format `{name}`{did_you_mean(name, places)}", hint=f"formats: {known}"
        )
    module, _, factory = places[name].partition(":")
    return cast("Renderer", getattr(import_module(module), factory)())
