"""What the program asks of the Docker provider: which digest a registry has for an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.images import local_image, registry_digest
from local.resources.base import Properties, ResourceError

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


def get_registry_image(cloud: Cloud, arguments: Properties) -> Properties:
    """Return what `docker:index/getRegistryImage:getRegistryImage` answers.

    Where the registry cannot be reached, the daemon's own copy of the image has the digest it came with.

    Raises:
        ResourceError: neither has it.
    """
    del cloud
    name = str(arguments["name"])
    pulled: list[str] = (local_image(name) or {}).get("RepoDigests") or []
    digest = registry_digest(name) or next((one.rpartition("@")[2] for one in pulled), None)
    if digest is None:
        raise ResourceError(
            f"image {name} is not here and its registry cannot be reached: connect to a network, "
            f"or `docker pull` it beforehand",
        )
    return {
        "id": digest,
        "insecureSkipVerify": arguments.get("insecureSkipVerify"),
        "name": name,
        "sha256Digest": digest,
    }
