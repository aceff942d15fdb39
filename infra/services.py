"""The services of a stack, each at a host of its own, and the wait until they run what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.dns import Host, HostArgs
from infra.image_reference import needs_docker_registry, resolve_image
from infra.rollout.clients import Clients
from infra.rollout.gate import Followed, hold_until_out
from infra.rollout.migration import Migrations
from infra.service import Service, ServiceArgs
from infra.task import Account, TaskDefinitionArgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi_docker as docker

    from infra.image_reference import DeployableImage
    from infra.place import Place
    from infra.settings import ServiceSettings, Settings


def account_of(settings: Settings, *, parent: pulumi.Resource) -> Account:
    """Return the account that a stack is in."""
    return Account(
        partition=aws.get_partition_output(opts=pulumi.InvokeOptions(parent=parent)).partition,
        region=settings.provider.region,
        id=aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=parent)).account_id,
        permissions_boundary=settings.provider.permissions_boundary,
        role_path="/{Project}-{Stack}/".format_map(settings.provider.tags),
    )


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


@dataclass(frozen=True, kw_only=True)
class ServicesArgs:
    """What :class:`Services` need to know."""

    settings: Settings
    project: str
    place: Place
    account: Account
    image: DeployableImage
    """What services run that have none of their own."""
    registry: docker.Provider | None
    """Asks registries other than ECR."""


class Services:
    """Every service of the settings, below one component; what is one's alone is below its own parts."""

    outputs: dict[str, pulumi.Output[Any]]
    """Addresses and names. The addresses are known once what answers there is what was asked for."""

    def __init__(self, args: ServicesArgs, *, parent: pulumi.Resource) -> None:
        self._args = args
        self._parent = parent
        self._clients = Clients(args.settings.provider)
        self._migrations = Migrations(self._clients)

        settings = args.settings
        services = {service.name: self._serve(service) for service in settings.services}
        urls = self._when_out(services, {one.name: self._url(one) for one in settings.services})
        self.outputs = {
            "url": urls[settings.main.name],
            "urls": urls,
            "cluster_name": args.place.cluster_name,
            "cluster_arn": args.place.cluster_arn,
            "service_names": pulumi.Output.from_input(
                {name: service.name for name, service in services.items()}
            ),
            "log_group_name": args.place.log_group_name,
        }

    def _serve(self, settings: ServiceSettings) -> Service:
        args, place = self._args, self._args.place
        image = args.image
        if settings.image is not None:
            image = resolve_image(settings.image, parent=self._parent, registry=args.registry)
        service = Service(
            settings.name,
            ServiceArgs(
                task=TaskDefinitionArgs(
                    settings=settings,
                    family=f"{args.project}-{args.settings.environment}-{settings.name}",
                    environment=args.settings.environment,
                    image=image,
                    idle_timeout_seconds=args.settings.load_balancer.idle_timeout_seconds,
                    log_group_name=place.log_group_name,
                    log_group_arn=place.log_group_arn,
                    account=args.account,
                ),
                cluster_arn=place.cluster_arn,
                cluster_name=place.cluster_name,
                capacity_provider_strategy=args.settings.cluster.capacity_provider_strategy,
                vpc_id=place.vpc_id,
                subnet_ids=place.subnet_ids,
                security_group_id=place.security_group_id,
                assign_public_ip=place.assign_public_ip,
                listener_arn=place.listener_arn,
                load_balancer_arn_suffix=place.load_balancer_arn_suffix,
                traffic_shift=place.traffic_shift,
                migrations=self._migrations,
                prerequisites=place.prerequisites,
            ),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )
        if settings.host is not None and place.zone_id is not None:
            Host(
                settings.name,
                HostArgs(
                    host=settings.host,
                    zone_id=place.zone_id,
                    load_balancer_dns_name=place.load_balancer_dns_name,
                    load_balancer_zone_id=place.load_balancer_zone_id,
                    ipv6=args.settings.network.ipv6,
                ),
                opts=pulumi.ResourceOptions(parent=self._parent),
            )
        return service

    def _when_out(
        self, services: Mapping[str, Service], urls: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[Mapping[str, str]]:
        """Return the addresses once what answers there is what was asked for."""
        followed = [
            Followed(
                name=settings.name,
                cluster=self._args.place.cluster_arn,
                service=services[settings.name].name,
                task_definition=services[settings.name].task_definition_arn,
                log_group=self._args.place.log_group_name,
                seconds=settings.rollout_seconds,
                alarms=services[settings.name].alarm_names,
                scheduled=bool(settings.autoscaling and settings.autoscaling.schedule),
            )
            for settings in self._args.settings.services
        ]
        out = hold_until_out(followed, self._clients)
        return pulumi.Output.all(urls=urls, out=out).apply(lambda known: known["urls"])

    def _url(self, settings: ServiceSettings) -> pulumi.Output[str]:
        if settings.host is not None:
            return pulumi.Output.from_input(f"https://{settings.host}")
        name = self._args.place.load_balancer_dns_name
        return pulumi.Output.concat("http://", name, settings.path_prefix or "")
