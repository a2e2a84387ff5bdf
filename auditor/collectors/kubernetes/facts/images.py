"""Image references: registry, repository, tag, digest.

Follows the reference grammar of the distribution project (distribution/reference) with the
shortenings that container runtimes resolve: no registry is docker.io, no tag and no digest is
`latest`, one name without a folder on docker.io is `library/NAME`.
"""

from __future__ import annotations

import re

_REFERENCE = re.compile(
    r"(?P<name>(?:[\w.-]+(?::\d+)?/)?[\w.-]+(?:/[\w.-]+)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?",
    re.ASCII,
)
_HUB = "docker.io"


def image(reference: str) -> dict[str, object]:
    """The parts of a reference; `tag` and `digest` are null where it has none.

    Raises:
        ValueError: No image reference.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"no image reference: {reference!r}")
    registry, repository = _registry(match["name"])
    tag, digest = match["tag"], match["digest"]
    return {
        "reference": reference,
        "registry": registry,
        "repository": repository,
        "tag": "latest" if tag is None and digest is None else tag,
        "digest": digest,
    }


def _registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = _HUB, name
    if registry == "index.docker.io":
        registry = _HUB
    if registry == _HUB and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository
