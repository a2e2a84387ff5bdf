"""An explanation as a value: lines for people, and the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Line:
    """One term that decided.

    Args:
        term: Its text, with paths in place of loop variables.
        outcome: `true`, `false` or `error`.
        values: What it read: path and shown value.
        detail: The error's sentence, or what is to say of a list as a whole.
    """

    term: str
    outcome: str
    values: tuple[tuple[str, str], ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        # What is nothing but a field has said its value by being true or false.
        read = ", ".join(f"{path} = {value}" for path, value in self.values if path != self.term)
        plain = not read and bool(self.values) and not self.detail
        if self.outcome == "error":
            return self.detail
        if plain:
            return f"`{self.term}` is {self.outcome}"
        return f"`{self.term}` is {self.outcome}: {self.detail or read or 'always'}"

    def to_json(self) -> dict[str, object]:
        """As a JSON object."""
        return {
            "term": self.term,
            "outcome": self.outcome,
            "values": dict(self.values),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """Why an expression has its result.

    Args:
        outcome: `true`, `false` or `error` (neither).
        left_out: Lines more than `lines` holds.
        would_pass_if: Terms of which each alone would make the result true.
    """

    outcome: str
    lines: tuple[Line, ...]
    left_out: int = 0
    would_pass_if: tuple[str, ...] = ()

    def short(self, hide: frozenset[str] = frozenset()) -> str:
        """One line for the reason of a finding.

        Args:
            hide: Paths whose values are left out: equal evidence must give equal reasons at
                whatever moment it is judged.
        """
        if not self.lines:
            return ""
        first = self.lines[0]
        kept = tuple((path, value) for path, value in first.values if path not in hide)
        told = str(replace(first, values=kept))
        more = len(self.lines) - 1 + self.left_out
        return f"{told} (and {more} more)" if more else told

    def text(self) -> str:
        """All lines, one below the other."""
        told = [str(line) for line in self.lines]
        if self.left_out:
            told.append(f"and {self.left_out} more")
        told += [f"would pass if {term}" for term in self.would_pass_if]
        return "\n".join(told)

    def to_json(self) -> dict[str, object]:
        """As a JSON object."""
        return {
            "outcome": self.outcome,
            "lines": [line.to_json() for line in self.lines],
            "left_out": self.left_out,
            "would_pass_if": list(self.would_pass_if),
        }
