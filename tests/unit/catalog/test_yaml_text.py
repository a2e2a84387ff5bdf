"""YAML text: what is accepted, and the line and column of everything that is not."""

# ruff: noqa: E501 - tables with one case a line

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from auditor.catalog.cases import CaseFile
from auditor.catalog.config import Config
from auditor.catalog.dialect import MAX_CHARACTERS, MAX_DEPTH, MAX_DIGITS
from auditor.catalog.source import did_you_mean, parse_yaml, read_yaml, validate
from auditor.core.model.control import Control
from auditor.core.model.framework import Framework
from auditor.core.model.waiver import Waiver
from auditor.errors import DefinitionError
from auditor.shipped import shipped

PLACE = re.compile(r"f\.yaml:[1-9]\d*:[1-9]\d*")
MODELS: list[type[BaseModel]] = [Control, Framework, Config, Waiver, CaseFile]
CONTROLS = sorted(shipped("controls").rglob("control.yaml"))


def problems(text: str, model: type[BaseModel] | None = None) -> list[str]:
    """What is wrong with a text, as printed; nothing when it is right."""
    try:
        source = parse_yaml(text, "f.yaml")
        if model is not None:
            validate(source, model)
    except DefinitionError as error:
        found = error.problems
    else:
        return []
    assert found
    assert all(PLACE.fullmatch(problem.where) for problem in found), found
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (
            "a: on\nb: yes\nc: no\nd: off\ne: True",
            dict(zip("abcde", ["on", "yes", "no", "off", "True"], strict=True)),
        ),
        ("a: true\nb: false", {"a": True, "b": False}),
        (
            "a: 2026-03-31\nb: 2026-03-31T12:00:00Z",
            {"a": "2026-03-31", "b": "2026-03-31T12:00:00Z"},
        ),
        (
            "a: 010\nb: 0x1F\nc: 0o7\nd: 1_000\ne: 12:30",
            {"a": "010", "b": "0x1F", "c": "0o7", "d": "1_000", "e": "12:30"},
        ),
        ("a: 7\nb: -7\nc: +7\nd: 0", {"a": 7, "b": -7, "c": 7, "d": 0}),
        (
            "a: 5.30\nb: .5\nc: 1.\nd: 1.5e3\ne: 1e3",
            {"a": 5.3, "b": 0.5, "c": 1.0, "d": 1500.0, "e": "1e3"},
        ),
        ("a: .inf\nb: .nan", {"a": ".inf", "b": ".nan"}),
        (
            "a:\nb: ~\nc: null\nd: Null\ne: ''",
            {"a": None, "b": None, "c": None, "d": "Null", "e": ""},
        ),
        ("1: a\ntrue: b\non: c\n~: d", {"1": "a", "true": "b", "on": "c", "~": "d"}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("a: '5.30'\nb: \"true\"\nc: |\n  x\n  y\n", {"a": "5.30", "b": "true", "c": "x\ny\n"}),
    ],
)
def test_the_dialect(text: str, data: object) -> None:
    assert parse_yaml(text, "f.yaml").data == data


REFUSED = [
    ("", "f.yaml:1:1: the file is empty"),
    ("# nothing\n", "f.yaml:1:1: the file is empty"),
    ("a: 1\nb: 2\na: 3", "f.yaml:3:1: the key `a` stands here twice"),
    ("x:\n  - {b: 1, b: 2}", "f.yaml:2:12: the key `b` stands here twice"),
    ('1: a\n"1": b', "f.yaml:2:1: the key `1` stands here twice"),
    ("a: &x 1", "f.yaml:1:4: anchors and aliases are not used here: repeat the value"),
    ("a: 1\nb: *x", "f.yaml:2:4: anchors and aliases are not used here: repeat the value"),
    ("&x a: 1", "f.yaml:1:1: anchors and aliases are not used here: repeat the value"),
    ("a: !!int 1", "f.yaml:1:4: the tag tag:yaml.org,2002:int is not used here: write a plain value"),
    ("a: !!bool maybe", "f.yaml:1:4: the tag tag:yaml.org,2002:bool is not used here: write a plain value"),
    ("a: !env {b: 1}", "f.yaml:1:4: the tag !env is not used here: write a plain value"),
    ("- !!set {a}", "f.yaml:1:3: the tag tag:yaml.org,2002:set is not used here: write a plain value"),
    ("? [a]\n: b", "f.yaml:1:3: a key must be text"),
    ("a: {? {} : 1}", "f.yaml:1:7: a key must be text"),
    ("a: [1", "f.yaml:2:1: not YAML: did not find expected ',' or ']'"),
    ("a: b: c", "f.yaml:1:5: not YAML: mapping values are not allowed in this context"),
    ("a:\n\t- b", "f.yaml:2:1: not YAML: found character that cannot start any token"),
    ("a\n---\nb", "f.yaml:2:1: not YAML: but found another document"),
    ('a: "\\ud800"', "f.yaml:1:7: not YAML: found invalid Unicode character escape code"),
    ("ä: é\nb: \x07", "f.yaml:2:4: not YAML: control characters are not allowed"),
    ("a: é\x00", "f.yaml:1:5: not YAML: control characters are not allowed"),
    ("a: x\nb: \ud800", "f.yaml:2:4: not YAML: half a surrogate"),
    ("a: 1.5e999", "f.yaml:1:4: 1.5e999 is no usable number"),
    ("a: " + "9" * (MAX_DIGITS + 1), f"f.yaml:1:4: {'9' * 30} is no usable number"),
    ("a: " + "9" * 5000, f"f.yaml:1:4: {'9' * 30} is no usable number"),
    ("x" * (MAX_CHARACTERS + 1), f"f.yaml:1:1: larger than {MAX_CHARACTERS} characters"),
    ("- " * (MAX_DEPTH + 1), f"f.yaml:1:{2 * MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
    ("[" * 500_000, f"f.yaml:1:{MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
    ("{a: " * 200_000, f"f.yaml:1:{4 * MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[m[:60] for _, m in REFUSED])
def test_everything_else_is_refused_with_file_line_and_column(text: str, message: str) -> None:
    assert problems(text) == [message]


def test_depth_counts_what_is_open_not_what_was() -> None:
    assert problems("- [[]]\n" * 100) == []
    assert problems("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []


SPECIAL = st.text(
    st.sampled_from("ab:-{}[],'\"\n #&*!|>%@`?~\\\t\x00\x85\ufeff\ud800"), max_size=40
)


@given(st.text(max_size=40) | SPECIAL, st.sampled_from(MODELS))
def test_law_any_text_is_accepted_or_a_definition_error_with_its_place(
    text: str, model: type[BaseModel]
) -> None:
    assert isinstance(problems(text, model), list)


@given(st.sampled_from(CONTROLS), st.integers(0, 2**32), st.sampled_from(MODELS[:1] + MODELS))
def test_law_a_damaged_control_is_accepted_or_a_definition_error(
    path: Path, seed: int, model: type[BaseModel]
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's damage
    lines = path.read_text("utf-8").splitlines(keepends=True)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        line = lines[at]
        column = chance.randint(0, len(line))
        lines[at] = chance.choice(
            [
                "",
                line * 2,
                line[:column] + chance.choice(":-{}[]'\"#&*!? \n5~") + line[column:],
                line[:column] + line[column + 1 :],
                line.replace("id:", chance.choice(["Id:", "id: 5 #", "id: [] #", "id: true #"])),
                re.sub(r": .*", chance.choice([": 5.30", ": null", ": [1]", ": {a: 1}"]), line),
            ]
        )
    assert isinstance(problems("".join(lines), model), list)


VALUES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


@given(st.data(), VALUES)
def test_law_any_value_in_any_field_of_a_control_is_accepted_or_refused(
    data: st.DataObject, value: object
) -> None:
    source = parse_yaml(data.draw(st.sampled_from(CONTROLS)).read_text("utf-8"), "f.yaml")
    at = data.draw(st.sampled_from([at for at in source.values if at]))
    inner: object = source.data
    for part in at[:-1]:
        inner = inner[part]  # type: ignore[index]  # the place of a value that is there
    inner[at[-1]] = value  # type: ignore[index]  # idem
    try:
        validate(source, Control)
    except DefinitionError as error:
        assert all(PLACE.fullmatch(problem.where) for problem in error.problems)  # noqa: PT017 - both answers are right


def test_a_file_that_is_no_mapping_is_refused_at_its_start() -> None:
    assert problems("- a", Control) == [
        "f.yaml:1:1: Input should be a valid dictionary or instance of Control"
    ]


def test_a_field_inside_a_list_of_models_has_its_nearest_name() -> None:
    assert problems("- name: one\n  nwo: 5", CaseFile) == [
        "f.yaml:2:3: unknown field `nwo`, did you mean `now`?"
    ]


def test_of_a_place_that_is_not_known_the_nearest_above_is_named() -> None:
    source = parse_yaml("a:\n  b: [1, 2]", "f.yaml")
    assert source.where(("a", "b", 1)) == "f.yaml:2:10"
    assert source.where(("a", "b", 7, "x")) == "f.yaml:2:6"
    assert source.where(("z",)) == "f.yaml:1:1"
    assert source.where(("a",), key=True) == "f.yaml:1:1"
    assert source.where(("z",), key=True) == "f.yaml:1:1"
    assert str(source.problem(("a", "b"), "wrong", "mend it")) == (
        "f.yaml:2:6: wrong\n  hint: mend it"
    )


def test_the_nearest_name_or_all_names_or_nothing() -> None:
    assert did_you_mean("agge", ["age", "size"]) == ", did you mean `age`?"
    assert did_you_mean("q", ["b", "a"]) == "; known are a, b"
    assert did_you_mean("q", []) == ""
    assert did_you_mean("q", [f"n{i:02}" for i in range(13)]) == ""


def test_a_file_that_cannot_be_read_is_a_definition_error(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nb: é".encode("latin-1"))
    for path, message in (
        (latin, "f.yaml:2:1: not text in UTF-8"),
        (tmp_path / "absent.yaml", "f.yaml:1:1: cannot be read: No such file"),
        (tmp_path, "f.yaml:1:1: cannot be read: Is a directory"),
    ):
        with pytest.raises(DefinitionError) as caught:
            read_yaml(path, "f.yaml")
        assert str(caught.value).startswith(message)
    good = tmp_path / "good.yaml"
    good.write_text("a: é", "utf-8")
    assert read_yaml(good, "f.yaml").data == {"a": "é"}
