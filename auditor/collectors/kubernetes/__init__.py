"""Kubernetes clusters and manifests, by the same declarative resource types."""

from auditor.collectors.kubernetes.collector import KubernetesCollector

__all__ = ["KubernetesCollector"]
