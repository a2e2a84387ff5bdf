"""Pages of annexes put in the place of pages that were kept free for them.

For each part of an annex one page is kept free, which has its bookmark and is the target of links:
what led to it leads to the first page of the part. The margins of the pages (running heads, page x
of y) are drawn onto them. The tree of tags is joined as ISO 32000-1 14.7.4.4 asks: the keys of the
parent tree are unique in a document.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from auditor.render.pdf_file import load_pikepdf

Number = tuple[int, int]


def put_annexes(document: Any, parts: Sequence[bytes], margins: bytes, opened: ExitStack) -> None:
    """Put the annexes in the place of the last pages of a document.

    Args:
        document: A `pikepdf.Pdf` with a page kept free, at its end, for each of `parts`.
        margins: A file with a page for each page of the parts.
        opened: Keeps the files open until the document is saved.
    """
    pikepdf = load_pikepdf()
    files = [opened.enter_context(pikepdf.open(io.BytesIO(part))) for part in parts]
    drawn = iter(opened.enter_context(pikepdf.open(io.BytesIO(margins))).pages)
    begin = len(document.pages) - len(files)
    tree = _Tree(document, pikepdf)
    free = [document.pages[begin + index].obj for index in range(len(files))]
    tree.drop_pages(free)
    places = {}
    for file, old in zip(files, free, strict=True):
        before = len(document.pages)
        document.pages.extend(file.pages)
        pages = [page.obj for page in document.pages[before:]]
        tagged = "/StructTreeRoot" in file.Root
        if tagged:
            tree.add(file, pages)
        for page in pages:
            _draw_margins(document, pikepdf, next(drawn), page, tagged=tagged)
        places[old.objgen] = pages[0]
    tree.write()
    _lead(document, places)
    del document.pages[begin : begin + len(files)]


def _draw_margins(document: Any, pikepdf: Any, margins: Any, page: Any, *, tagged: bool) -> None:
    """Draw what stands in the margins onto the page, as what is no content of it."""
    resources = pikepdf.Dictionary(page.Resources)
    form = document.copy_foreign(margins.as_form_xobject())
    resources.XObject = pikepdf.Dictionary({"/Margins": form})
    page.Resources = resources
    # Content without tags is marked as such: a tagged document has no other.
    begin, end = (b"q\n", b"\nQ\n") if tagged else (b"/Artifact BMC q\n", b"\nQ EMC\n")
    drawn = document.make_stream(end + b"/Artifact BMC q /Margins Do Q EMC")
    page.Contents = pikepdf.Array([document.make_stream(begin), page.Contents, drawn])
    page.Tabs = pikepdf.Name.S


class _Tree:
    """The tags of a document."""

    def __init__(self, document: Any, pikepdf: Any) -> None:
        self.document, self.pikepdf = document, pikepdf
        self.root = document.Root.StructTreeRoot
        self.whole = self.root.K[0]
        nums = list(self.root.ParentTree.Nums)
        self.parents = {int(nums[at]): nums[at + 1] for at in range(0, len(nums), 2)}

    def drop_pages(self, free: Iterable[Any]) -> None:
        """Forget the tags of pages that go."""
        gone = set()
        for page in free:
            gone.add(page.objgen)
            self.parents.pop(int(page.StructParents), None)
        kept = [one for one in self.whole.K if not ("/Pg" in one and one.Pg.objgen in gone)]
        self.whole.K = self.pikepdf.Array(kept)

    def add(self, file: Any, pages: Sequence[Any]) -> None:
        """Take over the tags of a file whose pages were taken over before."""
        base = max(self.parents, default=-1) + 1
        # Pages first: what refers to them is then led to their copies.
        tree = self.document.copy_foreign(file.Root.StructTreeRoot)
        part = tree.K[0]
        part.S, part.P = self.pikepdf.Name.Sect, self.whole
        self.whole.K.append(part)
        for page in pages:
            page.StructParents = int(page.StructParents) + base
        for key, value in _numbers(tree.ParentTree):
            self.parents[base + key] = value
        roles = self.root.get("/RoleMap", self.pikepdf.Dictionary())
        for name, role in tree.get("/RoleMap", {}).items():
            roles[name] = role
        self.root.RoleMap = roles

    def write(self) -> None:
        """Write the parent tree."""
        flat = [part for key in sorted(self.parents) for part in (key, self.parents[key])]
        self.root.ParentTree.Nums = self.pikepdf.Array(flat)
        self.root.ParentTreeNextKey = max(self.parents, default=-1) + 1


def _numbers(node: Any) -> Iterator[tuple[int, Any]]:
    """The pairs of a number tree (ISO 32000-1 7.9.7)."""
    nums = list(node.get("/Nums", []))
    for at in range(0, len(nums), 2):
        yield int(nums[at]), nums[at + 1]
    for child in node.get("/Kids", []):
        yield from _numbers(child)


def _lead(document: Any, places: dict[Number, Any]) -> None:
    """Let bookmarks and targets of links lead to the pages that took the place."""
    names = list(document.Root.Names.Dests.Names) if "/Dests" in document.Root.Names else []
    for target in names[1::2]:
        _turn(target, places)
    for mark in _bookmarks(document.Root.get("/Outlines")):
        _turn(mark.Dest, places)


def _turn(target: Any, places: dict[Number, Any]) -> None:
    if target[0].objgen in places:
        target[0] = places[target[0].objgen]


def _bookmarks(node: Any) -> Iterator[Any]:
    child = node.get("/First") if node is not None else None
    while child is not None:
        yield child
        yield from _bookmarks(child)
        child = child.get("/Next")
