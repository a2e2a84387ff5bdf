"""What is stored of an observation: no secret, no undeclared field, personal values apart."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from auditor.app.assess import assemble, load_observations, load_policy, recorded
from auditor.app.evidence.erasure import erase
from auditor.app.evidence.redaction import cleaned, disclose, select_disclosures, token_key
from auditor.app.evidence.restoring import check_redacted, restore_observation
from auditor.app.runs import rejudge
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.app.why import find_finding, why
from auditor.attest.evidence import Evidence, RunRecord
from auditor.attest.result import Notes, StepResult, StepVerdict, VerificationReport
from auditor.attest.steps_evidence import check_verdicts
from auditor.attest.vault import pack_vault, read_vault, vault_path
from auditor.attest.verify import STORE_STEPS, take_steps
from auditor.core.canonical import canonical
from auditor.core.model.disclosure import Disclosure, parse_disclosures
from auditor.core.model.finding import Finding
from auditor.core.model.observation import Resource
from auditor.core.model.status import Cause, Status
from auditor.errors import ConfigError, UsageError, VerificationError
from auditor.ledger.entries import Collect
from tests.unit.app.people_collector import (
    ANNA,
    PASSWORD,
    TOKEN,
    People,
    PeopleCollector,
    people,
    people_check,
)

MAIL = people_check("resource.mail != null && resource.mail.endsWith('@example.com')")
ACTIVE = people_check("resource.active", id="active")
PERSONAL = ("anna.lindqvist", "555 01 23", "192.0.2.77")


def collect_of(company: People, run: str) -> Collect:
    history = company.project().store.history(run)
    assert history is not None
    return history.collects[0]


def document_of(company: People, run: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(company.project().store.get(collect_of(company, run).blob))
    return found


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, unpacked."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            packed = data[:2] == b"\x1f\x8b"
            found[path.relative_to(folder).as_posix()] = gzip.decompress(data) if packed else data
    return found


def check(company: People, *, run: str | None = None) -> VerificationReport:
    subject = find_subject(company.config, None)
    return verify(subject, trust=None, run=run, now=company.clock())


def judged_again(report: VerificationReport) -> StepResult:
    return report.steps[7]


def by_check(findings: tuple[Finding, ...], name: str = "thing") -> Mapping[str, Finding]:
    return {finding.key: finding for finding in findings if finding.check == name}


def put_vault(company: People, run: str, lines: bytes | None) -> None:
    """What an auditor may get in place of the whole file of the vault."""
    reference = collect_of(company, run).disclosures
    assert reference is not None
    path = company.folder / "evidence" / vault_path(reference)
    if lines is None:
        path.unlink()
    else:
        path.write_bytes(pack_vault(lines))


def vault_of(company: People, run: str) -> bytes:
    reference = collect_of(company, run).disclosures
    assert reference is not None
    data = read_vault(company.project().store.reader(), reference)
    assert data is not None
    return data


# Personal fields


def test_personal_values_are_in_the_vault_and_nowhere_else(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL, ACTIVE])
    company.scan()
    kept = everything(tmp_path / "evidence")
    for value in PERSONAL:
        holding = [p for p, data in kept.items() if value.encode() in _readable(p, data)]
        assert holding, value
        assert all(path.startswith("vault/") for path in holding), holding


def _readable(path: str, data: bytes) -> bytes:
    if not path.startswith("vault/"):
        return data
    return canonical([[d.name, d.value] for d in parse_disclosures(data)])


def test_the_log_names_the_fields_and_the_vault(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    entry = collect_of(company, company.scan().run)
    assert entry.redacted == ["devices.address", "mail", "phone"]
    assert entry.disclosures is not None


def test_judging_sees_the_values_and_findings_do_not_tell_them(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    anna = by_check(company.scan().findings)["anna"]
    assert anna.status is Status.FAIL
    assert anna.reason == (
        'anna is wrong (`resource.mail.endsWith("@example.com")` is false: '
        "resource.mail = (personal))"
    )


def test_a_reader_with_the_vault_sees_what_was_judged(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    store = company.project().store
    history = store.history(run)
    assert history is not None
    (observation, _digest), *_ = load_observations(store, history)
    assert canonical(dict(observation.resources[0].data)) == canonical(
        ANNA | {"badge": observation.resources[0].data["badge"]}
    )
    assert rejudge(store, run).differences == ()
    assert judged_again(check(company)).verdict is StepVerdict.OK


def test_verdicts_do_not_hang_on_salts(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL, ACTIVE])
    one, two = company.scan(), company.scan()
    assert one.verdicts_digest == two.verdicts_digest
    first, second = (document_of(company, a.run)["resources"][0]["data"] for a in (one, two))
    assert first["_sd"] != second["_sd"]


def test_an_observation_of_nobody_has_no_disclosures(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL], answer="nobody")
    run = company.scan().run
    assert collect_of(company, run).disclosures is None
    assert "_sd_alg" not in document_of(company, run)


def test_why_shows_personal_values_marked(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    record = recorded(company.project().store, run)
    assessment = assemble(record)
    finding = next(f for f in assessment.findings if f.key == "anna")
    answer = why(record, assessment, find_finding(assessment, finding.id))
    assert answer.personal == ("mail", "phone", "devices.address")
    assert "anna.lindqvist@example.org" in json.dumps(answer.to_json())
    assert '"anna.lindqvist@example.org" (personal)' in str(answer.reasoning[0].trace)


# Withheld, erased, forged


def test_an_erased_vault_leaves_a_warning_where_no_verdict_hangs_on_it(tmp_path: Path) -> None:
    company = people(tmp_path, [ACTIVE])
    run = company.scan().run
    done = erase(company.project().store, run)
    assert (done.values, done.left, done.before) == (5, 0, 0)
    step = judged_again(check(company))
    assert step.verdict is StepVerdict.WARNING
    assert "were withheld or erased; no verdict hangs on them" in step.detail
    assert erase(company.project().store, run).before == 1


def test_findings_that_hang_on_erased_values_cannot_be_told(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL, ACTIVE])
    run = company.scan().run
    erase(company.project().store, run)
    report = check(company)
    step = judged_again(report)
    assert step.verdict is StepVerdict.CANNOT_TELL
    assert "and 2 findings hang on them" in step.detail
    assert all(s.verdict is not StepVerdict.BAD for s in report.steps)


def test_an_erased_field_is_an_error_with_its_cause(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    erase(company.project().store, run, ["people.person.mail"])
    again = rejudge(company.project().store, run)
    finding = by_check(again.judgement.findings)["anna"]
    assert (finding.status, finding.cause) == (Status.ERROR, Cause.REDACTED)
    assert finding.hint == "ask who holds the disclosures of this run"


def test_one_field_is_erased_and_the_others_stay(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    done = erase(company.project().store, run, ["phone"])
    assert (done.values, done.left) == (2, 3)
    assert {item.name for item in parse_disclosures(vault_of(company, run))} == {"mail", "address"}
    assert judged_again(check(company)).verdict is StepVerdict.WARNING


def test_a_field_without_disclosures_is_not_erased_in_silence(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    with pytest.raises(UsageError, match="keeps no values of name apart"):
        erase(company.project().store, run, ["name"])
    with pytest.raises(UsageError, match="no run"):
        erase(company.project().store, "20000101T000000Z-000000")


def test_a_part_of_the_disclosures_shows_that_part(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    put_vault(company, run, select_disclosures(vault_of(company, run), {"mail"}))
    assert judged_again(check(company)).verdict is StepVerdict.WARNING
    put_vault(company, run, select_disclosures(vault_of(company, run), set()))
    assert judged_again(check(company)).verdict is StepVerdict.CANNOT_TELL


def test_a_bundle_shows_the_fields_that_are_named(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    entry, data = collect_of(company, run), vault_of(company, run)

    def names(*show: str) -> set[str]:
        return {item.name for item in parse_disclosures(disclose(entry, data, show))}

    assert names() == names("name", "other.type.mail") == set()
    assert names("mail", "people.person.devices.address") == {"mail", "address"}
    anywhere = entry.model_copy(update={"redacted": ["tags.*"]})
    assert disclose(anywhere, data, ["tags.*"]) == data


def test_a_waiver_that_hangs_on_an_erased_value_cannot_be_told(tmp_path: Path) -> None:
    company = people(tmp_path, [ACTIVE])
    company.write_waiver(check="things-in-order/active", match="resource.mail == null")
    run = company.scan().run
    erase(company.project().store, run)
    assert judged_again(check(company)).verdict is StepVerdict.CANNOT_TELL


def test_a_when_that_hangs_on_an_erased_value_cannot_be_told(tmp_path: Path) -> None:
    company = people(tmp_path, [people_check("resource.active", when="resource.mail != null")])
    run = company.scan().run
    erase(company.project().store, run)
    assert judged_again(check(company)).verdict is StepVerdict.CANNOT_TELL


def test_a_disclosure_of_no_digest_is_bad(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    lines = vault_of(company, run).splitlines(keepends=True)
    forged = Disclosure.make(b"x" * 16, "mail", "nobody@example.org").text.encode() + b"\n"
    put_vault(company, run, b"".join([*lines[1:], forged]))
    step = judged_again(check(company))
    assert step.verdict is StepVerdict.BAD
    assert "belong to no digest" in step.detail


def test_a_vault_with_more_than_there_was_is_bad(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    lines = vault_of(company, run)
    put_vault(company, run, lines + lines[: lines.index(b"\n") + 1])
    assert judged_again(check(company)).verdict is StepVerdict.BAD


def test_a_broken_vault_is_bad(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    reference = collect_of(company, run).disclosures
    assert reference is not None
    path = company.folder / "evidence" / vault_path(reference)
    data = path.read_bytes()
    for wrong in (b"not gzip", data[:-4], data + b"\x00"):
        path.write_bytes(wrong)
        assert judged_again(check(company)).verdict is StepVerdict.BAD, wrong


def test_disclosures_for_evidence_that_hides_nothing_are_refused() -> None:
    line = Disclosure.make(b"x" * 16, "mail", 1).text.encode() + b"\n"
    with pytest.raises(VerificationError, match="1 disclosures are of no field"):
        restore_observation(b'{"schema":"observation-1"}', line, None)
    with pytest.raises(VerificationError, match="hidden in a way"):
        restore_observation(b'{"_sd_alg":"md5"}', None, None)
    with pytest.raises(VerificationError, match="not an object"):
        restore_observation(b"[]", None, None)


# Tokens


def test_a_token_is_equal_over_runs_and_not_the_value(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    documents = [document_of(company, company.scan().run) for _ in range(2)]
    one, two = (document["resources"][0]["data"]["badge"] for document in documents)
    assert one == two
    assert one.startswith("hmac-sha256:")
    assert documents[0]["token_key"] == documents[1]["token_key"]
    assert not any(b"badge-4711" in data for data in everything(tmp_path / "evidence").values())


def test_another_key_gives_another_token_and_says_so(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    one = document_of(company, company.scan().run)
    (tmp_path / "keys" / "token.key").unlink()
    two = document_of(company, company.scan().run)
    assert one["token_key"] != two["token_key"]
    assert one["resources"][0]["data"]["badge"] != two["resources"][0]["data"]["badge"]


def test_the_key_of_tokens_is_for_its_owner_alone(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    company.scan()
    path = tmp_path / "keys" / "token.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 32


def test_a_file_that_is_no_key_of_tokens_is_refused(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    path = tmp_path / "keys" / "token.key"
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="5 bytes"):
        token_key(company.project())
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="key of tokens"):
        token_key(company.project())
    company.configure(keys={"token": "pkcs11:token"})
    company.configure(keys={"token": "awskms://token"})
    with pytest.raises(ConfigError, match="path of a file"):
        token_key(company.project())


def test_a_number_is_made_a_token_as_well(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL], answer="number as token")
    data = document_of(company, company.scan().run)["resources"][0]["data"]
    assert data["badge"].startswith("hmac-sha256:")


# The allow-list, and secrets


@pytest.mark.parametrize(
    ("answer", "named", "gone"),
    [
        ("undeclared", ["devices.pin", "gecos"], "Anna L."),
        ("undeclared", ["devices.pin", "gecos"], "pin-981273"),
        ("undeclared fact", ["facts.boss"], "Berta"),
        ("wrong shape", ["phone", "tags"], '"home"'),
    ],
)
def test_what_is_not_declared_is_named_and_not_kept(
    tmp_path: Path, answer: str, named: list[str], gone: str
) -> None:
    company = people(tmp_path, [ACTIVE], answer=answer)
    assessment = company.scan()
    details = [gap.detail for gap in assessment.readings[0].gaps]
    assert details == [
        f"the collector gave `{name}`, which people.person does not declare: it was not kept"
        for name in named
    ]
    assert {g.cause for g in assessment.readings[0].gaps} == {Cause.INTERNAL}
    assert any(f.status is Status.ERROR and not f.key for f in assessment.findings)
    assert not any(gone.encode() in data for data in everything(tmp_path / "evidence").values())


@pytest.mark.parametrize(
    ("answer", "secret"),
    [
        ("secret in a field", TOKEN),
        ("secret by its name", PASSWORD),
        ("secret key", TOKEN),
        ("secret fact", PASSWORD),
        ("secret provenance", PASSWORD),
        ("secret provenance", TOKEN),
        ("secret in the name", TOKEN),
    ],
)
def test_a_secret_is_nowhere_and_is_counted(tmp_path: Path, answer: str, secret: str) -> None:
    company = people(tmp_path, [people_check("size(resource.tags) < 9")], answer=answer)
    told: list[str] = []
    run = company.scan(progress=told.append).run
    assert document_of(company, run)["scrubbed"] >= 1
    assert not any(secret.encode() in data for data in everything(tmp_path).values())
    assert secret not in "\n".join(told)
    assert judged_again(check(company)).verdict is StepVerdict.OK


def test_a_field_that_held_a_secret_is_an_error(tmp_path: Path) -> None:
    tags = people_check("!('x' in resource.tags)")
    company = people(tmp_path, [tags, ACTIVE], answer="secret in a field")
    assessment = company.scan()
    ben = by_check(assessment.findings)["ben"]
    assert (ben.status, ben.cause) == (Status.ERROR, Cause.SECRET)
    assert "it holds a secret (github_token), which is not kept: [redacted]" in ben.reason
    assert by_check(assessment.findings)["anna"].status is Status.PASS
    assert by_check(assessment.findings, "active")["ben"].status is Status.FAIL
    data = document_of(company, assessment.run)["resources"][1]["data"]
    assert data["tags"] == {"note": "use [redacted]"}


def test_a_fact_that_held_a_secret_is_gone_with_a_gap(tmp_path: Path) -> None:
    company = people(tmp_path, [ACTIVE], answer="secret fact")
    assessment = company.scan()
    assert "place" not in document_of(company, assessment.run)["facts"]
    assert [gap.subject for gap in assessment.readings[0].gaps] == ["facts.place"]


def test_a_key_that_the_format_reserves_is_an_error(tmp_path: Path) -> None:
    company = people(tmp_path, [people_check("size(resource.tags) < 9")], answer="reserved name")
    (finding,) = company.scan().findings
    assert (finding.status, finding.cause) == (Status.ERROR, Cause.UNPARSABLE)


def test_a_configuration_with_a_secret_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL], url=f"https://u:{PASSWORD}@example.org")
    with pytest.raises(ConfigError, match="it holds a secret") as caught:
        company.scan()
    assert caught.value.where == "target staff: settings.url"
    assert PASSWORD not in str(caught.value)
    assert not (tmp_path / "evidence").exists()


def test_a_policy_remembers_what_was_personal(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    store = company.project().store
    history = store.history(company.scan().run)
    assert history is not None
    kind = load_policy(store, history).resource_types["people.person"]
    assert kind.personal == ("mail", "phone", "devices.address")
    assert kind.token == ("badge",)


def test_what_is_printed_and_not_stored_is_cleaned_as_well(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    kind = PeopleCollector().resource_types()["people.person"]
    store = company.project().store
    history = store.history(company.scan().run)
    assert history is not None
    (observation, _digest), *_ = load_observations(store, history)
    shown = cleaned(replace(observation, resources=(Resource(ANNA | {"gecos": "A"}),)), kind)
    data = shown.resources[0].data
    assert "gecos" not in data
    assert str(data["badge"]).startswith("hmac-sha256:")
    assert data["mail"] == ANNA["mail"]
    plain = replace(kind, personal=(), token=())
    same = replace(observation, resources=(Resource(ANNA),))
    assert cleaned(same, plain) is same


@pytest.mark.parametrize("change", [{"redacted": ["mail"]}, {"redacted": ["mail", "name"]}])
def test_the_log_must_name_the_fields_that_are_hidden(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    entry = collect_of(company, run)
    kind = PeopleCollector().resource_types()["people.person"]
    data = company.project().store.get(entry.blob)
    restored = restore_observation(data, vault_of(company, run), kind)
    check_redacted(entry, restored)
    with pytest.raises(VerificationError, match="the log says that"):
        check_redacted(entry.model_copy(update=change), restored)
    with pytest.raises(VerificationError, match="the log says that"):
        check_redacted(entry.model_copy(update={"disclosures": None}), restored)


def test_a_run_whose_evidence_was_pruned_is_not_judged_again(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    run = company.scan().run
    entry = collect_of(company, run)
    for asked, verdict in ((None, StepVerdict.WARNING), (run, StepVerdict.CANNOT_TELL)):
        evidence = Evidence(
            reader=company.project().store.reader(),
            trust=None,
            run=asked,
            rejudge=lambda _record: b"never asked",
            now=company.clock(),
        )
        take_steps(evidence, STORE_STEPS[:6])
        evidence.pruned.add(entry.blob.path)
        notes = Notes()
        check_verdicts(evidence, notes)
        assert notes.verdict is verdict


def test_a_run_without_the_vault_port_has_nothing_disclosed(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    store = company.project().store
    history = store.history(company.scan().run)
    assert history is not None
    assert history.start is not None
    assert history.verdicts is not None
    record = RunRecord(history, history.start, history.verdicts, store.get)
    assert [item.whole for item in record.collected()] == [False]
    assert list(record.observations()) == [store.get(history.collects[0].blob)]


def test_erasing_leaves_other_observations_alone(tmp_path: Path) -> None:
    company = people(tmp_path, [MAIL])
    empty = {"name": "guests", "kind": "people", "environment": "prod", "answer": "nobody"}
    staff = {"name": "staff", "kind": "people", "environment": "prod"}
    company.configure(targets=[staff, empty])
    run = company.scan().run
    assert erase(company.project().store, run, ["devices.address"]).values == 1
