"""The image of the app: built here, or taken from another stack."""

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
# With the key that AWS keeps for ECR in each account, which costs nothing by itself.
_ENCRYPTED: Final[list[aws.ecr.RepositoryEncryptionConfigurationArgsDict]] = [{"encryption_type": "KMS"}]
_AS_IT_WAS_MADE: Final = ["encryptionConfigurations"]
"""AWS changes no repository's encryption: an older one stays as it is, and its images in it."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """An ECR repository, whoever made it."""

    url: pulumi.Output[str]
    """Push and pull URL, without a tag."""
    arn: pulumi.Output[str]
    registry_id: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class AppImageArgs:
    """What an :class:`AppImage` needs to know."""

    settings: ImageSettings
    architecture: Architecture
    stack_prefix: str
    """`<organization>/<project>`: where the stack that `image-from` names is found."""
    service: str | None = None
    """Name of the service whose image `image-from` takes from the other stack; None for the main one."""
    registry: docker.Provider | None = None
    """Asks registries other than ECR; see :func:`needs_docker_registry`."""
    protect: bool = False
    """Refuse to delete the repository, and the images in it."""
    base_cache_url: pulumi.Output[str | None] | None = None
    """Repository of another stack's build cache, which is read instead of one of its own."""


class AppImage(pulumi.ComponentResource):
    """An image that is deployed by digest, so that what was tested is what runs."""

    deployable: DeployableImage
    reference: pulumi.Output[str]
    """The image by digest."""
    repository: Repository | None
    """None for an image from elsewhere."""
    cache_url: pulumi.Output[str] | None
    """Repository of the build cache, without a tag; None if nothing is built, or another stack's is used."""

    def __init__(self, name: str, args: AppImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:AppImage", name, None, opts)
        settings = args.settings

        repository = None
        self.cache_url = None
        if settings.image is not None:
            self.deployable = resolve_image(settings.image, parent=self, registry=args.registry)
        else:
            repository = (
                self._shared_repository(settings.repository)
                if settings.repository is not None
                else self._own_repository(name, args)
            )
            if settings.image_from is not None:
                self.deployable = self._of_another_stack(name, args, repository)
            else:
                self.deployable = self._built(name, args, repository)

        self.reference = pulumi.Output.from_input(self.deployable.reference)
        self.repository = repository
        url = repository.url if repository else None
        self.register_outputs({"reference": self.reference, "repository_url": url})

    def _own_repository(self, name: str, args: AppImageArgs) -> Repository:
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=_ENCRYPTED,
            force_delete=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, ignore_changes=_AS_IT_WAS_MADE),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-retention",
            repository=repository.name,
            policy=_expire(
                "Keep the newest images", "any", "imageCountMoreThan", args.settings.retained_images
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Repository(
            url=repository.repository_url,
            arn=repository.arn,
            registry_id=repository.registry_id,
        )

    def _shared_repository(self, repository_name: str) -> Repository:
        found = aws.ecr.get_repository_output(
            name=repository_name,
            opts=pulumi.InvokeOptions(parent=self),
        )
        return Repository(url=found.repository_url, arn=found.arn, registry_id=found.registry_id)

    def _of_another_stack(self, name: str, args: AppImageArgs, repository: Repository) -> DeployableImage:
        source = args.settings.image_from or ""
        other = pulumi.StackReference(
            f"{name}-source",
            stack_name=source if "/" in source else f"{args.stack_prefix}/{source}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        image = other.require_output("image" if args.service is None else "images")
        # Asked for in this stack's own account, so that an image that is not there fails in the preview.
        found = aws.ecr.get_image_output(
            repository_name=args.settings.repository,
            image_digest=image.apply(lambda said: _digest(said, source, args.service)),
            opts=pulumi.InvokeOptions(parent=self),
        )
        return DeployableImage(
            reference=pulumi.Output.concat(repository.url, "@", found.image_digest),
            version=found.image_digest.apply(short_digest),
            repository_arn=repository.arn,
        )

    def _built(self, name: str, args: AppImageArgs, repository: Repository) -> DeployableImage:
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
        # An immutable repository refuses a tag that it has, and builds are not reproducible: going back to
        # earlier content (a revert) has to push another tag than the first time.
        build = random.RandomId(
            f"{name}-build",
            byte_length=_BUILD_ID_BYTES,
            keepers={"content": tag},
            opts=pulumi.ResourceOptions(parent=self),
        )
        cache_from, cache_to = self._caches(name, args.base_cache_url)
        token = aws.ecr.get_authorization_token_output(
            registry_id=repository.registry_id,
            opts=pulumi.InvokeOptions(parent=self),
        )
        image = docker_build.Image(
            name,
            context={"location": str(staged.context)},
            dockerfile={"location": str(staged.dockerfile)},
            target=settings.build_target,
            build_args=dict(settings.build_args),
            secrets=build_secrets(settings.build_secrets) or None,
            # A token that is renewed changes no image.
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
                },
            ],
            # The repository expires images; deleting one here would take from ECS what it rolls back to.
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
            # Several stacks that write one cache would only replace what the base keeps in it.
            return base_url.apply(lambda url: [_cache_from(f"{url}:cache")] if url else []), []
        self.cache_url = self._cache_repository_url(name)
        ref = pulumi.Output.concat(self.cache_url, ":cache")
        return [_cache_from(ref)], [
            {
                "registry": {
                    "ref": ref,
                    "mode": docker_build.CacheMode.MAX,
                    # ECR takes a cache only in the form of an image.
                    "image_manifest": True,
                    "oci_media_types": True,
                },
            },
        ]

    def _cache_repository_url(self, name: str) -> pulumi.Output[str]:
        # Of its own: the cache is one tag that every build moves, which an immutable repository refuses.
        repository = aws.ecr.Repository(
            f"{name}-cache",
            image_tag_mutability="MUTABLE",
            # Layers that no task runs; an image that is pushed here by mistake is seen.
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=_ENCRYPTED,
            force_delete=True,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=_AS_IT_WAS_MADE),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-cache-retention",
            repository=repository.name,
            policy=_expire("Drop replaced caches", "untagged", "sinceImagePushed", _DAYS_OF_UNUSED_CACHE),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return repository.repository_url


def _digest(said: Any, stack: str, service: str | None) -> str:
    if service is not None and service not in said:
        raise pulumi.RunError(
            f"image-from = {stack}: that stack has no image of the service {service}; deploy the service "
            "there first, with an image of its own"
        )
    return str(said if service is None else said[service]).rpartition("@")[2]


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
