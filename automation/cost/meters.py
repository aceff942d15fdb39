"""What each type of resource is billed by, and which types cost nothing and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost.placement import shares, strategy_of
from automation.cost.resources import Resource
from automation.cost.tasks import SERVICE
from automation.cost.usage import (
    FREE_STORAGE_GB,
    Context,
    Meter,
    Usage,
    fargate_hours,
    task_architecture,
)

_CLUSTER: Final = "aws:ecs/cluster:Cluster"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_DAYS_OF_MONTH: Final = 365 / 12
_SECONDS_OF_HOUR: Final = 3600
_DAYS_OF_FOREVER: Final = 365
"""Logs that are never deleted cost more every month: these are the costs after one year."""
_NEW_CONNECTIONS_IN_LCU: Final = 25
"""The larger of these two counts: https://aws.amazon.com/elasticloadbalancing/pricing/"""
_GB_PER_HOUR_IN_LCU: Final = 1


def _each(price: str, group: str, what: str, assumed: str | None = None) -> Meter:
    """Return the meter of a type of which each resource uses as much as is assumed, or one."""

    def meter(_: Resource, context: Context) -> Iterator[Usage]:
        quantity = getattr(context.assumed, assumed) if assumed else 1
        yield Usage(price, quantity, group, what, (assumed,) if assumed else ())

    return meter


def _service(service: Resource, context: Context) -> Iterator[Usage]:
    tasks = context.tasks[service.name]
    definition = context.stack.by_arn(service.properties.get("taskDefinition"))
    if not tasks.awake:
        return
    hours = context.assumed.hours
    placed: dict[str, float] = {}
    for count, time in tasks.levels:
        # What a strategy's base takes of few tasks is not what it takes of their average.
        for provider, share in shares(count, strategy_of(service, context.stack)).items():
            placed[provider] = placed.get(provider, 0) + share * time
    for provider, share in placed.items():
        if provider in ("FARGATE", "FARGATE_SPOT") and definition is not None:
            yield from _fargate(definition, share * hours, spot=provider == "FARGATE_SPOT")
    if service.block("networkConfiguration").get("assignPublicIp"):
        yield Usage("public-ipv4", tasks.average * hours, "Public IPv4", "an address for each task")
    if service.items("loadBalancers"):
        sent = ("requests", "response_kb")
        yield Usage("internet-out", context.response_gb, "Data transfer", "responses to the internet", sent)


def _fargate(definition: Resource, task_hours: float, *, spot: bool) -> Iterator[Usage]:
    name = f"{'Spot ' if spot else ''}{task_architecture(definition)}"
    used = fargate_hours(definition, task_hours, "fargate-spot" if spot else "fargate")
    for (price, quantity), what in zip(used.items(), ("vCPU", "memory"), strict=True):
        yield Usage(price, quantity, "Fargate", f"{name}, {what}")
    storage = int(definition.block("ephemeralStorage").get("sizeInGib") or FREE_STORAGE_GB)
    paid = max(0, storage - FREE_STORAGE_GB) * task_hours
    yield Usage("fargate-storage", paid, "Fargate", f"storage above {FREE_STORAGE_GB} GB")


def _load_balancer(balancer: Resource, context: Context) -> Iterator[Usage]:
    hours = context.assumed.hours
    yield Usage("alb-hour", hours, "Load balancer", "hours")
    served = sum(1 for service in context.services if service.items("loadBalancers"))
    # At worst each request comes by a connection of its own.
    by_connections = context.assumed.requests / _SECONDS_OF_HOUR / _NEW_CONNECTIONS_IN_LCU
    units = served * max(by_connections, context.response_gb / _GB_PER_HOUR_IN_LCU)
    yield Usage("alb-lcu", units, "Load balancer", "capacity units", ("requests", "response_kb"))
    public = not balancer.properties.get("internal")
    if public and balancer.properties.get("ipAddressType") != "dualstack-without-public-ipv4":
        zones = len(balancer.texts("subnets")) or len(balancer.items("subnetMappings"))
        yield Usage("public-ipv4", zones * hours, "Public IPv4", "an address in each zone")


def _nat_gateway(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("nat-hour", context.assumed.hours, "NAT gateway", "hours")
    private = (
        service
        for service in context.services
        if not service.block("networkConfiguration").get("assignPublicIp")
    )
    gb = context.tasks_together(private) * context.assumed.nat_gb / len(context.stack.all(_NAT_GATEWAY))
    yield Usage("nat-data", gb, "NAT gateway", "data", ("nat_gb",))


def _endpoint(endpoint: Resource, context: Context) -> Iterator[Usage]:
    if endpoint.properties.get("vpcEndpointType") == "Interface":
        hours = len(endpoint.texts("subnetIds")) * context.assumed.hours
        yield Usage("endpoint-hour", hours, "VPC endpoints", "hours in each zone")


def _log_group(group: Resource, context: Context) -> Iterator[Usage]:
    tasks = context.tasks_together(context.services)
    gb = tasks * context.assumed.logs_gb / len(context.stack.all(_LOG_GROUP))
    days = group.whole("retentionInDays") or _DAYS_OF_FOREVER
    yield Usage("logs-ingested", gb, "Logs", "ingested", ("logs_gb",))
    yield Usage("logs-stored", gb * days / _DAYS_OF_MONTH, "Logs", f"kept for {days} days", ("logs_gb",))


def _cluster(cluster: Resource, context: Context) -> Iterator[Usage]:
    wanted = {str(item.get("name")): item.get("value") for item in cluster.items("settings")}
    insights = wanted.get("containerInsights", "disabled")
    if insights not in ("enabled", "enhanced"):
        return
    assumed = context.assumed
    arn = cluster.properties.get("arn")
    services = [service for service in context.services if service.properties.get("cluster") == arn]
    tasks = context.tasks_together(services)
    awake = [context.tasks[service.name].awake for service in services]
    # A cluster in which nothing runs reports nothing, and metrics are paid by the hour.
    metrics = assumed.insights_cluster_metrics * max(awake, default=0)
    metrics += assumed.insights_service_metrics * sum(awake)
    assumes = ("insights_cluster_metrics", "insights_service_metrics")
    if insights == "enhanced":
        metrics += assumed.insights_task_metrics * tasks
        assumes = (*assumes, "insights_task_metrics")
    price = "insights-metric" if insights == "enhanced" else "metric"
    yield Usage(price, metrics, "Container Insights", "metrics", assumes)
    events = tasks * assumed.insights_logs_gb
    yield Usage("logs-ingested", events, "Container Insights", "performance events", ("insights_logs_gb",))


def _alarm(alarm: Resource, _: Context) -> Iterator[Usage]:
    queried = [query for query in alarm.items("metricQueries") if query.get("metric")]
    yield Usage("alarm", len(queried) or 1, "Alarms", "metrics watched", ())


def _zone(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("hosted-zone", 1, "Route 53", "hosted zone", ())
    yield Usage("dns-queries", context.assumed.dns_queries / 1e6, "Route 53", "queries", ("dns_queries",))


METERS: Final[Mapping[str, Meter]] = {
    SERVICE: _service,
    _CLUSTER: _cluster,
    _LOG_GROUP: _log_group,
    _NAT_GATEWAY: _nat_gateway,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:ec2/eip:Eip": _each("public-ipv4", "Public IPv4", "an elastic address", "hours"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ecr/repository:Repository": _each("image-stored", "Images", "images kept", "image_gb"),
    "aws:route53/zone:Zone": _zone,
    "aws:secretsmanager/secret:Secret": _each("secret", "Secrets", "secret"),
    "aws:kms/key:Key": _each("key", "Keys", "key"),
    "aws:s3/bucket:Bucket": _each("object-stored", "Buckets", "objects", "bucket_gb"),
    "aws:s3/bucketV2:BucketV2": _each("object-stored", "Buckets", "objects", "bucket_gb"),
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
    """Return what a resource is billed for; None for a type that nothing is known of."""
    if meter := METERS.get(resource.type):
        return [usage for usage in meter(resource, context) if usage.quantity]
    return [] if resource.type in FREE else None
