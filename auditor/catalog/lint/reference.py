"""The page of all lint rules, `docs/reference/lint.md`, made from the register."""

from __future__ import annotations

from auditor.catalog.lint import RULES

_HEAD = """# Lint rules

`auditor controls lint` finds what is wrong in controls before anything is judged with them. An
error keeps a control from being used; a warning does not. `--format json` and `--format sarif` are
for programs; `--rules` prints this page, which is generated: change the rules, then run
`auditor controls lint --rules > docs/reference/lint.md`.

Fields of a control that answer a rule: `absorbs` and `vacuous` of an assertion, `absorbs` of a
population, `differs` of a check. Each takes the reason as text.
"""


def reference() -> str:
    """The page, in Markdown."""
    rules = [
        f"## {rule.id}\n\n*{rule.level}* {rule.summary}.\n\n{_wrapped(rule.why)}\n"
        for rule in sorted(RULES, key=lambda rule: rule.id)
    ]
    return "\n".join([_HEAD, *rules])


def _wrapped(text: str, width: int = 100) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
