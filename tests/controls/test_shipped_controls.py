"""The shipped library: no lint, every outcome seen, no mutant alive, every typo caught."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.app.cases.run import CaseRunner
from auditor.app.engine import make_engine
from auditor.app.library import lint_library
from auditor.app.registry import Collectors
from auditor.catalog.library import LoadedControl, load_library
from auditor.catalog.types.checker import TypeChecker
from auditor.catalog.types.descriptor import selectable
from auditor.catalog.types.examined import Examined
from auditor.catalog.types.roots import roots_of
from auditor.catalog.types.tree import infer, kind
from auditor.core.evaluate.compiled import expressions_of
from auditor.core.model.control import query_types
from auditor.core.model.fields import FieldType, Record
from auditor.core.model.resource_type import ResourceType
from auditor.shipped import shipped

ROOT = Path(__file__).parents[2]
LIBRARY = load_library([shipped("controls")])
CHECKER = TypeChecker()


@pytest.fixture(scope="module")
def types() -> dict[str, ResourceType]:
    return Collectors().resource_types() | query_types(LIBRARY.sorted_controls())


@pytest.fixture(scope="module")
def runner(types: dict[str, ResourceType]) -> CaseRunner:
    return CaseRunner(types, make_engine())


def test_lint_finds_nothing() -> None:
    assert [str(d) for d in lint_library(LIBRARY, Collectors(), make_engine())] == []


@pytest.mark.parametrize("control_id", sorted(LIBRARY.controls))
def test_cases_agree_see_every_outcome_and_kill_every_mutant(
    control_id: str, runner: CaseRunner
) -> None:
    run = runner.run(LIBRARY.controls[control_id], coverage=True, mutation=True)
    assert [(r.name, r.differences) for r in run.results if r.differences] == []
    assert run.coverage is not None
    assert run.coverage.missing == ()
    assert run.tally is not None
    assert (run.tally.survived, run.tally.unused) == ([], [])
    assert run.tally.killed > 0


def expressions(
    loaded: LoadedControl, types: dict[str, ResourceType]
) -> Iterator[tuple[str, dict[str, FieldType]]]:
    for check in loaded.control.checks:
        roots = roots_of(loaded.control, types[check.resource])
        for _place, text, variables in expressions_of(check):
            yield text, {name: of for name, of in roots.items() if name in variables}


def declared_names(examined: Examined) -> Iterator[tuple[int, str, Record]]:
    """Offset, name and owner of every field that is selected from a declared record."""
    for node, scope in examined.nodes:
        if kind(node) == "select_expr":
            owner = infer(node.select_expr.operand, scope).type
            name = node.select_expr.field
            found = re.compile(rf"\.\s*{name}\b").search(examined.source, examined.offset(node))
            if isinstance(owner, Record) and found:
                yield found.end() - len(name), name, owner


def misspelt(name: str, owner: Record) -> str:
    """The name with one letter changed, which is not another field."""
    for position, letter in enumerate(name):
        for other in "zqxj":
            changed = name[:position] + other + name[position + 1 :]
            if letter != other and changed not in owner.fields and selectable(changed):
                return changed
    raise AssertionError(name)


@pytest.mark.parametrize("control_id", sorted(LIBRARY.controls))
def test_one_changed_letter_in_any_field_name_is_found_at_its_place(
    control_id: str, types: dict[str, ResourceType]
) -> None:
    tried = 0
    for text, roots in expressions(LIBRARY.controls[control_id], types):
        examined = CHECKER.examine(text, roots)
        assert examined is not None, text
        for offset, name, owner in set_of(declared_names(examined)):
            wrong = misspelt(name, owner)
            changed = text[:offset] + wrong + text[offset + len(name) :]
            seen = CHECKER.examine(changed, roots)
            assert seen is not None, changed
            assert offset in {fault.offset for fault in seen.unknown}, changed
            tried += 1
    assert tried >= len(LIBRARY.controls[control_id].control.checks)


def set_of(names: Iterator[tuple[int, str, Record]]) -> list[tuple[int, str, Record]]:
    """Each once: a macro's condition stands twice in some trees."""
    return list({offset: (offset, name, owner) for offset, name, owner in names}.values())


def test_a_misspelt_field_of_a_shipped_control_is_a_lint_error_in_its_file(tmp_path: Path) -> None:
    original = LIBRARY.controls["tls-endpoints"]
    folder = tmp_path / "controls" / "network" / "tls-endpoints"
    folder.mkdir(parents=True)
    text = (original.folder / "control.yaml").read_text("utf-8")
    at = text.index("c.key_bits >= param.min_ec_bits") + 2  # inside a macro of a folded scalar
    wrong = text[:at] + "kee_bits" + text[at + len("key_bits") :]
    (folder / "control.yaml").write_text(wrong, "utf-8")
    (tmp_path / "controls" / "frameworks").symlink_to(shipped("controls") / "frameworks")
    library = load_library([tmp_path / "controls"])
    found = lint_library(library, Collectors(), make_engine())
    (error,) = [diagnostic for diagnostic in found if diagnostic.rule.level == "error"]
    line, column = text[:at].count("\n") + 1, at - text.rindex("\n", 0, at)
    assert error.problem.where == f"controls/network/tls-endpoints/control.yaml:{line}:{column}"
    assert "did you mean `key_bits`?" in error.problem.message


def test_every_list_of_the_inventory_is_described() -> None:
    page = (ROOT / "docs" / "reference" / "config.md").read_text("utf-8")
    described = page[page.index("## Lists that shipped checks compare with") :]
    texts = [path.read_text("utf-8") for path in (ROOT / "controls").rglob("control.yaml")]
    named = set(re.findall(r"inventory\.([a-z_]+)", "\n".join(texts)))
    assert named
    assert {name for name in named if f"`{name}`" not in described} == set()
