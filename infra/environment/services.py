"""The services of a stack, each at a host of its own, and the look at them at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from infra.account import Account
from infra.image.reference import needs_docker_registry, resolve_image
from infra.network.dns import Host, HostArgs
from infra.rollout.rollout import Rollout
from infra.service.service import Service, ServiceArgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi_docker as docker

    from infra.image.reference import DeployableImage
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings, Settings


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """What a stack needs to know."""

    settings: Settings
    organization: str
    project: str

    @property
    def stack_prefix(self) -> str:
        """What leads from a stack's name to the stack."""
        return f"{self.organization}/{self.project}"


def docker_registry(settings: Settings, *, parent: pulumi.Resource) -> docker.Provider | None:
    """Return what asks registries other than ECR, if any of the images is in one."""
    references = [settings.image.image, *(service.image for service in settings.services)]
    if not any(needs_docker_registry(reference) for reference in references if reference):
        return None
    # Most stacks need none, and loading the SDK takes time.
    import pulumi_docker as docker

    # It only asks registries: no Docker daemon has to run for that.
    return docker.Provider(
        "docker",
        disable_docker_daemon_check=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def own_parts(args: EnvironmentArgs, *, parent: pulumi.Resource) -> dict[str, Any]:
    """Return what a platform has that no other stack can give it."""
    settings = args.settings
    return {
        "account": Account.of(settings.provider, parent=parent),
        "project": args.project,
        "stack": settings.environment,
        "capacity_provider_strategy": settings.cluster.capacity_provider_strategy,
        "idle_timeout_seconds": settings.load_balancer.idle_timeout_seconds,
        "rollout": Rollout(settings.provider),
    }


class Services:
    """Every service of the settings, below one component; what is one's alone is below its own parts."""

    outputs: dict[str, pulumi.Output[Any]]
    """Addresses and names. The addresses are known once what answers there is what was asked for."""

    def __init__(
        self,
        settings: Settings,
        platform: Platform,
        image: DeployableImage,
        registry: docker.Provider | None,
        *,
        parent: pulumi.Resource,
    ) -> None:
        """Declare the services.

        Args:
            settings: of the stack.
            platform: what they share.
            image: what services run that have none of their own.
            registry: asks registries other than ECR.
            parent: the component that they belong to.
        """
        self._settings = settings
        self._platform = platform
        self._image = image
        self._registry = registry
        self._parent = parent

        services = {one.name: self._serve(one) for one in settings.services}
        urls = self._when_verified(services, {one.name: self._url(one) for one in settings.services})
        self.outputs = {
            "url": urls[settings.main.name],
            "urls": urls,
            "cluster_name": platform.cluster_name,
            "cluster_arn": platform.cluster_arn,
            "service_names": pulumi.Output.from_input(
                {name: service.name for name, service in services.items()}
            ),
            "log_group_name": platform.log_group_name,
        }

    def _serve(self, settings: ServiceSettings) -> Service:
        image, platform = self._image, self._platform
        if settings.image is not None:
            image = resolve_image(settings.image, parent=self._parent, registry=self._registry)
        options = pulumi.ResourceOptions(parent=self._parent)
        service = Service(
            settings.name, ServiceArgs(settings=settings, platform=platform, image=image), opts=options
        )
        if settings.host is not None and platform.zone_id is not None:
            Host(
                settings.name,
                HostArgs(
                    host=settings.host,
                    zone_id=platform.zone_id,
                    load_balancer_dns_name=platform.load_balancer_dns_name,
                    load_balancer_zone_id=platform.load_balancer_zone_id,
                    ipv6=self._settings.network.ipv6,
                ),
                opts=options,
            )
        return service

    def _when_verified(
        self, services: Mapping[str, Service], urls: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[Mapping[str, str]]:
        """Return the addresses once the services there run what this stack asks for."""
        expected = [
            {
                "name": one.name,
                "cluster": self._platform.cluster_arn,
                "service": services[one.name].name,
                "task_definition": services[one.name].task_definition_arn,
                "alarms": services[one.name].alarm_names,
                "scheduled": one.autoscaling.enabled and bool(one.autoscaling.schedule),
            }
            for one in self._settings.services
        ]
        done = self._platform.rollout.verified(expected)
        return pulumi.Output.all(urls=urls, done=done).apply(lambda known: known["urls"])

    def _url(self, settings: ServiceSettings) -> pulumi.Output[str]:
        if settings.host is not None:
            return pulumi.Output.from_input(f"https://{settings.host}")
        name = self._platform.load_balancer_dns_name
        return pulumi.Output.concat("http://", name, settings.path_prefix or "")
