"""Provider functions for ECR: the login, a repository, an image."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from local.resources.aws_calls import explained
from local.resources.base import Properties, ResourceError
from local.resources.ecr import describe_image, registry_host
from local.resources.registry import HANDLERS

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


def get_authorization_token(cloud: Cloud, arguments: Properties) -> Properties:
    """Return what `aws:ecr/getAuthorizationToken` answers, for the registry at `localhost`."""
    with explained("get a token for the registry"):
        data = cloud.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "authorizationToken": data["authorizationToken"],
        "expiresAt": data["expiresAt"].isoformat(),
        "id": cloud.region,
        "password": password,
        "proxyEndpoint": f"http://{registry_host(cloud)}",
        "region": cloud.region,
        "registryId": arguments.get("registryId"),
        "userName": user,
    }


def get_repository(cloud: Cloud, arguments: Properties) -> Properties:
    """Return what `aws:ecr/getRepository` answers."""
    name = str(arguments["name"])
    found = HANDLERS["aws:ecr/repository:Repository"].read(cloud, id=name, inputs={})
    if found is None:
        raise ResourceError(
            f"ECR repository {name!r} does not exist: make it first, or leave `repository` empty to get one"
        )
    with explained(f"read images of ECR repository {name!r}"):
        pages = cloud.client("ecr").get_paginator("describe_images").paginate(repositoryName=name)
        images = [image for page in pages for image in page["imageDetails"]]
    newest = max(images, key=lambda image: image["imagePushedAt"], default=None)
    return {
        "arn": found["arn"],
        "encryptionConfigurations": found["encryptionConfigurations"],
        "id": name,
        "imageScanningConfigurations": [found["imageScanningConfiguration"]],
        "imageTagMutability": found["imageTagMutability"],
        "imageTagMutabilityExclusionFilters": found["imageTagMutabilityExclusionFilters"] or [],
        "mostRecentImageTags": newest.get("imageTags", []) if newest else [],
        "name": name,
        "region": cloud.region,
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUrl"],
        "tags": found["tags"],
    }


def get_image(cloud: Cloud, arguments: Properties) -> Properties:
    """Return what `aws:ecr/getImage` answers: an image by tag, by digest, or the newest."""
    repository = str(arguments["repositoryName"])
    asked = {key: str(arguments[key]) for key in ("imageTag", "imageDigest") if arguments.get(key)}
    if asked:
        image = describe_image(cloud, repository, **asked)
    elif arguments.get("mostRecent"):
        with explained(f"read images of ECR repository {repository!r}"):
            pages = cloud.client("ecr").get_paginator("describe_images").paginate(repositoryName=repository)
            images = [image for page in pages for image in page["imageDetails"]]
        image = max(images, key=lambda image: image["imagePushedAt"], default=None)
    else:
        raise ResourceError("getImage: give one of imageTag, imageDigest, mostRecent")
    if image is None:
        described = ", ".join(f"{key} {value}" for key, value in asked.items()) or "no image at all"
        raise ResourceError(f"ECR repository {repository!r} does not have {described}: push it first")
    digest = image["imageDigest"]
    return {
        "id": digest,
        "imageDigest": digest,
        "imagePushedAt": int(image["imagePushedAt"].timestamp()),
        "imageSizeInBytes": image.get("imageSizeInBytes", 0),
        "imageTag": arguments.get("imageTag"),
        "imageTags": image.get("imageTags", []),
        "imageUri": f"{registry_host(cloud)}/{repository}@{digest}",
        "mostRecent": arguments.get("mostRecent"),
        "region": cloud.region,
        "registryId": image["registryId"],
        "repositoryName": repository,
    }
