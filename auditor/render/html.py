"""HTML: one self-contained file that asks for nothing, for people who read on a screen.

Style sheet, script and fonts are inside; a content security policy allows exactly these by their
hash, so that nothing which was collected can run or load anything. With a proof the script checks
it in the browser and compares what is shown with what was signed; then it makes the lists that can
be searched and filtered, from the signed findings. Without a script the page lists the worst.
Standards: CSP Level 3, Web Cryptography, WCAG 2.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from markupsafe import Markup

from auditor.core.canonical import canonical
from auditor.core.model.assessment import Assessment
from auditor.core.model.report_proof import ReportProof
from auditor.render.dossier import TRUTHS, Dossier, raw_record
from auditor.render.fonts import LATIN, data_url, font_faces
from auditor.render.glossary import CAUSE_REMEDY, STATUS_LABEL
from auditor.render.page import context
from auditor.render.templates import environment, read_asset
from auditor.render.view.words import STATUS_ORDER

_FOLDER = "html"
DATA = 'const DOSSIER = JSON.parse(document.getElementById("dossier").textContent);'
SELECTS = (
    ("framework", "Framework"),
    ("requirement", "Requirement"),
    ("control", "Control"),
    ("severity", "Severity"),
    ("target", "Target"),
    ("environment", "Environment"),
)
"""What the list can be filtered by, beside status and text: name of the facet and its word."""


@dataclass(frozen=True, slots=True)
class HtmlRenderer:
    """One HTML file.

    Args:
        findings: Most findings that stand in the page as HTML, the worst first; the number left
            out is stated. Where there is a proof, its script shows the others too.
    """

    findings: int = 1000
    name: str = "html"
    suffix: str = ".html"
    media_type: str = "text/html; charset=utf-8"

    def render(self, assessment: Assessment, proof: ReportProof | None = None) -> bytes:
        """The file in UTF-8.

        Args:
            proof: What the page checks itself with; None makes one that says that it cannot.

        Raises:
            InternalError: The templates are missing from the installation.
            VerificationError: The proof has no checkpoint.
        """
        style = style_sheet()
        dossier = Dossier.of(assessment)
        script = _script()
        template = environment(_FOLDER).get_template("report.html.j2")
        text = template.render(
            context(assessment, STATUS_ORDER, self.findings, proof),
            embedded=_embedded(proof),
            dossier=dossier,
            script_data=Markup(dossier.script_data()),  # noqa: S704 - JSON without `<`
            raw_record=raw_record,
            truths=TRUTHS,
            shows=[(s.value, STATUS_LABEL[s], assessment.counts[s.value]) for s in STATUS_ORDER],
            selects=SELECTS,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=content_policy(style, script),
        )
        return text.encode()


def _script() -> str:
    """The check, then the filter. The check needs the words that findings are shown with."""
    causes = {cause.value: words for cause, words in CAUSE_REMEDY.items()}
    known = json.dumps(causes, sort_keys=True, separators=(",", ":"))
    begin = f"const CAUSES = {known};\n{DATA}"
    names = ("rows", "verify", "dossier", "report")
    return script_of(begin, *(f"{_FOLDER}/{name}.js" for name in names))


def script_of(begin: str, *names: str) -> str:
    """The scripts of that name, in one strict script."""
    parts = ['"use strict";', begin, *(read_asset(".", name) for name in names)]
    return "\n".join(parts)


def style_sheet(*more: str) -> str:
    """Fonts, the style sheet that all pages share, and others after it."""
    return "\n".join([font_faces(LATIN, data_url), read_asset(_FOLDER, "report.css"), *more])


def _embedded(proof: ReportProof | None) -> Markup:
    """JSON of base64 texts: nothing in it has a meaning in HTML."""
    return Markup(canonical(proof.to_json()).decode() if proof else "")  # noqa: S704 - base64


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
