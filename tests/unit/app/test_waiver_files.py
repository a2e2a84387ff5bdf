"""A waiver counts when an approver of auditor.yaml signed exactly these bytes; else it says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.app.waivers import sign_waiver
from auditor.core.model.finding import Finding
from auditor.core.model.status import Status
from auditor.errors import DefinitionError
from auditor.keys.file import FileKey, generate_key
from tests.unit.app.company import Company, by_key, target
from tests.unit.app.conftest import MakeCompany


@pytest.fixture
def failing(make_company: MakeCompany) -> Company:
    """Its thing `a` fails; `ciso` may approve."""
    return make_company(target(bad=["a"]), approvers={"ciso": "trust/ciso.pub"})


@pytest.fixture
def ciso(failing: Company) -> FileKey:
    key = generate_key(failing.folder / "keys" / "ciso.pem", "ecdsa-p256-sha256")
    (failing.folder / "trust" / "ciso.pub").write_text(key.public_key, "utf-8")
    return key


def signature(company: Company) -> str:
    (only,) = company.project().waivers
    return only.signature


def failed(company: Company) -> Finding:
    return by_key(company.scan().findings)["a"]


def refused(company: Company) -> str:
    """The finding fails as if there were no waiver, and says why the waiver does not count."""
    finding = failed(company)
    assert finding.status is Status.FAIL
    assert "not honoured" in finding.reason
    assert finding.waiver == "W-2026-001"
    return finding.reason


def test_one_that_holds_waives_exactly_its_finding(failing: Company, ciso: FileKey) -> None:
    failing.write_waiver(ciso)
    findings = by_key(failing.scan().findings)
    assert findings["a"].status is Status.WAIVED
    assert findings["b"].status is Status.PASS
    assert signature(failing) == "valid"


def test_an_unsigned_one_is_shown_and_does_not_count(failing: Company) -> None:
    failing.write_waiver()
    assert signature(failing) == "it is not signed"
    assert "it is not signed" in refused(failing)


def test_one_signed_by_a_stranger_does_not_count(failing: Company, ciso: FileKey) -> None:
    stranger = generate_key(ciso.path.with_name("stranger.pem"), "ecdsa-p256-sha256")
    failing.write_waiver(stranger)
    assert "signed by an unknown key" in refused(failing)


def test_one_whose_approver_is_not_in_the_configuration_does_not_count(
    failing: Company, ciso: FileKey
) -> None:
    failing.write_waiver(ciso, approved_by="cto")
    assert "cto is not among the approvers of auditor.yaml" in refused(failing)


def test_one_that_was_edited_after_signing_does_not_count(failing: Company, ciso: FileKey) -> None:
    path = failing.write_waiver(ciso)
    path.write_text(path.read_text("utf-8").replace("max_items: 1", "max_items: 9"), "utf-8")
    assert "other bytes than this file has" in refused(failing)


def test_one_for_another_environment_does_not_count(failing: Company, ciso: FileKey) -> None:
    failing.configure(environments={"prod": {}, "staging": {}})
    failing.write_waiver(ciso, environments=["staging"])
    assert "it is for staging, not prod" in refused(failing)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires": "2026-03-31T12:00:00Z"}, "it expired at 2026-03-31T12:00:00Z"),
        ({"approved_at": "2026-05-01T00:00:00Z"}, "it is approved only from"),
        ({"requested_by": "ciso"}, "its approver requested it"),
        ({"match": "true", "max_items": 1}, "it matches 2 resources and was approved for 1"),
        ({"expires": "2027-06-01T00:00:00Z"}, "it lasts longer than 180 days"),
        ({"match": 'resource.nam == "a"'}, "its match could not be decided"),
    ],
)
def test_one_that_is_not_in_force_does_not_count(
    failing: Company, ciso: FileKey, changes: dict[str, object], reason: str
) -> None:
    failing.write_waiver(ciso, **changes)
    assert reason in refused(failing)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"not a key", "the key of ciso is not a public key"),
    ],
)
def test_one_whose_approvers_key_is_no_key_does_not_count(
    failing: Company, ciso: FileKey, content: bytes | None, said: str
) -> None:
    failing.write_waiver(ciso)
    public = failing.folder / "trust" / "ciso.pub"
    public.unlink() if content is None else public.write_bytes(content)
    assert said in refused(failing)


def test_a_signature_that_is_no_signature_does_not_count(failing: Company, ciso: FileKey) -> None:
    path = failing.write_waiver(ciso)
    path.with_name(f"{path.name}.sig").write_text("{}", "utf-8")
    assert signature(failing) != "valid"
    refused(failing)


def problems(company: Company) -> str:
    with pytest.raises(DefinitionError) as caught:
        company.project().waivers  # noqa: B018 - loading them is the test
    return str(caught.value)


def test_an_unknown_check_is_an_error_with_the_nearest_name(failing: Company) -> None:
    failing.write_waiver(check="things-in-order/thin")
    text = "no check `things-in-order/thin`, did you mean `things-in-order/thing`?"
    assert f"waivers/W-2026-001.yaml:2:8: {text}" in problems(failing)


def test_an_unknown_environment_is_an_error_with_the_nearest_name(failing: Company) -> None:
    failing.write_waiver(environments=["prd"])
    assert "no environment `prd`, did you mean `prod`?" in problems(failing)


def test_a_match_that_does_not_compile_is_found_before_anything_is_read(failing: Company) -> None:
    failing.write_waiver(match='resource.name == "a')
    assert "waivers/W-2026-001.yaml:3:8" in problems(failing)
    with pytest.raises(DefinitionError):
        failing.scan()
    assert not (failing.folder / "evidence").exists()


def test_two_of_one_id_are_an_error(failing: Company) -> None:
    path = failing.write_waiver()
    shutil.copy(path, path.with_name("again.yaml"))
    assert "two waivers have the id W-2026-001" in problems(failing)


def test_the_problems_of_all_files_are_told_at_once(failing: Company) -> None:
    failing.write_waiver(id="W-2026-001", check="no/such")
    failing.write_waiver(id="W-2026-002", environments=["nowhere"])
    (failing.folder / "waivers" / "W-3.yaml").write_bytes(b"\xff")
    (failing.folder / "waivers" / "W-4.yaml").mkdir()
    text = problems(failing)
    for said in ("no check `no/such`", "no environment `nowhere`", "not text", "Is a directory"):
        assert said in text


def test_a_folder_that_is_missing_is_an_error_that_says_what_to_do(failing: Company) -> None:
    (failing.folder / "waivers").rmdir()
    text = problems(failing)
    assert "auditor.yaml:" in text
    assert "hint: mkdir" in text


def test_no_folder_in_the_configuration_is_no_waiver(failing: Company) -> None:
    failing.configure(waivers=None)
    assert failing.project().waivers == ()


def test_what_is_no_waiver_is_not_signed(failing: Company, ciso: FileKey) -> None:
    for name, content in (("a.yaml", b"id: x"), ("b.yaml", b"\xff"), ("c.yaml", None)):
        path = failing.folder / "waivers" / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(DefinitionError):
            sign_waiver(path, ciso)
        assert not Path(f"{path}.sig").exists()
