from __future__ import annotations

from pathlib import Path

import pytest

from auditor.collectors.types_yaml import load_resource_types, parse_resource_types
from auditor.core.model.fields import ListOf, Scalar
from auditor.errors import DefinitionError

TEXT = """
demo.thing:
  title: A thing
  fields: {id: string, "size?": int, tags: list<string>}
  facts: {count: int}
  permissions: ["demo:List"]
  derived: [size, tags]
  active: true
demo.other:
  title: Another thing
  fields: {id: string}
"""


def test_a_type_has_what_the_file_says() -> None:
    types = parse_resource_types(TEXT, "demo.yaml", {"demo.thing": dict})
    thing, other = types.values()
    assert (thing.name, thing.title, thing.collector) == ("demo.thing", "A thing", "demo")
    assert thing.fields.fields["tags"] == ListOf(Scalar("string"))
    assert thing.fields.nullable == {"size"}
    assert thing.facts.fields == {"count": Scalar("int")}
    assert (thing.permissions, thing.active, thing.derive) == (("demo:List",), True, dict)
    assert (thing.derived, other.derived) == (("size", "tags"), ())
    assert (other.permissions, other.active, other.derive) == ((), False, None)
    assert other.facts.fields == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("demo.thing: {title: A thing", "not YAML"),
        (TEXT.replace("tags: list<string>", "id: int"), "the key `id` stands here twice"),
        (TEXT.replace("int,", "integer,"), "unknown type 'integer'"),
        (TEXT.replace("{count: int}", "{count: [int, int]}"), "is no type"),
        (TEXT.replace("active: true", "activ: true"), "`activ`, did you mean `active`?"),
        (TEXT.replace("demo.other", "Demo"), "Demo"),
        (TEXT.replace("title: Another thing", "title: 7"), "title: Input should be a valid string"),
        ("- a", "dictionary"),
        (TEXT, "`derived` has no step for its fields"),
        (TEXT.replace("[size, tags]", "[size, tag]"), "no field: tag"),
        ("[a]: {title: b}", "a key must be text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(DefinitionError, match=r"^demo\.yaml:\d+:\d+: ") as caught:
        parse_resource_types(text, "demo.yaml")
    assert said in str(caught.value)


def test_a_derive_step_without_a_type_is_refused() -> None:
    with pytest.raises(DefinitionError, match="derive step for no type: demo\\.gone"):
        parse_resource_types(TEXT, "demo.yaml", {"demo.gone": dict})


def test_a_derive_step_names_its_fields() -> None:
    without = TEXT.replace("  derived: [size, tags]\n", "")
    with pytest.raises(DefinitionError, match=r"`derived` lists no field for its step"):
        parse_resource_types(without, "demo.yaml", {"demo.thing": dict})


def test_a_file_is_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "types.yaml"
    with pytest.raises(DefinitionError, match="cannot be read"):
        load_resource_types(path)
    path.write_text(TEXT.replace("  derived: [size, tags]\n", ""))
    assert list(load_resource_types(path)) == ["demo.thing", "demo.other"]
