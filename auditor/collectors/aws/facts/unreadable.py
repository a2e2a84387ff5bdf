"""A value that was there and could not be understood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in a row or a mapping for one bad value, so that its neighbours stay readable."""

    reason: str


def mapping(value: object, what: str) -> dict[str, object]:
    """The value, which must be a mapping.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{what}: got {type(value).__name__}, expected a mapping")
    return value


def sequence(value: object, what: str) -> list[object]:
    """The value, which must be a list: one that is not there is not an empty one.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(value, list):
        raise ValueError(f"{what}: got {type(value).__name__}, expected a list")
    return value


def mappings(value: object, what: str) -> list[dict[str, object]]:
    """A list of mappings, under the rules of `sequence` and `mapping`."""
    return [mapping(item, what) for item in sequence(value, what)]


def optional_mappings(value: object, what: str) -> list[dict[str, object]]:
    """As `mappings`, for the lists that AWS leaves out of an item when they are empty."""
    return [] if value is None else mappings(value, what)


def text(value: object, what: str) -> str:
    """The value, which must be text.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what}: got {type(value).__name__}, expected text")
    return value
