"""Existing images: resolves a registry reference to its current digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

if TYPE_CHECKING:
    import pulumi_docker as docker

# Each registry has four hosts: with IPv6 or without, by FIPS or not.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_ECR: Final = re.compile(
    r"(?P<account>\d{12})\.(?:dkr\.ecr(?:-fips)?\.(?P<old>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|dkr-ecr(?:-fips)?\.(?P<new>[a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
    r"/(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
)


@dataclass(frozen=True, kw_only=True)
class DeployableImage:
    """An image that a task can run, by digest."""

    reference: pulumi.Input[str]
    """`<repository>@<digest>`: a tag can be given to another image while tasks start, a digest cannot."""
    version: pulumi.Input[str]
    """What the app shows of it: the tag, or the digest's first characters."""
    repository_arn: pulumi.Input[str] | None
    """The ECR repository that tasks must be allowed to pull from; None for another registry."""


def needs_docker_registry(reference: str) -> bool:
    """Whether a registry other than ECR has to be asked what `reference` means."""
    return "@" not in reference and not _ECR.fullmatch(reference)


def resolve_image(
    reference: str,
    *,
    parent: pulumi.Resource,
    registry: docker.Provider | None,
) -> DeployableImage:
    """Find the digest of `reference`.

    Args:
        reference: `repository`, `repository:tag`, or `repository[:tag]@sha256:…`, whose digest is taken.
        parent: the component whose AWS provider asks ECR.
        registry: asks all other registries; needed only where `needs_docker_registry` says so.
    """
    ecr = _ECR.fullmatch(reference)
    repository_arn = _repository_arn(ecr) if ecr else None
    if "@" in reference:
        named, _, digest = reference.partition("@")
        return DeployableImage(
            # ECS takes a tag or a digest, not both.
            reference=f"{_split_tag(named)[0]}@{digest}",
            version=short_digest(digest),
            repository_arn=repository_arn,
        )
    repository, tag = _split_tag(reference)
    if ecr:
        # Not by pulumi_docker: with an ECR password, which is new each time, its provider would change on
        # every run.
        digest = _asked(
            "aws:ecr/getImage:getImage",
            {
                "registryId": ecr["account"],
                "region": _region(ecr),
                "repositoryName": ecr["repository"],
                "imageTag": tag,
            },
            "imageDigest",
            pulumi.InvokeOptions(parent=parent),
        )
    else:
        digest = _asked(
            "docker:index/getRegistryImage:getRegistryImage",
            {"name": f"{repository}:{tag}"},
            "sha256Digest",
            pulumi.InvokeOptions(parent=parent, provider=registry),
        )
    return DeployableImage(
        reference=pulumi.Output.concat(repository, "@", digest),
        version=tag,
        repository_arn=repository_arn,
    )


async def _asked(function: str, arguments: dict[str, str], answer: str, options: pulumi.InvokeOptions) -> str:
    """Return what a function answers.

    Raises:
        pulumi.RunError: it does not; by the SDK's own functions that would be a traceback.
    """
    try:
        found = await pulumi.runtime.invoke_async(function, arguments, options)
    except Exception as error:  # noqa: BLE001 - the SDK raises no other kind
        raise pulumi.RunError(f"{' '.join(arguments.values())}: {error}") from None
    return str(found[answer])


def short_digest(digest: str) -> str:
    """Return the part of a digest that people compare."""
    return digest.removeprefix("sha256:")[:12]


def _split_tag(reference: str) -> tuple[str, str]:
    # A colon before the last slash belongs to the registry's port.
    folder, slash, last = reference.rpartition("/")
    image, _, tag = last.partition(":")
    return f"{folder}{slash}{image}", tag or "latest"


def _region(ecr: re.Match[str]) -> str:
    return ecr["old"] or ecr["new"]


def _repository_arn(ecr: re.Match[str]) -> str:
    region = _region(ecr)
    partition = (
        "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    )
    return f"arn:{partition}:ecr:{region}:{ecr['account']}:repository/{ecr['repository']}"
