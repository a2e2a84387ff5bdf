"""Manifests: what is taken, what is refused with its place, what they cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from auditor.collectors.kubernetes.loader import load_catalogue, load_kinds
from auditor.collectors.kubernetes.manifests import read_manifests
from auditor.core.model.status import Cause
from tests.services.kubernetes.reading_kubernetes import preflight, read, resource
from tests.services.kubernetes.small_objects import deployment, pod

KIND = "kubernetes-manifests"
WORKLOAD, CONTAINER = "kubernetes.workload", "kubernetes.container"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n"


def _names(path: Path, kind: str = "Deployment") -> list[str]:
    listing = read_manifests([str(path)]).listing(load_kinds()[kind], "default")
    return [place + "/" + document.decode().split('"name":"')[1].split('"')[0]
            for place, document in listing.documents]  # fmt: skip


def _gaps(folder: Path, text: str) -> list[tuple[Cause, str]]:
    path = folder / "m.yaml"
    path.write_text(text)
    found = read_manifests([str(path)])
    gaps = found.listing(load_kinds()["Deployment"], "default").gaps
    return [(gap.cause, gap.detail.replace(f"{folder}/", "")) for gap in gaps]


def test_documents_lists_folders_and_json_are_taken(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yaml").write_text(f"{DEPLOYMENT}---\n---\n{DEPLOYMENT.replace('web', 'api')}")
    (tmp_path / "below" / "b.json").write_text(
        '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"apps/v1","kind":"Deployment",'
        '"metadata":{"name":"db","namespace":"data"}}]}'
    )
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "README.md").write_text("{{ no manifest }}")
    assert _names(tmp_path) == ["default/web", "default/api", "data/db"]
    assert read_manifests([str(tmp_path)]).gaps == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nname: {{ .Values.name }}\n", 2),
        ("a: 1\nb: 2\nname: '{{ .Release.Name }}'\n", 3),
        ("{{- if .Values.on }}\na: 1\n{{- end }}\n", 1),
        ("a: 1\n{{ range foo }}\n", 2),
    ],
)
def test_a_template_is_refused_with_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    assert _gaps(tmp_path, text) == [
        (Cause.UNPARSABLE, f"m.yaml:{line} is a template, not a manifest")
    ]


def test_a_rendered_manifest_may_hold_somebody_elses_template(tmp_path: Path) -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "{{ $labels.host }}"}\n'
    assert _gaps(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "m.yaml: while parsing"),
        ("a: 1\na: 2\n", "m.yaml: line 2: key 'a' stands twice"),
        ("kind: Deployment\n", "m.yaml:1: an object needs kind and apiVersion"),
        ("apiVersion: v1\nkind: 7\n", "m.yaml:1: an object needs kind and apiVersion"),
        ("apiVersion: apps/v1\nkind: Deployment\n", "m.yaml:1: an object without metadata.name"),
        (f"{DEPLOYMENT}---\n{DEPLOYMENT}",
         "Deployment/default/web stands at m.yaml:1 and again at m.yaml:6"),
        (DEPLOYMENT.replace("apps/v1", "apps/v1beta1"),
         "m.yaml:1: Deployment of apps/v1beta1; known here: apps/v1"),
        ("x: " + "[" * 200 + "]" * 200, "m.yaml: it is nested more than 100 deep"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    [(cause, detail)] = _gaps(tmp_path, text)
    assert detail.replace(f"{tmp_path}/", "").startswith(said)
    assert cause in {Cause.UNPARSABLE, Cause.DUPLICATE_KEY, Cause.NOT_SUPPORTED}


def test_aliases_that_stand_for_millions_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n + 1}: &a{n + 1} [" + ", ".join([f"*a{n}"] * 10) + "]" for n in range(8)]
    [(cause, detail)] = _gaps(tmp_path, "\n".join(lines))
    assert (cause, "too many values" in detail) == (Cause.UNPARSABLE, True)


def test_files_that_are_not_there_are_empty_or_no_text_are_gaps(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    found = read_manifests([str(empty), str(tmp_path / "nothing.yaml"), str(binary)])
    causes = [gap.cause for gap in found.gaps]
    assert causes == [Cause.NOT_COLLECTED, Cause.NOT_COLLECTED, Cause.UNPARSABLE]


def test_anchors_and_merge_keys_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: c, labels: {a: x}}\n"
        "data: {<<: {k: v}, l: w}\nother: *m\n"
    )
    listing = read_manifests([str(path)]).listing(load_kinds()["ConfigMap"], "default")
    assert b'"data":{"k":"v","l":"w"}' in listing.documents[0][1]


@pytest.mark.parametrize(
    "metadata",
    [
        "7",
        "{name: 7}",
        "{name: a, namespace: [b]}",
        "{name: a, uid: 7}",
        "{name: a, labels: 7}",
        "{name: a, labels: {b: 1}}",
    ],
)
def test_metadata_of_another_form_is_named(tmp_path: Path, metadata: str) -> None:
    text = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\n"
    [(cause, detail)] = _gaps(tmp_path, text)
    assert (cause, "metadata" in detail) == (Cause.UNPARSABLE, True)


def test_a_folder_that_cannot_be_entered_is_a_gap(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(DEPLOYMENT)
    found = read_manifests([str(file / "below")])
    assert [gap.cause for gap in found.gaps] == [Cause.NOT_COLLECTED]


def test_a_date_stays_a_text_and_a_number_may_be_a_key(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {built: 2026-11-21}}\n"
        "data: {8080: open}\n"
    )
    listing = read_manifests([str(path)]).listing(load_kinds()["ConfigMap"], "default")
    assert b'"built":"2026-11-21"' in listing.documents[0][1]
    assert b'"8080":"open"' in listing.documents[0][1]


def _collect(folder: Path, *objects: object, **own: object) -> dict[str, object]:
    path = folder / "all.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    return {"paths": [str(path)], **own}


def test_the_same_types_are_read_and_what_only_runs_is_not_declared(tmp_path: Path) -> None:
    settings = _collect(tmp_path, deployment("web"), pod("alone"))
    seen = read(settings, kind=KIND)
    workloads = seen[WORKLOAD]
    assert [one.data["key"] for one in workloads.resources] == [
        "Deployment/shop/web",
        "Pod/shop/alone",
    ]
    web = resource(workloads, "Deployment/shop/web")
    assert web.uid == ""
    assert (web.data["replicas"], web.data["service_account"]) == (1, "default")
    live = {name for name, (spec, _) in load_catalogue()[WORKLOAD].fields.items() if spec.live}
    assert {name for name, gap in web.unread.items() if gap.cause is Cause.NOT_DECLARED} >= live
    assert workloads.facts["declared"] is True
    assert (workloads.facts["items"], workloads.facts["counted"]) == (2, 2)
    for name, one in seen.items():
        causes = [gap.cause for gap in one.gaps]
        spec = load_catalogue()[name].spec
        unknown = spec.live or (spec.elsewhere and not one.facts["items"])
        assert set(causes) == ({Cause.NOT_DECLARED} if unknown else set()), name


def test_a_file_that_cannot_be_read_is_a_gap_of_every_type(tmp_path: Path) -> None:
    settings = _collect(tmp_path, deployment("web"))
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: [")
    seen = read({"paths": [*settings["paths"], str(bad)]}, [WORKLOAD, CONTAINER], kind=KIND)  # type: ignore[misc]  # a list
    for one in seen.values():
        assert {gap.cause for gap in one.gaps} == {Cause.UNPARSABLE}
        assert len(one.resources) == 1


def test_preflight_reads_nothing(tmp_path: Path) -> None:
    assert preflight({"paths": [str(tmp_path / "x")]}, KIND).gap is None
