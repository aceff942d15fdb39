"""Existing images, whose references are resolved to digests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

if TYPE_CHECKING:
    import pulumi_docker as docker

# Each registry has four hosts: with or without IPv6, with or without FIPS.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_ECR: Final = re.compile(
    r"(?P<account>\d{12})\.(?:dkr\.ecr(?:-fips)?\.(?P<old>[a-z0-9-]+)\.amazonaws\.(?:com(?:\.cn)?|eu)"
    r"|dkr-ecr(?:-fips)?\.(?P<new>[a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
    r"/(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)

_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
"""Partitions other than `aws`, by the beginning of their regions."""


@dataclass(frozen=True, kw_only=True)
class DeployableImage:
    """An image that a task can run, by digest."""

    reference: pulumi.Input[str]
    """`<repository>@<digest>`; a tag could move to another image while tasks start."""
    version: pulumi.Input[str]
    """The version that the app shows: the tag, or the first characters of the digest."""
    repository_arn: pulumi.Input[str] | None
    """ARN of the ECR repository, for the tasks' permission to pull; None for another registry."""


def needs_docker_registry(reference: str) -> bool:
    """Whether a reference has to be resolved by a registry other than ECR."""
    return "@" not in reference and not _ECR.fullmatch(reference)


def resolve_image(
    reference: str, *, parent: pulumi.Resource, registry: docker.Provider | None
) -> DeployableImage:
    """Resolve a reference to a digest.

    Args:
        reference: `repository`, `repository:tag`, or `repository[:tag]@sha256:…`, which is not looked up.
        parent: the component whose AWS provider queries ECR.
        registry: queries all other registries; required if :func:`needs_docker_registry` is true.
    """
    ecr = _ECR.fullmatch(reference)
    repository_arn = _repository_arn(ecr) if ecr else None
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return DeployableImage(
            # ECS accepts a tag or a digest, not both.
            reference=f"{_split_tag(name)[0]}@{digest}",
            version=short_digest(digest),
            repository_arn=repository_arn,
        )
    repository, tag = _split_tag(reference)
    if ecr:
        # Not by pulumi_docker: ECR passwords are temporary, and its provider would change at each run.
        digest = _invoke(
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
        digest = _invoke(
            "docker:index/getRegistryImage:getRegistryImage",
            {"name": f"{repository}:{tag}"},
            "sha256Digest",
            pulumi.InvokeOptions(parent=parent, provider=registry),
        )
    return DeployableImage(
        reference=pulumi.Output.concat(repository, "@", digest), version=tag, repository_arn=repository_arn
    )


async def _invoke(
    function: str, arguments: dict[str, str], output: str, options: pulumi.InvokeOptions
) -> str:
    """Return one output of a provider's function.

    Raises:
        pulumi.RunError: the function failed; the SDK's own functions would show a traceback.
    """
    try:
        result = await pulumi.runtime.invoke_async(function, arguments, options)
    except Exception as error:  # noqa: BLE001 - the SDK raises no other kind
        raise pulumi.RunError(f"{' '.join(arguments.values())}: {error}") from None
    return str(result[output])


def short_digest(digest: str) -> str:
    """Return the abbreviated digest that users see."""
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
    matching = (partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix))
    partition = next(matching, "aws")
    return f"arn:{partition}:ecr:{region}:{ecr['account']}:repository/{ecr['repository']}"
