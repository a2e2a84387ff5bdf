"""Recorded evidence judged again from bundles and stores: the same bytes, or what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.app.export.choice import Wish
from auditor.app.registry import Collectors
from auditor.app.reperform import Difference, Reperformed, exit_code, rejudge_with, reperform
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.statement import PAYLOAD_TYPE, Statement, subjects
from auditor.core.canonical import canonical, parse_canonical
from auditor.errors import AuditorError, ExitCode, UsageError, VerificationError
from auditor.ledger.entries import Collect, RunEnd, RunStart, Verdicts
from tests.unit.app.bundles import LATER, make, on_day, unpacked
from tests.unit.app.company import BEGIN, CONTROL, PLACES, Company, check, target, write_library
from tests.unit.app.conftest import MakeCompany


def test_a_store_and_its_bundle_give_the_same_bytes_again(company: Company, tmp_path: Path) -> None:
    runs = [on_day(company, day) for day in (0, 1)]
    make(company, Wish(runs=tuple(runs)), tmp_path / "x.zip")
    for place in (company.folder, company.folder / "evidence", tmp_path / "x.zip"):
        results = reperform(find_subject(place), None, LATER)
        assert results == [Reperformed(run, same=True) for run in runs]
        assert exit_code(results) is ExitCode.OK
    (one,) = reperform(find_subject(tmp_path / "x.zip"), runs[1], LATER)
    assert one.run == runs[1]
    (latest,) = reperform(find_subject(tmp_path / "x.zip"), "latest", LATER)
    assert latest.run == runs[1]


def forged_run(company: Company) -> str:
    """A run by somebody with all keys, who recorded `pass` where the evidence gives `fail`."""
    project = company.project()
    store = project.store
    latest = store.latest()
    assert latest is not None
    history = store.history(latest.id)
    assert history is not None
    assert history.start is not None
    assert history.verdicts is not None
    document = parse_canonical(store.get(history.verdicts.blob))
    assert isinstance(document, dict)
    for finding in document["findings"]:
        finding["status"] = "pass"
    clock, key = company.clock, project.log_key()
    start = history.start.model_copy(update={"run": "forged", "now": clock()})
    assert isinstance(start, RunStart)
    with store.open_log(key=key.note_key(project.origin), sign=key.sign, clock=clock) as log:
        index = log.append(start)
        collects = [
            Collect.model_validate({**dict(item), "run": "forged"}) for item in history.collects
        ]
        verdicts = Verdicts(run="forged", counts={"pass": 2}, blob=store.put(canonical(document)))
        log.append_all([*collects, verdicts])
        old = Statement.parse(Bundle.parse(store.read_statement(latest.id)).envelope.payload)
        position = old.predicate.log.model_copy(update={"index": index})
        predicate = old.predicate.model_copy(
            update={
                "run": "forged",
                "now": start.now,
                "counts": verdicts.counts,
                "outcome": "passing",
                "log": position,
            }
        )
        statement = Statement(
            subject=subjects(start.policy, collects, verdicts.blob), predicate=predicate
        )
        signer = project.run_key()
        envelope = sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, signer)
        digest = store.write_statement("forged", Bundle(envelope, signer.key_id).to_bytes())
        log.append(RunEnd(run="forged", outcome="passing", statement=digest))
        log.commit()
    return "forged"


def test_verdicts_that_the_evidence_does_not_give_are_shown(
    make_company: MakeCompany, tmp_path: Path
) -> None:
    company = make_company(target(bad=["a"]))
    company.scan()
    run = forged_run(company)
    make(company, Wish(runs=(run,)), tmp_path / "x.zip")
    (result,) = reperform(find_subject(tmp_path / "x.zip"), None, LATER)
    assert result.same is False
    assert result.differences[0] == Difference(f"{CONTROL}/other@one/a", "pass", "fail")
    assert exit_code([result]) is ExitCode.INTEGRITY
    trust = company.project().trust_folder
    report = verify(find_subject(tmp_path / "x.zip"), trust=trust, run=None, now=LATER)
    assert report.exit_code is ExitCode.INTEGRITY


def test_other_controls_flip_appear_and_vanish(make_company: MakeCompany, tmp_path: Path) -> None:
    company = make_company(target(bad=["a"]))
    run = on_day(company, 0)
    make(company, Wish(runs=(run,)), tmp_path / "x.zip")
    strict = check("thing", "high")
    strict["assert"][0]["expr"] = "!resource.ok"
    added = check("more", "low", resource="fake.other")
    write_library(tmp_path / "library", [strict, added])
    subject = find_subject(tmp_path / "x.zip")
    collectors = Collectors(PLACES)
    (result,) = rejudge_with(subject, None, tmp_path / "library", LATER, None, collectors)
    seen = {item.finding.partition("@")[0] + item.finding[-2:]: (item.then, item.now)
            for item in result.differences}  # fmt: skip
    assert seen == {
        f"{CONTROL}/thing/a": ("fail", "pass"),
        f"{CONTROL}/thing/b": ("pass", "fail"),
        f"{CONTROL}/more/a": ("absent", "fail"),
        f"{CONTROL}/more/b": ("absent", "pass"),
        f"{CONTROL}/other/a": ("fail", "absent"),
        f"{CONTROL}/other/b": ("pass", "absent"),
    }
    (same,) = rejudge_with(subject, None, company.folder / "library", LATER, None, collectors)
    assert same.same
    assert same.differences == ()


def test_the_readable_controls_of_a_bundle_are_a_library(company: Company, tmp_path: Path) -> None:
    """They can be judged with, so they say all that the recorded policy says."""
    on_day(company, 0)
    make(company, Wish(runs=(company.project().store.runs()[0].id,)), tmp_path / "x.zip")
    for name, data in unpacked(tmp_path / "x.zip").items():
        (tmp_path / "b" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "b" / name).write_bytes(data)
    (folder,) = (tmp_path / "b" / "controls").iterdir()
    subject = find_subject(tmp_path / "b")
    (result,) = rejudge_with(subject, None, folder, LATER, None, Collectors(PLACES))
    assert result.same


def test_overrides_that_other_controls_do_not_allow_are_said(
    make_company: MakeCompany, tmp_path: Path
) -> None:
    company = make_company(target())
    library = company.folder / "library"
    path = write_library(library)
    text = path.read_text("utf-8")
    limit = "parameters:\n  limit: {type: int, default: 5, doc: how many things there may be}\n"
    text = text.replace("checks:", f"{limit}checks:")
    text = text.replace("expr: resource.ok", "expr: resource.ok && param.limit > 0")
    path.write_text(text, "utf-8")
    company.configure(environments={"prod": {"limit": 7}})
    on_day(company, 0)
    write_library(tmp_path / "plain")
    subject = find_subject(company.folder)
    results = rejudge_with(subject, None, tmp_path / "plain", LATER, None, Collectors(PLACES))
    assert results[0].note == f"overrides that these controls do not allow: {CONTROL}.limit"


def test_changed_evidence_is_not_judged(company: Company) -> None:
    run = on_day(company, 0)
    history = company.project().store.history(run)
    assert history is not None
    path = company.folder / "evidence" / history.collects[0].blob.path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(VerificationError):
        reperform(find_subject(company.folder), None, LATER)


def test_where_no_run_is_complete_there_is_nothing_to_judge(company: Company) -> None:
    with pytest.raises(UsageError):
        find_subject(company.folder)
    on_day(company, 0)
    with pytest.raises(UsageError, match="no run"):
        reperform(find_subject(company.folder), "x", BEGIN)


def test_a_place_that_is_nothing_of_the_kind_is_a_usage_error(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nothing", "gopher://x"):
        with pytest.raises(AuditorError, match=r"there is no|is no working folder|expected a"):
            find_subject(place)
