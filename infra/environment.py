"""The whole of a stack: the parts, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.cluster import Cluster, ClusterArgs
from infra.dns import Certificate, CertificateArgs, Host, HostArgs
from infra.ecs_roles import InfrastructureRole
from infra.image import AppImage, AppImageArgs
from infra.image_reference import needs_docker_registry, resolve_image
from infra.load_balancer import LoadBalancer, LoadBalancerArgs, test_port
from infra.network import Network, NetworkArgs
from infra.rollout.clients import Clients
from infra.rollout.gate import Followed, hold_until_out
from infra.rollout.migration import Migrations
from infra.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.service import Service, ServiceArgs
from infra.strategy import TrafficShift
from infra.task import Account, TaskDefinitionArgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi_docker as docker

    from infra.settings import ServiceSettings, Settings


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """What an :class:`Environment` needs to know."""

    settings: Settings
    organization: str
    project: str


class Environment(pulumi.ComponentResource):
    """The app and its multidev copies, each at an address of its own, behind one load balancer.

    What belongs to one copy alone is below its own `Service` and `Host`: a copy more or less changes no
    other.
    """

    outputs: dict[str, pulumi.Output[Any]]
    """What people want to know, and what another stack needs to attach."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Environment", name, None, opts)
        settings = args.settings
        has_domain = settings.load_balancer.domain is not None

        self._args = args
        self._settings = settings
        self._clients = Clients(settings.provider)
        self._migrations = Migrations(self._clients)
        self._registry = self._docker_registry()
        self._image = AppImage(
            "app",
            AppImageArgs(
                settings=settings.image,
                stack_prefix=f"{args.organization}/{args.project}",
                registry=self._registry,
                protect=settings.protect,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._network = Network(
            "network",
            NetworkArgs(settings=settings.network, protect=settings.protect),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._security = SecurityGroups(
            "security",
            SecurityGroupsArgs(
                vpc_id=self._network.vpc_id,
                container_port=settings.main.container_port,
                public_ports=[80, 443] if has_domain else [80],
                test_port=test_port(has_certificate=has_domain) if settings.shifts_traffic else None,
                test_cidrs=settings.load_balancer.test_cidrs,
                egress=settings.network.egress,
                ipv6=settings.network.ipv6,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._cluster = Cluster(
            "cluster",
            ClusterArgs(settings=settings.cluster, log_retention_days=settings.main.log_retention_days),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._zone_id = self._find_zone()
        self._load_balancer = LoadBalancer(
            "load-balancer",
            LoadBalancerArgs(
                settings=settings.load_balancer,
                subnet_ids=self._network.public_subnet_ids,
                security_group_id=self._security.load_balancer_id,
                certificate_arn=self._certificate_arn(),
                test_listener=settings.shifts_traffic,
                ipv6=settings.network.ipv6,
                protect=settings.protect,
                prerequisites=[self._network],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

        account = Account(
            partition=aws.get_partition_output(opts=pulumi.InvokeOptions(parent=self)).partition,
            region=settings.provider.region,
            id=aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self)).account_id,
            permissions_boundary=settings.provider.permissions_boundary,
        )
        self._traffic_shift = self._share_traffic_shift(account)
        services = {service.name: self._serve(service, account) for service in settings.services}
        urls = self._when_out(services, {one.name: self._url(one) for one in settings.services})

        self.outputs = {
            "url": urls[settings.main.name],
            "urls": urls,
            "image": self._image.reference,
            "cluster_name": self._cluster.name,
            "cluster_arn": self._cluster.arn,
            "service_names": pulumi.Output.from_input(
                {name: service.name for name, service in services.items()}
            ),
            "log_group_name": self._cluster.log_group_name,
            "load_balancer_arn": self._load_balancer.arn,
            "load_balancer_dns_name": self._load_balancer.dns_name,
            "load_balancer_zone_id": self._load_balancer.zone_id,
            "listener_arn": self._load_balancer.listener_arn,
            "vpc_id": self._network.vpc_id,
            "public_subnet_ids": self._network.public_subnet_ids,
            "private_subnet_ids": self._network.private_subnet_ids,
            "tasks_security_group_id": self._security.tasks_id,
        }
        # A ready image has no repository here, and a stack without a domain no zone.
        if self._image.repository_url is not None:
            self.outputs["repository_url"] = self._image.repository_url
        if self._zone_id is not None:
            self.outputs["zone_id"] = self._zone_id
        self.register_outputs(self.outputs)

    def _docker_registry(self) -> docker.Provider | None:
        references = [self._settings.image.image, *(service.image for service in self._settings.services)]
        if not any(needs_docker_registry(reference) for reference in references if reference):
            return None
        # Most stacks need none, and loading the SDK takes time.
        import pulumi_docker as docker

        # It only asks registries: no Docker daemon has to run for that.
        return docker.Provider(
            "docker",
            disable_docker_daemon_check=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _find_zone(self) -> pulumi.Output[str] | None:
        if self._settings.load_balancer.zone is None:
            return None
        return aws.route53.get_zone_output(
            name=self._settings.load_balancer.zone,
            private_zone=False,
            opts=pulumi.InvokeOptions(parent=self),
        ).zone_id

    def _certificate_arn(self) -> pulumi.Output[str] | None:
        domain = self._settings.load_balancer.domain
        if domain is None or self._zone_id is None:
            return None
        return Certificate(
            "certificate",
            CertificateArgs(domain=domain, zone_id=self._zone_id),
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _share_traffic_shift(self, account: Account) -> TrafficShift | None:
        if self._load_balancer.test_listener_arn is None:
            return None
        role = InfrastructureRole("infrastructure", account, opts=pulumi.ResourceOptions(parent=self))
        return TrafficShift(role=role, test_listener_arn=self._load_balancer.test_listener_arn)

    def _serve(self, settings: ServiceSettings, account: Account) -> Service:
        image = self._image.deployable
        if settings.image is not None:
            image = resolve_image(settings.image, parent=self, registry=self._registry)
        service = Service(
            settings.name,
            ServiceArgs(
                task=TaskDefinitionArgs(
                    settings=settings,
                    family=f"{self._args.project}-{self._settings.environment}-{settings.name}",
                    environment=self._settings.environment,
                    image=image,
                    idle_timeout_seconds=self._settings.load_balancer.idle_timeout_seconds,
                    log_group_name=self._cluster.log_group_name,
                    log_group_arn=self._cluster.log_group_arn,
                    account=account,
                ),
                cluster_arn=self._cluster.arn,
                cluster_name=self._cluster.name,
                capacity_provider_strategy=self._settings.cluster.capacity_provider_strategy,
                vpc_id=self._network.vpc_id,
                subnet_ids=self._network.task_subnet_ids,
                security_group_id=self._security.tasks_id,
                assign_public_ip=self._network.tasks_have_public_addresses,
                listener_arn=self._load_balancer.listener_arn,
                load_balancer_arn_suffix=self._load_balancer.arn_suffix,
                traffic_shift=self._traffic_shift,
                migrations=self._migrations,
                prerequisites=[self._network, self._security, self._cluster],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if settings.host is not None and self._zone_id is not None:
            Host(
                settings.name,
                HostArgs(
                    host=settings.host,
                    zone_id=self._zone_id,
                    load_balancer_dns_name=self._load_balancer.dns_name,
                    load_balancer_zone_id=self._load_balancer.zone_id,
                    ipv6=self._settings.network.ipv6,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        return service

    def _when_out(
        self, services: Mapping[str, Service], urls: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[Mapping[str, str]]:
        """Return the addresses once what answers there is what was asked for."""
        followed = [
            Followed(
                name=settings.name,
                cluster=self._cluster.arn,
                service=services[settings.name].name,
                task_definition=services[settings.name].task_definition_arn,
                log_group=self._cluster.log_group_name,
                seconds=settings.rollout_seconds,
                alarms=services[settings.name].alarm_names,
                scheduled=bool(settings.autoscaling and settings.autoscaling.schedule),
            )
            for settings in self._settings.services
        ]
        out = hold_until_out(followed, self._clients)
        return pulumi.Output.all(urls=urls, out=out).apply(lambda known: known["urls"])

    def _url(self, settings: ServiceSettings) -> pulumi.Output[str]:
        if settings.host is not None:
            return pulumi.Output.from_input(f"https://{settings.host}")
        return pulumi.Output.concat("http://", self._load_balancer.dns_name, settings.path_prefix or "")
