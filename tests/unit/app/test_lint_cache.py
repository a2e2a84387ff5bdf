"""Lint is left out only for the very bytes that had no error before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.app.engine import make_engine
from auditor.app.library import checked_library
from auditor.app.lint_cache import CleanLibraries, cache_folder, library_digest
from auditor.app.registry import Collectors
from auditor.errors import DefinitionError
from auditor.shipped import shipped
from tests.e2e.program import write_control


def test_every_byte_name_and_place_counts(tmp_path: Path) -> None:
    folder = tmp_path / "controls"
    control = folder / "a" / "control.yaml"
    control.parent.mkdir(parents=True)
    control.write_text("id: a", "utf-8")
    first = library_digest([folder], "cel 1")
    assert library_digest([folder], "cel 1") == first
    assert library_digest([folder], "cel 2") != first
    assert library_digest([folder, folder], "cel 1") != first
    control.write_text("id: b", "utf-8")
    assert library_digest([folder], "cel 1") != first
    control.write_text("id: a", "utf-8")
    assert library_digest([folder], "cel 1") == first
    (folder / "a" / "notes.txt").write_text("nobody reads it", "utf-8")
    assert library_digest([folder], "cel 1") == first
    control.rename(folder / "a" / "another.yaml")
    assert library_digest([folder], "cel 1") != first


def test_what_is_remembered_is_found_and_the_oldest_is_forgotten(tmp_path: Path) -> None:
    known = CleanLibraries(tmp_path / "cache")
    assert "d" not in known
    known.add("d")
    assert "d" in CleanLibraries(tmp_path / "cache")
    os.utime(tmp_path / "cache" / "d", (1, 1))
    for number in range(40):
        known.add(f"x{number}")
    assert "d" not in known
    assert "x39" in known
    assert len(list((tmp_path / "cache").iterdir())) == 32


def test_nothing_is_kept_without_a_place(tmp_path: Path) -> None:
    nowhere = CleanLibraries(None)
    nowhere.add("d")
    assert "d" not in nowhere
    (tmp_path / "file").write_text("", "utf-8")
    blocked = CleanLibraries(tmp_path / "file" / "cache")
    blocked.add("d")
    assert "d" not in blocked


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.cache/auditor/lint"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "/cache"}, "/cache/auditor/lint"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "relative"}, "/home/ada/.cache/auditor/lint"),
        ({}, None),
    ],
)
def test_the_cache_is_the_users(environment: dict[str, str], folder: str | None) -> None:
    assert cache_folder(environment) == (Path(folder) if folder else None)


def test_an_error_is_found_every_time_and_a_clean_library_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "auditor" / "lint"
    good, bad = tmp_path / "good", tmp_path / "bad"
    write_control(good)
    path = write_control(bad)
    text = path.read_text("utf-8")
    path.write_text(text.replace("expr: ", "expr: resource.no_such_field == 1 && "), "utf-8")
    for _ in range(2):
        with pytest.raises(DefinitionError):
            checked_library([bad], Collectors(), make_engine())
    assert not kept.exists()
    checked_library([good], Collectors(), make_engine())
    [marker] = kept.iterdir()
    assert marker.read_bytes() == b""
    # That lint is left out for what is known shows when the wrong library is called known.
    frameworks = shipped("controls") / "frameworks"
    CleanLibraries(kept).add(library_digest([bad, frameworks], make_engine().name))
    checked_library([bad], Collectors(), make_engine())
