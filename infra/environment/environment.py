"""A whole stack: creates and connects all components."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pulumi

from infra.bootstrapped import with_bootstrapped
from infra.cluster.cluster import Cluster, ClusterArgs
from infra.cluster.place import Place
from infra.environment.attachment import OUTPUT, attachment_of
from infra.environment.entrances import Entrances
from infra.environment.services import EnvironmentArgs, Services, observed_service, own_parts
from infra.image.images import Images
from infra.network.discovery import Discovery, DiscoveryArgs, Namespaces
from infra.network.endpoints import Endpoints, EndpointsArgs
from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from infra.network.vpc import Network, NetworkArgs
from infra.observability.dashboard import Dashboard, DashboardArgs
from infra.observability.on_call import OnCall, OnCallArgs
from infra.service.platform import Platform, TrafficShift
from infra.service.roles import InfrastructureRole
from infra.storage.file_system import FileSystem, FileSystemArgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.account import Account
    from infra.rollout.rollout import Rollout
    from infra.settings import Settings


class Environment(pulumi.ComponentResource):
    """The app and its multidev copies, each at an address of its own, behind a load balancer.

    What belongs to one copy alone is below its own `Service` and `Host`: a copy more or less changes no
    other.
    """

    outputs: dict[str, pulumi.Output[Any]]
    """What people want to know, and what another stack needs to attach."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Environment", name, None, opts)
        args = with_bootstrapped(args, parent=self)
        settings = args.settings

        images = Images(settings, stack_prefix=args.stack_prefix, parent=self)
        image = images.main
        self._network = Network(
            "network",
            NetworkArgs(settings=settings.network, region=settings.provider.region, protect=settings.protect),
            opts=pulumi.ResourceOptions(parent=self),
        )
        prefix = f"{args.project}/{settings.environment}"
        self._entrances = Entrances(settings, self._network, log_prefix=prefix, parent=self)
        own = own_parts(args, parent=self)
        self._endpoints = self._keep_inside(settings)
        if settings.observability.flow_logs != "none":
            self._log_flows(own["account"], settings, prefix)
        self._cluster = Cluster(
            "cluster",
            ClusterArgs(
                settings=settings.cluster,
                default_strategy=settings.main.capacity_provider_strategy,
                log_retention_days=settings.main.log_retention_days,
                log_key_arn=settings.observability.log_key_arn,
                place=self._place(own, settings),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._files = self._file_systems(settings)
        platform = self._platform(own, args)
        services = Services(settings, platform, images, parent=self)
        self._observe(settings, platform, services)

        self.outputs = {
            **services.outputs,
            **images.outputs,
            **self._entrances.outputs,
            "vpc_id": self._network.vpc_id,
            "public_subnet_ids": self._network.public_subnet_ids,
            "private_subnet_ids": self._network.private_subnet_ids,
            "tasks_security_group_id": self._entrances.security.tasks_id,
        }
        if settings.main.exposure == "http":
            self.outputs[OUTPUT] = attachment_of(settings, platform, image)
        # A ready image has no repository here, and a stack without a domain no zone.
        if image.repository is not None:
            self.outputs["repository_url"] = image.repository.url
        if self._entrances.zone_id is not None:
            self.outputs["zone_id"] = self._entrances.zone_id
        if self._cluster.registration_command is not None:
            self.outputs["registration_command"] = self._cluster.registration_command
        self.register_outputs(self.outputs)

    def _keep_inside(self, settings: Settings) -> list[Endpoints]:
        if not settings.network.interface_endpoints:
            return []
        return [
            Endpoints(
                "endpoints",
                EndpointsArgs(
                    region=settings.provider.region,
                    vpc_id=self._network.vpc_id,
                    subnet_ids=self._network.task_subnet_ids,
                    tasks_security_group_id=self._entrances.security.tasks_id,
                    services=settings.network.interface_endpoints,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        ]

    def _log_flows(self, account: Account, settings: Settings, prefix: str) -> None:
        observability = settings.observability
        FlowLogs(
            "flow-logs",
            FlowLogsArgs(
                account=account,
                vpc_id=self._network.vpc_id,
                bucket=observability.log_bucket if observability.flow_logs == "bucket" else None,
                prefix=prefix,
                retention_days=settings.main.log_retention_days,
                key_arn=observability.log_key_arn,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _observe(self, settings: Settings, platform: Platform, services: Services) -> None:
        balancer = settings.load_balancer
        own_balancer = balancer.listener_arn is None and any(
            one.exposure == "http" for one in settings.services
        )
        observability = settings.observability
        shared: Any = {
            "qualified_stack": f"{platform.project}/{platform.stack}",
            # Copies are for trying things out: they wake nobody.
            "services": [
                observed_service(one, services.made[one.name], platform)
                for one in settings.services
                if one.copy_name is None
            ],
            "cluster_name": platform.cluster_name,
            "load_balancer": platform.load_balancer_arn_suffix if own_balancer else None,
            "log_group_name": platform.log_group_name,
        }
        if observability.notifications.topic_arn is not None:
            OnCall(
                "on-call",
                OnCallArgs(
                    settings=observability.notifications,
                    cluster_arn=platform.cluster_arn,
                    insights=settings.cluster.counts_tasks,
                    **shared,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        if observability.dashboard:
            Dashboard(
                "dashboard",
                DashboardArgs(region=settings.provider.region, **shared),
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _place(self, own: Mapping[str, Any], settings: Settings) -> Place:
        rollout: Rollout = own["rollout"]
        return Place(
            account=own["account"],
            tags=settings.provider.tags,
            subnet_ids=self._network.task_subnet_ids,
            security_group_id=self._entrances.security.tasks_id,
            assign_public_ip=self._network.tasks_have_public_addresses,
            hooks=rollout.of_capacity,
            cluster_hooks=rollout.of_cluster_capacity,
            prerequisites=[self._network, self._entrances.security],
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
            security_group_id=self._entrances.security.tasks_id,
            assign_public_ip=self._network.tasks_have_public_addresses,
            **self._entrances.of_platform(),
            namespaces=self._namespaces(args),
            file_system_ids={name: one.id for name, one in self._files.items()},
            log_group_name=self._cluster.log_group_name,
            log_group_arn=self._cluster.log_group_arn,
            traffic_shift=self._traffic_shift(own["account"]),
            prerequisites=[self._network, self._entrances.security, self._cluster, *self._endpoints],
        )

    def _file_systems(self, settings: Settings) -> Mapping[str, FileSystem]:
        return {
            volume: FileSystem(
                f"files-{volume}",
                FileSystemArgs(
                    settings=files,
                    vpc_id=self._network.vpc_id,
                    zones=self._network.zones,
                    subnet_ids=self._network.task_subnet_ids,
                    tasks_security_group_id=self._entrances.security.tasks_id,
                    protect=settings.protect,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for volume, files in settings.file_systems.items()
        }

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
        if self._entrances.test_listener_arn is None:
            return None
        role = InfrastructureRole("infrastructure", account, opts=pulumi.ResourceOptions(parent=self))
        return TrafficShift(role=role, test_listener_arn=self._entrances.test_listener_arn)
