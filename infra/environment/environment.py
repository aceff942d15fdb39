"""A whole stack: creates and connects all components."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pulumi

from infra.account import Account
from infra.bootstrapped import resolve_bootstrap
from infra.cluster.capacity import InstanceArgs
from infra.cluster.cluster import Cluster, ClusterArgs
from infra.environment.attachment import OUTPUT, attachment_output
from infra.environment.load_balancers import LoadBalancers
from infra.environment.services import Services
from infra.image.images import Images
from infra.network.discovery import Discovery, DiscoveryArgs, Namespaces
from infra.network.endpoints import Endpoints, EndpointsArgs
from infra.network.flow_logs import FlowLogs, FlowLogsArgs
from infra.network.vpc import Network, NetworkArgs
from infra.observability.dashboard import Dashboard, DashboardArgs
from infra.observability.observed import ObservedStack
from infra.observability.on_call import OnCall, OnCallArgs
from infra.rollout.rollout import Rollout
from infra.service.platform import Platform, TrafficShift
from infra.service.roles import InfrastructureRole
from infra.storage.file_system import FileSystem, FileSystemArgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.environment.args import EnvironmentArgs
    from infra.network.load_balancer import LoadBalancer
    from infra.settings import Settings


class Environment(pulumi.ComponentResource):
    """The app and its multidev copies, each at its own address, behind shared load balancers.

    The resources of one copy are children of its own `Service` and `Host`: adding or removing a copy changes
    no other.
    """

    outputs: dict[str, pulumi.Output[Any]]
    """Stack outputs."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Environment", name, None, opts)
        settings = resolve_bootstrap(args.settings, args.project, parent=self)
        child = pulumi.ResourceOptions(parent=self)
        log_prefix = f"{args.project}/{settings.stack}"

        account = Account.of(settings.provider, parent=self)
        rollout = Rollout(settings.provider)
        images = Images(settings, stack_prefix=args.stack_prefix, parent=self)
        network = Network(
            "network",
            NetworkArgs(settings=settings.network, region=settings.provider.region, protect=settings.protect),
            opts=child,
        )
        balancers = LoadBalancers(settings, network, log_prefix=log_prefix, parent=self)
        tasks_security_group_id = balancers.security.tasks_id
        endpoints = self._endpoints(settings, network, tasks_security_group_id)
        if settings.observability.flow_logs != "none":
            self._log_flows(settings, account, network, log_prefix)
        cluster = Cluster(
            "cluster",
            ClusterArgs(
                settings=settings.cluster,
                default_strategy=settings.main.capacity_provider_strategy,
                log_retention_days=settings.main.log_retention_days,
                log_key_arn=settings.observability.log_key_arn,
                instances=InstanceArgs(
                    account=account,
                    tags=settings.provider.tags,
                    subnet_ids=network.task_subnet_ids,
                    security_group_id=tasks_security_group_id,
                    assign_public_ip=network.tasks_have_public_addresses,
                    hooks=rollout.retries,
                    prerequisites=[network, balancers.security],
                ),
                hooks=rollout.cluster_capacity_hooks,
            ),
            opts=child,
        )
        platform = Platform(
            account=account,
            project=args.project,
            stack=settings.stack,
            rollout=rollout,
            cluster_arn=cluster.arn,
            cluster_name=cluster.name,
            capacity=settings.cluster.capacity,
            provider_names=cluster.provider_names,
            log_group_name=cluster.log_group_name,
            log_group_arn=cluster.log_group_arn,
            vpc_id=network.vpc_id,
            subnet_ids=network.task_subnet_ids,
            security_group_id=tasks_security_group_id,
            assign_public_ip=network.tasks_have_public_addresses,
            **balancers.platform_fields(),
            idle_timeout_seconds=settings.load_balancer.idle_timeout_seconds,
            traffic_shift=self._traffic_shift(account, balancers),
            namespaces=self._namespaces(settings, args.project, network),
            file_system_ids=self._file_systems(settings, network, tasks_security_group_id),
            prerequisites=[network, balancers.security, cluster, *endpoints],
        )
        services = Services(settings, platform, images, parent=self)
        self._observe(settings, platform, services, balancers.created_application)

        self.outputs = {
            **services.outputs,
            **images.outputs,
            **balancers.outputs,
            "vpc_id": network.vpc_id,
            "public_subnet_ids": network.public_subnet_ids,
            "private_subnet_ids": network.private_subnet_ids,
            "tasks_security_group_id": tasks_security_group_id,
        }
        if settings.main.exposure == "http":
            self.outputs[OUTPUT] = attachment_output(settings, platform, images.main)
        if images.main.repository is not None:
            self.outputs["repository_url"] = images.main.repository.url
        if balancers.zone_id is not None:
            self.outputs["zone_id"] = balancers.zone_id
        if cluster.registration_command is not None:
            self.outputs["registration_command"] = cluster.registration_command
        self.register_outputs(self.outputs)

    def _endpoints(
        self, settings: Settings, network: Network, tasks_security_group_id: pulumi.Output[str]
    ) -> list[Endpoints]:
        """Declare VPC endpoints, by which tasks reach AWS services without the internet."""
        if not settings.network.interface_endpoints:
            return []
        args = EndpointsArgs(
            region=settings.provider.region,
            vpc_id=network.vpc_id,
            # Not the tasks' subnets, which change with `nat`: AWS accepts one of each zone, also during an
            # update (DuplicateSubnetsInSameZone).
            subnet_ids=network.private_subnet_ids,
            tasks_security_group_id=tasks_security_group_id,
            services=settings.network.interface_endpoints,
        )
        return [Endpoints("endpoints", args, opts=pulumi.ResourceOptions(parent=self))]

    def _log_flows(self, settings: Settings, account: Account, network: Network, log_prefix: str) -> None:
        observability = settings.observability
        FlowLogs(
            "flow-logs",
            FlowLogsArgs(
                account=account,
                vpc_id=network.vpc_id,
                bucket=observability.log_bucket if observability.flow_logs == "bucket" else None,
                prefix=log_prefix,
                retention_days=settings.main.log_retention_days,
                key_arn=observability.log_key_arn,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _traffic_shift(self, account: Account, balancers: LoadBalancers) -> TrafficShift | None:
        if balancers.test_listener_arn is None:
            return None
        role = InfrastructureRole("infrastructure", account, opts=pulumi.ResourceOptions(parent=self))
        return TrafficShift(role=role, test_listener_arn=balancers.test_listener_arn)

    def _namespaces(self, settings: Settings, project: str, network: Network) -> Namespaces:
        if not settings.connects and not settings.has_names:
            return Namespaces()
        default = re.sub("[^a-z0-9.-]", "-", f"{settings.stack}.{project}.internal".lower())
        args = DiscoveryArgs(
            vpc_id=network.vpc_id,
            connect=settings.connects,
            domain=(settings.network.discovery_domain or default) if settings.has_names else None,
        )
        return Discovery("discovery", args, opts=pulumi.ResourceOptions(parent=self)).namespaces

    def _file_systems(
        self, settings: Settings, network: Network, tasks_security_group_id: pulumi.Output[str]
    ) -> Mapping[str, pulumi.Output[str]]:
        """Declare the EFS file systems of the services' volumes; return their ids by volume name."""
        if not settings.file_systems:
            return {}
        subnets = network.task_subnet_by_zone()
        return {
            volume: FileSystem(
                f"files-{volume}",
                FileSystemArgs(
                    settings=efs,
                    vpc_id=network.vpc_id,
                    subnets=subnets,
                    tasks_security_group_id=tasks_security_group_id,
                    protect=settings.protect,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            ).id
            for volume, efs in settings.file_systems.items()
        }

    def _observe(
        self, settings: Settings, platform: Platform, services: Services, balancer: LoadBalancer | None
    ) -> None:
        """Declare on-call alarms and the dashboard; an existing load balancer is observed by its owner."""
        observability, child = settings.observability, pulumi.ResourceOptions(parent=self)
        observed = ObservedStack(
            qualified_name=f"{platform.project}/{platform.stack}",
            # Copies are for trying things out: they notify nobody.
            services=[
                services.observed(service) for service in settings.services if service.copy_name is None
            ],
            cluster_name=platform.cluster_name,
            load_balancer=balancer.arn_suffix if balancer else None,
            log_group_name=platform.log_group_name,
        )
        if observability.notifications.topic_arn is not None:
            OnCall(
                "on-call",
                OnCallArgs(
                    settings=observability.notifications,
                    stack=observed,
                    cluster_arn=platform.cluster_arn,
                    insights=settings.cluster.counts_tasks,
                ),
                opts=child,
            )
        if observability.dashboard:
            args = DashboardArgs(stack=observed, region=settings.provider.region)
            Dashboard("dashboard", args, opts=child)
