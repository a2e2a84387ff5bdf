"""From a kubeconfig to a cluster: contexts, certificates, and what is refused unasked."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause
from tests.services.kubernetes.apiserver.authority import Authority, make_authority
from tests.services.kubernetes.apiserver.rbac import ADMIN
from tests.services.kubernetes.apiserver.server import Cluster, serving
from tests.services.kubernetes.reading_kubernetes import preflight, read, settings_for
from tests.services.kubernetes.small_objects import pods

pytestmark = pytest.mark.service
TYPE = "kubernetes.container"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority and a server certificate for 127.0.0.1."""
    return make_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def two(authority: Authority) -> Iterator[tuple[Cluster, Cluster]]:
    """Two clusters over TLS, with one pod and with two."""
    first, second = Cluster(), Cluster()
    first.store.add(pods(1))
    second.store.add(pods(2))
    with ExitStack() as stack:
        for cluster in (first, second):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.certificate, authority.key)
            stack.enter_context(serving(cluster, context))
        yield first, second


def _kubeconfig(
    folder: Path, clusters: tuple[Cluster, ...], ca: Path | None, user: dict[str, object]
) -> str:
    named = [
        {
            "name": f"c{number}",
            "cluster": {"server": one.url} | ({"certificate-authority": str(ca)} if ca else {}),
        }
        for number, one in enumerate(clusters)
    ]
    contexts = [
        {"name": f"x{n}", "context": {"cluster": f"c{n}", "user": "me"}}
        for n in range(len(clusters))
    ]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": named,
        "contexts": contexts,
        "current-context": "x0",
        "users": [{"name": "me", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return str(path)


def _gap(settings: dict[str, object]) -> Gap:
    """The one gap of a target that cannot be reached; preflight says the same."""
    seen = read(settings, [TYPE])[TYPE]
    assert seen.resources == ()
    answer = preflight(settings)
    assert (answer.gap is not None, answer.gap and answer.gap.cause) == (True, seen.gaps[0].cause)
    assert len(seen.gaps) == 1
    return seen.gaps[0]


def test_each_context_of_a_kubeconfig_is_a_cluster_of_its_own(
    two: tuple[Cluster, Cluster], authority: Authority, tmp_path: Path
) -> None:
    path = _kubeconfig(tmp_path, two, authority.ca, {"token": "admin-token"})
    current = read({"kubeconfig": path}, [TYPE])[TYPE]
    other = read({"kubeconfig": path, "context": "x1"}, [TYPE])[TYPE]
    assert (len(current.resources), len(other.resources)) == (1, 2)
    assert (current.facts["cluster"], other.facts["cluster"]) == (two[0].url, two[1].url)


def test_the_environment_names_the_kubeconfig(
    two: tuple[Cluster, Cluster],
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _kubeconfig(tmp_path, two, authority.ca, {"token": "admin-token"})
    monkeypatch.setenv("KUBECONFIG", path)
    assert preflight({}).identity == ADMIN.name


def test_a_server_of_another_authority_is_not_believed(
    two: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    gap = _gap({"kubeconfig": _kubeconfig(tmp_path, two, None, {"token": "admin-token"})})
    assert gap.cause is Cause.UNREACHABLE
    assert "certificate" in gap.detail
    assert two[0].requests == []


def test_skipping_verification_is_refused_unless_the_target_says_so(
    two: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    path = Path(_kubeconfig(tmp_path, two, None, {"token": "admin-token"}))
    document = yaml.safe_load(path.read_text())
    document["clusters"][0]["cluster"]["insecure-skip-tls-verify"] = True
    path.write_text(yaml.safe_dump(document))
    assert "verify" in _gap({"kubeconfig": str(path)}).detail
    assert two[0].requests == []


def test_plain_http_is_refused_unless_the_target_says_so(cluster: Cluster, tmp_path: Path) -> None:
    settings = settings_for(cluster, tmp_path)
    assert preflight(settings).gap is None
    gap = _gap(settings | {"insecure": False})
    assert "no https address" in gap.detail


def test_a_program_that_fetches_credentials_is_only_started_when_allowed(
    two: tuple[Cluster, Cluster], authority: Authority, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    program = tmp_path / "plugin.py"
    program.write_text(
        "import json, pathlib\n"
        f"pathlib.Path({str(mark)!r}).touch()\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1',"
        " 'kind': 'ExecCredential', 'status': {'token': 'admin-token'}}))\n"
    )
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(program)],
        "interactiveMode": "Never",
    }
    path = _kubeconfig(tmp_path, two, authority.ca, {"exec": plugin})
    gap = _gap({"kubeconfig": path})
    assert (gap.cause, "exec_plugins" in gap.hint) == (Cause.DENIED, True)
    assert not mark.exists()
    assert preflight({"kubeconfig": path, "exec_plugins": True}).identity == ADMIN.name
    assert mark.exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"kubeconfig": "/nowhere/kubeconfig"},
        {"connection": "in-cluster"},
        {"connection": "server", "server": "https://127.0.0.1:9", "token_file": "/nowhere"},
    ],
)
def test_credentials_that_are_not_there_are_a_gap(settings: dict[str, object]) -> None:
    assert _gap(settings).cause is Cause.DENIED


def test_a_file_that_is_no_kubeconfig_and_an_unknown_context_are_gaps(
    two: tuple[Cluster, Cluster], authority: Authority, tmp_path: Path
) -> None:
    path = _kubeconfig(tmp_path, two, authority.ca, {"token": "admin-token"})
    assert _gap({"kubeconfig": path, "context": "x9"}).cause is Cause.DENIED
    for text in ("a: b: c", "[]", "just text", ""):
        Path(path).write_text(text)
        assert _gap({"kubeconfig": path}).cause is Cause.DENIED


def test_a_server_that_is_not_there_is_a_gap() -> None:
    gap = _gap({"connection": "server", "server": "https://127.0.0.1:9", "max_attempts": 1})
    assert gap.cause is Cause.UNREACHABLE
