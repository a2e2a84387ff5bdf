"""HTML of a period: one self-contained file with strips over time, histories, search and filters.

The page shares style, filter and signature check with the page of a run (`auditor.render.html`),
and carries the document `period-1` in a script element, from which it is verified. Its script
checks the page's own signature; that it says what log and store say is for `auditor verify`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from auditor.core.model.period_report import FindingHistory, PeriodReport
from auditor.core.model.status import ControlStatus
from auditor.render.dossier import inert_json, moment, raw_record, script_json
from auditor.render.glossary import STATUS_LABEL
from auditor.render.html import DATA, SELECTS, content_policy, script_of, style_sheet
from auditor.render.period.charts import SHAPES
from auditor.render.period.json_v1 import PeriodJsonRenderer
from auditor.render.period.view import words as phrases
from auditor.render.period.view.context import context
from auditor.render.period.words import CLOSING_LABEL, STATE_LABEL
from auditor.render.templates import environment, read_asset

_FOLDER = "period/html"
_SELECTS = (
    *SELECTS[:4],
    ("closing", "Ended"),
    ("remedied", "In time"),
    *SELECTS[4:],
)
_MARKS: tuple[tuple[ControlStatus | None, str], ...] = (
    *((status, STATUS_LABEL[status]) for status in SHAPES),
    (None, "no evidence"),
)


@dataclass(frozen=True, slots=True)
class PeriodHtmlRenderer:
    """One HTML file.

    Args:
        findings: Most findings listed; the number left out is stated.
    """

    findings: int = 2000
    name: str = "html"
    suffix: str = ".html"
    media_type: str = "text/html; charset=utf-8"

    def render(self, report: PeriodReport) -> bytes:
        """The file in UTF-8.

        Raises:
            InternalError: The templates are missing from the installation.
            LedgerError: The report holds a value that canonical JSON forbids.
        """
        style = style_sheet(read_asset(_FOLDER, "period.css"))
        script = script_of(DATA, "html/verify.js", "html/dossier.js", f"{_FOLDER}/period.js")
        tests = _tests(report)
        document = inert_json(PeriodJsonRenderer().render(report).decode())
        text = (
            environment(".")
            .get_template(f"{_FOLDER}/report.html.j2")
            .render(
                context(report, self.findings, annexed=False),
                numbered=_numbered(report),
                said=lambda one: said(one, tests),
                tests=tests,
                raw_record=raw_record,
                marks=_MARKS,
                stretched=_stretched,
                shows=[(s.value, STATE_LABEL[s], n) for s, n in phrases.state_counts(report)],
                selects=_SELECTS,
                style=Markup(style),  # noqa: S704 - our own file
                script=Markup(script),  # noqa: S704 - our own file
                script_data=Markup(_script_data(report)),  # noqa: S704 - JSON without `<`
                document=Markup(document),  # noqa: S704 - JSON without `<`
                policy=content_policy(style, script),
            )
        )
        return text.encode()


def said(one: FindingHistory, tests: Mapping[str, str]) -> str:
    """A history for a person who does not know the system."""
    test = tests.get(f"{one.control}/{one.check}", one.check)
    begin = (
        f"On {moment(one.first_seen)}, the test “{test}” was first seen failing for "
        f"{one.resource or 'the whole target'} on {one.target}."
    )
    if one.closed_at is None:
        return f"{begin} It still failed in the last run that could tell."
    return f"{begin} On {moment(one.closed_at)} it ended: {CLOSING_LABEL[one.closing]}."


def _stretched(strip: Markup) -> Markup:
    """A strip as wide as its place and as high as the style says."""
    drawn = str(strip).replace("<svg ", '<svg preserveAspectRatio="none" ', 1)
    return Markup(drawn)  # noqa: S704 - drawn by `charts`


def _tests(report: PeriodReport) -> dict[str, str]:
    return {
        f"{control.id}/{check.id}": check.title
        for control in report.controls
        for check in control.checks
    }


def _numbered(
    report: PeriodReport,
) -> Callable[[FindingHistory], tuple[int, Mapping[str, object]]]:
    """Number and raw record of a history: one finding may have several."""
    records: list[Mapping[str, object]] = report.to_json()["findings"]  # type: ignore[assignment] # a list
    pairs = enumerate(zip(report.findings, records, strict=True))
    known = {id(one): (at, record) for at, (one, record) in pairs}
    return lambda one: known[id(one)]


def _script_data(report: PeriodReport) -> str:
    return script_json(
        {
            "titles": {control.id: control.title for control in report.controls},
            "maps": {control.id: control.mappings for control in report.controls},
            "states": {control.id: control.state.value for control in report.controls},
            "frameworks": {line.id: line.title for line in report.frameworks},
            "requirements": {f"{one.framework} {one.id}": one.title for one in report.requirements},
            "closings": {closing.value: label for closing, label in CLOSING_LABEL.items()},
        }
    )
