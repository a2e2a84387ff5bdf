"""What is selected is judged, with what it depends on; what does not exist is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.selection import Selection, make_policy
from auditor.core.model.status import Severity
from auditor.errors import NothingEvaluatedError, UsageError
from tests.unit.app.company import CHECKS, CONTROL, Company, check, target, write_library
from tests.unit.app.conftest import MakeCompany

CATALOGUE = Path(__file__).parents[3] / "controls" / "catalogue.csv"


def chosen(company: Company, selection: Selection) -> set[str]:
    """Ids of the checks that the selection leaves."""
    policy = make_policy(company.project(), selection)
    return {check.id for control in policy.controls for check in control.checks}


def test_nothing_said_is_everything(company: Company) -> None:
    assert chosen(company, Selection()) == {"thing", "other"}


def test_a_check_brings_those_it_depends_on(company: Company) -> None:
    assert chosen(company, Selection(checks=(f"{CONTROL}/other",))) == {"thing", "other"}
    assert chosen(company, Selection(checks=(f"{CONTROL}/thing",))) == {"thing"}


def test_dependencies_are_followed_through_several_checks(company: Company) -> None:
    last = check("derived", "low", population={"on_empty": "error", "depends_on": ["other"]})
    last["key"] = last["assert"][0]["expr"] = "resource.name"
    last["assert"][0]["expr"] = "resource.length == 4"
    write_library(company.folder / "library", [*CHECKS, last])
    selection = Selection(checks=(f"{CONTROL}/derived",))
    assert chosen(company, selection) == {"thing", "other", "derived"}


def test_a_catalogue_id_chooses_its_check_and_pulls_in_what_it_depends_on(
    company: Company,
) -> None:
    row = CATALOGUE.read_text("utf-8").splitlines()[1].split(",")
    known = next(cell for cell in row if "." in cell)
    named = CHECKS[1] | {"catalogue": known, "differs": "a thing in memory, for a test of ours"}
    write_library(company.folder / "library", [CHECKS[0], named])
    (company.folder / "library" / "catalogue.csv").write_bytes(CATALOGUE.read_bytes())
    assert chosen(company, Selection(checks=(known,))) == {"thing", "other"}
    with pytest.raises(UsageError, match="did you mean"):
        chosen(company, Selection(checks=(known[:-1],)))


def test_severity_leaves_out_what_cannot_be_that_bad(company: Company) -> None:
    assert chosen(company, Selection(severity=Severity.HIGH)) == {"thing"}
    assert chosen(company, Selection(severity=Severity.LOW)) == {"thing", "other"}


def test_a_selection_that_leaves_no_check_is_nothing_evaluated(company: Company) -> None:
    for selection in (Selection(severity=Severity.CRITICAL), Selection(frameworks=("iso27001",))):
        with pytest.raises(NothingEvaluatedError, match="no check is left") as caught:
            chosen(company, selection)
        assert caught.value.hint == "auditor controls list"


def test_a_selection_that_leaves_no_target_is_nothing_evaluated(
    make_company: MakeCompany,
) -> None:
    company = make_company(target(), environments={"prod": {}, "staging": {}})
    with pytest.raises(NothingEvaluatedError, match="no target"):
        chosen(company, Selection(environments=("staging",)))


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(frameworks=("soc3",)), "no framework `soc3`, did you mean `soc2`?"),
        (Selection(controls=("things-in-ordr",)), f"did you mean `{CONTROL}`?"),
        (Selection(checks=(f"{CONTROL}/thin",)), f"did you mean `{CONTROL}/thing`?"),
        (Selection(targets=("on",)), "no target `on`, did you mean `one`?"),
        (Selection(environments=("prd",)), "no environment `prd`, did you mean `prod`?"),
    ],
)
def test_a_name_that_does_not_exist_is_an_error_with_the_nearest(
    company: Company, selection: Selection, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make_policy(company.project(), selection)
    assert said in str(caught.value)


def test_all_unknown_names_are_told_at_once(company: Company) -> None:
    with pytest.raises(UsageError) as caught:
        make_policy(company.project(), Selection(frameworks=("x",), targets=("y",)))
    assert "no framework `x`" in caught.value.message
    assert "no target `y`" in caught.value.message


def test_targets_and_environments_narrow_the_policy(make_company: MakeCompany) -> None:
    company = make_company(
        target("one"),
        target("two") | {"environment": "staging"},
        environments={"prod": {}, "staging": {}},
    )
    for selection in (Selection(targets=("two",)), Selection(environments=("staging",))):
        policy = make_policy(company.project(), selection)
        assert [t.name for t in policy.targets] == ["two"]


def test_a_framework_that_the_library_does_not_have_is_named_with_its_place(
    company: Company,
) -> None:
    company.configure(frameworks=["soc2", "iso27002"])
    with pytest.raises(Exception, match=r"auditor.yaml:\d+:\d+: no framework `iso27002`, did you"):
        make_policy(company.project(), Selection())
