"""A collector in memory. What it does wrong is a setting of its target: no state, no patching."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from auditor.collectors.interface import (
    CollectionContext,
    Expander,
    Expansion,
    PlannedCall,
    Preflight,
    TargetKind,
)
from auditor.core.model.fields import Record, Scalar
from auditor.core.model.observation import Gap, Observation, Resource
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

FIELDS = Record({"name": Scalar("string"), "ok": Scalar("bool")})
DERIVED = Record({"name": Scalar("string"), "raw": Scalar("string"), "length": Scalar("int")})


def _length(data: Mapping[str, object]) -> dict[str, object]:
    return {"length": len(str(data["raw"]))}


def _type(name: str, fields: Record = FIELDS, *, active: bool = False) -> ResourceType:
    derive = _length if fields is DERIVED else None
    return ResourceType(name, name.title(), fields, Record({}), derive=derive, active=active)


class FakeSettings(BaseModel):
    """Settings of a target of kind `fake`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: str = "honest"
    bad: tuple[str, ...] = ()
    sleepers: int = 0


class FakeGroup:
    """A target that stands for two others."""

    target_kind = "fake-group"
    settings: type[BaseModel] = FakeSettings

    def unexpanded(self, target: Target) -> Target:
        return replace(target, name=f"{target.name}.each", kind="fake")

    def expand(self, target: Target, context: CollectionContext) -> Expansion:
        del context
        members = tuple(
            replace(target, name=f"{target.name}.{name}", kind="fake") for name in ("x", "y")
        )
        return Expansion(members, {"left_out": [f"{target.name}.z (closed)"]})


class FakeCollector:
    """Reads two things (`a` and `b`) of each type; `bad` names those that are not ok."""

    name = "fake"
    query_language = ""
    target_kinds: Mapping[str, TargetKind] = {"fake": TargetKind(FakeSettings)}

    @property
    def expanders(self) -> Sequence[Expander]:
        return (FakeGroup(),)

    def resource_types(self) -> Mapping[str, ResourceType]:
        return {
            "fake.thing": _type("fake.thing"),
            "fake.other": _type("fake.other"),
            "fake.probe": _type("fake.probe", active=True),
            "fake.derived": _type("fake.derived", DERIVED),
        }

    def grants(self, resource_types: Sequence[str]) -> Mapping[str, str]:
        return {"text": "".join(f"read {name}\n" for name in resource_types)}

    def planned_calls(self, target: Target, resource_types: Sequence[str]) -> Sequence[PlannedCall]:
        return [PlannedCall(f"list {name}", 1, target.name) for name in resource_types]

    def preflight(self, target: Target, context: CollectionContext) -> Preflight:
        del context
        return Preflight(f"fake on {target.name}")

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        mode = str(target.settings.get("mode", "honest"))
        if mode == "raises at once":
            raise ValueError("no stream at all")
        honest = [self._observe(target, name, context) for name in resource_types]
        return iter(_MODES[mode](honest, context))

    def _observe(self, target: Target, name: str, context: CollectionContext) -> Observation:
        bad: Iterable[str] = target.settings.get("bad", ())  # type: ignore[assignment]
        rows: list[dict[str, object]] = [{"name": n, "ok": n not in bad} for n in ("a", "b")]
        if name == "fake.derived":
            rows = [{"name": "a", "raw": "1234", "length": 4}]
        now = context.clock()
        return Observation(
            target=target.name,
            environment=target.environment,
            resource_type=name,
            identity="fake",
            started_at=now,
            read_at=now,
            as_of=now,
            resources=tuple(Resource(row) for row in rows),
        )


Mode = Callable[[list[Observation], CollectionContext], Iterable[Observation]]


def _raises_after_one(honest: list[Observation], _context: object) -> Iterator[Observation]:
    yield honest[0]
    raise RuntimeError("the wire was cut")


def _unasked(honest: list[Observation], _context: object) -> Iterator[Observation]:
    yield replace(honest[0], resource_type="fake.surprise")
    yield from honest


def _twice(honest: list[Observation], _context: object) -> Iterator[Observation]:
    yield from honest
    yield honest[0]


def _denied(honest: list[Observation], _context: object) -> Iterator[Observation]:
    gap = Gap(Cause.DENIED, "not allowed", action="fake:List", hint="grant fake:List")
    return (replace(one, resources=(), gaps=(gap,)) for one in honest)


def _false_length(honest: list[Observation], _context: object) -> Iterator[Observation]:
    changed = (Resource({"name": "a", "raw": "1234", "length": 5}),)
    for one in honest:
        derived = one.resource_type == "fake.derived"
        yield replace(one, resources=changed) if derived else one


def _interrupted(honest: list[Observation], context: CollectionContext) -> Iterator[Observation]:
    yield honest[0]
    for _ in range(3):
        context.executor.submit(context.progress, "a request that was under way")
    raise KeyboardInterrupt


def _waits(honest: list[Observation], context: CollectionContext) -> Iterator[Observation]:
    """Until somebody sends a signal; the process itself is then as in a slow scan."""
    yield honest[0]
    context.progress("waiting")
    signal.pause()


_MODES: Mapping[str, Mode] = {
    "honest": lambda honest, _context: honest,
    "empty": lambda honest, _context: [replace(one, resources=()) for one in honest],
    "raises after one": _raises_after_one,
    "forgets one": lambda honest, _context: honest[:-1],
    "unasked": _unasked,
    "twice": _twice,
    "denied": _denied,
    "false length": _false_length,
    "interrupted": _interrupted,
    "waits": _waits,
}
