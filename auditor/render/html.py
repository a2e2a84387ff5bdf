"""HTML: one self-contained file that asks for nothing, for people who read on a screen.

Style sheet, script and fonts are inside; a content security policy allows exactly these by their
hash, so that nothing which was collected can run or load anything. The script only filters the
list of findings; without it everything is shown. Standard: CSP Level 3, WCAG 2.2.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from auditor.core.model.assessment import Assessment
from auditor.render.fonts import LATIN, data_url, font_faces
from auditor.render.page import context
from auditor.render.templates import environment, read_asset
from auditor.render.view.words import STATUS_ORDER

_FOLDER = "html"


@dataclass(frozen=True, slots=True)
class HtmlRenderer:
    """One HTML file.

    Args:
        findings: Most findings listed, the worst first; the number left out is stated.
    """

    findings: int = 5000
    name: str = "html"
    suffix: str = ".html"
    media_type: str = "text/html; charset=utf-8"

    def render(self, assessment: Assessment) -> bytes:
        """The file in UTF-8.

        Raises:
            InternalError: The templates are missing from the installation.
        """
        style = f"{font_faces(LATIN, data_url)}\n{read_asset(_FOLDER, 'report.css')}"
        script = read_asset(_FOLDER, "report.js")
        template = environment(_FOLDER).get_template("report.html.j2")
        text = template.render(
            context(assessment, STATUS_ORDER, self.findings),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=content_policy(style, script),
        )
        return text.encode()


def content_policy(style: str, script: str) -> str:
    """The content security policy that allows exactly this style sheet and this script."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_source(style)}'",
            f"script-src '{_source(script)}'",
            "font-src data:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _source(text: str) -> str:
    hashed = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"sha256-{hashed}"
