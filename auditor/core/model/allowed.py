"""What may be kept of a collected value: declared fields, without secrets.

A resource type's declaration is an allow-list. What it does not name is a defect of the collector;
it is taken out and named, never stored. A value that holds a secret gives way to a mark, and is
named too. Both are for the caller to turn into gaps: nothing that was taken out may be judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.core.model.fields import FieldType, ListOf, MapOf, Record, Scalar
from auditor.core.scrub import MARK, is_reference, names_secret, scrub

_GONE = object()
_TEXT, _FREE = Scalar("string"), Scalar("any")
_PLAIN = frozenset({str, int, bool, type(None)})


@dataclass(slots=True)
class Cleaning:
    """What was taken out of one value.

    Args:
        look: False where it is known that no text in it can hold a secret.
        undeclared: Paths of what is not declared, without indexes.
        secrets: First step of a path to the kinds of secrets found below it.
        count: How many secrets.
    """

    look: bool = True
    undeclared: set[str] = field(default_factory=set)
    secrets: dict[str, set[str]] = field(default_factory=dict)
    count: int = 0

    def record(self, value: dict[str, object], of: Record, path: str = "") -> None:
        """Clean a record in place; its values are plain JSON."""
        declared = of.fields
        for name in list(value):
            kind = declared.get(name)
            kept = _GONE if kind is None else self._value(value[name], kind, _join(path, name))
            if kept is _GONE:
                del value[name]
                self.undeclared.add(_join(path, self._plain(name)))
            elif kept is not value[name]:
                value[name] = kept

    def text(self, text: str, path: str) -> str:
        """The text without secrets, which are noted under the path's first step."""
        if not self.look:
            return text
        clean = scrub(text)
        if clean.count:
            self._note(path, clean.kinds, clean.count)
        return clean.text

    def _value(self, value: object, of: FieldType, path: str) -> object:
        if value is None or (
            not self.look and value.__class__ in _PLAIN and of.__class__ is Scalar
        ):
            return value
        match of:
            case Scalar():
                return self._scalar(value, of, path)
            case ListOf(item):
                return self._list(value, item, path)
            case MapOf(inner):
                return self._map(value, inner, path)
            case _:
                if not isinstance(value, dict):
                    return _GONE
                self.record(value, of, path)
                return value

    def _scalar(self, value: object, of: Scalar, path: str) -> object:
        if isinstance(value, str):
            return self.text(value, path)
        if not isinstance(value, (dict, list)):
            return value
        return self._free(value, path) if of == _FREE else _GONE

    def _list(self, value: object, item: FieldType, path: str) -> object:
        if not isinstance(value, list):
            return _GONE
        if not self.look and item.__class__ is Scalar and _are_plain(value):
            return value
        for index, element in enumerate(value):
            kept = self._value(element, item, path)
            if kept is _GONE:
                return _GONE
            if kept is not element:
                value[index] = kept
        return value

    def _map(self, value: object, inner: FieldType, path: str) -> object:
        if not isinstance(value, dict):
            return _GONE
        if not self.look and inner.__class__ is Scalar and _are_plain(value.values()):
            return value
        for key in list(value):
            kept = self._value(value[key], inner, path)
            if kept is _GONE:
                return _GONE
            if inner == _TEXT and isinstance(kept, str) and self._is_named(key, kept):
                self._note(path, ("named",), 1)
                kept = MARK
            if kept is not value[key]:
                value[key] = kept
        self._keys(value, path)
        return value

    def _keys(self, value: dict[str, object], path: str) -> None:
        """Keys of a map are collected text as well."""
        for key in list(value) if self.look else ():
            clean = self.text(key, path)
            if clean != key:
                value[clean] = value.pop(key)

    def _is_named(self, key: str, value: str) -> bool:
        named = self.look and value != MARK and names_secret(key)
        return named and not is_reference(value)

    def _free(self, value: object, path: str) -> object:
        """A value of a type that is not laid down: only its texts can be looked at."""
        if isinstance(value, str):
            return self.text(value, path)
        if isinstance(value, list):
            return [self._free(item, path) for item in value]
        if isinstance(value, dict):
            return {self.text(key, path): self._free(item, path) for key, item in value.items()}
        return value

    def _note(self, path: str, kinds: tuple[str, ...], count: int) -> None:
        self.secrets.setdefault(path.partition(".")[0], set()).update(kinds)
        self.count += count

    def _plain(self, name: str) -> str:
        """A name that nobody declared may itself be a secret."""
        return scrub(name).text


def _are_plain(values: Iterable[object]) -> bool:
    """Nothing in them could hold an undeclared field: the usual case, and a fast one."""
    return all(value.__class__ in _PLAIN for value in values)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
