"""A new control lints, and its cases fail for the one reason that they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.cases.new_control import new_control
from auditor.app.cases.run import CaseRunner
from auditor.app.engine import make_engine
from auditor.app.library import lint_library
from auditor.app.registry import BUILT_IN, Collectors
from auditor.catalog.library import load_library
from auditor.core.model.fields import Scalar
from auditor.core.model.resource_type import ResourceType
from auditor.errors import UsageError
from tests.unit.lint.library import record

COLLECTORS = Collectors(BUILT_IN)
TYPES = COLLECTORS.resource_types()


@pytest.mark.parametrize("resource", sorted(TYPES))
def test_for_every_resource_type_it_lints_and_one_case_fails(tmp_path: Path, resource: str) -> None:
    collector = TYPES[resource].collector
    made = new_control(tmp_path, "demo/my-control", collector, resource, COLLECTORS)
    assert [path.name for path in made.files] == ["control.yaml", "cases.yaml"]
    assert "auditor controls test my-control" in made.next_steps[0]
    library = load_library([tmp_path])
    found = lint_library(library, COLLECTORS, make_engine())
    assert {diagnostic.rule.id for diagnostic in found} == {"unfinished"}
    runner = CaseRunner(TYPES, make_engine())
    run = runner.run(library.controls["my-control"], coverage=False, mutation=False)
    whole, flaw = run.results
    assert whole.differences == ()
    assert "the control is pass, expected fail" in flaw.differences
    assert not run.complete


def test_it_maps_to_the_shipped_frameworks(tmp_path: Path) -> None:
    made = new_control(tmp_path, "demo/my-control", "tls", "tls.endpoint", COLLECTORS)
    text = made.files[0].read_text("utf-8")
    wrong = text.replace("  soc2: []", '  soc2: [{id: "CC99.1", strength: full}]')
    made.files[0].write_text(wrong, "utf-8")
    found = lint_library(load_library([tmp_path]), COLLECTORS, make_engine())
    errors = [d.problem.message for d in found if d.rule.level == "error"]
    assert len(errors) == 1
    assert errors[0].startswith("soc2 has no requirement `CC99.1`")


def test_its_schemas_are_found_from_its_folder(tmp_path: Path) -> None:
    made = new_control(tmp_path, "demo/my-control", "tls", "tls.endpoint", COLLECTORS)
    for path in made.files:
        schema = path.read_text("utf-8").splitlines()[0].partition("$schema=")[2]
        assert (path.parent / schema).resolve().is_file(), schema


@pytest.mark.parametrize(
    ("name", "collector", "resource", "said"),
    [
        ("my-control", "tls", "tls.endpoint", "expected DOMAIN/ID"),
        ("demo/My_Control", "tls", "tls.endpoint", "expected DOMAIN/ID"),
        ("../up", "tls", "tls.endpoint", "expected DOMAIN/ID"),
        ("demo/my-control", "tsl", "tls.endpoint", "did you mean `tls`?"),
        ("demo/my-control", "tls", "tls.endpiont", "did you mean `tls.endpoint`?"),
    ],
)
def test_what_does_not_exist_is_a_usage_error(
    tmp_path: Path, name: str, collector: str, resource: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        new_control(tmp_path, name, collector, resource, COLLECTORS)
    assert list(tmp_path.iterdir()) == []


def test_a_control_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    new_control(tmp_path, "demo/my-control", "tls", "tls.endpoint", COLLECTORS)
    with pytest.raises(UsageError, match="already"):
        new_control(tmp_path, "other/my-control", "tls", "tls.endpoint", COLLECTORS)


def test_a_type_without_a_text_has_no_key(tmp_path: Path) -> None:
    class Numbers:
        """A collector of things without names."""

        name = "numbers"

        def resource_types(self) -> dict[str, ResourceType]:
            fields = record({"n": "int", "note?": "string"})
            assert fields.fields["n"] == Scalar("int")
            return {"numbers.one": ResourceType("numbers.one", "One", fields, record({}))}

    collectors = Collectors({"numbers": f"{__name__}:Numbers"})
    collectors._made["numbers"] = Numbers()  # type: ignore[assignment]
    with pytest.raises(UsageError, match="no text that names a resource"):
        new_control(tmp_path, "demo/my-control", "numbers", "numbers.one", collectors)
