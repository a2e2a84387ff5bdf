"""What the kinds of a cluster come from: lists, kubelets, files, a request of nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from urllib.parse import quote

import orjson

from auditor.collectors.interface import CollectionContext
from auditor.collectors.kubernetes.api import Api
from auditor.collectors.kubernetes.discovery import Discovery
from auditor.collectors.kubernetes.failures import Asked, RequestError
from auditor.collectors.kubernetes.files import read_audit_logs, read_encryption_config
from auditor.collectors.kubernetes.kinds import Kind
from auditor.collectors.kubernetes.listing import Lister, Read
from auditor.collectors.kubernetes.settings import ClusterSettings
from auditor.collectors.kubernetes.world import Listing
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

NODE = Kind("Node", "Node", "", ("v1",), "nodes", namespaced=False)
ANONYMOUS_PATH = "/api/v1/namespaces"


class Reader:
    """Reads each kind once; lists side by side.

    Args:
        anonymous: The same server without credentials.
    """

    def __init__(
        self, api: Api, anonymous: Api, settings: ClusterSettings, context: CollectionContext
    ) -> None:
        self._api, self._anonymous = api, anonymous
        self._settings, self._context = settings, context
        self._discovery = Discovery(api)
        self._lister = Lister(api, context.clock, settings.namespaces, settings.page_size)
        self._started: dict[str, Future[Read]] = {}

    def start(self, kinds: Sequence[Kind]) -> None:
        """Begin to read kinds. Discovery first, one after the other: few requests, and shared."""
        for kind in kinds:
            if kind.name not in self._started:
                self._started[kind.name] = self._context.executor.submit(self._task(kind))

    def read(self, kind: Kind) -> Read:
        """What a kind came to; waits for it."""
        return self._started[kind.name].result()

    def forget(self, kind: Kind) -> None:
        """No type needs it any more."""
        self._started.pop(kind.name, None)

    def _task(self, kind: Kind) -> Callable[[], Read]:
        if kind.origin != "list":
            return partial(self._ORIGINS[kind.origin], self, kind)
        served = self._discovery.served(kind)
        if served.version is None:
            gaps = (served.gap,) if served.gap else ()
            listing = Listing(kind.name, (), gaps, served=bool(gaps), counted=None if gaps else 0)
            return lambda: Read(listing, ())
        return partial(self._list, kind, served.version)

    def _list(self, kind: Kind, version: str) -> Read:
        read = self._lister.read(kind, version)
        chosen = set(self._settings.namespaces)
        if kind.name != "Namespace" or not chosen:
            return read
        named = [
            document
            for document in read.listing.documents
            if orjson.loads(document[1])["metadata"]["name"] in chosen
        ]
        listing = replace(read.listing, documents=tuple(named), counted=len(named))
        return replace(read, listing=listing)

    def _configz(self, kind: Kind) -> Read:
        if not self._settings.kubelet_configz:
            return _refused(kind, "kubelet_configz: true", "kubelets are not asked")
        served = self._discovery.served(NODE)
        nodes = self._lister.read(NODE, served.version or "v1")
        documents: list[tuple[str, bytes]] = []
        gaps = list(nodes.listing.gaps)
        calls = list(nodes.calls)
        for _place, document in nodes.listing.documents:
            name = orjson.loads(document)["metadata"]["name"]
            self._ask_kubelet(name, documents, gaps, calls)
        listing = Listing(kind.name, tuple(documents), tuple(gaps), counted=nodes.listing.counted)
        return Read(listing, tuple(calls))

    def _ask_kubelet(
        self, node: str, documents: list[tuple[str, bytes]], gaps: list[Gap], calls: list[Call]
    ) -> None:
        path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/configz"
        asked = Asked("get", "", "nodes/proxy", "", path)
        started = self._context.clock()
        at = None
        try:
            answer = self._api.get(path, asked)
            at = answer.server_time
            found = answer.document(asked).get("kubeletconfig")
            document = {"metadata": {"name": node}, "kubeletconfig": found}
            documents.append((node, orjson.dumps(document)))
        except RequestError as error:
            gaps.append(replace(error.gap, subject=node))
        ok = bool(documents) and documents[-1][0] == node
        calls.append(Call(f"GET {path}", self._api.endpoint, started, at, items=int(ok), ok=ok))

    def _audit_log(self, kind: Kind) -> Read:
        if not self._settings.audit_logs:
            return _refused(kind, "audit_logs: [FILE, ...]", "no audit log is named")
        return read_audit_logs(kind.name, self._settings.audit_logs, self._context.clock)

    def _encryption_config(self, kind: Kind) -> Read:
        path = self._settings.encryption_config
        if path is None:
            return _refused(kind, "encryption_config: FILE", "no encryption configuration is named")
        return read_encryption_config(kind.name, path, self._context.clock)

    def _anonymous_answer(self, kind: Kind) -> Read:
        asked = Asked("get", "", "", "", ANONYMOUS_PATH)
        started = self._context.clock()
        documents: tuple[tuple[str, bytes], ...] = ()
        gaps: tuple[Gap, ...] = ()
        try:
            status = self._anonymous.status(ANONYMOUS_PATH, asked)
            documents = (("", orjson.dumps({"metadata": {"name": "answer"}, "status": status})),)
        except RequestError as error:
            gaps = (error.gap,)
        call = Call(
            f"GET {ANONYMOUS_PATH} without credentials",
            self._api.endpoint,
            started,
            items=len(documents),
            ok=not gaps,
        )
        return Read(Listing(kind.name, documents, gaps, counted=len(documents)), (call,))

    _ORIGINS: Mapping[str, Callable[[Reader, Kind], Read]] = {
        "configz": _configz,
        "audit_log": _audit_log,
        "encryption_config": _encryption_config,
        "anonymous": _anonymous_answer,
    }


def _refused(kind: Kind, setting: str, why: str) -> Read:
    gap = Gap(Cause.NOT_COLLECTED, why, hint=f"say `{setting}` in the settings of the target")
    return Read(Listing(kind.name, gaps=(gap,)), ())
