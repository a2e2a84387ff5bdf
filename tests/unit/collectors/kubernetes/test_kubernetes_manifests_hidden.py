"""Manifests that hide what they make: kinds nobody judges, typed lists, groups of old servers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.collectors.kubernetes.loader import load_kinds
from auditor.collectors.kubernetes.manifests import read_manifests
from auditor.collectors.kubernetes.world import Listing
from auditor.core.model.status import Cause

POD = "{containers: [{name: a, image: evil, securityContext: {privileged: true}}]}"


def _listing(folder: Path, text: str, kind: str) -> Listing:
    (folder / "m.yaml").write_text(text)
    return read_manifests([str(folder / "m.yaml")]).listing(load_kinds()[kind], "default")


@pytest.mark.parametrize(
    "head",
    [
        "apiVersion: v1\nkind: ReplicationController",
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout",
        "apiVersion: extensions/v1beta1\nkind: Deployment",
        "apiVersion: apps.kruise.io/v1\nkind: StatefulSet",
    ],
)
def test_pods_of_a_kind_that_is_not_judged_are_a_gap(tmp_path: Path, head: str) -> None:
    text = f"{head}\nmetadata: {{name: a}}\nspec: {{template: {{spec: {POD}}}}}\n"
    gaps = _listing(tmp_path, text, "Pod").gaps
    assert [gap.cause for gap in gaps] == [Cause.NOT_SUPPORTED]
    assert "are not judged" in gaps[0].detail


def test_what_makes_no_pods_is_no_gap(tmp_path: Path) -> None:
    template = (
        f"apiVersion: v1\nkind: PodTemplate\nmetadata: {{name: a}}\ntemplate: {{spec: {POD}}}"
    )
    schema = ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
              "metadata: {name: a}\nspec: {properties: {containers: {type: array}}}")  # fmt: skip
    assert _listing(tmp_path, f"{template}\n---\n{schema}\n", "Pod").gaps == []


@pytest.mark.parametrize("kind", ["Ingress", "NetworkPolicy"])
def test_a_group_of_old_servers_is_named(tmp_path: Path, kind: str) -> None:
    text = f"apiVersion: extensions/v1beta1\nkind: {kind}\nmetadata: {{name: a}}\n"
    (gap,) = _listing(tmp_path, text, kind).gaps
    assert (gap.cause, "extensions/v1beta1" in gap.detail) == (Cause.NOT_SUPPORTED, True)


def test_items_of_a_typed_list_need_not_say_what_they_are(tmp_path: Path) -> None:
    text = f"apiVersion: v1\nkind: PodList\nitems: [{{metadata: {{name: a}}, spec: {POD}}}]\n"
    listing = _listing(tmp_path, text, "Pod")
    assert (len(listing.documents), listing.gaps) == (1, [])


@pytest.mark.parametrize("items", ["[{metadata: {name: a}}]", "[text]", "{a: 1}", "null"])
def test_what_is_no_item_of_a_list_is_a_gap(tmp_path: Path, items: str) -> None:
    gaps = _listing(tmp_path, f"apiVersion: v1\nkind: List\nitems: {items}\n", "Pod").gaps
    assert [gap.cause for gap in gaps] == [Cause.UNPARSABLE]


def test_a_pipe_in_a_folder_is_a_gap_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    (gap,) = read_manifests([str(tmp_path)]).gaps
    assert (gap.cause, "it is no file" in gap.detail) == (Cause.NOT_COLLECTED, True)
