"""What the program asks of the Docker provider: which digest a registry has for an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.docker import connect, engine
from local.images import is_local, registry_digest
from local.resources.base import Properties, ResourceError

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


def get_registry_image(cloud: Cloud, arguments: Properties) -> Properties:
    """Return what `docker:index/getRegistryImage:getRegistryImage` answers.

    Where the registry cannot be reached, the daemon's own copy of the image tells the digest it came with.

    Raises:
        ResourceError: neither has it.
    """
    del cloud
    name = str(arguments["name"])
    digest = registry_digest(name) or _digest_of_local(name)
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


def _digest_of_local(name: str) -> str | None:
    client = connect()
    try:
        if not is_local(client, name):
            return None
        digests: list[str] = engine(client).inspect_image(name).get("RepoDigests") or []
    finally:
        client.close()
    return digests[0].rpartition("@")[2] if digests else None
