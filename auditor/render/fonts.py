"""The fonts that ship with the reports: IBM Plex Sans and Mono (SIL OFL 1.1), Latin subsets.

Other scripts fall back to the fonts of the reader's machine.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from auditor.shipped import shipped

_LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
    "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
_LATIN_EXT = (
    "U+0100-0130,U+0132-0151,U+0154-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,"
    "U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)


@dataclass(frozen=True, slots=True)
class Font:
    """One file of one family, weight and range of characters."""

    family: str
    weight: int
    file: str
    characters: str

    def face(self, url: str) -> str:
        """The `@font-face` rule with that URL."""
        return (
            f'@font-face{{font-family:"{self.family}";font-style:normal;'
            f"font-weight:{self.weight};font-display:swap;"
            f'src:url("{url}") format("woff2");unicode-range:{self.characters}}}'
        )


LATIN = (
    Font("Plex Sans", 400, "ibm-plex-sans-latin-400-normal.woff2", _LATIN),
    Font("Plex Sans", 600, "ibm-plex-sans-latin-600-normal.woff2", _LATIN),
    Font("Plex Mono", 400, "ibm-plex-mono-latin-400-normal.woff2", _LATIN),
)
LATIN_EXTENDED = (
    Font("Plex Sans", 400, "ibm-plex-sans-latin-ext-400-normal.woff2", _LATIN_EXT),
    Font("Plex Sans", 600, "ibm-plex-sans-latin-ext-600-normal.woff2", _LATIN_EXT),
    Font("Plex Mono", 400, "ibm-plex-mono-latin-ext-400-normal.woff2", _LATIN_EXT),
)


def font_faces(fonts: tuple[Font, ...], url: Callable[[Path], str]) -> str:
    """The `@font-face` rules, one a line, each file under the URL that `url` gives it."""
    folder = shipped("reports") / "fonts"
    return "\n".join(font.face(url(folder / font.file)) for font in fonts)


def data_url(path: Path) -> str:
    """The file itself as a URL, so that a document needs nothing beside it."""
    return f"data:font/woff2;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
