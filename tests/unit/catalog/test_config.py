"""auditor.yaml: targets, settings and overrides, each wrong thing at its own place."""

# ruff: noqa: E501 - tables with one case a line
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from auditor.catalog.config import load_config, load_targets, resolve_overrides
from auditor.catalog.library import load_library
from auditor.collectors.interface import TargetKind
from auditor.errors import ConfigError, DefinitionError
from tests.unit.catalog.files import library_folder, write

GOOD = """\
organisation: Example Ltd
environments:
  prod: {}
  staging: {age: 2d}
targets:
  - {name: one, kind: demo, environment: prod, level: 3}
  - name: two
    kind: demo
    environment: staging
    labels: {team: core}
    rows: [{port: 22}]
"""


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    port: int


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: int = 1
    note: str | None = None
    rows: tuple[Row, ...] = ()


SETTINGS = {"demo": TargetKind(Settings)}


def config(folder: Path, text: str) -> Path:
    return write(folder / "auditor.yaml", text)


def targets_refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load_targets(load_config(config(folder, text)), SETTINGS)
    return [str(problem) for problem in caught.value.problems]


def overrides_refused(folder: Path, environments: str, control: Any = None) -> list[str]:
    library = load_library([library_folder(folder / "c", control)])
    loaded = load_config(config(folder, f"organisation: x\nenvironments:\n{environments}"))
    with pytest.raises(DefinitionError) as caught:
        resolve_overrides(loaded, library)
    return [str(problem) for problem in caught.value.problems]


def test_targets_have_the_settings_of_their_kind(tmp_path: Path) -> None:
    one, two = load_targets(load_config(config(tmp_path, GOOD)), SETTINGS)
    assert (one.name, one.environment, one.settings) == ("one", "prod", {"level": 3, "rows": []})
    assert two.labels == {"team": "core"}
    assert two.settings == {"level": 1, "rows": [{"port": 22}]}


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    loaded = load_config(config(tmp_path / "deep", GOOD))
    assert loaded.path("../keys/run.pem") == (tmp_path / "keys" / "run.pem").resolve()
    assert loaded.config.keys.run == "keys/run.pem"


def test_a_file_that_is_not_there_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no") as caught:
        load_config(tmp_path / "auditor.yaml")
    assert caught.value.hint == "auditor init"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: two", "name: one", "7:11: two targets are called `one`"),
        ("environment: staging", "environment: stagin", "9:18: no environment `stagin`, did you mean `staging`?"),
        ("name: two", "name: a/b", "7:11: name: String should match pattern"),
        ("kind: demo\n", "knd: demo\n", "7:5: the field `kind` is missing"),
        ("organisation: Example Ltd", "organization: x", "1:1: unknown field `organization`, did you mean `organisation`?"),
        ("organisation: Example Ltd", "", "2:1: the field `organisation` is missing"),
        ("prod: {}", "prod:", "3:8: prod: Input should be a valid dictionary (got None)"),
        ("kind: demo\n", "kind: dmo\n", "8:11: no kind of target `dmo`, did you mean `demo`?"),
        ("level: 3", "levl: 3", "6:48: unknown field `levl`, did you mean `level`?"),
        ("level: 3", "level: high", "6:55: level: Input should be a valid integer, unable to parse string as an integer (got 'high')"),
        ("port: 22", "port: ssh", "11:19: port: Input should be a valid integer, unable to parse string as an integer (got 'ssh')"),
        ("port: 22", "prt: 22", "11:13: unknown field `prt`, did you mean `port`?"),
        ("rows: [{port: 22}]", "rows: [{}]", "11:12: the field `port` is missing"),
    ],
)  # fmt: skip
def test_every_mistake_is_named_at_its_own_place(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    found = targets_refused(tmp_path, GOOD.replace(old, new, 1))
    assert any(line.startswith(f"auditor.yaml:{expected}") for line in found), found


def test_the_problems_of_all_targets_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("level: 3", "levl: 3").replace("port: 22", "port: ssh")
    assert len(targets_refused(tmp_path, text)) == 2


def test_overrides_reach_the_controls_that_have_the_parameter(tmp_path: Path) -> None:
    library = load_library([library_folder(tmp_path / "c")])
    loaded = load_config(config(tmp_path, GOOD))
    assert resolve_overrides(loaded, library) == {
        "prod": {},
        "staging": {"things": {"age": "2d"}},
    }


@pytest.mark.parametrize(
    "environments",
    ["  prod: {things.age: 3d, age: 2d}", "  prod: {age: 2d, things.age: 3d}"],
)
def test_what_is_said_for_one_control_outranks_what_is_said_for_all(
    tmp_path: Path, environments: str
) -> None:
    library = load_library([library_folder(tmp_path / "c")])
    loaded = load_config(config(tmp_path, f"organisation: x\nenvironments:\n{environments}"))
    assert resolve_overrides(loaded, library) == {"prod": {"things": {"age": "3d"}}}


@pytest.mark.parametrize(
    ("environments", "expected"),
    [
        ("  prod: {agee: 2d}", ["auditor.yaml:3:10: no control has a parameter `agee`, did you mean `age`?"]),
        ("  prod: {other.age: 2d}", ["auditor.yaml:3:10: no control has a parameter `other.age`"]),
        ("  prod: {age: 60d}", [
            "auditor.yaml:3:15: things.age: '60d' is looser than the loosest allowed '30d'",
            "auditor.yaml:3:9: things: `age` is 60d, and D1 requires <= 7d",
        ]),
        ("  prod: {age: 8d}", ["auditor.yaml:3:9: things: `age` is 8d, and D1 requires <= 7d"]),
        ("  prod: {age: 2}", [
            "auditor.yaml:3:15: things.age: got 2, expected a number and a unit",
            "auditor.yaml:3:9: things: `age`: got 2, expected a number and a unit",
        ]),
        ("  prod: {age: 1d}\n  staging: {age: 9d}", ["auditor.yaml:4:12: things: `age` is 9d, and D1 requires <= 7d"]),
    ],
)  # fmt: skip
def test_an_override_can_be_neither_unknown_nor_looser_than_allowed_or_required(
    tmp_path: Path, environments: str, expected: list[str]
) -> None:
    found = overrides_refused(tmp_path, environments)
    assert len(found) == len(expected), found
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_a_requirement_on_a_parameter_that_is_not_there_is_told(tmp_path: Path) -> None:
    maps = {"demo": [{"id": "D1", "strength": "full", "requires": {"agee": "<= 7d"}}]}
    assert overrides_refused(tmp_path, "  prod: {age: 2d}", {"maps": maps}) == [
        "auditor.yaml:3:9: things: no parameter `agee`, did you mean `age`?"
    ]
