"""ECR repositories and their policies; the registry is the emulator's own, at `localhost`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local.resources import tags as tagging
from local.resources.base import Properties, ResourceError
from local.resources.emulated import EmulatedResource
from local.resources.errors import code_of, explained, tolerating
from local.resources.shape import as_asked, json_as_asked

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_NO_REPOSITORY = "RepositoryNotFoundException"
_NO_LIFECYCLE = "LifecyclePolicyNotFoundException"
_NO_POLICY = "RepositoryPolicyNotFoundException"
_REPOSITORY_SOURCE = "hashicorp/aws internal/service/ecr/repository.go: ForceNew"
_LIFECYCLE_SOURCE = "hashicorp/aws internal/service/ecr/lifecycle_policy.go: ForceNew, it has no update"
_POLICY_SOURCE = "hashicorp/aws internal/service/ecr/repository_policy.go: ForceNew"


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


class Repository(EmulatedResource):
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


class LifecyclePolicy(EmulatedResource):
    """Which images a repository forgets; the emulator keeps the text and deletes nothing."""

    token = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    force_new = dict.fromkeys(("repository", "policy", "region"), _LIFECYCLE_SOURCE)
    in_place = frozenset[str]()
    json_properties = frozenset({"policy"})
    # A repository has one: the old one's deletion after the new one's creation would take the new one.
    delete_before_replace = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the repository."""
        del urn
        repository = str(inputs["repository"])
        if cloud.is_known(self.token, repository):
            return None
        found = self.read(cloud, id=repository, inputs=inputs)
        return repository if found is not None and found["policy"] == inputs["policy"] else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Put the policy."""
        del urn
        repository = str(inputs["repository"])
        with explained(f"put a lifecycle policy on ECR repository {repository!r}"):
            cloud.client("ecr").put_lifecycle_policy(
                repositoryName=repository, lifecyclePolicyText=inputs["policy"]
            )
        return repository

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the policy, or None."""
        with explained(f"read the lifecycle policy of ECR repository {id!r}"):
            try:
                found = cloud.client("ecr").get_lifecycle_policy(repositoryName=id)
            except ClientError as error:
                if code_of(error) in {_NO_REPOSITORY, _NO_LIFECYCLE}:
                    return None
                raise
        return {
            "policy": json_as_asked(inputs.get("policy"), found["lifecyclePolicyText"]),
            "region": cloud.region,
            "registryId": found["registryId"],
            "repository": id,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Nothing can be changed in place."""

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the policy."""
        del outputs
        with (
            explained(f"delete the lifecycle policy of ECR repository {id!r}"),
            tolerating(_NO_REPOSITORY, _NO_LIFECYCLE),
        ):
            cloud.client("ecr").delete_lifecycle_policy(repositoryName=id)


class RepositoryPolicy(EmulatedResource):
    """Who else may use a repository."""

    token = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    force_new = dict.fromkeys(("repository", "region"), _POLICY_SOURCE)
    in_place = frozenset({"policy"})
    json_properties = frozenset({"policy"})

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the repository."""
        del urn
        repository = str(inputs["repository"])
        if cloud.is_known(self.token, repository):
            return None
        found = self.read(cloud, id=repository, inputs=inputs)
        return repository if found is not None and found["policy"] == inputs["policy"] else None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Set the policy."""
        del urn
        repository = str(inputs["repository"])
        with explained(f"set the policy of ECR repository {repository!r}"):
            cloud.client("ecr").set_repository_policy(repositoryName=repository, policyText=inputs["policy"])
        return repository

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the policy, or None."""
        with explained(f"read the policy of ECR repository {id!r}"):
            try:
                found = cloud.client("ecr").get_repository_policy(repositoryName=id)
            except ClientError as error:
                if code_of(error) in {_NO_REPOSITORY, _NO_POLICY}:
                    return None
                raise
        return {
            "policy": json_as_asked(inputs.get("policy"), found["policyText"]),
            "region": cloud.region,
            "registryId": found["registryId"],
            "repository": id,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Set the new policy."""
        del old, changed
        with explained(f"set the policy of ECR repository {id!r}"):
            cloud.client("ecr").set_repository_policy(repositoryName=id, policyText=new["policy"])

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the policy."""
        del outputs
        with (
            explained(f"delete the policy of ECR repository {id!r}"),
            tolerating(_NO_REPOSITORY, _NO_POLICY),
        ):
            cloud.client("ecr").delete_repository_policy(repositoryName=id)


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
    found = Repository().read(cloud, id=name, inputs={})
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
