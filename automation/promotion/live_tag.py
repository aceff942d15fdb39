"""Tags the image that a stack runs, so that the repository's lifecycle policy does not expire it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.rollout.aws_clients import AwsClients

_IN_ECR: Final = re.compile(
    # Each registry has four hosts: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
    r"(?P<registry>\d{12})\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+"
    r"\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)/"
    r"(?P<repository>[a-z0-9._/-]+)(?::[\w.-]+)?@(?P<digest>sha256:[0-9a-f]{64})"
)
_MEDIA_TYPES: Final = [
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
    """Return a stack's images by the name of their service, which is empty for the main service."""
    main: dict[str, str] = {"": outputs["image"]} if outputs.get("image") else {}
    return {**main, **outputs.get("images", {})}


def tag_live_image(stack: str, image: str, clients: AwsClients) -> str:
    """Add the tag `live-<stack>-<12 digits of the digest>` to an image in ECR, if it is missing.

    The tag has the digest, because the repository's tags are immutable.

    Returns:
        The result, or a warning with the reason; empty for an image that is not in ECR.
    """
    from botocore.exceptions import ClientError

    match = _IN_ECR.fullmatch(image)
    if match is None:
        return ""
    digest = match["digest"]
    tag = f"live-{stack}-{digest.removeprefix('sha256:')[:_DIGITS]}"
    tagged = f"the image has the tag {tag}, so that it does not expire"
    untagged = f"warning: the image has no tag {tag}, and may expire"
    repository: dict[str, Any] = {"registryId": match["registry"], "repositoryName": match["repository"]}
    ecr = clients.client("ecr")
    try:
        result = ecr.batch_get_image(
            imageIds=[{"imageDigest": digest}], acceptedMediaTypes=_MEDIA_TYPES, **repository
        )
        if not result["images"]:
            reason = result["failures"][0]["failureReason"] if result.get("failures") else "not found"
            return f"{untagged}: ECR does not return {digest}: {reason}"
        manifest = result["images"][0]
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
