"""The least that a reader of a cluster needs, as documents that can be applied. Pure.

RBAC of rbac.authorization.k8s.io/v1. Discovery, `/version` and SelfSubjectReview need nothing:
every authenticated identity has them through the server's own roles (system:discovery,
system:basic-user).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from auditor.collectors.kubernetes.kinds import CONFIGZ, parse_permission

NAME = "auditor-read-only"
_NAMESPACE = "auditor"
Rule = tuple[str, tuple[str, ...], str]


def documents(permissions: Iterable[str]) -> Mapping[str, str]:
    """The permissions in each form: `yaml` (kubectl apply), `terraform`.

    The right to reach kubelets is not among them: it reaches all of the kubelet's API. It stands
    there as a comment.

    Args:
        permissions: As `parse_permission` takes them.
    """
    wanted = sorted(set(permissions))
    rules = _rules(right for right in wanted if right != CONFIGZ)
    return {"yaml": _yaml(rules, CONFIGZ in wanted), "terraform": _terraform(rules)}


def _rules(permissions: Iterable[str]) -> list[Rule]:
    """API group, resources and verb of each rule, in order."""
    parsed = sorted(
        {(group, verb, what) for verb, group, what in map(parse_permission, permissions)}
    )
    return [
        (group, tuple(what for _group, _verb, what in members), verb)
        for (group, verb), members in groupby(parsed, key=lambda one: one[:2])
    ]


_KUBELET = """\
  # Only for `kubelet_configz: true`. It reaches all of a kubelet's API, exec in its pods included:
  # - apiGroups: [""]
  #   resources: ["nodes/proxy"]
  #   verbs: ["get"]
"""


def _yaml(rules: Iterable[Rule], kubelet: bool) -> str:  # noqa: FBT001 - private, one call
    body = "".join(
        f'  - apiGroups: ["{group}"]\n'
        f"    resources: [{', '.join(resources)}]\n"
        f"    verbs: [{verb}]\n"
        for group, resources, verb in rules
    )
    return f"""\
apiVersion: v1
kind: Namespace
metadata: {{name: {_NAMESPACE}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {NAME}, namespace: {_NAMESPACE}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {NAME}}}
rules:
{body or "  []" + chr(10)}{_KUBELET if kubelet else ""}---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {NAME}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {NAME}}}
subjects:
  - {{kind: ServiceAccount, name: {NAME}, namespace: {_NAMESPACE}}}
"""


def _terraform(rules: Iterable[Rule]) -> str:
    blocks = "".join(
        "\n  rule {\n"
        f'    api_groups = ["{group}"]\n'
        f"    resources  = [{', '.join(chr(34) + name + chr(34) for name in resources)}]\n"
        f'    verbs      = ["{verb}"]\n'
        "  }\n"
        for group, resources, verb in rules
    )
    return f"""\
resource "kubernetes_namespace_v1" "auditor" {{
  metadata {{
    name = "{_NAMESPACE}"
  }}
}}

resource "kubernetes_service_account_v1" "auditor" {{
  metadata {{
    name      = "{NAME}"
    namespace = kubernetes_namespace_v1.auditor.metadata[0].name
  }}
}}

resource "kubernetes_cluster_role_v1" "auditor" {{
  metadata {{
    name = "{NAME}"
  }}
{blocks}}}

resource "kubernetes_cluster_role_binding_v1" "auditor" {{
  metadata {{
    name = "{NAME}"
  }}
  role_ref {{
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = kubernetes_cluster_role_v1.auditor.metadata[0].name
  }}
  subject {{
    kind      = "ServiceAccount"
    name      = kubernetes_service_account_v1.auditor.metadata[0].name
    namespace = kubernetes_service_account_v1.auditor.metadata[0].namespace
  }}
}}
"""
