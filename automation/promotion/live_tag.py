"""Tags the image that a stack runs, so that the repository's lifecycle policy never expires it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.rollout.aws_clients import AwsClients

_IN_ECR: Final = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9._/-]+)(?::[\w.-]+)?@(?P<digest>sha256:[0-9a-f]{64})"
)
_ACCEPTED: Final = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]
_DIGITS: Final = 12


def digest_of(image: str) -> str:
    """Return the digest at the end of an image's reference; empty if there is none."""
    return image.partition("@")[2]


def images_of(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the images that a stack runs by the service they are made for; the main one's has no name."""
    main: dict[str, str] = {"": outputs["image"]} if outputs.get("image") else {}
    return {**main, **outputs.get("images", {})}


def tag_live_image(stack: str, image: str, clients: AwsClients) -> str:
    """Give an image in ECR the tag `live-<stack>-<12 digits of its digest>`, if it is missing.

    The repository's tags are immutable: the digest makes this one the image's own.

    Returns:
        A line that says so, or why that did not work; empty for an image that is not in ECR.
    """
    from botocore.exceptions import ClientError

    found = _IN_ECR.fullmatch(image)
    if found is None:
        return ""
    digest = found["digest"]
    tag = f"live-{stack}-{digest.removeprefix('sha256:')[:_DIGITS]}"
    tagged = f"the image has the tag {tag}, so that it does not expire"
    untagged = f"warning: the image has no tag {tag}, and may expire"
    repository: dict[str, Any] = {"registryId": found["registry"], "repositoryName": found["repository"]}
    ecr = clients.client("ecr")
    try:
        answer = ecr.batch_get_image(
            imageIds=[{"imageDigest": digest}], acceptedMediaTypes=_ACCEPTED, **repository
        )
        if not answer["images"]:
            reason = answer["failures"][0]["failureReason"] if answer.get("failures") else "not found"
            return f"{untagged}: ECR does not return {digest}: {reason}"
        manifest = answer["images"][0]
        media_type = manifest.get("imageManifestMediaType")
        ecr.put_image(
            imageManifest=manifest["imageManifest"],
            **({"imageManifestMediaType": media_type} if media_type else {}),
            imageTag=tag,
            imageDigest=digest,
            **repository,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ImageAlreadyExistsException":
            return tagged
        return f"{untagged}: {error}"
    return tagged
