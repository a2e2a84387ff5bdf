"""Write the golden reports again, after a wanted change.

    python -m tests.golden.update

Look at the difference before committing it: each changed line is a change that readers see.
The PDF is not here, because its bytes depend on the version of the layout engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auditor.render.html import HtmlRenderer
from auditor.render.json_v1 import JsonRenderer
from auditor.render.registry import renderer
from auditor.render.text import TextRenderer
from tests.unit.render.sample import sample

GOLDEN = Path(__file__).parent
MACHINES = (
    "csv",
    "gitlab-code-quality",
    "junit",
    "markdown",
    "ocsf",
    "oscal-poam",
    "oscal-results",
    "prometheus",
    "sarif",
)


def golden() -> Mapping[str, bytes]:
    """File name to its bytes."""
    assessment = sample()
    return {
        "assessment.html": HtmlRenderer().render(assessment),
        "assessment.json": JsonRenderer().render(assessment),
        "assessment-80.txt": TextRenderer(width=80).render(assessment),
        "assessment-120.txt": TextRenderer(width=120, colour=True).render(assessment),
        **{_name(form): renderer(form).render(assessment) for form in MACHINES},
    }


def _name(form: str) -> str:
    own = f".{form}" if form in ("gitlab-code-quality", "junit") else ""  # others have the suffix
    return f"assessment{own}{renderer(form).suffix}"


if __name__ == "__main__":
    for name, data in golden().items():
        (GOLDEN / name).write_bytes(data)
