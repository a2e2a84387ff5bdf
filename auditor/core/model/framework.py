"""Frameworks and their requirements: ids, our own short titles, counts. Never the texts."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from auditor.core.model.control import Model, RequirementId
from auditor.core.model.ident import Id


class Group(Model):
    """A chapter of a framework, with the number of requirements that it must have."""

    id: RequirementId
    title: str
    count: int = Field(ge=1)


class Requirement(Model):
    """One criterion, clause or Annex A control.

    `evidence`: auto = mostly collectable; hybrid = records and human judgement; attest = a
    document or a statement.
    """

    id: RequirementId
    title: str = Field(min_length=3)
    group: RequirementId
    evidence: Literal["auto", "hybrid", "attest"] = "attest"
    typical_evidence: str = ""


class Framework(Model):
    """A complete list of requirements, whose size is checked when it is loaded."""

    id: Id
    title: str
    publisher: str
    version: str
    id_pattern: str
    total: int
    groups: tuple[Group, ...]
    requirements: tuple[Requirement, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        try:
            pattern = re.compile(self.id_pattern)
        except re.error as error:
            raise ValueError(f"id_pattern is no regular expression: {error}") from error
        for requirement in self.requirements:
            if pattern.fullmatch(requirement.id) is None:
                raise ValueError(f"id {requirement.id!r} does not match {self.id_pattern}")
        repeated = [i for i, n in Counter(r.id for r in self.requirements).items() if n > 1]
        if repeated:
            raise ValueError(f"repeated ids: {', '.join(repeated)}")
        found = Counter(requirement.group for requirement in self.requirements)
        expected = {group.id: group.count for group in self.groups}
        if found != expected:
            raise ValueError(f"counts by group are {dict(found)}, expected {expected}")
        if len(self.requirements) != self.total:
            raise ValueError(f"{len(self.requirements)} requirements, expected {self.total}")
        return self

    def requirement(self, requirement_id: str) -> Requirement | None:
        """The requirement of that id, or None."""
        return next((r for r in self.requirements if r.id == requirement_id), None)
