"""`init` writes a configuration that loads, or nothing; and it never overwrites."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from auditor.app.project import load_trust, open_project, origin_of
from auditor.app.registry import Collectors
from auditor.app.setup import Setup, discover, write_setup
from auditor.attest.trust import TrustPolicy
from auditor.catalog.config import load_config
from auditor.errors import AuditorError, ConfigError, DefinitionError, UsageError
from auditor.keys.file import load_key
from tests.unit.app.company import BEGIN, PLACES, Company, target

COLLECTORS = Collectors(PLACES)


def setup(*targets: dict[str, object], passphrase: bytes | None = None) -> Setup:
    extra = {"inventory": {"jobs": ["x"]}}
    return Setup("Example Ltd", "prod", list(targets), extra, {}, passphrase)


def test_what_it_writes_loads_and_names_its_own_keys(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "work"
    written = write_setup(folder, setup(target()), BEGIN, COLLECTORS)
    assert all(path.exists() for path in written)
    config = load_config(folder / "auditor.yaml").config
    assert [t.name for t in config.targets] == ["one"]
    assert config.inventory == {"jobs": ("x",)}
    trust = TrustPolicy.parse((folder / "trust" / "policy.json").read_text("utf-8"))
    log_key = load_key(folder / "keys" / "log.pem").note_key(trust.origin)
    assert [key.vkey for key in trust.log_keys] == [log_key.vkey]
    run_key = load_key(folder / "keys" / "run.pem")
    assert [key.key_id for key in trust.run_keys] == [run_key.key_id]
    assert {key.not_before for key in (*trust.log_keys, *trust.run_keys)} == {BEGIN}


def test_private_keys_are_for_their_owner_alone_and_kept_out_of_git(tmp_path: Path) -> None:
    write_setup(tmp_path, setup(target()), BEGIN, COLLECTORS)
    for name in ("run.pem", "log.pem"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    assert "*.pem" in (tmp_path / "keys" / ".gitignore").read_text("utf-8")


def test_a_passphrase_encrypts_both_keys(tmp_path: Path) -> None:
    write_setup(tmp_path, setup(target(), passphrase=b"horse"), BEGIN, COLLECTORS)
    for name in ("run.pem", "log.pem"):
        with pytest.raises(ConfigError, match="encrypted"):
            load_key(tmp_path / "keys" / name)
        assert load_key(tmp_path / "keys" / name, b"horse").key_id


@pytest.mark.parametrize(
    "present", ["auditor.yaml", "keys/run.pem", "keys/log.pem", "trust/policy.json"]
)
def test_it_overwrites_nothing_and_then_writes_nothing(tmp_path: Path, present: str) -> None:
    path = tmp_path / present
    path.parent.mkdir(exist_ok=True)
    path.write_text("precious", "utf-8")
    with pytest.raises(ConfigError, match=f"{path.name} exists already"):
        write_setup(tmp_path, setup(target()), BEGIN, COLLECTORS)
    assert path.read_text("utf-8") == "precious"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


@pytest.mark.parametrize(
    "entry",
    [target(mode=7), target(colour="red"), target() | {"kind": "fak"}, target("one name")],
)
def test_a_target_that_would_not_load_is_refused_before_anything_is_written(
    tmp_path: Path, entry: dict[str, object]
) -> None:
    with pytest.raises(DefinitionError):
        write_setup(tmp_path / "work", setup(entry), BEGIN, COLLECTORS)
    assert not (tmp_path / "work").exists()


def test_an_organisation_that_cannot_name_a_log_is_a_matter_of_configuration(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="no ASCII letter") as caught:
        write_setup(tmp_path / "work", Setup("日本", "prod", [], {}), BEGIN, COLLECTORS)
    assert "domain name" in caught.value.hint
    assert not (tmp_path / "work").exists()
    assert origin_of("Example Ltd") == "example-ltd/auditor-log"


def test_what_has_no_candidate_says_how_to_give_it() -> None:
    with pytest.raises(UsageError) as caught:
        discover(COLLECTORS, ["tls"], BEGIN, "prod")
    assert "--endpoint" in caught.value.hint


def test_this_host_is_found_by_its_own_answer() -> None:
    (found,) = discover(Collectors(), ["host"], BEGIN, "staging")
    assert found.entry is not None
    assert found.entry["kind"] == "host"
    assert found.entry["environment"] == "staging"
    assert found.said.startswith("as uid=")


def test_a_configuration_that_is_not_text_is_named(company: Company) -> None:
    company.config.write_bytes(b"organisation: \xff")
    with pytest.raises(AuditorError, match="UTF-8") as caught:
        open_project(company.config)
    assert "auditor.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no trust policy"), (b"\xff", "cannot be read"), (b"{}", "origin"), (b"?", "JSON")],
)
def test_a_trust_policy_that_is_none_is_named(
    company: Company, content: bytes | None, said: str
) -> None:
    path = company.folder / "trust" / "policy.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(AuditorError, match=said) as caught:
        load_trust(path.parent)
    assert str(path) in str(caught.value)


def test_the_trust_policy_is_json_for_people(company: Company) -> None:
    text = (company.folder / "trust" / "policy.json").read_text("utf-8")
    assert json.loads(text)["schema"] == "trust-1"
    assert len(text.splitlines()) > 10
