"""The Statement of Applicability: begun from the mappings, checked, laid beside the newest run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.catalog.source import Source, did_you_mean, read_yaml, validate
from auditor.core.canonical import digest
from auditor.core.model.assessment import Assessment
from auditor.core.model.control import Control
from auditor.core.model.framework import Framework, Requirement
from auditor.core.model.soa import ANNEX, FRAMEWORK, SoaFile, SoaLine, SoaRow, Statement, row_issues
from auditor.errors import DefinitionError, Problem, UsageError
from auditor.render.glossary import STATUS_LABEL
from auditor.render.view.requirements import RequirementView, framework_views

_HEAD = """\
# The Statement of Applicability (ISO/IEC 27001, 6.1.3 d). Every row waits for a person's decision.
# decision: included | excluded | undecided
# implementation: implemented | partly | planned | not_implemented | undecided
version: "0.1"
scope: ""
approved_by: ""
approved_on: ""
rows:
"""


def annex_of(framework: Framework) -> list[Requirement]:
    """The rows that a statement has: the controls of Annex A, in order."""
    return [item for item in framework.requirements if item.id.startswith(ANNEX)]


def begin_soa(framework: Framework, controls: Iterable[Control]) -> str:
    """The text of a new file: every row undecided, with its title and the controls mapped to it."""
    mapped = _mapped(controls)
    return _HEAD + "".join(
        f"  # {item.title}\n  # controls: {', '.join(mapped.get(item.id, ())) or 'none'}\n"
        f'  - id: "{item.id}"\n    decision: undecided\n    justification: ""\n'
        f"    implementation: undecided\n"
        for item in annex_of(framework)
    )


def _mapped(controls: Iterable[Control]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for control in controls:
        for mapping in control.maps.get(FRAMEWORK, ()):
            found.setdefault(mapping.id, []).append(control.id)
    return found


def load_soa(path: Path, framework: Framework) -> tuple[SoaFile, Source]:
    """A file with exactly the rows of the framework.

    Raises:
        DefinitionError: It is wrong: an id is unknown, repeated or missing; with the places.
    """
    source = read_yaml(path, path.name)
    file = validate(source, SoaFile)
    problems = list(_id_problems(source, file, framework))
    if problems:
        raise DefinitionError(problems)
    return file, source


def _id_problems(source: Source, file: SoaFile, framework: Framework) -> Iterator[Problem]:
    known = [item.id for item in annex_of(framework)]
    seen: Counter[str] = Counter()
    for index, row in enumerate(file.rows):
        seen[row.id] += 1
        at = ("rows", index, "id")
        if row.id not in known:
            near = did_you_mean(row.id, known)
            yield source.problem(at, f"`{row.id}` is no control of Annex A{near}")
        elif seen[row.id] == 2:  # noqa: PLR2004 - once for each id, however often it stands there
            yield source.problem(at, f"`{row.id}` stands here twice")
    missing = [name for name in known if not seen[name]]
    if missing:
        message = f"{len(missing)} rows are missing: {', '.join(missing[:8])}"
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""  # noqa: PLR2004 - shown
        yield source.problem(("rows",), message + more, "a row may stay undecided, not away")


def lint_soa(file: SoaFile, source: Source, controls: Iterable[Control]) -> list[Problem]:
    """Decided rows that do not fit the mappings, and those that lack something; in file order."""
    mapped = _mapped(controls)
    return [
        source.problem(("rows", index, "id"), f"{row.id}: {issue}")
        for index, row in enumerate(file.rows)
        for issue in row_issues(row, len(mapped.get(row.id, ())))
    ]


def make_statement(file: SoaFile, source: Source, assessment: Assessment) -> Statement:
    """The statement over a recorded run.

    Raises:
        UsageError: The run was not made for ISO/IEC 27001.
    """
    view = next((v for v in framework_views(assessment) if v.framework.id == FRAMEWORK), None)
    if view is None:
        raise UsageError(
            f"run {assessment.run} was not made for {FRAMEWORK}",
            hint=f"name {FRAMEWORK} under `frameworks` in auditor.yaml, and scan",
        )
    rows = {row.id: row for row in file.rows}
    evidence = _evidence(assessment)
    lines = [
        _line(rows, item, row, evidence)
        for item in annex_of(view.framework)
        for group in view.groups
        for row in group.rows
        if row.result.id == item.id
    ]
    log = assessment.log
    framework = view.framework
    return Statement(
        organisation=assessment.organisation,
        framework=f"{framework.title}, {framework.publisher}, {framework.version}",
        file=file,
        source=source.text,
        source_digest=digest(source.text.encode()),
        run=assessment.run,
        now=assessment.now,
        verdicts=assessment.verdicts_digest,
        log=f"{log.origin}, {log.size} entries, root {log.root}" if log else "",
        groups=tuple((g.id, g.title) for g in framework.groups if g.id.startswith(ANNEX)),
        lines=tuple(lines),
    )


def _line(
    rows: dict[str, SoaRow], item: Requirement, view: RequirementView, evidence: dict[str, set[str]]
) -> SoaLine:
    row = rows[item.id]
    result = view.result
    return SoaLine(
        row=row,
        title=item.title,
        group=item.group,
        state=view.state,
        controls=tuple(f"{m.result.control.id} ({m.mapping.strength})" for m in view.mapped),
        tests=tuple((m.result.control.id, STATUS_LABEL[m.result.status]) for m in view.mapped),
        deviations=result.deviations,
        undecided=result.undecided,
        waived=result.waived,
        evidence=tuple(sorted(set().union(*(evidence.get(c, set()) for c in result.controls)))),
        issues=row_issues(row, len(view.mapped), result.deviations),
    )


def _evidence(assessment: Assessment) -> dict[str, set[str]]:
    """Digests of what was read for the findings of each control."""
    digests = {(r.target, r.resource_type): r.digest for r in assessment.readings}
    found: dict[str, set[str]] = {}
    for finding in assessment.findings:
        known = digests.get((finding.target, finding.resource_type))
        if known:
            found.setdefault(finding.control, set()).add(known)
    return found
