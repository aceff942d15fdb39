"""What a repository forgets, and who else may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.resources.aws_calls import code_of, explained, tolerating
from local.resources.base import Handler, Properties
from local.resources.shape import json_as_asked

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_NO_REPOSITORY = "RepositoryNotFoundException"
_NO_LIFECYCLE = "LifecyclePolicyNotFoundException"
_NO_POLICY = "RepositoryPolicyNotFoundException"
_LIFECYCLE_SOURCE = "hashicorp/aws internal/service/ecr/lifecycle_policy.go: ForceNew, it has no update"
_POLICY_SOURCE = "hashicorp/aws internal/service/ecr/repository_policy.go: ForceNew"


class LifecyclePolicy(Handler):
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


class RepositoryPolicy(Handler):
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
