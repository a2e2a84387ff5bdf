"""One request with all its pages, and its provenance.

Whatever happens, the caller gets a `Reply`: what was read, and a gap where something is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from threading import Lock
from typing import TypeVar

from botocore import xform_name
from botocore.client import BaseClient

from auditor.collectors.aws.failures import FAILURES, Failure, classify
from auditor.collectors.aws.pages import paginator
from auditor.collectors.aws.permissions import iam_action
from auditor.collectors.aws.session import Clients
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

_Values = TypeVar("_Values")
_CHUNK = 256 * 1024
_MAX_PAGES = 10_000
_MORE = ("IsTruncated", "Truncated")
_METADATA = "ResponseMetadata"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, of which service, in which region."""

    service: str
    region: str
    operation: str
    params: Mapping[str, object] = field(default_factory=dict)
    first_page: bool = False  # its order makes the first page enough
    empty: bool = False  # where there is nothing, AWS leaves the list out

    @property
    def action(self) -> str:
        """The IAM action it needs."""
        return iam_action(self.service, self.operation)

    def text(self) -> str:
        """`s3:ListBuckets {"MaxBuckets":1000}`: equal requests give equal texts."""
        params = json.dumps(self.params, sort_keys=True, separators=(",", ":"))
        return f"{self.service}:{self.operation} {params}" if self.params else (
            f"{self.service}:{self.operation}"
        )  # fmt: skip


@dataclass(slots=True)
class Reply:
    """The answer to a request.

    Args:
        body: All pages as one answer; empty where the first page failed.
        call: Provenance.
        gap: Why something is missing, else None.
        code: AWS's error code, where it gave one.
        found: Results of searches in a body that serves many items.
    """

    body: Mapping[str, object]
    call: Call
    gap: Gap | None = None
    code: str = ""
    found: dict[tuple[str, str | None], object] = field(default_factory=dict)

    def meaning(self, absent: Mapping[str, _Values]) -> _Values | None:
        """The values of a failure that means "not configured": by code, or by code and message."""
        told = self.gap.detail if self.gap else ""
        for pattern, values in absent.items():
            if self.code and (pattern == self.code or fnmatchcase(told, pattern)):
                return values
        return None


class Caller:
    """Sends requests; answers that are shared are asked for once."""

    def __init__(self, clients: Clients, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._clock = clock
        self._shared: dict[tuple[str, str], Future[Reply]] = {}
        self._lock = Lock()

    def shared(self, request: Request) -> Reply:
        """The reply to the request; equal requests are sent once and wait for the same reply."""
        key = (request.region, request.text())
        with self._lock:
            known = self._shared.get(key)
            if known is None:
                mine: Future[Reply] = Future()
                self._shared[key] = mine
        if known is not None:
            return known.result()  # its sender is running in another thread, never queued
        try:
            mine.set_result(self.send(request))
        except BaseException as error:
            mine.set_exception(error)
            raise
        return mine.result()

    def fetch(self, request: Request, take: Callable[[Iterator[bytes]], None]) -> Reply:
        """An object whose body is read as a stream, and not kept; the reply has its metadata.

        Args:
            request: s3:GetObject.
            take: Reads the chunks to their end; a ValueError of its own is a gap.
        """
        started = self._clock()
        body: dict[str, object] = {}
        failure: Failure | None = None
        endpoint = request.region
        try:
            client = self._clients.get(request.service, request.region)
            endpoint = client.meta.endpoint_url
            answer = getattr(client, xform_name(request.operation))(**request.params)
            with closing(answer.pop("Body")) as stream:
                take(stream.iter_chunks(_CHUNK))
            body = answer
        except FAILURES as error:
            failure = classify(error, request.service, request.operation)
        gap = failure.gap if failure else None
        time = _server_time(body.get(_METADATA, {}))  # type: ignore[arg-type] # botocore's own
        call = Call(request.text(), endpoint, started, time, items=1, ok=gap is None)
        return Reply(body, call, gap, failure.code if failure else "")

    def send(self, request: Request) -> Reply:
        """The reply to the request, all pages."""
        started = self._clock()
        pages = _Pages()
        failure: Failure | None = None
        endpoint = request.region
        try:
            client = self._clients.get(request.service, request.region)
            endpoint = client.meta.endpoint_url
            pages.read(client, request)
        except FAILURES as error:
            failure = classify(error, request.service, request.operation)
        gap = pages.incomplete(request.action) if failure is None else failure.gap
        if gap is not None and pages.count:
            gap = _after(gap, pages.count)
        call = Call(
            request=request.text(),
            endpoint=endpoint,
            started_at=started,
            server_time=pages.server_time,
            pages=max(pages.count, 1),
            items=pages.items,
            ok=gap is None,
            more=gap is not None and pages.count > 0,
        )
        return Reply(pages.body, call, gap, failure.code if failure else "")


class _Pages:
    """Pages joined into one answer as they arrive; what arrived stays when a later one fails."""

    def __init__(self) -> None:
        self.body: dict[str, object] = {}
        self.count = 0
        self.items = 0
        self.server_time: datetime | None = None
        self._last: Mapping[str, object] = {}
        self._keys: tuple[str, ...] = ()

    def read(self, client: BaseClient, request: Request) -> None:
        pages_of = paginator(client, request.service, request.operation)
        if pages_of is None:
            self._add(getattr(client, xform_name(request.operation))(**request.params))
            return
        self._keys = tuple(key.expression for key in pages_of.result_keys or ())
        pages: Iterator[Mapping[str, object]] = iter(pages_of.paginate(**request.params))
        for page in pages:
            self._add(page)
            listed = any(_is_listed(page, key) for key in self._keys)
            if not listed and not _empty(page) and not request.empty:
                raise ValueError(f"the answer has no {' and no '.join(self._keys)}")
            if self.count >= _MAX_PAGES or request.first_page:
                return

    def incomplete(self, action: str) -> Gap | None:
        """The list says that it goes on, and gave no way to read on."""
        if self.count >= _MAX_PAGES:
            return Gap(Cause.LIMIT, f"more than {_MAX_PAGES} pages", action=action)
        outer = (self._last.get(key.partition(".")[0]) for key in self._keys if "." in key)
        ends = [self._last, *(part for part in outer if isinstance(part, dict))]
        if not any(end.get(name) is True for end in ends for name in _MORE):
            return None
        detail = "the last page says that there is more and gives no token"
        return Gap(Cause.TRUNCATED, detail, action=action, hint="scan again")

    def _add(self, page: Mapping[str, object]) -> None:
        metadata = page.get(_METADATA)
        if not isinstance(metadata, dict) or not metadata.get("RequestId"):
            # botocore reads a page of HTML as an answer without any members.
            raise ValueError("the answer carries no request id: it is not AWS's")
        self.count += 1
        self._last = page
        self.server_time = _server_time(metadata)
        for name, value in page.items():
            if name == _METADATA:
                continue
            known = self.body.get(name)
            if name in self._keys and isinstance(value, list):
                self.items += len(value)
                self.body[name] = [*known, *value] if isinstance(known, list) else value
            else:
                self.body[name] = self._joined(name, known, value)
        if not self._keys:
            self.items = _largest_list(page)

    def _joined(self, name: str, known: object, value: object) -> object:
        """The value with the items of earlier pages, where its list stands inside (CloudFront)."""
        inner = next((k.partition(".")[2] for k in self._keys if k.startswith(f"{name}.")), None)
        if inner is None or not isinstance(value, dict):
            return value
        items = value.get(inner) or []
        self.items += len(items)
        earlier = known.get(inner) or [] if isinstance(known, dict) else []
        return {**value, inner: [*earlier, *items]}


def _is_listed(page: Mapping[str, object], key: str) -> bool:
    """Whether the page holds the list; one that stands inside says how many it has (CloudFront)."""
    outer, _, inner = key.partition(".")
    found = page.get(outer)
    if inner and isinstance(found, dict):
        return isinstance(found.get(inner), list) or found.get("Quantity") == 0
    return isinstance(found, list)


def _empty(page: Mapping[str, object]) -> bool:
    """S3 leaves the list of an empty bucket out, and says that it holds no keys."""
    return page.get("KeyCount") == 0


def _largest_list(page: Mapping[str, object]) -> int:
    """Items of an answer without pages: its longest list, or the one thing that it is."""
    return max((len(value) for value in page.values() if isinstance(value, list)), default=1)


def _after(gap: Gap, pages: int) -> Gap:
    detail = f"after {pages} page{'s' if pages > 1 else ''}: {gap.detail}"
    return Gap(gap.cause, detail, gap.subject, gap.action, gap.hint)


def _server_time(metadata: Mapping[str, Mapping[str, str]]) -> datetime | None:
    """The `Date` header (RFC 9110, 6.6.1), which every AWS answer carries."""
    headers = metadata.get("HTTPHeaders", {})
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
