"""Paths of flagged fields: they lead somewhere, or the type is refused."""

from __future__ import annotations

import pytest

from auditor.core.model.field_path import (
    check_flags,
    field_at,
    holders,
    overlap,
    parse_path,
    shown_steps,
)
from auditor.core.model.fields import Record, Scalar, parse_field_type
from auditor.core.model.resource_type import ResourceType

SPEC = {
    "mail": "string",
    "age": "int",
    "rows": [{"note?": "string", "cells": "list<list<string>>"}],
    "policy": "map<map<list<string>>>",
}


def fields() -> Record:
    made = parse_field_type(SPEC)
    assert isinstance(made, Record)
    return made


def test_a_path_goes_through_lists_and_maps() -> None:
    assert field_at(fields(), parse_path("rows.note", fields())) == Scalar("string")
    assert field_at(fields(), ("policy", "*", "sts:externalid")).item == Scalar("string")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "path", ["male", "mail.x", "rows.notes", "policy.a.b.c", "rows.note.x", ""]
)
def test_a_path_to_nothing_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no field"):
        parse_path(path, fields())


def test_flags_that_cannot_be_honoured_are_refused() -> None:
    check_flags(fields(), ["mail"], ["policy.*.x", "rows.cells"])
    with pytest.raises(ValueError, match="no text"):
        check_flags(fields(), [], ["age"])
    with pytest.raises(ValueError, match="overlap"):
        check_flags(fields(), ["policy.a"], ["policy.*.x"])
    with pytest.raises(ValueError, match="no field `male`"):
        ResourceType("demo.x", "X", fields(), Record({}), personal=("male",))


def test_every_holder_of_a_field_is_found() -> None:
    data: dict[str, object] = {
        "rows": [{"note": "a"}, {}, 3],
        "policy": {"a": {"x": 1}, "b": {}, "c": None},
    }
    assert [(h, n) for h, n in holders(data, ("rows", "note"))] == [
        ({"note": "a"}, "note"),
        ({}, "note"),
    ]
    assert len(list(holders(data, ("policy", "*", "x")))) == 2
    assert list(holders(data, ("absent", "x"))) == []


def test_a_path_as_explanations_print_it() -> None:
    assert shown_steps('resource.rows[3].note["odd name"].x[0][1]') == (
        "resource",
        "rows",
        "note",
        "odd name",
        "x",
    )


def test_paths_overlap_when_one_lies_within_the_other() -> None:
    assert overlap(("a",), ("a", "b"))
    assert overlap(("a", "*", "c"), ("a", "b"))
    assert not overlap(("a", "b"), ("a", "c"))
