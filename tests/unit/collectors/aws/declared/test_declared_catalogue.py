"""The catalogue of declared forms: fields of their types, and nothing from what is not known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from auditor.collectors.aws.declared.blocks import Block, Document
from auditor.collectors.aws.declared.extract import Surroundings, extract
from auditor.collectors.aws.declared.hidden import Hidden
from auditor.collectors.aws.declared.model import Form, load_declared
from auditor.collectors.aws.loader import load_catalogue
from auditor.core.evaluate.view import view
from auditor.core.model.status import Cause

CONTROLS = Path(__file__).parents[5] / "controls"
FORMS = [
    (name, language)
    for name, declared in load_declared().items()
    for language in ("terraform", "cloudformation")
    if declared.form(language) is not None
]


def _form(name: str, language: str) -> Form:
    form = load_declared()[name].form(language)
    assert form is not None
    return form


@pytest.mark.parametrize(("name", "language"), FORMS)
def test_every_field_is_one_of_the_type_and_constants_have_its_type(
    name: str, language: str
) -> None:
    """An empty block has every default, and nothing that is written of another type."""
    collected, form = load_catalogue()[name], _form(name, language)
    assert form.fields.keys() <= collected.types.keys() - {collected.spec.key}
    empty = Document([Block("a", form.kinds[0], {}, frozenset())])
    [resource], _gaps = extract(collected, form, empty, Surroundings("111122223333", "eu-west-1"))
    causes = {gap.cause for gap in resource.unread.values()}
    assert causes <= {Cause.NOT_DECLARED}
    seen = view(resource, collected.resource_type.fields)
    assert {gap.cause for gap in seen.unread.values()} <= {Cause.NOT_DECLARED}
    stated = {field for field, spec in form.fields.items() if spec.because}
    assert stated <= resource.data.keys()


@pytest.mark.parametrize(("name", "language"), FORMS)
def test_a_type_that_must_be_there_is_a_gap_where_a_declaration_has_none(
    name: str, language: str
) -> None:
    """Else `on_empty: fail` would blame a small declaration for what another one declares."""
    rules = {
        check["population"]["on_empty"]
        for path in sorted(CONTROLS.rglob("control.yaml"))
        for check in yaml.safe_load(path.read_text())["checks"]
        if check["resource"] == name
    }
    if rules & {"error", "fail"}:
        assert _form(name, language).elsewhere


@pytest.mark.parametrize(("name", "language"), FORMS)
def test_nothing_comes_from_arguments_that_are_not_known_yet(name: str, language: str) -> None:
    """Everything is written and known later: what is read all the same, no argument decides."""
    collected, form = load_catalogue()[name], _form(name, language)
    later = Hidden(Cause.KNOWN_AFTER_APPLY, "it is known after apply")
    paths = {part.by for part in form.parts.values()} | {
        path
        for spec in form.fields.values()
        for path in [*([spec.path] if isinstance(spec.path, str) else spec.path), *spec.own]
    }
    roots = {re.split(r"[.\[(]", path.removeprefix("?"))[0] for path in paths} - {
        "nothing",
        "$kind",
    }
    values = dict.fromkeys(roots, later)
    blocks = [Block("a", form.kinds[0], values, frozenset(roots))]
    for part in form.parts.values():
        blocks += [Block(kind, kind, values, frozenset(roots)) for kind in part.kinds]
    [resource], _gaps = extract(collected, form, Document(blocks), Surroundings())
    decided = {
        field
        for field, spec in form.fields.items()
        if not spec.has("value") and spec.path not in ("nothing", "$kind")
    }
    assert not decided & resource.data.keys()


def test_at_least_twelve_types_have_a_form_in_both_languages() -> None:
    both = [name for name, language in FORMS if language == "cloudformation"]
    assert len(both) >= 12
