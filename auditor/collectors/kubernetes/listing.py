"""Lists, page by page (kubernetes.io, "API concepts": limit, continue, 410 Expired).

All pages of a list are of one moment, that of its first page. When that moment expires (410), the
list is read once more from its beginning; when it expires again, it is a gap: pages of two moments
are no list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from auditor.collectors.kubernetes.api import Api
from auditor.collectors.kubernetes.failures import Asked, RequestError, unparsable
from auditor.collectors.kubernetes.intake import kept
from auditor.collectors.kubernetes.kinds import Kind
from auditor.collectors.kubernetes.world import Listing
from auditor.core.model.observation import Call, Gap

_GONE = 410
_MAX_PAGES = 20_000


@dataclass(slots=True)
class _Pages:
    """What came so far."""

    documents: list[tuple[str, bytes]] = field(default_factory=list)
    pages: int = 0
    counted: int | None = None
    token: str = ""
    server_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A listing and the requests that it took."""

    listing: Listing
    calls: tuple[Call, ...]


class Lister:
    """Reads lists; safe for threads.

    Args:
        namespaces: Only these; () for all.
    """

    def __init__(
        self,
        api: Api,
        clock: Callable[[], datetime],
        namespaces: tuple[str, ...] = (),
        page_size: int = 500,
    ) -> None:
        self._api, self._clock = api, clock
        self._namespaces, self._page_size = namespaces, page_size

    def read(self, kind: Kind, version: str) -> Read:
        """All objects of a kind; of each chosen namespace, where there is a choice."""
        places = self._namespaces if kind.namespaced and self._namespaces else ("",)
        parts = [self._read_place(kind, version, place) for place in places]
        counts = [part.listing.counted for part in parts]
        listing = Listing(
            kind=kind.name,
            documents=tuple(doc for part in parts for doc in part.listing.documents),
            gaps=tuple(gap for part in parts for gap in part.listing.gaps),
            counted=None if None in counts else sum(c for c in counts if c is not None),
            scope=frozenset(places) if places != ("",) else None,
        )
        return Read(listing, tuple(call for part in parts for call in part.calls))

    def _read_place(self, kind: Kind, version: str, place: str) -> Read:
        path = kind.path(version, place)
        asked = Asked("list", kind.group, kind.plural, place, path)
        started = self._clock()
        pages, gap = self._pages(kind, asked)
        if gap is not None:
            gap = replace(gap, subject=place)
        call = Call(
            request=f"GET {path}",
            endpoint=self._api.endpoint,
            started_at=started,
            server_time=pages.server_time,
            pages=pages.pages,
            items=len(pages.documents),
            ok=gap is None,
            more=bool(pages.token),
        )
        listing = Listing(
            kind.name,
            tuple(pages.documents),
            (gap,) if gap else (),
            counted=None if gap else pages.counted,
        )
        return Read(listing, (call,))

    def _pages(self, kind: Kind, asked: Asked) -> tuple[_Pages, Gap | None]:
        """The pages, and the gap where they are not all."""
        restarted = False
        while True:
            pages = _Pages()
            try:
                self._read_all(kind, asked, pages)
            except RequestError as error:
                if error.status == _GONE and pages.pages and not restarted:
                    restarted = True
                    continue
                return pages, error.gap
            return pages, None

    def _read_all(self, kind: Kind, asked: Asked, pages: _Pages) -> None:
        seen: set[str] = set()
        while True:
            query = {"limit": str(self._page_size)}
            if kind.selector:
                query["fieldSelector"] = kind.selector
            if pages.token:
                query["continue"] = pages.token
            answer = self._api.get(asked.path, asked, query)
            self._take(kind, answer.document(asked), asked, pages)
            pages.server_time = answer.server_time
            if not pages.token:
                return
            if pages.token in seen or pages.pages >= _MAX_PAGES:
                raise unparsable("the pages of the list do not end", asked)
            seen.add(pages.token)

    @staticmethod
    def _take(kind: Kind, page: dict[str, Any], asked: Asked, pages: _Pages) -> None:
        items, metadata = page.get("items"), page.get("metadata") or {}
        # An empty list may be null: the API server writes it so for some custom resources.
        if "items" not in page or not isinstance(items, (list, type(None))):
            raise unparsable("the answer is no list of the API", asked)
        try:
            pages.documents += [kept(kind.name, item) for item in items or []]
        except (ValueError, TypeError, AttributeError) as error:
            raise unparsable(f"the list holds {error}", asked) from error
        if pages.pages == 0:
            rest = metadata.get("remainingItemCount")
            last = not metadata.get("continue")
            pages.counted = len(pages.documents) if last else None
            if isinstance(rest, int):
                pages.counted = len(pages.documents) + rest
        pages.pages += 1
        pages.token = str(metadata.get("continue") or "")
