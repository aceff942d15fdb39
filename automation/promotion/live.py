"""Marks the image that a stack runs, so that the shared repository never lets it expire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from automation.operations.place import Clients

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


@dataclass(frozen=True, kw_only=True)
class Marked:
    """What became of the mark."""

    tag: str = ""
    """The tag that the image has now; empty for one that is not in ECR."""
    problem: str = ""
    """Why the image could not be marked."""


def digest_of(image: str) -> str:
    """Return the digest at the end of an image's reference; empty if there is none."""
    return image.partition("@")[2]


def mark(stack: str, image: str, clients: Clients) -> Marked:
    """Give an image in ECR the tag `live-<stack>-<12 digits of its digest>`, if it has it not yet.

    Tags of the repository never move: the digest is part of this one.
    """
    found = _IN_ECR.fullmatch(image)
    if found is None:
        return Marked()
    digest = found["digest"]
    tag = f"live-{stack}-{digest.removeprefix('sha256:')[:_DIGITS]}"
    where: dict[str, Any] = {"registryId": found["registry"], "repositoryName": found["repository"]}
    ecr = clients.get("ecr")
    try:
        answer = ecr.batch_get_image(
            imageIds=[{"imageDigest": digest}], acceptedMediaTypes=_ACCEPTED, **where
        )
        if not answer["images"]:
            reason = answer["failures"][0]["failureReason"] if answer.get("failures") else "it is not there"
            return Marked(problem=f"ECR does not give {digest}: {reason}")
        manifest = answer["images"][0]
        kind = manifest.get("imageManifestMediaType")
        ecr.put_image(
            imageManifest=manifest["imageManifest"],
            **({"imageManifestMediaType": kind} if kind else {}),
            imageTag=tag,
            imageDigest=digest,
            **where,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ImageAlreadyExistsException":
            return Marked(tag=tag)
        return Marked(problem=str(error))
    return Marked(tag=tag)
