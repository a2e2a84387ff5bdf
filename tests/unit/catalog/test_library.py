"""Libraries: controls, extensions, frameworks and the catalogue, each wrong thing at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.catalog.library import load_catalogue, load_library
from auditor.errors import DefinitionError, ExitCode, NothingEvaluatedError, UsageError
from auditor.shipped import shipped
from tests.unit.catalog.files import CONTROL, FRAMEWORK, library_folder, merged, write


def refused(*folders: Path) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load_library(folders)
    return [str(problem) for problem in caught.value.problems]


def extension(folder: Path, **more: Any) -> Path:
    write(folder / "area" / "mine" / "control.yaml", {"extends": "things"} | more)
    return folder


def test_a_library_is_read_from_all_folders(tmp_path: Path) -> None:
    first = library_folder(tmp_path / "one")
    second = library_folder(tmp_path / "two", {"id": "others"}, {"id": "second"})
    library = load_library([first, second])
    assert [control.id for control in library.sorted_controls()] == ["others", "things"]
    assert sorted(library.frameworks) == ["demo", "second"]
    assert library.catalogue == {}
    assert library.controls["things"].folder == first / "area" / "things"


def test_a_folder_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere does not exist"):
        load_library([tmp_path / "nowhere"])


@pytest.mark.parametrize("folders", [0, 1])
def test_no_control_at_all_is_never_a_success(tmp_path: Path, folders: int) -> None:
    with pytest.raises(NothingEvaluatedError, match="no control found in") as caught:
        load_library([tmp_path] * folders)
    assert caught.value.exit_code is ExitCode.NOTHING_EVALUATED
    assert "control.yaml" in caught.value.hint


def test_the_id_is_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "c" / "area" / "wrong" / "control.yaml", CONTROL)
    assert refused(tmp_path / "c") == [
        "c/area/wrong/control.yaml:1:5: id is `things` and the folder is `wrong`: make them equal"
    ]


def test_a_control_is_never_silently_replaced(tmp_path: Path) -> None:
    first, second = library_folder(tmp_path / "one"), library_folder(tmp_path / "two")
    (second / "frameworks" / "demo.yaml").unlink()
    assert refused(first, second) == [
        (
            "two/area/things/control.yaml:1:5: the control `things` is already defined in "
            "one/area/things/control.yaml\n  hint: write `extends: <id>` to change parameters, "
            "owner or mappings of the first one"
        )
    ]


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = library_folder(tmp_path / "c", {"title": "x"}, {"total": 3})
    write(folder / "area" / "other" / "control.yaml", "a: [")
    (folder / "area" / "third").mkdir()
    (folder / "area" / "third" / "control.yaml").write_bytes(b"\xff")
    places = [line.split(": ")[0] for line in refused(folder)]
    assert places == [
        "c/area/other/control.yaml:2:1",
        "c/area/things/control.yaml:2:8",
        "c/area/third/control.yaml:1:1",
        "c/frameworks/demo.yaml:1:1",
    ]


@pytest.mark.parametrize("name", ["control.yml", "control.YAML", "control.YML"])
def test_a_control_whose_file_has_another_name_is_not_passed_over(
    tmp_path: Path, name: str
) -> None:
    folder = library_folder(tmp_path / "c")
    write(folder / "area" / "other" / name, "{}")
    assert refused(folder) == [f"c/area/other/{name}:1:1: a control's file is called control.yaml"]


def test_an_extension_changes_default_owner_and_mappings_and_stays_visible(tmp_path: Path) -> None:
    base = library_folder(tmp_path / "one")
    mine = extension(
        tmp_path / "mine",
        owner={"role": "ciso"},
        parameters={"age": {"default": "7d"}},
        maps={"demo": [{"id": "D2", "strength": "full"}], "own": [{"id": "1", "strength": "full"}]},
    )
    loaded = load_library([base, mine]).controls["things"]
    assert loaded.control.owner.role == "ciso"
    assert loaded.control.parameters["age"].default == "7d"
    assert [mapping.id for mapping in loaded.control.maps["demo"]] == ["D1", "D2"]
    assert [mapping.id for mapping in loaded.control.maps["own"]] == ["1"]
    assert loaded.extended_by == ("mine/area/mine/control.yaml",)
    again = extension(tmp_path / "again", parameters={"age": {"default": "2d"}})
    twice = load_library([base, mine, again]).controls["things"]
    assert twice.extended_by == ("mine/area/mine/control.yaml", "again/area/mine/control.yaml")
    assert (twice.control.parameters["age"].default, twice.control.owner.role) == ("2d", "ciso")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"extends": "thingz"}, ":1:10: no control `thingz`, did you mean `things`?"),
        (
            {"parameters": {"agee": {"default": "1d"}}},
            ":3:3: no parameter `agee`, did you mean `age`?",
        ),
        (
            {"parameters": {"age": {"default": "60d"}}},
            ":4:14: age: '60d' is looser than the loosest allowed '30d'",
        ),
        ({"parameters": {"age": {"default": 5}}}, ":4:14: age: got 5, expected a number"),
        ({"parameters": {"age": {"loosest": "90d"}}}, ":4:5: unknown field `loosest`"),
        ({"checks": []}, ":2:1: unknown field `checks`"),
        ({"title": "A weaker one"}, ":2:1: unknown field `title`"),
    ],
)
def test_an_extension_can_loosen_nothing_beyond_what_is_allowed(
    tmp_path: Path, more: dict[str, Any], message: str
) -> None:
    base = library_folder(tmp_path / "one")
    found = refused(base, extension(tmp_path / "mine", **more))
    assert any(line.startswith(f"mine/area/mine/control.yaml{message}") for line in found), found


def test_an_extension_comes_after_what_it_extends(tmp_path: Path) -> None:
    base = library_folder(tmp_path / "one")
    assert "no control `things`" in refused(extension(tmp_path / "mine"), base)[0]


@pytest.mark.parametrize(("name", "number"), [("soc2", 61), ("iso27001", 93 + 30)])
def test_the_shipped_frameworks_are_complete(name: str, number: int) -> None:
    framework = load_library([shipped("controls")]).frameworks[name]
    assert len({requirement.id for requirement in framework.requirements}) == number
    if name == "iso27001":
        annex = [r for r in framework.requirements if r.id.startswith("A.")]
        assert (len(annex), number - len(annex)) == (93, 30)
        assert framework.requirement("A.5.30") is not None


@pytest.mark.parametrize("name", ["soc2", "iso27001"])
def test_a_shipped_framework_that_lost_one_requirement_is_refused(
    tmp_path: Path, name: str
) -> None:
    text = (shipped("controls") / "frameworks" / f"{name}.yaml").read_text("utf-8")
    lines = text.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("requirements:")) + 1
    end = next(i for i in range(first + 1, len(lines)) if lines[i].lstrip().startswith("- "))
    folder = library_folder(tmp_path / "c")
    write(folder / "frameworks" / "lost.yaml", "".join(lines[:first] + lines[end:]))
    (found,) = refused(folder)
    assert found.startswith("c/frameworks/lost.yaml:3:1: counts by group are")


def test_a_framework_is_defined_once(tmp_path: Path) -> None:
    folder = library_folder(tmp_path / "c")
    write(folder / "frameworks" / "more.yaml", FRAMEWORK)
    assert refused(folder) == ["c/frameworks/more.yaml:1:5: the framework `demo` is defined twice"]


HEADER = "id,title,collector,severity,on_empty,freshness,soc2,iso27001,equivalents\n"
ROW = "demo.thing,Things,demo,high,error,24h,CC6.1 CC6.3,A.8.5,\n"


def test_the_catalogue_is_read_by_its_columns(tmp_path: Path) -> None:
    folder = library_folder(tmp_path / "c")
    write(folder / "catalogue.csv", HEADER + ROW)
    entry = load_library([folder]).catalogue["demo.thing"]
    assert (entry.soc2, entry.iso27001, entry.equivalents) == (("CC6.1", "CC6.3"), ("A.8.5",), ())
    assert (entry.severity, entry.on_empty, entry.freshness) == ("high", "error", "24h")
    assert load_catalogue(tmp_path / "absent.csv") == {}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("id,title\na,b\n", 2, "no column collector, severity, on_empty, freshness"),
        (HEADER + ROW + "demo.other,Other\n", 3, "a row of 2 cells, expected 9"),
        (HEADER + ROW.replace("Things", "Things, all"), 2, "a row of 10 cells, expected 9"),
        (HEADER + ROW + ROW, 3, "the check `demo.thing` stands here twice"),
        (HEADER + '"a"b,' + ROW, 2, "','"),
        (HEADER + ROW.replace("24h", "daily"), 2, "got 'daily', expected a number and a unit"),
        (HEADER + "\xff", 1, ""),
    ],
)
def test_a_catalogue_that_is_damaged_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    folder = library_folder(tmp_path / "c")
    (folder / "catalogue.csv").write_bytes(text.encode("latin-1"))
    (found,) = refused(folder)
    assert found.startswith(f"c/catalogue.csv:{line}:1: not a catalogue: ")
    assert message in found


def test_the_shipped_catalogue_has_its_473_checks() -> None:
    assert len(load_catalogue(shipped("controls") / "catalogue.csv")) == 473


def test_merging_is_what_the_other_tests_think_it_is() -> None:
    assert merged({"a": [{"b": 1}], "c": 2}, {"a": {0: {"b": 3}}, "c": ...}) == {"a": [{"b": 3}]}
