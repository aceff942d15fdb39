"""The images of a stack: that of the main service, and those of services with their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from infra.image.app_image import AppImage, AppImageArgs
from infra.image.reference import needs_docker_registry, resolve_image
from infra.service.containers import sidecars_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi_docker as docker

    from infra.image.reference import DeployableImage
    from infra.settings import ServiceSettings, Settings


class Images:
    """All images of a stack's tasks, each built or resolved once."""

    main: AppImage
    """The image of all services without their own."""
    outputs: Mapping[str, pulumi.Output[Any]]
    """The images by digest, for users and for stacks with `image-from`."""

    def __init__(
        self,
        settings: Settings,
        *,
        stack_prefix: str,
        base_cache_url: pulumi.Output[str | None] | None = None,
        parent: pulumi.Resource,
    ) -> None:
        """Build or resolve the images of services.

        Args:
            settings: of the stack.
            stack_prefix: `<organization>/<project>` of the stack in `image-from`.
            base_cache_url: another stack's build cache, which is used read-only instead of a new one.
            parent: the parent component.
        """
        self._parent = parent
        self._registry = _docker_registry(settings, parent=parent)
        self._resolved: dict[str, DeployableImage] = {}

        def build(name: str, service: ServiceSettings, output: str | None) -> AppImage:
            return AppImage(
                name,
                AppImageArgs(
                    settings=service.source or settings.image,
                    architecture=service.architecture,
                    stack_prefix=stack_prefix,
                    service=output,
                    registry=self._registry,
                    protect=settings.protect,
                    base_cache_url=base_cache_url,
                ),
                opts=pulumi.ResourceOptions(parent=parent),
            )

        self.main = build("app", settings.main, None)
        self._own = {
            name: build(f"{name}-image", service, name)
            for name, service in settings.more_services.items()
            if service.source
        }
        references = {name: image.reference for name, image in self._own.items()}
        self.outputs = {
            "image": self.main.reference,
            **({"images": pulumi.Output.from_input(references)} if references else {}),
        }

    def of(self, service: ServiceSettings) -> Mapping[str, DeployableImage]:
        """Return the images of a service's containers, by their names."""
        app = self._of_app(service)
        sidecars = sidecars_of(service).items()
        return {
            service.name: app,
            **{name: self.resolve(sidecar.image) if sidecar.image else app for name, sidecar in sidecars},
        }

    def _of_app(self, service: ServiceSettings) -> DeployableImage:
        if service.image is not None:
            return self.resolve(service.image)
        return self._own[service.image_of].deployable if service.image_of else self.main.deployable

    def resolve(self, reference: str) -> DeployableImage:
        """Return an existing image by its digest."""
        if reference not in self._resolved:
            self._resolved[reference] = resolve_image(reference, parent=self._parent, registry=self._registry)
        return self._resolved[reference]


def _docker_registry(settings: Settings, *, parent: pulumi.Resource) -> docker.Provider | None:
    """Return a provider for registries other than ECR, if any of the images is in one."""
    references = [settings.image.image]
    for service in settings.services:
        references += [service.image, *(sidecar.image for sidecar in sidecars_of(service).values())]
    if not any(needs_docker_registry(reference) for reference in references if reference):
        return None
    # Loading the SDK takes time, and most stacks do not need it.
    import pulumi_docker as docker

    # Registries can be queried without a Docker daemon.
    return docker.Provider(
        "docker", disable_docker_daemon_check=True, opts=pulumi.ResourceOptions(parent=parent)
    )
