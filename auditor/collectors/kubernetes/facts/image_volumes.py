"""A row for each volume that is an image (core/v1 ImageVolumeSource, Kubernetes 1.31).

What such a volume holds is run and read like the content of a container's own image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.collectors.kubernetes.facts.images import image
from auditor.collectors.kubernetes.facts.owners import running_pods
from auditor.collectors.kubernetes.facts.podspec import Spec, pod_spec
from auditor.collectors.kubernetes.world import Item, World, mapping, mappings, text

_MARK = b'"image":{'  # of a container the image is a text


def image_volume_rows(items: Sequence[Item], world: World) -> Iterable[Item]:
    """Image volumes of the template, and those that only its running pods have (`injected`)."""
    for item in items:
        known: dict[str, set[str]] = {}
        for name, reference in _image_volumes(pod_spec(item)):
            known.setdefault(name, set()).add(reference)
            yield _row(item, name, reference, name, injected=False)
        for pod in running_pods(item, world) if world.mentions("Pod", _MARK) else ():
            for name, reference in _image_volumes(pod.spec):
                alike = known.setdefault(name, set())
                if reference not in alike:
                    suffix = f"{name}@{pod.name}" if alike else name
                    alike.add(reference)
                    yield _row(item, name, reference, suffix, injected=True)


def _image_volumes(spec: Spec) -> Iterator[tuple[str, str]]:
    """Name and reference; "" where the API lets the reference be left out: it is then malformed."""
    for volume in mappings(spec.get("volumes")):
        if volume.get("image") is not None:
            yield text(volume.get("name")), text(mapping(volume["image"]).get("reference"))


def _row(item: Item, name: str, reference: str, suffix: str, *, injected: bool) -> Item:
    row = {"name": name, "injected": injected, "image": image(reference)}
    return Item(item.kind, {**item.object, "row": row}, suffix)
