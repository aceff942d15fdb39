"""The whole of a stack: the parts, put together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.cluster.cluster import Cluster, ClusterArgs
from infra.cluster.place import Place
from infra.environment.attachment import OUTPUT, attachment_of
from infra.environment.services import EnvironmentArgs, Services, own_parts
from infra.image.images import Images
from infra.network.discovery import Discovery, DiscoveryArgs, Namespaces
from infra.network.dns import Certificate, CertificateArgs
from infra.network.load_balancer import LoadBalancer, LoadBalancerArgs, test_port
from infra.network.security_groups import SecurityGroups, SecurityGroupsArgs
from infra.network.vpc import Network, NetworkArgs
from infra.service.platform import Platform, TrafficShift
from infra.service.roles import InfrastructureRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.account import Account
    from infra.rollout.rollout import Rollout
    from infra.settings import LoadBalancerSettings, Settings


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

        images = Images(settings, stack_prefix=args.stack_prefix, parent=self)
        image = images.main
        self._network = Network(
            "network",
            NetworkArgs(settings=settings.network, protect=settings.protect),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._security = SecurityGroups(
            "security",
            SecurityGroupsArgs(
                vpc_id=self._network.vpc_id,
                container_ports=settings.container_ports,
                dynamic_ports=settings.has_dynamic_ports,
                public_ports=[80, 443] if has_domain else [80],
                test_port=test_port(has_certificate=has_domain) if settings.shifts_traffic else None,
                test_cidrs=settings.load_balancer.test_cidrs,
                egress=settings.network.egress,
                ipv6=settings.network.ipv6,
                peer_ports=settings.peer_ports,
                dynamic_peer_ports=settings.has_dynamic_peer_ports,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        own = own_parts(args, parent=self)
        self._cluster = Cluster(
            "cluster",
            ClusterArgs(
                settings=settings.cluster,
                default_strategy=settings.main.capacity_provider_strategy,
                log_retention_days=settings.main.log_retention_days,
                place=self._place(own, settings),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._zone_id, certificate_arn = self._names(settings.load_balancer)
        self._load_balancer = LoadBalancer(
            "load-balancer",
            LoadBalancerArgs(
                settings=settings.load_balancer,
                subnet_ids=self._network.public_subnet_ids,
                security_group_id=self._security.load_balancer_id,
                certificate_arn=certificate_arn,
                test_listener=settings.shifts_traffic,
                ipv6=settings.network.ipv6,
                protect=settings.protect,
                prerequisites=[self._network],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

        platform = self._platform(own, args)
        services = Services(settings, platform, images, parent=self)

        self.outputs = {
            **services.outputs,
            **images.outputs,
            "load_balancer_arn": self._load_balancer.arn,
            "load_balancer_dns_name": self._load_balancer.dns_name,
            "load_balancer_zone_id": self._load_balancer.zone_id,
            "listener_arn": self._load_balancer.listener_arn,
            "vpc_id": self._network.vpc_id,
            "public_subnet_ids": self._network.public_subnet_ids,
            "private_subnet_ids": self._network.private_subnet_ids,
            "tasks_security_group_id": self._security.tasks_id,
            OUTPUT: attachment_of(settings, platform, image),
        }
        # A ready image has no repository here, and a stack without a domain no zone.
        if image.repository is not None:
            self.outputs["repository_url"] = image.repository.url
        if self._zone_id is not None:
            self.outputs["zone_id"] = self._zone_id
        if self._cluster.registration_command is not None:
            self.outputs["registration_command"] = self._cluster.registration_command
        self.register_outputs(self.outputs)

    def _place(self, own: Mapping[str, Any], settings: Settings) -> Place:
        rollout: Rollout = own["rollout"]
        return Place(
            account=own["account"],
            tags=settings.provider.tags,
            subnet_ids=self._network.task_subnet_ids,
            security_group_id=self._security.tasks_id,
            assign_public_ip=self._network.tasks_have_public_addresses,
            hooks=rollout.of_capacity,
            prerequisites=[self._network, self._security],
        )

    def _platform(self, own: Mapping[str, Any], args: EnvironmentArgs) -> Platform:
        return Platform(
            **own,
            capacity=args.settings.cluster.capacity,
            provider_names=self._cluster.provider_names,
            cluster_arn=self._cluster.arn,
            cluster_name=self._cluster.name,
            vpc_id=self._network.vpc_id,
            subnet_ids=self._network.task_subnet_ids,
            security_group_id=self._security.tasks_id,
            assign_public_ip=self._network.tasks_have_public_addresses,
            listener_arn=self._load_balancer.listener_arn,
            load_balancer_arn=self._load_balancer.arn,
            load_balancer_arn_suffix=self._load_balancer.arn_suffix,
            load_balancer_dns_name=self._load_balancer.dns_name,
            load_balancer_zone_id=self._load_balancer.zone_id,
            zone_id=self._zone_id,
            namespaces=self._namespaces(args),
            log_group_name=self._cluster.log_group_name,
            log_group_arn=self._cluster.log_group_arn,
            traffic_shift=self._traffic_shift(own["account"]),
            prerequisites=[self._network, self._security, self._cluster],
        )

    def _names(
        self, settings: LoadBalancerSettings
    ) -> tuple[pulumi.Output[str] | None, pulumi.Output[str] | None]:
        """Return zone and certificate of the stack's domain; without one there is neither."""
        if settings.domain is None or settings.hosted_zone is None:
            return None, None
        zone_id = aws.route53.get_zone_output(
            name=settings.hosted_zone, private_zone=False, opts=pulumi.InvokeOptions(parent=self)
        ).zone_id
        certificate = Certificate(
            "certificate",
            CertificateArgs(domain=settings.domain, zone_id=zone_id),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return zone_id, certificate.arn

    def _namespaces(self, args: EnvironmentArgs) -> Namespaces:
        settings = args.settings
        if not settings.connects and not settings.has_names:
            return Namespaces()
        here = re.sub("[^a-z0-9.-]", "-", f"{settings.environment}.{args.project}.internal".lower())
        discovery = Discovery(
            "discovery",
            DiscoveryArgs(
                vpc_id=self._network.vpc_id,
                connect=settings.connects,
                domain=(settings.network.discovery_domain or here) if settings.has_names else None,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return discovery.namespaces

    def _traffic_shift(self, account: Account) -> TrafficShift | None:
        if self._load_balancer.test_listener_arn is None:
            return None
        role = InfrastructureRole("infrastructure", account, opts=pulumi.ResourceOptions(parent=self))
        return TrafficShift(role=role, test_listener_arn=self._load_balancer.test_listener_arn)
