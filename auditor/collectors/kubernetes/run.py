"""One collection from one cluster, from credentials to observations. Needs the official client."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor import __version__
from auditor.collectors.interface import CollectionContext, Preflight
from auditor.collectors.kubernetes.api import Api
from auditor.collectors.kubernetes.extract import extract
from auditor.collectors.kubernetes.failures import Asked, RequestError
from auditor.collectors.kubernetes.loader import CollectedType
from auditor.collectors.kubernetes.planned import REVIEW_PATH
from auditor.collectors.kubernetes.reader import Reader
from auditor.collectors.kubernetes.session import SessionError, open_client, without_credentials
from auditor.collectors.kubernetes.settings import ClusterSettings
from auditor.core.model.observation import Call, Gap, Observation
from auditor.core.model.target import Target

_COLLECTOR = f"kubernetes {__version__}"
_MINOR = re.compile(r"v?1\.(\d{1,3})(?:\D|$)", re.ASCII)
# Before 1.28 there is no SelfSubjectReview; some proxies let only GET through.
_NO_REVIEW = frozenset({403, 404, 405})


@dataclass(frozen=True, slots=True)
class _Opened:
    """Who we are there, and what the server is."""

    caller: str
    version: str | None
    gap: Gap | None
    calls: tuple[Call, ...]

    @property
    def minor(self) -> int | None:
        """`36` of `v1.36.2`."""
        match = _MINOR.match(self.version or "")
        return int(match[1]) if match else None


def preflight(settings: ClusterSettings, context: CollectionContext) -> Preflight:
    """Whether the cluster answers, and as whom."""
    try:
        api = Api(open_client(settings), context, settings.max_attempts)
    except SessionError as error:
        return Preflight("", error.gap)
    try:
        opened = _open(api, context)
    finally:
        api.close()
    return Preflight(opened.caller, opened.gap)


def collect(
    target: Target,
    settings: ClusterSettings,
    types: Sequence[CollectedType],
    context: CollectionContext,
) -> Iterator[Observation]:
    """One observation for each type, as they are ready."""
    report = _Report(target, settings, context, context.clock())
    try:
        client = open_client(settings)
    except SessionError as error:
        yield from (
            report.nothing(collected, _Opened("", None, error.gap, ())) for collected in types
        )
        return
    api = Api(client, context, settings.max_attempts)
    anonymous = Api(without_credentials(client), context, 1)
    report.endpoint = api.endpoint
    try:
        opened = _open(api, context)
        if opened.gap is not None:
            yield from (report.nothing(collected, opened) for collected in types)
            return
        yield from _read(types, Reader(api, anonymous, settings, context), report, opened)
    finally:
        api.close()
        anonymous.close()


def _read(
    types: Sequence[CollectedType], reader: Reader, report: _Report, opened: _Opened
) -> Iterator[Observation]:
    kinds = [kind for collected in types for kind in collected.all_kinds]
    uses = Counter(kinds)
    reader.start(list(uses))
    for collected in types:
        yield report.finished(collected, reader, opened)
        for kind in collected.all_kinds:
            uses[kind] -= 1
            if not uses[kind]:
                reader.forget(kind)


def _open(api: Api, context: CollectionContext) -> _Opened:
    asked = Asked("create", "authentication.k8s.io", "selfsubjectreviews", "", REVIEW_PATH)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    calls: list[Call] = []
    started = context.clock()
    caller = "not told by the server"
    try:
        answer = api.post(REVIEW_PATH, asked, body)
        user = answer.document(asked).get("status", {}).get("userInfo", {})
        caller = str(user.get("username") or caller)
        calls.append(
            Call(f"POST {REVIEW_PATH}", api.endpoint, started, answer.server_time, items=1)
        )
    except RequestError as error:
        calls.append(Call(f"POST {REVIEW_PATH}", api.endpoint, started, ok=False))
        if error.status not in _NO_REVIEW:
            return _Opened("", None, error.gap, tuple(calls))
    return _Opened(caller, _version(api, context, calls), None, tuple(calls))


def _version(api: Api, context: CollectionContext, calls: list[Call]) -> str | None:
    """The server's version; None where it does not tell: what needs it is then unread."""
    asked = Asked("get", "", "", "", "/version")
    started = context.clock()
    try:
        answer = api.get("/version", asked)
        version = answer.document(asked).get("gitVersion")
    except RequestError:
        calls.append(Call("GET /version", api.endpoint, started, ok=False))
        return None
    calls.append(Call("GET /version", api.endpoint, started, answer.server_time, items=1))
    return version if isinstance(version, str) else None


@dataclass(slots=True)
class _Report:
    """Makes observations."""

    target: Target
    settings: ClusterSettings
    context: CollectionContext
    started_at: datetime
    endpoint: str = ""

    def nothing(self, collected: CollectedType, opened: _Opened) -> Observation:
        """A type of which nothing could be read."""
        now = self.context.clock()
        return Observation(
            target=self.target.name,
            environment=self.target.environment,
            resource_type=collected.name,
            identity=opened.caller,
            started_at=self.started_at,
            read_at=now,
            as_of=self.started_at,
            gaps=(opened.gap,) if opened.gap else (),
            calls=opened.calls,
            collector=_COLLECTOR,
        )

    def finished(self, collected: CollectedType, reader: Reader, opened: _Opened) -> Observation:
        """What a type came to."""
        reads = {kind.name: reader.read(kind) for kind in collected.all_kinds}
        extracted = extract(
            collected,
            {name: read.listing for name, read in reads.items()},
            minor=opened.minor,
            server_version=opened.version,
        )
        calls = (*opened.calls, *(call for read in reads.values() for call in read.calls))
        facts: dict[str, object] = {
            **extracted.facts,
            "caller": opened.caller,
            "cluster": self.endpoint,
            "server_version": opened.version,
            "declared": False,
            "namespaces": list(self.settings.namespaces),
        }
        return Observation(
            target=self.target.name,
            environment=self.target.environment,
            resource_type=collected.name,
            identity=opened.caller,
            started_at=self.started_at,
            read_at=self.context.clock(),
            as_of=self.started_at,
            resources=extracted.resources,
            facts=facts,
            gaps=extracted.gaps,
            calls=tuple(sorted(calls, key=lambda call: call.started_at)),
            collector=_COLLECTOR,
        )
