"""What each type of resource is billed by, and which types cost nothing and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from automation.cost.assumptions import Assumptions
from automation.cost.resources import Resource, Stack
from automation.cost.tasks import SERVICE, Tasks, tasks_of

_CLUSTER: Final = "aws:ecs/cluster:Cluster"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_KB_IN_GB: Final = 1024 * 1024
_MIB_IN_GB: Final = 1024
_UNITS_IN_VCPU: Final = 1024
_FREE_STORAGE_GB: Final = 20
_DAYS_OF_MONTH: Final = 365 / 12
_SECONDS_OF_HOUR: Final = 3600
# Logs that are never deleted cost more every month: these are the costs after one year.
_DAYS_OF_FOREVER: Final = 365
# https://aws.amazon.com/elasticloadbalancing/pricing/: the largest of these counts.
_NEW_CONNECTIONS_IN_LCU: Final = 25
_GB_PER_HOUR_IN_LCU: Final = 1
_ARCHITECTURE: Final = {"ARM64": "arm64", "X86_64": "x86_64"}


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much a resource takes in a month of something that has a price."""

    price: str
    quantity: float
    group: str
    """What the bill's reader thinks in: Fargate, public addresses, logs."""
    what: str
    assumes: tuple[str, ...] = ("hours",)


@dataclass(frozen=True)
class Context:
    """The stack around a resource, and what is assumed of it."""

    stack: Stack
    assumed: Assumptions

    @cached_property
    def tasks_by_service(self) -> Mapping[str, Tasks]:
        """How many tasks each service runs, by its logical name."""
        return {
            service.name: tasks_of(service, self.stack, self.assumed.scaling)
            for service in self.stack.all(SERVICE)
        }

    def tasks(self, service: Resource) -> Tasks:
        """How many tasks a service runs."""
        return self.tasks_by_service[service.name]

    @cached_property
    def services(self) -> list[Resource]:
        """The services that run a task at any time."""
        return [service for service in self.stack.all(SERVICE) if self.tasks(service).awake]

    def tasks_together(self, services: Iterable[Resource]) -> float:
        """How many tasks services run on average."""
        return sum(self.tasks(service).average for service in services)

    @property
    def gb_of_service(self) -> float:
        """What a service answers in a month."""
        return self.assumed.requests * self.assumed.response_kb / _KB_IN_GB


Meter = Callable[[Resource, Context], Iterable[Usage]]


def _service(service: Resource, context: Context) -> Iterator[Usage]:
    tasks = context.tasks(service)
    definition = context.stack.by_arn(service.properties.get("taskDefinition"))
    if not tasks.awake:
        return
    hours = context.assumed.hours
    placed: dict[str, float] = {}
    for count, time in tasks.levels:
        # What a strategy's base takes of few tasks is not what it takes of their average.
        for provider, share in shares(count, _strategy(service, context.stack)).items():
            placed[provider] = placed.get(provider, 0) + share * time
    for provider, share in placed.items():
        if provider in ("FARGATE", "FARGATE_SPOT") and definition is not None:
            yield from _fargate(definition, share * hours, spot=provider == "FARGATE_SPOT")
    if service.block("networkConfiguration").get("assignPublicIp"):
        yield Usage(
            price="public-ipv4",
            quantity=tasks.average * hours,
            group="Public IPv4",
            what="an address for each task",
        )
    if service.items("loadBalancers"):
        yield Usage(
            price="internet-out",
            quantity=context.gb_of_service,
            group="Data transfer",
            what="responses to the internet",
            assumes=("requests", "response_kb"),
        )


def _fargate(definition: Resource, task_hours: float, *, spot: bool) -> Iterator[Usage]:
    platform = definition.block("runtimePlatform").get("cpuArchitecture") or "X86_64"
    architecture = _ARCHITECTURE[str(platform)]
    kind = f"fargate-spot-{architecture}" if spot else f"fargate-{architecture}"
    name = f"{'Spot ' if spot else ''}{architecture}"
    yield Usage(
        price=f"{kind}-vcpu",
        quantity=definition.whole("cpu") / _UNITS_IN_VCPU * task_hours,
        group="Fargate",
        what=f"{name}, vCPU",
    )
    yield Usage(
        price=f"{kind}-memory",
        quantity=definition.whole("memory") / _MIB_IN_GB * task_hours,
        group="Fargate",
        what=f"{name}, memory",
    )
    storage = int(definition.block("ephemeralStorage").get("sizeInGib") or _FREE_STORAGE_GB)
    if storage > _FREE_STORAGE_GB:
        yield Usage(
            price="fargate-storage",
            quantity=(storage - _FREE_STORAGE_GB) * task_hours,
            group="Fargate",
            what=f"storage above {_FREE_STORAGE_GB} GB",
        )


def _strategy(service: Resource, stack: Stack) -> list[Mapping[str, Any]]:
    own = service.items("capacityProviderStrategies")
    if own:
        return own
    launch_type = service.properties.get("launchType")
    if launch_type:
        return [{"capacityProvider": launch_type, "weight": 1}]
    of_cluster = stack.all("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    return [line for item in of_cluster for line in item.items("defaultCapacityProviderStrategies")]


def shares(tasks: float, strategy: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """How many tasks a strategy puts where: the bases first, and the rest by weight, on average."""
    lines = list(strategy)
    placed: dict[str, float] = {}
    left = tasks
    for line in lines:
        base = min(int(line.get("base") or 0), left)
        placed[str(line["capacityProvider"])] = float(base)
        left -= base
    weights = sum(int(line.get("weight") or 0) for line in lines)
    for line in lines if weights else ():
        placed[str(line["capacityProvider"])] += left * int(line.get("weight") or 0) / weights
    return {provider: share for provider, share in placed.items() if share}


def _load_balancer(balancer: Resource, context: Context) -> Iterator[Usage]:
    hours = context.assumed.hours
    yield Usage(price="alb-hour", quantity=hours, group="Load balancer", what="hours")
    services = [service for service in context.services if service.items("loadBalancers")]
    # At worst each request comes by a connection of its own.
    by_connections = context.assumed.requests / _SECONDS_OF_HOUR / _NEW_CONNECTIONS_IN_LCU
    by_data = context.gb_of_service / _GB_PER_HOUR_IN_LCU
    yield Usage(
        price="alb-lcu",
        quantity=len(services) * max(by_connections, by_data),
        group="Load balancer",
        what="capacity units",
        assumes=("requests", "response_kb"),
    )
    public = not balancer.properties.get("internal")
    if public and balancer.properties.get("ipAddressType") != "dualstack-without-public-ipv4":
        zones = len(balancer.texts("subnets")) or len(balancer.items("subnetMappings"))
        yield Usage(
            price="public-ipv4", quantity=zones * hours, group="Public IPv4", what="an address in each zone"
        )


def _nat_gateway(_: Resource, context: Context) -> Iterator[Usage]:
    hours = context.assumed.hours
    yield Usage(price="nat-hour", quantity=hours, group="NAT gateway", what="hours")
    tasks = context.tasks_together(
        service
        for service in context.services
        if not service.block("networkConfiguration").get("assignPublicIp")
    )
    yield Usage(
        price="nat-data",
        quantity=tasks * context.assumed.nat_gb / len(context.stack.all(_NAT_GATEWAY)),
        group="NAT gateway",
        what="data",
        assumes=("nat_gb",),
    )


def _address(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage(
        price="public-ipv4", quantity=context.assumed.hours, group="Public IPv4", what="an elastic address"
    )


def _endpoint(endpoint: Resource, context: Context) -> Iterator[Usage]:
    if endpoint.properties.get("vpcEndpointType") == "Interface":
        zones = len(endpoint.texts("subnetIds"))
        yield Usage(
            price="endpoint-hour",
            quantity=zones * context.assumed.hours,
            group="VPC endpoints",
            what="hours in each zone",
        )


def _log_group(group: Resource, context: Context) -> Iterator[Usage]:
    tasks = context.tasks_together(context.services)
    gb = tasks * context.assumed.logs_gb / len(context.stack.all(_LOG_GROUP))
    days = group.whole("retentionInDays") or _DAYS_OF_FOREVER
    yield Usage(price="logs-ingested", quantity=gb, group="Logs", what="taken in", assumes=("logs_gb",))
    yield Usage(
        price="logs-stored",
        quantity=gb * days / _DAYS_OF_MONTH,
        group="Logs",
        what=f"kept for {days} days",
        assumes=("logs_gb",),
    )


def _cluster(cluster: Resource, context: Context) -> Iterator[Usage]:
    wanted = {str(item.get("name")): item.get("value") for item in cluster.items("settings")}
    insights = wanted.get("containerInsights", "disabled")
    if insights not in ("enabled", "enhanced"):
        return
    assumed = context.assumed
    arn = cluster.properties.get("arn")
    services = [service for service in context.services if service.properties.get("cluster") == arn]
    tasks = context.tasks_together(services)
    awake = [context.tasks(service).awake for service in services]
    enhanced = insights == "enhanced"
    # A cluster in which nothing runs reports nothing, and metrics are paid by the hour.
    metrics = assumed.insights_cluster_metrics * max(awake, default=0)
    metrics += assumed.insights_service_metrics * sum(awake)
    metrics += assumed.insights_task_metrics * tasks if enhanced else 0
    yield Usage(
        price="insights-metric" if enhanced else "metric",
        quantity=metrics,
        group="Container Insights",
        what="metrics",
        assumes=(
            "insights_cluster_metrics",
            "insights_service_metrics",
            *(("insights_task_metrics",) if enhanced else ()),
        ),
    )
    yield Usage(
        price="logs-ingested",
        quantity=tasks * assumed.insights_logs_gb,
        group="Container Insights",
        what="performance events",
        assumes=("insights_logs_gb",),
    )


def _alarm(alarm: Resource, _: Context) -> Iterator[Usage]:
    queried = [query for query in alarm.items("metricQueries") if query.get("metric")]
    yield Usage(
        price="alarm", quantity=float(len(queried) or 1), group="Alarms", what="metrics watched", assumes=()
    )


def _repository(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage(
        price="image-stored",
        quantity=context.assumed.image_gb,
        group="Images",
        what="images kept",
        assumes=("image_gb",),
    )


def _zone(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage(price="hosted-zone", quantity=1, group="Route 53", what="hosted zone", assumes=())
    yield Usage(
        price="dns-queries",
        quantity=context.assumed.dns_queries / 1_000_000,
        group="Route 53",
        what="queries",
        assumes=("dns_queries",),
    )


def _secret(_: Resource, __: Context) -> Iterator[Usage]:
    yield Usage(price="secret", quantity=1, group="Secrets", what="secret", assumes=())


def _key(_: Resource, __: Context) -> Iterator[Usage]:
    yield Usage(price="key", quantity=1, group="Keys", what="key", assumes=())


def _bucket(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage(
        price="object-stored",
        quantity=context.assumed.bucket_gb,
        group="Buckets",
        what="objects",
        assumes=("bucket_gb",),
    )


METERS: Final[Mapping[str, Meter]] = {
    SERVICE: _service,
    _CLUSTER: _cluster,
    _LOG_GROUP: _log_group,
    _NAT_GATEWAY: _nat_gateway,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ecr/repository:Repository": _repository,
    "aws:route53/zone:Zone": _zone,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:kms/key:Key": _key,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
}

_SCALING: Final = "changes the number of tasks; priced are the tasks"
_A_PART: Final = "part of what is priced by another resource"

FREE: Final[Mapping[str, str]] = {
    "aws:acm/certificate:Certificate": "ACM's public certificates cost nothing where they cannot be exported",
    "aws:acm/certificateValidation:CertificateValidation": "waits, and makes nothing",
    "aws:appautoscaling/policy:Policy": _SCALING,
    "aws:appautoscaling/scheduledAction:ScheduledAction": _SCALING,
    "aws:appautoscaling/target:Target": _SCALING,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "security groups cost nothing",
    "aws:ec2/internetGateway:InternetGateway": "costs nothing; what goes through it is data transfer",
    "aws:ec2/route:Route": "routes cost nothing",
    "aws:ec2/routeTable:RouteTable": "route tables cost nothing",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "route tables cost nothing",
    "aws:ec2/securityGroup:SecurityGroup": "security groups cost nothing",
    "aws:ec2/subnet:Subnet": "subnets cost nothing",
    "aws:ec2/vpc:Vpc": "a VPC costs nothing",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "deletes images",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "says where tasks run; priced are the tasks",
    "aws:ecs/taskDefinition:TaskDefinition": "describes tasks; priced are those that a service runs",
    "aws:iam/role:Role": "IAM costs nothing",
    "aws:iam/rolePolicy:RolePolicy": "IAM costs nothing",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "IAM costs nothing",
    "aws:lb/listener:Listener": _A_PART,
    "aws:lb/listenerRule:ListenerRule": "ten for each request cost nothing, more count as capacity",
    "aws:lb/targetGroup:TargetGroup": _A_PART,
    "aws:route53/record:Record": "10,000 records are free, and queries for an alias of a load balancer",
    "aws:ssm/parameter:Parameter": "standard parameters cost nothing",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "security groups cost nothing",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security groups cost nothing",
    "docker-build:index:Image": "built where the program runs; kept in a repository, which is priced",
    "random:index/randomId:RandomId": "stands in the state alone",
}
"""Types that cost nothing by themselves, each with its reason."""


def usages(resource: Resource, context: Context) -> list[Usage] | None:
    """What a resource is billed for; None for a type that nothing is known of."""
    meter = METERS.get(resource.type)
    if meter is not None:
        return [usage for usage in meter(resource, context) if usage.quantity]
    return [] if resource.type in FREE else None


def described_free(stack: Stack) -> list[tuple[str, str]]:
    """The types of a stack that cost nothing, with their reasons."""
    return [(token, FREE[token]) for token in sorted({r.type for r in stack.resources}) if token in FREE]
