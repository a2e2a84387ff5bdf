"""Which formats a run's report has. An explicit table; `app` passes what third parties add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from auditor.render.formats import load_renderer
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
    return cast("Renderer", load_renderer(name, places))
