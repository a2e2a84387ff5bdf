"""Recorded runs are found, read and judged again; what was changed is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.app.assess import assemble, load_observations, load_policy, parse_verdicts, recorded
from auditor.app.registry import Collectors
from auditor.app.runs import check_derived, find_run, rejudge
from auditor.app.verifying import find_subject, verify
from auditor.core.canonical import canonical
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.errors import ExitCode, UsageError, VerificationError
from auditor.ledger.blobs import BlobRef
from auditor.ledger.runs import RunHistory
from tests.unit.app.company import BEGIN, PLACES, Company, check, target, write_library
from tests.unit.app.conftest import MakeCompany

LATER = BEGIN + timedelta(days=2)


def derived_company(make: MakeCompany, mode: str = "honest") -> Company:
    company = make(target(mode=mode))
    length = check("derived", "high")
    length["assert"][0]["expr"] = "resource.length == 4"
    write_library(company.folder / "library", [length])
    return company


def evidence(company: Company, run: str) -> list[Observation]:
    store = company.project().store
    history = store.history(run)
    assert history is not None
    return [observation for observation, _digest in load_observations(store, history)]


def kinds() -> dict[str, ResourceType]:
    return Collectors(PLACES).resource_types()


def test_derived_facts_that_their_raw_evidence_gives_are_accepted(
    make_company: MakeCompany,
) -> None:
    company = derived_company(make_company)
    check_derived(kinds(), evidence(company, company.scan().run))


def test_a_recorded_fact_that_differs_is_named_with_its_resource_and_field(
    make_company: MakeCompany,
) -> None:
    company = derived_company(make_company, "false length")
    with pytest.raises(VerificationError) as caught:
        check_derived(kinds(), evidence(company, company.scan().run))
    assert caught.value.where == "one/fake.derived/resources/0"
    assert caught.value.message == "`length` is 5; its raw evidence gives 4"
    assert caught.value.exit_code is ExitCode.INTEGRITY


def test_a_derive_step_that_breaks_on_its_evidence_names_the_resource(
    make_company: MakeCompany,
) -> None:
    company = derived_company(make_company)
    (observation,) = evidence(company, company.scan().run)
    without_raw = replace(observation, resources=(Resource({"name": "a", "length": 4}),))
    with pytest.raises(VerificationError, match=r"cannot be computed again.*raw") as caught:
        check_derived(kinds(), [without_raw])
    assert caught.value.where == "one/fake.derived/resources/0"


def test_types_that_this_program_does_not_know_are_judged_as_recorded(
    make_company: MakeCompany,
) -> None:
    company = derived_company(make_company, "false length")
    check_derived({}, evidence(company, company.scan().run))


def test_a_run_is_found_by_its_id_its_beginning_or_as_the_latest(company: Company) -> None:
    first, second = company.scan().run, company.scan().run
    store = company.project().store
    assert find_run(store, "latest") == second
    assert find_run(store, first) == first
    assert find_run(store, first[:-2]) == first
    with pytest.raises(UsageError, match="2 runs begin with"):
        find_run(store, first[:8])
    with pytest.raises(UsageError, match="there is no run 'x'"):
        find_run(store, "x")


def test_before_the_first_run_there_is_no_latest(company: Company) -> None:
    with pytest.raises(UsageError, match="no complete run yet") as caught:
        find_run(company.project().store, "latest")
    assert caught.value.hint == "auditor scan"


def test_judged_again_at_its_own_moment_the_bytes_are_equal(company: Company) -> None:
    run = company.scan().run
    result = rejudge(company.project().store, run)
    assert result.verdicts == result.recorded
    assert result.differences == ()


def test_judged_again_later_the_differences_are_told(company: Company) -> None:
    run = company.scan().run
    result = rejudge(company.project().store, run, LATER)
    assert any(line.endswith("pass -> absent") for line in result.differences)
    assert any("absent -> error" in line for line in result.differences)


def test_judged_again_before_the_run_is_refused(company: Company) -> None:
    run = company.scan().run
    with pytest.raises(UsageError, match="from the future"):
        rejudge(company.project().store, run, BEGIN - timedelta(days=9))


def test_an_aborted_run_cannot_be_judged_again_or_reported(make_company: MakeCompany) -> None:
    company = make_company(target(mode="interrupted"))
    with pytest.raises(KeyboardInterrupt):
        company.scan()
    store = company.project().store
    run = store.runs()[0].id
    with pytest.raises(UsageError, match="no verdicts"):
        rejudge(store, run)
    with pytest.raises(UsageError, match="interrupted"):
        recorded(store, run)
    with pytest.raises(UsageError, match="there is no run"):
        recorded(store, "nothing")


def test_what_is_read_back_is_what_the_scan_said(company: Company) -> None:
    assessment = company.scan()
    assert assemble(recorded(company.project().store, assessment.run)) == assessment


def test_a_deleted_blob_is_named(company: Company) -> None:
    run = company.scan().run
    store = company.project().store
    history = store.history(run)
    assert history is not None
    blob = history.collects[0].blob
    (company.folder / "evidence" / blob.path).unlink()
    with pytest.raises(VerificationError, match=r"missing|not there") as caught:
        recorded(store, run)
    assert blob.path in str(caught.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [([], "not an object"), ({"schema": "x-9"}, "got schema 'x-9'"), ({}, "got schema None")],
)
def test_recorded_documents_of_another_form_are_named(
    company: Company, document: object, said: str
) -> None:
    company.scan()
    store = company.project().store
    blob = store.put(canonical(document))
    for load, history in (
        (load_observations, _history_with(company, collect=blob)),
        (load_policy, _history_with(company, policy=blob)),
    ):
        with pytest.raises(VerificationError, match=said) as caught:
            load(store, history)
        assert blob.path in caught.value.where


def _history_with(
    company: Company, collect: BlobRef | None = None, policy: BlobRef | None = None
) -> RunHistory:
    store = company.project().store
    latest = store.latest()
    assert latest is not None
    history = store.history(latest.id)
    assert history is not None
    assert history.start is not None
    if collect:
        history.collects = [history.collects[0].model_copy(update={"blob": collect})]
    if policy:
        history.start = history.start.model_copy(update={"policy": policy})
    return history


@pytest.mark.parametrize("data", [b"[]", b'{"schema":"verdicts-9"}'])
def test_verdicts_of_another_schema_are_refused(data: bytes) -> None:
    with pytest.raises(VerificationError, match="verdicts-1"):
        parse_verdicts(data)


def test_a_history_without_start_has_no_policy(company: Company) -> None:
    with pytest.raises(UsageError, match="no start"):
        load_policy(company.project().store, RunHistory("x"))


# What PATH of `auditor verify` is


def test_a_store_finds_the_trust_beside_it_and_holds(company: Company) -> None:
    company.scan()
    for path in (company.folder, company.config, company.folder / "evidence"):
        report = verify(find_subject(path, None), trust=None, run="latest", now=BEGIN)
        assert report.exit_code is ExitCode.OK, report


def test_a_path_that_is_nothing_of_the_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no working folder") as caught:
        find_subject(tmp_path, None)
    assert "auditor verify" in caught.value.hint


def test_a_folder_without_runs_has_nothing_to_verify(company: Company) -> None:
    with pytest.raises(UsageError, match="no evidence store") as caught:
        verify(find_subject(company.folder, None), trust=None, run=None, now=BEGIN)
    assert caught.value.hint == "auditor scan"


def test_a_remembered_checkpoint_is_compared_and_must_exist(company: Company) -> None:
    company.scan()
    signed = company.project().store.checkpoint()
    assert signed is not None
    head = company.folder / "head.txt"
    subject = find_subject(company.folder, None)
    with pytest.raises(UsageError, match="no checkpoint file"):
        verify(subject, trust=None, run=None, now=BEGIN, since=head)
    head.write_bytes(signed.to_bytes())
    company.scan()
    report = verify(subject, trust=None, run=None, now=BEGIN, since=head)
    assert report.exit_code is ExitCode.OK


def test_without_any_trust_nothing_can_be_told(company: Company) -> None:
    company.scan()
    (company.folder / "trust" / "policy.json").unlink()
    report = verify(find_subject(company.folder, None), trust=None, run=None, now=BEGIN)
    assert report.exit_code is ExitCode.INCOMPLETE
