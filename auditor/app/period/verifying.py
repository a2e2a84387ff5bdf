"""Whether a period report says what log and store say: it is made again and compared.

The file itself holds what the log does not: which period, which frameworks, which run changes are
counted from, how long the log was, management's responses and the remediation targets. Everything
else is read from the store anew. Each format carries that document; `carried` knows where.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

from auditor.app.period.bounds import parse_bounds
from auditor.app.period.log_view import PeriodStore
from auditor.app.period.make import NOTED, MadeReport, PeriodRequest
from auditor.app.period.reach import make_with_reach, shortfall
from auditor.attest.report_parts import read_report
from auditor.attest.report_revision import check_only_signed
from auditor.attest.result import Notes
from auditor.core.model.period_report import Response
from auditor.core.model.status import Severity
from auditor.core.times import parse_instant
from auditor.errors import DependencyError, UsageError, VerificationError
from auditor.render.period.document import PeriodDocument
from auditor.render.period.interface import DOCUMENT
from auditor.render.period.registry import period_format_names, period_renderer
from auditor.render.xlsx.carried import document_of

_ELEMENT = f'<script type="application/json" id="{DOCUMENT}">'.encode()
_END = b"</script>"
_UNSEEN = (
    "made again from a part of the log: a run that was logged at another time, and is no evidence"
    " for that reason, would not be seen"
)


def is_period_format(form: str) -> bool:
    """True where the `format` of a `report` entry says that it is a period's."""
    return form.startswith(NOTED)


def compare_period(
    data: bytes,
    noted: str,
    store: PeriodStore,
    notes: Notes,
    name: str,
    absent: Collection[str] = (),
    run: str | None = None,
) -> None:
    """Note what is wrong with a period report that the log knows, or what cannot be told.

    Args:
        noted: The `format` of its `report` entry.
        name: Of the file, for messages.
        absent: Paths of evidence that is missing, pruned or damaged.
        run: The run that alone was verified; None where all were.
    """
    if run is not None:
        told = f"it hangs on more runs than {run}, which alone was verified: give no --run"
        notes.cannot_tell(told, name)
    form = noted.removeprefix(NOTED)
    if form not in period_format_names():
        notes.cannot_tell(f"no renderer for a period report in {form!r} here", name)
        return
    try:
        document = carried(data, form)
        if document is None:
            notes.cannot_tell(f"a period report in {form} carries nothing to make it from", name)
            return
        request, size = request_of(document)
        made, reach = make_with_reach(store, request, size)
        again = period_renderer(form).render(made.report)
        short = "" if made.whole else shortfall(store, request.bounds, reach, size)
        if short:
            notes.cannot_tell(short, name)
        elif not _is_same(data, again):
            _tell(document, made, notes, name)
        elif not made.whole:
            notes.warn(_UNSEEN, name)
    except (UsageError, DependencyError) as error:
        notes.cannot_tell(f"it cannot be made again: {error.message}", name)
    except VerificationError as error:
        if absent or not _has_all(store):
            notes.cannot_tell(f"it cannot be made again: {error.message}", error.where or name)
            return
        notes.bad(error.message, error.where or name)


def carried(data: bytes, form: str) -> bytes | None:
    """The document `period-1` that a file carries; None where it has none.

    Raises:
        VerificationError: The file is damaged.
    """
    find = _PLACES.get(form)
    return find(data) if find else None


def request_of(document: bytes) -> tuple[PeriodRequest, int]:
    """What was asked for, and how long the log was.

    Raises:
        VerificationError: Not a document of schema `period-1`.
    """
    try:
        said = PeriodDocument.model_validate_json(document)
        bounds = parse_bounds(said.period.name)
        asked = said.baseline is not None and said.baseline.chosen == "asked"
        responses = [
            Response(r.about, r.cause, r.response, r.by, parse_instant(r.at), r.file)
            for r in said.responses
        ]
        remediation: dict[Severity, timedelta] = {
            Severity(name): time for name, time in said.remediation.items()
        }
    except (ValueError, UsageError) as error:
        raise VerificationError(f"not a document of schema period-1: {error}") from error
    request = PeriodRequest(
        bounds,
        said.asked_frameworks,
        said.baseline.run if asked and said.baseline else "",
        remediation,
        responses,
    )
    return request, said.log.size


def _in_json(data: bytes) -> bytes | None:
    return data


def _in_html(data: bytes) -> bytes | None:
    """In an element of its own, where `<` is written as an escape."""
    _before, found, rest = data.partition(_ELEMENT)
    return rest.partition(_END)[0] if found else None


def _in_pdf(data: bytes) -> bytes | None:
    pdf = read_report(data).pdf
    return pdf.attachments.get(DOCUMENT) if pdf else None


def _in_xlsx(data: bytes) -> bytes | None:
    return document_of(data, DOCUMENT)


_PLACES: Mapping[str, Callable[[bytes], bytes | None]] = {
    "json": _in_json,
    "html": _in_html,
    "pdf": _in_pdf,
    "xlsx": _in_xlsx,
}


def _is_same(data: bytes, again: bytes) -> bool:
    """The same bytes, with nothing behind them but a signature.

    Raises:
        VerificationError: Something was added besides.
    """
    if data == again:
        return True
    parts = read_report(data)
    if parts.page is not None and parts.page.page.startswith(again):
        if parts.page.page != again:
            raise VerificationError("something was added to the page before it was signed")
        return True
    if parts.pdf is not None and data.startswith(again):
        check_only_signed(data, again)
        return True
    return False


def _tell(document: bytes, made: MadeReport, notes: Notes, name: str) -> None:
    """Other bytes: of another version of the program, from a part of the log, or changed."""
    again = period_renderer("json").render(made.report)
    said, is_now = json.loads(document), json.loads(again)
    if not made.whole:
        notes.cannot_tell("made again from the part of the log that is here, it differs", name)
    elif said == is_now or {**said, "tool": ""} == {**is_now, "tool": ""}:
        notes.cannot_tell("made again by this version it has other bytes", name)
    else:
        wrong = ", ".join(sorted(key for key in is_now if said.get(key) != is_now[key]))
        notes.bad(f"it does not say what the log and the store say: {wrong}", name)


def _has_all(store: PeriodStore) -> bool:
    """Every entry is there: a store; a bundle may hold a part."""
    count, last = 0, -1
    for entry in store.entries():
        count, last = count + 1, entry.index
    return count == last + 1
