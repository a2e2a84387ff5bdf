"""Running the cases of many controls, with what the caller wants to know beside the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.app.cases.control_cases import CaseResult, as_cases_see, run_cases
from auditor.app.cases.coverage import Coverage, case_coverage
from auditor.app.cases.expression_mutation import Changed, mutate_expressions
from auditor.app.cases.mutation import Tally, mutate
from auditor.app.cases.update import Update, updated_cases
from auditor.catalog.cases import load_cases
from auditor.catalog.library import LoadedControl
from auditor.catalog.types.checker import TypeChecker
from auditor.core.expression.interface import Engine
from auditor.core.model.resource_type import ResourceType


@dataclass(frozen=True, slots=True)
class ControlRun:
    """The cases of one control, and the results of what else was asked for."""

    control: str
    results: tuple[CaseResult, ...]
    coverage: Coverage | None = None
    tally: Tally | None = None
    changed: Changed | None = None

    @property
    def complete(self) -> bool:
        """Every case agrees, everything was seen, and no damaged field went unnoticed.

        Changed expressions do not count: some of them make no difference.
        """
        return (
            not any(result.differences for result in self.results)
            and (self.coverage is None or self.coverage.complete)
            and (self.tally is None or self.tally.complete)
        )


class CaseRunner:
    """Runs cases; keeps the compiled types between controls."""

    def __init__(self, types: Mapping[str, ResourceType], engine: Engine) -> None:
        self._types = types
        self._engine = engine
        self._checker = TypeChecker()

    def run(
        self,
        loaded: LoadedControl,
        *,
        coverage: bool = False,
        mutation: bool = False,
        expressions: bool = False,
    ) -> ControlRun:
        """Judge every case of a control.

        Args:
            coverage: Also tell what no case has seen.
            mutation: Also damage every field that is read.
            expressions: Also change every operator and literal.

        Raises:
            DefinitionError: There is no case file, or it is wrong.
        """
        results = run_cases(loaded, self._types, self._engine)
        path = loaded.folder / "tests" / "cases.yaml"
        cases = load_cases(path) if mutation or expressions else []
        plain, types = as_cases_see(loaded, self._types)
        means = (plain, cases, types, self._engine, self._checker)
        return ControlRun(
            loaded.control.id,
            tuple(results),
            case_coverage(loaded.control, results) if coverage else None,
            mutate(*means) if mutation else None,
            mutate_expressions(*means) if expressions else None,
        )

    def update(self, loaded: LoadedControl, *, accept_loosening: bool) -> Update:
        """Write the verdicts that the control gives now into its case file.

        Raises:
            DefinitionError: There is no case file, or it is wrong.
        """
        results = run_cases(loaded, self._types, self._engine)
        path = loaded.folder / "tests" / "cases.yaml"
        text = path.read_text("utf-8")
        update = updated_cases(text, path.name, results, accept_loosening=accept_loosening)
        if update.text != text:
            path.write_text(update.text, "utf-8")
        return update
