"""ECR repositories and images; the registry is the emulator's, at `localhost`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from local.resources.aws_calls import call
from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler


def registry_host(cloud: Cloud) -> str:
    """Return `localhost:<port>`, a name for which Docker uses plain HTTP without configuration."""
    return f"localhost:{urlsplit(cloud.endpoint).port or 80}"


def describe_image(cloud: Cloud, repository: str, **image_id: str) -> Properties | None:
    """Return ECR's details of an image by `imageTag` or `imageDigest`, None if it does not exist."""
    missing = ("RepositoryNotFoundException", "ImageNotFoundException")
    arguments: dict[str, Any] = {"repositoryName": repository, "imageIds": [image_id]}
    answer = call(cloud, "ecr", "describe_images", ignored_codes=missing, **arguments)
    return next(iter(answer.get("imageDetails", [])), None)


class Repository(RowHandler):
    """`aws:ecr/repository:Repository`; its id is its name."""

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the URL by which Docker reaches it."""
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "repositoryUrl": f"{registry_host(cloud)}/{identifier}"}
