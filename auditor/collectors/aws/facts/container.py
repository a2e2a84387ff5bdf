"""Images in registries, and clusters that run them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network

from auditor.collectors.aws.facts.unreadable import (
    mapping,
    mappings,
    optional_mappings,
    sequence,
    text,
)
from auditor.collectors.aws.facts.world import cover_the_world

# A manifest that only names other manifests has no layers to scan.
_INDEXES = {
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
}
# Of a scan when pushed, and of the continuous one.
_SCANNED = {"COMPLETE", "ACTIVE"}


def newest_image(images: object) -> dict[str, object] | None:
    """The image that was pushed last, with the figures of its scan; null: there is none."""
    found = [
        image
        for image in mappings(images, "imageDetails")
        if image.get("imageManifestMediaType") not in _INDEXES
    ]
    return _image(max(found, key=_pushed_at)) if found else None


def _pushed_at(image: Mapping[str, object]) -> datetime:
    moment = image.get("imagePushedAt")
    if not isinstance(moment, datetime):
        raise ValueError("an image does not say when it was pushed")
    return moment


def _image(image: Mapping[str, object]) -> dict[str, object]:
    status = mapping(image.get("imageScanStatus") or {}, "imageScanStatus").get("status")
    summary = image.get("imageScanFindingsSummary")
    counts = None
    if summary is not None:
        counts = mapping(
            mapping(summary, "summary").get("findingSeverityCounts") or {}, "findingSeverityCounts"
        )
    return {
        "digest": image.get("imageDigest"),
        "pushed_at": _pushed_at(image),
        "scanned": status in _SCANNED and counts is not None,
        "critical": None if counts is None else counts.get("CRITICAL", 0),
        "high": None if counts is None else counts.get("HIGH", 0),
    }


def scan_frequency(answer: object) -> str:
    """When the images of one repository are scanned: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL.

    Raises:
        ValueError: The answer names a failure, or another number of repositories than one.
    """
    found = mapping(answer, "answer")
    configurations = optional_mappings(found.get("scanningConfigurations"), "configurations")
    if len(configurations) != 1 or found.get("failures"):
        raise ValueError("the answer does not say how the repository is scanned")
    return text(configurations[0].get("scanFrequency"), "scanFrequency")


def enabled_log_types(logging: object) -> list[str]:
    """Kinds of control plane logs that are on, sorted."""
    return sorted(
        text(kind, "type")
        for setup in mappings(mapping(logging, "logging").get("clusterLogging"), "clusterLogging")
        if setup.get("enabled") is True
        for kind in sequence(setup.get("types"), "types")
    )


def open_to_world(network: object) -> bool:
    """Whether the public endpoint of a cluster is on and answers a large share of the internet."""
    found = mapping(network, "resourcesVpcConfig")
    public = found.get("endpointPublicAccess")
    if not isinstance(public, bool):
        raise ValueError("endpointPublicAccess: expected true or false")
    if not public:
        return False
    cidrs = [text(cidr, "CIDR") for cidr in sequence(found.get("publicAccessCidrs"), "CIDRs")]
    if not cidrs:  # AWS writes 0.0.0.0/0 where none was chosen
        raise ValueError("publicAccessCidrs: got none, expected those that may connect")
    return cover_the_world([ip_network(cidr, strict=False) for cidr in cidrs])


def standard_support_ends(versions: object) -> dict[str, object]:
    """Version of Kubernetes to the end of its standard support."""
    return {
        text(version.get("clusterVersion"), "clusterVersion"): version.get(
            "endOfStandardSupportDate"
        )
        for version in mappings(versions, "clusterVersions")
    }


def version_support(versions: object) -> dict[str, object]:
    """Version of Kubernetes to its support: STANDARD_SUPPORT, EXTENDED_SUPPORT, UNSUPPORTED."""
    return {
        text(version.get("clusterVersion"), "clusterVersion"): version.get("versionStatus")
        for version in mappings(versions, "clusterVersions")
    }
