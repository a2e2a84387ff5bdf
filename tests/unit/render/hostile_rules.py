"""How each format is read, so that a test can tell text from structure.

A new format of the registry needs a line in `RULES`: a parser that gives the structure of a
document (everything but collected text) and the texts that it holds.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZipFile

import cmarkgfm  # type: ignore[import-untyped] # ships no types
import tinyhtml5  # type: ignore[import-untyped] # ships no types
from cmarkgfm.cmark import Options  # type: ignore[import-untyped] # ships no types
from markdown_it import MarkdownIt
from openpyxl import load_workbook
from prometheus_client.parser import text_string_to_metric_families
from pypdf import PdfReader

from auditor.core.model.assessment import Assessment
from auditor.render.escape import visible
from auditor.render.interface import Renderer
from auditor.render.markdown import JOB_SUMMARY, MarkdownRenderer
from auditor.render.pdf import ATTACHMENT
from auditor.render.registry import renderer

Structure = object


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as its format's own parser sees it.

    Args:
        structure: Equal for two documents that differ in text alone.
        texts: Every text that the document holds.
    """

    structure: Structure
    texts: Collection[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """How to read a format.

    Args:
        parse: Its parser.
        shown: What a collected string becomes in its texts.
        contains: Whether the texts hold that.
        raw: True where bytes hold no control or direction character but line feeds.
        make: The renderer, where its default options would leave some of the strings out.
    """

    parse: Callable[[bytes], Parsed]
    shown: Callable[[str], str] = visible
    contains: Callable[[Collection[str], str], bool] = lambda texts, text: text in texts
    raw: bool = True
    make: Callable[[], Renderer] | None = None

    def render(self, form: str, assessment: Assessment) -> bytes:
        """The document with every string in it."""
        return (self.make() if self.make else renderer(form)).render(assessment)


def _inside(texts: Collection[str], text: str) -> bool:
    return any(text in own for own in texts)


def _without_spaces(texts: Collection[str], text: str) -> bool:
    """Where lines are broken anywhere, white space is no part of a text."""
    wanted = re.sub(r"\s+", "", text)
    return any(wanted in re.sub(r"\s+", "", own) for own in texts)


def _json(data: bytes, *, lines: bool = False) -> Parsed:
    texts: set[str] = set()
    documents = data.splitlines() if lines else [data]
    return Parsed([_shape(json.loads(item), texts) for item in documents], texts)


def _shape(value: object, texts: set[str]) -> Structure:
    if isinstance(value, dict):
        return {name: _shape(item, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_shape(item, texts) for item in value]
    if isinstance(value, str):
        texts.add(value)
    return type(value).__name__


def _oscal(data: bytes) -> Parsed:
    """JSON whose titles, descriptions, statements and remarks are lines of CommonMark."""
    parsed = _json(data)
    markup = MarkdownIt("commonmark")
    for text in sorted(_markup(json.loads(data))):
        kinds = [token.type for token in markup.parse(text)]
        assert kinds == ["paragraph_open", "inline", "paragraph_close"], text
        children = {token.type for token in markup.parseInline(text)[0].children or ()}
        assert children <= {"text", "text_special"}, text
    return parsed


def _markup(value: object) -> set[str]:
    names = ("title", "description", "statement", "remarks")
    if isinstance(value, dict):
        own = {str(value[name]) for name in names if name in value}
        return own.union(*(_markup(item) for item in value.values()))
    return set().union(*(_markup(item) for item in value)) if isinstance(value, list) else set()


def _property(text: str) -> str:
    """White space at an edge is shown, for OSCAL's strings have none there."""
    return re.sub(r"^\s|\s$", lambda edge: f"\\u{{{ord(edge[0]):x}}}", visible(text))


def _csv(data: bytes) -> Parsed:
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    again = io.StringIO(newline="")
    csv.writer(again, quoting=csv.QUOTE_ALL).writerows(rows)
    assert again.getvalue().encode() == data  # nothing that the reader put up with
    cells = [cell for row in rows for cell in row]
    for cell in cells:
        assert not re.match(r"\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]", cell), cell
        for part in cell.split(";"):  # as a spreadsheet with semicolons splits it
            assert not re.match(r"[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]", part), cell
    return Parsed([len(row) for row in rows], {cell.removeprefix("'") for cell in cells})


def _cell(text: str) -> str:
    """What is left when a reader takes the apostrophe in front away."""
    return re.sub(r"(;\s*[\"']?\s*)(?=[=+\-@])", r"\1'", visible(text))


def _xml(data: bytes) -> Parsed:
    return _tree(fromstring(data))  # noqa: S314 - the renderer has just made it


def _tree(root: Element) -> Parsed:
    texts: set[str] = set()
    structure = []
    for element in root.iter():
        structure.append((str(element.tag), sorted(element.attrib)))
        texts |= {*element.attrib.values(), element.text or "", element.tail or ""}
    return Parsed(structure, texts)


def _xml_shown(text: str) -> str:
    forbidden = {"\ufffe": "\\u{fffe}", "\uffff": "\\u{ffff}"}
    return "".join(forbidden.get(sign, sign) for sign in visible(text))


def _html_root(text: str) -> Element:
    root: Element = tinyhtml5.parse(text, namespace_html_elements=False)
    return root


def _html(data: bytes) -> Parsed:
    return _tree(_html_root(data.decode()))


def _markdown(data: bytes) -> Parsed:
    """By GitHub's own parser, raw HTML kept: collected text is in code and nowhere else."""
    html = cmarkgfm.github_flavored_markdown_to_html(
        data.decode(), options=Options.CMARK_OPT_UNSAFE
    )
    root = _html_root(html)
    parsed = _tree(root)
    spans = list(root.iter("code"))
    code = {element.text or "" for element in spans}
    for element in spans:
        element.text = ""
    outside = re.sub(r" \([(0-9), and]+ more characters\)", "", "".join(root.itertext()))
    return Parsed((parsed.structure, outside.split()), code)


def _cut(texts: Collection[str], text: str) -> bool:
    """A code span may be cut; HTML makes one space of line ends, and takes outer ones."""
    return any(text[:300] == own[:300] for own in texts)


def _prometheus(data: bytes) -> Parsed:
    structure, texts = [], set()
    for family in text_string_to_metric_families(data.decode()):
        for sample in family.samples:
            structure.append((family.name, family.type, sample.name, sorted(sample.labels)))
            texts |= set(sample.labels.values())
    return Parsed(structure, texts)


def _text(data: bytes) -> Parsed:
    """A terminal acts upon nothing but line feeds; where it breaks lines depends on the text."""
    text = data.decode()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    return Parsed(None, [text])


_ACTIVE = re.compile(r"'/(?:AA|OpenAction|JS|JavaScript|Launch|URI|SubmitForm|RichMedia)'")


def _pdf(data: bytes) -> Parsed:
    """What acts in a PDF is an object; collected text is in page contents and attachments."""
    reader = PdfReader(io.BytesIO(data), strict=True)
    objects = {str(reader.get_object(number)) for number in range(1, len(reader.xref[0]))}
    active = sorted({name for text in objects for name in _ACTIVE.findall(text)})
    attached = _json(reader.attachments[ATTACHMENT][0])
    return Parsed((active, attached.structure), attached.texts)


def _xlsx(data: bytes) -> Parsed:
    """What acts in a workbook is a formula, a link or a part of its own; all else is cells."""
    with ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    acting = sorted({name for text in parts.values() for name in _ACTING.findall(text)})
    book = load_workbook(io.BytesIO(data))
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    structure = [sorted(parts), acting, [(cell.coordinate, cell.data_type) for cell in cells]]
    return Parsed(structure, {cell.value for cell in cells if isinstance(cell.value, str)})


def _cell_text(text: str) -> str:
    return re.sub("[\ufffe\uffff]", lambda sign: f"\\u{{{ord(sign[0]):x}}}", visible(text))


_ACTING = re.compile(r"<(?:f|hyperlink|definedName|externalReference|ddeLink|oleObject)\b")


RULES: Mapping[str, Rule] = {
    "csv": Rule(_csv, _cell, raw=False),  # rows end with CR LF
    "gitlab-code-quality": Rule(_json, contains=_inside),
    "html": Rule(_html, contains=_inside),
    "json": Rule(_json, lambda text: text, raw=False),  # for programs: text as it is
    "junit": Rule(_xml, _xml_shown, _inside),
    "markdown": Rule(_markdown, contains=_cut, make=partial(MarkdownRenderer, JOB_SUMMARY)),
    "ocsf": Rule(partial(_json, lines=True)),
    "oscal-poam": Rule(_oscal, _property),
    "oscal-results": Rule(_oscal, _property),
    "pdf": Rule(_pdf, lambda text: text, raw=False),  # the attachment is the JSON report
    "prometheus": Rule(_prometheus),
    "sarif": Rule(_json),
    "text": Rule(_text, contains=_without_spaces),
    "xlsx": Rule(_xlsx, _cell_text, _inside, raw=False),  # a zip file
}
