"""Collectors are found in the table or by entry points, and made when they are asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.app.registry import BUILT_IN, KINDS, QUERY_LANGUAGES, Collectors
from auditor.errors import ConfigError, UsageError
from tests.unit.app.company import PLACES

FAKE = PLACES["fake"]


def install(folder: Path, **entries: str) -> None:
    """A distribution that offers collectors, as pip would have left it."""
    info = folder / "somebodys_collector-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: somebodys-collector\nVersion: 1.0\n", "utf-8")
    lines = [f"{name} = {place}" for name, place in entries.items()]
    text = "\n".join(["[auditor.collectors]", *lines, ""])
    (info / "entry_points.txt").write_text(text, "utf-8")


def test_a_name_that_does_not_exist_is_an_error_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no collector `fak`, did you mean `fake`"):
        Collectors(PLACES).get("fak")
    with pytest.raises(UsageError, match="no collector reads targets of kind 'moon'"):
        Collectors(PLACES).by_kind("moon")


def test_a_collector_is_made_once_for_a_use_case() -> None:
    collectors = Collectors(PLACES)
    assert collectors.get("fake") is collectors.get("fake")
    assert collectors.by_kind("fake") is collectors.get("fake")
    assert collectors.kinds() == {"fake": ("fake",)}


def test_types_can_be_asked_for_by_name() -> None:
    collectors = Collectors(PLACES)
    assert list(collectors.resource_types(["fake.thing"])) == ["fake.thing"]
    assert len(collectors.resource_types()) == 4


def test_a_module_is_imported_when_its_collector_is_asked_for() -> None:
    nowhere = Collectors({"ghost": "no_such_module_anywhere:Ghost"})
    assert nowhere.names == ["ghost"]
    assert "no_such_module_anywhere" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        nowhere.get("ghost")


def test_an_installed_package_adds_its_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, fake=FAKE)
    monkeypatch.syspath_prepend(tmp_path)
    assert {"aws", "fake", "host", "tls"} <= set(Collectors().names)


def test_an_installed_package_cannot_take_the_place_of_a_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, host=FAKE)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="'host', and there is one of that name already"):
        Collectors()


def test_the_table_of_kinds_says_what_the_collectors_say() -> None:
    collectors = Collectors(BUILT_IN)
    for collector in collectors.all():
        kinds = [*collector.target_kinds, *(e.target_kind for e in collector.expanders)]
        assert list(KINDS[collector.name]) == kinds
        types = collector.resource_types()
        assert {name.partition(".")[0] for name in types} == {collector.name}


def test_only_the_collectors_of_the_kinds_that_are_asked_for_are_loaded() -> None:
    places = {"ghost": "no_such_module_anywhere:Ghost", **BUILT_IN}
    collectors = Collectors(BUILT_IN)
    assert set(collectors.target_kinds({"host"})) == {"host"}
    assert set(collectors.target_kinds({"moon"})) == {
        kind for kinds in KINDS.values() for kind in kinds
    }
    assert collectors.kinds(["host", "moon"]) == {"host": ("host",)}
    with pytest.raises(ModuleNotFoundError):  # somebody else's may know any kind
        Collectors(places).target_kinds({"host"})


def test_the_table_of_query_languages_says_what_the_collectors_say() -> None:
    collectors = Collectors(BUILT_IN)
    spoken = {one.name: one.query_language for one in collectors.all() if one.query_language}
    assert spoken == {name: QUERY_LANGUAGES[name] for name in QUERY_LANGUAGES}


def test_a_query_language_stands_for_the_targets_that_answer_it() -> None:
    assert Collectors(BUILT_IN).kinds(["sql"]) == {"sql": ("mysql-server", "postgres-server")}
    assert Collectors(PLACES).kinds(["sql"]) == {"sql": ()}
    assert "sql" not in Collectors(PLACES).kinds()
