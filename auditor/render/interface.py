"""What every renderer is: one format, `Assessment -> bytes`.

Contract, which `tests/unit/render` checks for each of them:

- Pure: no clock, no network, no randomness; equal assessments and options give equal bytes.
- Collected text is hostile until shown to be otherwise: it is escaped for the format, and control
  and direction characters are made visible (`escape.visible`).
- A list that is capped says how many are left out and where all of them are.
- No opinion: what was tested and found, never a conclusion about the organisation.
"""

from __future__ import annotations

from typing import Protocol

from auditor.core.model.assessment import Assessment


class Renderer(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """As `--format` names it: `html`."""
        ...

    @property
    def suffix(self) -> str:
        """Of a file of this format, with the dot: `.html`."""
        ...

    @property
    def media_type(self) -> str:
        """IANA media type: `text/html`."""
        ...

    def render(self, assessment: Assessment) -> bytes:
        """The whole document.

        Raises:
            DependencyError: A library that the format needs is not installed.
        """
        ...
