"""The image of the app: built, copied from another stack, or an existing one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
import pulumi_random as random

from infra.image.build_context import BuildContext
from infra.image.build_secrets import build_secrets
from infra.image.content_tag import content_tag
from infra.image.reference import DeployableImage, resolve_image, short_digest

if TYPE_CHECKING:
    import pulumi_docker as docker

    from infra.settings import Architecture, ImageSettings

_PLATFORM: Final[dict[Architecture, docker_build.Platform]] = {
    "arm64": docker_build.Platform.LINUX_ARM64,
    "x86_64": docker_build.Platform.LINUX_AMD64,
}

_DAYS_OF_UNUSED_CACHE: Final = 7
_BUILD_ID_BYTES: Final = 4


@dataclass(frozen=True, kw_only=True)
class Repository:
    """An ECR repository, of this stack or an existing one."""

    url: pulumi.Output[str]
    """Push and pull URL, without a tag."""
    arn: pulumi.Output[str]
    registry_id: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class AppImageArgs:
    """Inputs of :class:`AppImage`."""

    settings: ImageSettings
    architecture: Architecture
    stack_prefix: str
    """`<organization>/<project>` of the stack in `image-from`."""
    service: str | None = None
    """Name of the service whose image `image-from` uses; None for the main service."""
    registry: docker.Provider | None = None
    """For registries other than ECR; see :func:`needs_docker_registry`."""
    protect: bool = False
    """Protect the repository and its images from deletion."""
    base_cache_url: pulumi.Output[str | None] | None = None
    """Repository of another stack's build cache, which is used read-only instead of a new one."""


class AppImage(pulumi.ComponentResource):
    """An image that is deployed by digest, so that exactly the tested image runs."""

    deployable: DeployableImage
    reference: pulumi.Output[str]
    """The image by digest."""
    repository: Repository | None
    """None for an existing image."""
    cache_url: pulumi.Output[str] | None
    """Repository of the build cache, without a tag; None if the stack has no cache of its own."""

    def __init__(self, name: str, args: AppImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:AppImage", name, None, opts)
        settings = args.settings

        repository = None
        self.cache_url = None
        if settings.image is not None:
            self.deployable = resolve_image(settings.image, parent=self, registry=args.registry)
        else:
            newest = _expire("Keep the newest images", "any", "imageCountMoreThan", settings.retained_images)
            source: Any = (
                aws.ecr.get_repository_output(
                    name=settings.repository, opts=pulumi.InvokeOptions(parent=self)
                )
                if settings.repository is not None
                else self._create_repository(name, tags="IMMUTABLE", policy=newest, protect=args.protect)
            )
            repository = Repository(url=source.repository_url, arn=source.arn, registry_id=source.registry_id)
            if settings.image_from is not None:
                self.deployable = self._from_stack(name, args, repository)
            else:
                self.deployable = self._build(name, args, repository)

        self.reference = pulumi.Output.from_input(self.deployable.reference)
        self.repository = repository
        url = repository.url if repository else None
        self.register_outputs({"reference": self.reference, "repository_url": url})

    def _create_repository(
        self, name: str, *, tags: str, policy: str, protect: bool = False
    ) -> aws.ecr.Repository:
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability=tags,
            image_scanning_configuration={"scan_on_push": True},
            # With ECR's AWS managed key, which is free.
            encryption_configurations=[{"encryption_type": "KMS"}],
            force_delete=not protect,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=protect,
                # A change would replace the repository and its images: an older one keeps its encryption.
                ignore_changes=["encryptionConfigurations"],
            ),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-retention",
            repository=repository.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return repository

    def _from_stack(self, name: str, args: AppImageArgs, repository: Repository) -> DeployableImage:
        source = args.settings.image_from or ""
        other = pulumi.StackReference(
            f"{name}-source",
            stack_name=source if "/" in source else f"{args.stack_prefix}/{source}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        output = other.require_output("image" if args.service is None else "images")
        # Looked up in this stack's account, so that a missing image is an error of the preview.
        image = aws.ecr.get_image_output(
            repository_name=args.settings.repository,
            image_digest=output.apply(lambda value: _digest(value, source, args.service)),
            opts=pulumi.InvokeOptions(parent=self),
        )
        return DeployableImage(
            reference=pulumi.Output.concat(repository.url, "@", image.image_digest),
            version=image.image_digest.apply(short_digest),
            repository_arn=repository.arn,
        )

    def _build(self, name: str, args: AppImageArgs, repository: Repository) -> DeployableImage:
        settings = args.settings
        platforms = [_PLATFORM[args.architecture]]
        context = BuildContext.of(settings.app_path, settings.dockerfile)
        tag = content_tag(
            context,
            build_args=settings.build_args,
            platforms=[platform.value for platform in platforms],
            target=settings.build_target,
            secrets=settings.build_secrets,
        )
        staged = context.stage(tag)
        # An immutable repository rejects an existing tag, and builds are not reproducible: after a revert,
        # the earlier content needs another tag than the first time.
        build = random.RandomId(
            f"{name}-build",
            byte_length=_BUILD_ID_BYTES,
            keepers={"content": tag},
            opts=pulumi.ResourceOptions(parent=self),
        )
        cache_from, cache_to = self._caches(name, args.base_cache_url)
        token = aws.ecr.get_authorization_token_output(
            registry_id=repository.registry_id, opts=pulumi.InvokeOptions(parent=self)
        )
        image = docker_build.Image(
            name,
            context={"location": str(staged.context)},
            dockerfile={"location": str(staged.dockerfile)},
            target=settings.build_target,
            build_args=dict(settings.build_args),
            secrets=build_secrets(settings.build_secrets) or None,
            # A renewed token does not change the image.
            ignore_secrets_in_diff_calculation=list(settings.build_secrets) or None,
            platforms=platforms,
            tags=[pulumi.Output.concat(repository.url, ":", tag, "-", build.hex)],
            push=True,
            build_on_preview=False,
            cache_from=cache_from,
            cache_to=cache_to,
            registries=[
                {
                    "address": repository.url.apply(lambda url: url.partition("/")[0]),
                    "username": token.user_name,
                    "password": pulumi.Output.secret(token.password),
                }
            ],
            # The lifecycle policy expires images; deleting one here would break rollbacks of ECS.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        return DeployableImage(
            reference=pulumi.Output.concat(repository.url, "@", image.digest),
            version=tag,
            repository_arn=repository.arn,
        )

    def _caches(
        self, name: str, base_url: pulumi.Output[str | None] | None
    ) -> tuple[
        pulumi.Input[list[docker_build.CacheFromArgsDict]], pulumi.Input[list[docker_build.CacheToArgsDict]]
    ]:
        if base_url is not None:
            # Stacks that write to a shared cache would overwrite the base stack's layers.
            return base_url.apply(lambda url: [_cache_from(f"{url}:cache")] if url else []), []
        # A separate repository: the cache is one mutable tag, which an immutable repository rejects.
        replaced = _expire("Drop replaced caches", "untagged", "sinceImagePushed", _DAYS_OF_UNUSED_CACHE)
        self.cache_url = self._create_repository(
            f"{name}-cache", tags="MUTABLE", policy=replaced
        ).repository_url
        ref = pulumi.Output.concat(self.cache_url, ":cache")
        return [_cache_from(ref)], [
            {
                "registry": {
                    "ref": ref,
                    "mode": docker_build.CacheMode.MAX,
                    # ECR accepts a cache only as an image.
                    "image_manifest": True,
                    "oci_media_types": True,
                }
            }
        ]


def _digest(output: Any, stack: str, service: str | None) -> str:
    if service is not None and service not in output:
        raise pulumi.RunError(
            f"image-from = {stack}: a stack with an image of the service {service}; deploy the service there "
            "first, with its own image"
        )
    return str(output if service is None else output[service]).rpartition("@")[2]


def _cache_from(ref: pulumi.Input[str]) -> docker_build.CacheFromArgsDict:
    return {"registry": {"ref": ref}}


def _expire(description: str, tag_status: str, count_type: str, count: int) -> str:
    selection: dict[str, object] = {"tagStatus": tag_status, "countType": count_type, "countNumber": count}
    if count_type == "sinceImagePushed":
        selection["countUnit"] = "days"
    rule = {
        "rulePriority": 1,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})
