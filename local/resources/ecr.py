"""ECR repositories; the registry is the emulator's own, at `localhost`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local.resources import tags as tagging
from local.resources.aws_calls import code_of, explained, tolerating
from local.resources.base import Handler, Properties
from local.resources.shape import as_asked

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_NO_REPOSITORY = "RepositoryNotFoundException"
_REPOSITORY_SOURCE = "hashicorp/aws internal/service/ecr/repository.go: ForceNew"


def registry_host(cloud: Cloud) -> str:
    """Return `localhost:<port>`: the one name under which Docker takes plain HTTP unasked."""
    return f"localhost:{urlsplit(cloud.endpoint).port or 80}"


def describe_image(cloud: Cloud, repository: str, **image_id: str) -> Properties | None:
    """Return ECR's details of an image by `imageTag` or `imageDigest`, or None."""
    with explained(f"look for an image in ECR repository {repository!r}"):
        try:
            details = cloud.client("ecr").describe_images(repositoryName=repository, imageIds=[image_id])
        except ClientError as error:
            if code_of(error) in {_NO_REPOSITORY, "ImageNotFoundException"}:
                return None
            raise
    return next(iter(details["imageDetails"]), None)


class Repository(Handler):
    """A private repository; its id is its name."""

    token = "aws:ecr/repository:Repository"
    force_new = dict.fromkeys(("name", "encryptionConfigurations", "region"), _REPOSITORY_SOURCE)
    in_place = frozenset({
        "imageScanningConfiguration", "imageTagMutability", "imageTagMutabilityExclusionFilters", "tags",
    })  # fmt: skip
    settled_at_creation = frozenset({"forceDelete"})
    name_property = "name"
    name_max_length = 256
    tagged = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag: the name may have a random end."""
        del inputs
        ecr = cloud.client("ecr")
        with explained("look for an ECR repository of an interrupted run"):
            for page in ecr.get_paginator("describe_repositories").paginate():
                for repository in page["repositories"]:
                    name = str(repository["repositoryName"])
                    if cloud.is_known(self.token, name):
                        continue
                    with tolerating(_NO_REPOSITORY):
                        listed = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
                        if tagging.carries(tagging.from_pairs(listed), urn):
                            return name
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the repository."""
        name = str(inputs["name"])
        arguments: dict[str, Any] = {
            "repositoryName": name,
            "tags": tagging.pairs(tagging.with_urn(inputs.get("tags"), urn)),
            "imageTagMutability": inputs.get("imageTagMutability") or "MUTABLE",
        }
        if inputs.get("imageTagMutabilityExclusionFilters"):
            arguments["imageTagMutabilityExclusionFilters"] = inputs["imageTagMutabilityExclusionFilters"]
        if inputs.get("imageScanningConfiguration"):
            arguments["imageScanningConfiguration"] = inputs["imageScanningConfiguration"]
        encryptions: list[Properties] = inputs.get("encryptionConfigurations") or []
        for encryption in encryptions:
            arguments["encryptionConfiguration"] = {
                key: value for key, value in encryption.items() if value is not None
            }
        with explained(f"create ECR repository {name!r}"):
            cloud.client("ecr").create_repository(**arguments)
        return name

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the repository with the URL under which Docker reaches it here, or None."""
        ecr = cloud.client("ecr")
        with explained(f"read ECR repository {id!r}"):
            try:
                found = ecr.describe_repositories(repositoryNames=[id])["repositories"][0]
                listed = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
            except ClientError as error:
                if code_of(error) == _NO_REPOSITORY:
                    return None
                raise
        tags = tagging.visible(tagging.from_pairs(listed))
        encryption = found.get("encryptionConfiguration") or {"encryptionType": "AES256"}
        return {
            "arn": found["repositoryArn"],
            "encryptionConfigurations": as_asked(inputs.get("encryptionConfigurations"), [encryption]),
            "forceDelete": bool(inputs.get("forceDelete", False)),
            "imageScanningConfiguration": as_asked(
                inputs.get("imageScanningConfiguration"), found.get("imageScanningConfiguration")
            ),
            "imageTagMutability": found.get("imageTagMutability", "MUTABLE"),
            # The emulator forgets the filters.
            "imageTagMutabilityExclusionFilters": inputs.get("imageTagMutabilityExclusionFilters"),
            "name": id,
            "region": cloud.region,
            "registryId": found["registryId"],
            "repositoryUrl": f"{registry_host(cloud)}/{id}",
            "tags": tags,
            "tagsAll": tags,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change scanning, mutability and tags."""
        ecr = cloud.client("ecr")
        with explained(f"update ECR repository {id!r}"):
            if "imageScanningConfiguration" in changed:
                ecr.put_image_scanning_configuration(
                    repositoryName=id,
                    imageScanningConfiguration=new.get("imageScanningConfiguration") or {"scanOnPush": False},
                )
            if {"imageTagMutability", "imageTagMutabilityExclusionFilters"} & set(changed):
                filters = new.get("imageTagMutabilityExclusionFilters")
                ecr.put_image_tag_mutability(
                    repositoryName=id,
                    imageTagMutability=new.get("imageTagMutability") or "MUTABLE",
                    **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
                )
            if "tags" in changed:
                to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
                if to_set:
                    ecr.tag_resource(resourceArn=old["arn"], tags=tagging.pairs(to_set))
                if to_remove:
                    ecr.untag_resource(resourceArn=old["arn"], tagKeys=to_remove)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the repository, with its images where `forceDelete` says so."""
        with (
            explained(f"delete ECR repository {id!r}", "Set forceDelete to delete its images with it"),
            tolerating(_NO_REPOSITORY),
        ):
            cloud.client("ecr").delete_repository(
                repositoryName=id, force=bool(outputs.get("forceDelete", False))
            )
