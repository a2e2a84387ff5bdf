"""Mirror pods: whether a kubelet shows a static pod, or somebody only says so.

The annotation alone proves nothing: whoever may make pods may write it. A kubelet names its node as
the owner (pkg/kubelet/pod/mirror_client.go), and reports that the pod runs. An owner can be forged
as well; but the API server drops the status of a pod that is made, and a kubelet deletes a mirror
pod that stands for no static pod of its own. So one that runs was shown by a kubelet, or by
somebody who may write `pods/status`.
"""

from __future__ import annotations

from auditor.collectors.kubernetes.world import (
    Item,
    UnreadError,
    World,
    by_name,
    mapping,
    mappings,
    text,
)
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_MIRROR = "kubernetes.io/config.mirror"
_HINT = "find out who made the pod: what it says of itself is not taken for the control plane's"


def claims_mirror(item: Item) -> bool:
    """Whether a pod says that it is a mirror pod."""
    return _MIRROR in mapping(item.metadata.get("annotations"))


def prove_mirror(item: Item, world: World) -> None:
    """Let pass what a kubelet has shown.

    Raises:
        UnreadError: The node is not there or not its owner, the pod does not run, or nodes could
            not be read.
    """
    node = text(item.spec.get("nodeName"))
    uids = {one.uid for one in world.find("Node", by_name, node)} - {""}
    owned = any(
        (owner.get("kind"), owner.get("name"), owner.get("controller")) == ("Node", node, True)
        and owner.get("uid") in uids
        for owner in mappings(item.metadata.get("ownerReferences"))
    )
    if not owned:
        raise _unproven(item, f"the node {node!r} does not own it")
    if item.status.get("phase") != "Running":
        raise _unproven(item, f"the kubelet of {node!r} does not report that it runs")


def _unproven(item: Item, why: str) -> UnreadError:
    detail = f"the pod {item.name!r} says that it mirrors a static pod, but {why}"
    return UnreadError(Gap(Cause.NOT_COLLECTED, detail, hint=_HINT))
