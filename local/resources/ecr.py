"""ECR repositories; the registry is the emulator's own, at `localhost`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from local.resources.aws_calls import call
from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


def registry_host(cloud: Cloud) -> str:
    """Return `localhost:<port>`: the one name under which Docker takes plain HTTP unasked."""
    return f"localhost:{urlsplit(cloud.endpoint).port or 80}"


def describe_image(cloud: Cloud, repository: str, **image_id: str) -> Properties | None:
    """Return ECR's details of an image by `imageTag` or `imageDigest`, or None."""
    absent = ("RepositoryNotFoundException", "ImageNotFoundException")
    arguments: dict[str, Any] = {"repositoryName": repository, "imageIds": [image_id]}
    answer = call(cloud, "ecr", "describe_images", absent=absent, **arguments)
    return next(iter(answer.get("imageDetails", [])), None)


class Repository(RowHandler):
    """`aws:ecr/repository:Repository`; its id is its name."""

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the URL under which Docker reaches it here."""
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "repositoryUrl": f"{registry_host(cloud)}/{identifier}"}
