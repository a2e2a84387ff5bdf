"""`auditor soa`: the Statement of Applicability."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.assess import assemble, recorded
from auditor.app.project import Project, open_project
from auditor.app.reports.outputs import write_files
from auditor.app.reports.requests import parse_request
from auditor.app.runs import find_run
from auditor.app.soa import begin_soa, lint_soa, load_soa, make_statement
from auditor.cli.common import config_option, guard, note
from auditor.core.model.framework import Framework
from auditor.core.model.soa import FRAMEWORK
from auditor.errors import ExitCode, UsageError

FORMATS = ("pdf", "xlsx")


@click.group()
def soa() -> None:
    """Decide on the controls of Annex A, and lay the decisions beside what was tested.

    \b
    auditor soa init
    auditor soa lint
    auditor soa report --output xlsx=soa.xlsx --output pdf=soa.pdf
    """


@soa.command()
@config_option
@click.option("--file", "path", type=click.Path(path_type=Path), default=Path("soa.yaml"))
@guard
def init(config: Path, path: Path) -> None:
    """Write a file in which every row is undecided; one that is there stays."""
    project = open_project(config)
    if path.exists():
        raise UsageError(f"{path} is there already", hint="auditor soa lint")
    text = begin_soa(_framework(project), project.library.sorted_controls())
    write_files([(path, text.encode())])
    note(f"wrote {path}: every row is undecided.  Next: edit it, then auditor soa lint")


@soa.command()
@config_option
@click.option("--file", "path", type=click.Path(path_type=Path), default=Path("soa.yaml"))
@guard
def lint(config: Path, path: Path) -> None:
    """List what is wrong, undecided or does not fit the mappings; 1 where there is anything."""
    project = open_project(config)
    file, source = load_soa(_existing(path), _framework(project))
    problems = lint_soa(file, source, project.library.sorted_controls())
    for problem in problems:
        click.echo(str(problem))
    if problems:
        note(f"{len(problems)} things to settle")
        raise click.exceptions.Exit(ExitCode.FAILING)
    note("every row is decided, justified and fits the mappings")


@soa.command()
@config_option
@click.option("--file", "path", type=click.Path(path_type=Path), default=Path("soa.yaml"))
@click.option("--run", "run_id", default="latest", show_default=True, help="Whose results.")
@click.option(
    "--output", "outputs", multiple=True, required=True, metavar="FORMAT=FILE", help="xlsx or pdf."
)
@guard
def report(config: Path, path: Path, run_id: str, outputs: tuple[str, ...]) -> None:
    """Render the statement over a recorded run; needs no access to the systems."""
    wanted = [parse_request(text, FORMATS) for text in outputs]
    project = open_project(config)
    file, source = load_soa(_existing(path), _framework(project))
    run = find_run(project.store, run_id)
    statement = make_statement(file, source, assemble(recorded(project.store, run)))
    # Both are heavy, and only one may be installed.
    made = []
    for request in wanted:
        if request.form == "pdf":
            from auditor.render.soa_pdf import render_statement_pdf as render
        else:
            from auditor.render.xlsx.statement import render_statement_xlsx as render
        made.append((request.path, render(statement)))
    write_files(made)
    for request in wanted:
        note(f"wrote {request.path}")
    note(f"{statement.count('undecided')} of {len(statement.lines)} rows are undecided")


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UsageError(f"there is no {path}", hint="auditor soa init")
    return path


def _framework(project: Project) -> Framework:
    found = project.library.frameworks.get(FRAMEWORK)
    if found is None:
        raise UsageError(
            f"the library has no framework `{FRAMEWORK}`",
            hint="name package:auditor under `controls` in auditor.yaml",
        )
    return found
