"""The form of `catalogue/*.yaml`: where a declaration states the fields of a resource type.

The files stand beside those of the living account and not in them: a scan of an account must not
pay for reading them. A field that a form does not name is one that a declaration cannot show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel, model_validator

from auditor.catalog.source import parse_yaml, validate
from auditor.collectors.aws.declared.functions import FUNCTIONS

CATALOGUE = Path(__file__).resolve().parent / "catalogue"


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Spec):
    """Blocks of another kind that say something about this one.

    Args:
        kinds: `aws_s3_bucket_versioning`.
        by: Argument of such a block that names the one it belongs to.
        to: Arguments of this one that it may be named by.
    """

    kinds: list[str] = Field(min_length=1)
    by: str
    to: list[str] = Field(default_factory=list)


class DeclaredField(_Spec):
    """Where a form states a field.

    Args:
        path: In the block, or in each block of `part`; several: a mapping of what stands there.
        part: Name of the blocks of another kind that state it.
        many: There may be several blocks of it: the value is a list.
        own: Arguments of the block itself that say it, too; with `many` the function gets `own` and
            `parts`, else they are looked at where there is no block of `part`.
        via: Function that is applied to what was found; to `default` it is not.
        value: A constant.
        default: What it means that nobody wrote it.
        unless: Arguments that, where one is set, make the default unknown: a copy is as its source.
        least: The value that protects least, where it is declared elsewhere, if at all.
        because: Who says so: needed for each value that no declaration states.
    """

    path: str | list[str] = "@"
    part: str | None = None
    many: bool = False
    own: list[str] = Field(default_factory=list)
    via: str | None = None
    value: JsonValue = None
    default: JsonValue = None
    unless: list[str] = Field(default_factory=list)
    least: JsonValue = None
    because: str = ""

    def has(self, name: str) -> bool:
        """It was written, perhaps as null."""
        return name in self.model_fields_set

    @model_validator(mode="after")
    def _consistent(self) -> DeclaredField:
        stated = [name for name in ("value", "default", "least") if self.has(name)]
        if len(stated) > 1:
            raise ValueError(f"{' and '.join(stated)} do not go together")
        if bool(stated) != bool(self.because):
            raise ValueError("`because` goes with value, default and least")
        if self.via is not None and self.via not in FUNCTIONS:
            raise ValueError(f"no function {self.via!r}")
        if self.unless and not self.has("default"):
            raise ValueError("`unless` goes with `default`")
        if (self.many or self.own) and self.part is None:
            raise ValueError("`many` and `own` go with `part`")
        return self


class Form(_Spec):
    """How one language declares a resource type.

    Args:
        kinds: Kinds of blocks that each are one resource.
        elsewhere: That others are declared elsewhere is a gap: `always`, or where there is none
            (`absent`), since the account has or needs one.
        unread: Kinds of blocks that make such a resource, too, and are not read: each is a gap.
        parts: Blocks of other kinds, by name.
    """

    kinds: list[str] = Field(min_length=1)
    elsewhere: Literal["", "absent", "always"] = ""
    unread: list[str] = Field(default_factory=list)
    parts: dict[str, Part] = Field(default_factory=dict)
    fields: dict[str, DeclaredField]

    @model_validator(mode="after")
    def _known_parts(self) -> Form:
        for name, field in self.fields.items():
            if field.part is not None and field.part not in self.parts:
                raise ValueError(f"{name}: no part {field.part!r}")
        return self


class DeclaredType(_Spec):
    """The forms of one resource type."""

    terraform: Form | None = None
    cloudformation: Form | None = None

    def form(self, language: str) -> Form | None:
        """The form in a language, where there is one."""
        return self.terraform if language == "terraform" else self.cloudformation


class _File(RootModel[dict[str, DeclaredType]]):
    """One file of the catalogue."""


@cache  # the files are part of the program
def load_declared() -> Mapping[str, DeclaredType]:
    """The types that have a declared form, by name.

    Raises:
        DefinitionError: A file has another form.
    """
    return MappingProxyType(dict(_types()))


def _types() -> Iterator[tuple[str, DeclaredType]]:
    for file in sorted(CATALOGUE.glob("*.yaml")):
        source = parse_yaml(file.read_text("utf-8"), f"declared/{file.name}")
        yield from validate(source, _File).root.items()
