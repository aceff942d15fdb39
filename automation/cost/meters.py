"""How each type of resource is billed, and which types are free and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost import capacity
from automation.cost.resources import Resource, aws_types, block_of, blocks_of
from automation.cost.schedules import UnsupportedScheduleError, runs_per_year
from automation.cost.tasks import SERVICE, definition_of, strategy_of, tasks_by_provider
from automation.cost.usage import Context, Meter, Usage, fargate
from automation.errors import AutomationError

_CLUSTER: Final = "aws:ecs/cluster:Cluster"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_LISTENER: Final = "aws:lb/listener:Listener"
_NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_DAYS_OF_MONTH: Final = 365 / 12
_MONTHS: Final = 12
_RUNS_IF_UNSUPPORTED: Final = 365 * 24
"""Runs a year of a schedule that is not supported: too many rather than too few."""
_SECONDS_OF_HOUR: Final = 3600
_UNLIMITED_RETENTION_DAYS: Final = 365
"""The cost of logs without a retention grows each month; this is the cost after a year."""
# https://aws.amazon.com/elasticloadbalancing/pricing/: the dimension with the highest usage is billed.
_CONNECTIONS_IN_LCU: Final = 25
_CONNECTIONS_IN_NLCU: Final = 800
_TLS_CONNECTIONS_IN_NLCU: Final = 50
_GB_PER_HOUR_IN_LCU: Final = 1
_NETWORK_PROTOCOLS: Final = ("TCP", "UDP", "TLS", "TCP_UDP", "QUIC", "TCP_QUIC")
"""Of target groups of network load balancers."""


def _each(price: str, group: str, what: str, assumption: str | None = None, per: float = 1) -> Meter:
    """Return the meter of a type whose resources each use one unit, or an assumption divided by `per`."""

    def meter(_: Resource, context: Context) -> Iterator[Usage]:
        quantity = getattr(context.assumed, assumption) / per if assumption else 1
        yield Usage(price, quantity, group, what, (assumption,) if assumption else ())

    return meter


def _service(service: Resource, context: Context) -> Iterator[Usage]:
    tasks = context.tasks[service.name]
    if not tasks.awake:
        return
    hours = context.assumed.hours
    if definition := definition_of(service, context.stack):
        strategy = strategy_of(service, context.stack)
        counts: dict[str, float] = {}
        # Each level by itself: a base applies to the tasks that run, not to their average.
        for total, share in tasks.levels:
            for provider, count in tasks_by_provider(total, strategy).items():
                counts[provider] = counts.get(provider, 0) + count * share
        for provider, count in counts.items():
            yield from fargate(definition, count * hours, provider)
    if service.block("networkConfiguration").get("assignPublicIp"):
        yield Usage("public-ipv4", tasks.average * hours, "Public IPv4", "an address for each task")
    if disk := block_of(service.block("volumeConfiguration"), "managedEbsVolume"):
        gb = tasks.average * int(disk.get("sizeInGb") or 0)
        yield Usage(f"ebs-{disk.get('volumeType') or 'gp3'}", gb, "Volumes", "a volume for each task", ())
    if service.blocks("loadBalancers"):
        assumptions = ("requests", "response_kb")
        text = "responses to the internet"
        yield Usage("internet-out", context.response_gb, "Data transfer", text, assumptions)


def _schedule(schedule: Resource, context: Context) -> Iterator[Usage]:
    if schedule.properties.get("state") == "DISABLED":
        return
    expression = str(schedule.properties.get("scheduleExpression"))
    zone = str(schedule.properties.get("scheduleExpressionTimezone") or "UTC")
    what = "starts"
    try:
        runs = runs_per_year(expression, zone) / _MONTHS
    except UnsupportedScheduleError:
        runs = _RUNS_IF_UNSUPPORTED / _MONTHS
        what = f"starts, each hour: {expression} is not understood here"
    yield Usage("schedule-invocations", runs / 1e6, "Schedules", what, ())
    ecs = block_of(schedule.block("target"), "ecsParameters")
    definition = context.stack.by_arn(ecs.get("taskDefinitionArn"))
    if definition is None:
        return
    tasks, assumptions = int(ecs.get("taskCount") or 1), ("job_minutes",)
    hours = runs * context.assumed.job_minutes / 60
    strategy = blocks_of(ecs.get("capacityProviderStrategies")) or [
        {"capacityProvider": ecs.get("launchType") or "EC2", "weight": 1}
    ]
    for provider, count in tasks_by_provider(tasks, strategy).items():
        yield from fargate(definition, count * hours, provider, "Schedules", assumptions)
    if block_of(ecs, "networkConfiguration").get("assignPublicIp"):
        text = "an address for each scheduled task"
        yield Usage("public-ipv4", tasks * hours, "Public IPv4", text, assumptions)


def _load_balancer(balancer: Resource, context: Context) -> Iterator[Usage]:
    hours = context.assumed.hours
    network = balancer.properties.get("loadBalancerType") == "network"
    kind, connections = ("nlb", _CONNECTIONS_IN_NLCU) if network else ("alb", _CONNECTIONS_IN_LCU)
    if network and _has_tls(balancer, context):
        connections = _TLS_CONNECTIONS_IN_NLCU
    yield Usage(f"{kind}-hour", hours, "Load balancer", "hours")
    # The upper limit of new connections: one for each request.
    by_connections = context.assumed.requests / _SECONDS_OF_HOUR / connections
    by_data = context.response_gb / _GB_PER_HOUR_IN_LCU
    units = _services_behind(context, network=network) * max(by_connections, by_data)
    yield Usage(f"{kind}-lcu", units, "Load balancer", "capacity units", ("requests", "response_kb"))
    public = not balancer.properties.get("internal")
    if public and balancer.properties.get("ipAddressType") != "dualstack-without-public-ipv4":
        mappings = balancer.blocks("subnetMappings")
        # An Elastic IP address is billed as a resource.
        zones = (
            sum(not item.get("allocationId") for item in mappings)
            if mappings
            else len(balancer.strings("subnets"))
        )
        yield Usage("public-ipv4", zones * hours, "Public IPv4", "an address in each zone")


def _has_tls(balancer: Resource, context: Context) -> bool:
    arn = balancer.properties.get("arn")
    return any(
        listener.properties.get("protocol") == "TLS" and listener.properties.get("loadBalancerArn") == arn
        for listener in context.stack.all(_LISTENER)
    )


def _services_behind(context: Context, *, network: bool) -> int:
    """Return how many services have targets with a protocol of network or application load balancers."""

    def is_behind(service: Resource) -> bool:
        groups = (
            context.stack.by_arn(item.get("targetGroupArn")) for item in service.blocks("loadBalancers")
        )
        protocols = (group.properties.get("protocol") if group else None for group in groups)
        return any((protocol in _NETWORK_PROTOCOLS) == network for protocol in protocols)

    return sum(map(is_behind, context.services))


def _nat_gateway(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("nat-hour", context.assumed.hours, "NAT gateway", "hours")
    private = (
        service
        for service in context.services
        if not service.block("networkConfiguration").get("assignPublicIp")
        and service.properties.get("launchType") != "EXTERNAL"
    )
    gb = context.total_tasks(private) * context.assumed.nat_gb / len(context.stack.all(_NAT_GATEWAY))
    yield Usage("nat-data", gb, "NAT gateway", "data", ("nat_gb",))


def _endpoint(endpoint: Resource, context: Context) -> Iterator[Usage]:
    if endpoint.properties.get("vpcEndpointType") == "Interface":
        hours = len(endpoint.strings("subnetIds")) * context.assumed.hours
        yield Usage("endpoint-hour", hours, "VPC endpoints", "hours in each zone")


def _log_group(group: Resource, context: Context) -> Iterator[Usage]:
    if _is_of_firewall(group):
        # Only blocked and counted requests are logged there.
        return
    groups = [item for item in context.stack.all(_LOG_GROUP) if not _is_of_firewall(item)]
    gb = context.total_tasks(context.services) * context.assumed.logs_gb / len(groups)
    days = group.integer("retentionInDays") or _UNLIMITED_RETENTION_DAYS
    yield Usage("logs-ingested", gb, "Logs", "ingested", ("logs_gb",))
    yield Usage("logs-stored", gb * days / _DAYS_OF_MONTH, "Logs", f"kept for {days} days", ("logs_gb",))


def _is_of_firewall(group: Resource) -> bool:
    return str(group.properties.get("name") or "").startswith("aws-waf-logs-")


def _web_acl(acl: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("web-acl", 1, "Firewall", "web ACL", ())
    yield Usage("web-acl-rule", len(acl.blocks("rules")), "Firewall", "rules and groups of rules", ())
    millions = _services_behind(context, network=False) * context.assumed.requests / 1e6
    yield Usage("web-acl-requests", millions, "Firewall", "requests", ("requests",))


def _cluster(cluster: Resource, context: Context) -> Iterator[Usage]:
    settings = {str(item.get("name")): item.get("value") for item in cluster.blocks("settings")}
    insights = settings.get("containerInsights", "disabled")
    if insights not in ("enabled", "enhanced"):
        return
    assumed, arn = context.assumed, cluster.properties.get("arn")
    services = [service for service in context.services if service.properties.get("cluster") == arn]
    tasks = context.total_tasks(services)
    awake = [context.tasks[service.name].awake for service in services]
    # Metrics are billed by the hour; a cluster without tasks reports none.
    metrics = assumed.insights_cluster_metrics * max(awake, default=0)
    metrics += assumed.insights_service_metrics * sum(awake)
    assumptions = ("insights_cluster_metrics", "insights_service_metrics")
    if insights == "enhanced":
        metrics += assumed.insights_task_metrics * tasks
        assumptions = (*assumptions, "insights_task_metrics")
    price = "insights-metric" if insights == "enhanced" else "metric"
    yield Usage(price, metrics, "Container Insights", "metrics", assumptions)
    gb = tasks * assumed.insights_logs_gb
    yield Usage("logs-ingested", gb, "Container Insights", "performance events", ("insights_logs_gb",))


def _alarm(alarm: Resource, _: Context) -> Iterator[Usage]:
    metrics = [query for query in alarm.blocks("metricQueries") if query.get("metric")]
    yield Usage("alarm", len(metrics) or 1, "Alarms", "metrics watched", ())


def _file_system(system: Resource, context: Context) -> Iterator[Usage]:
    assumed, mode = context.assumed, system.properties.get("throughputMode")
    yield Usage("efs-stored", assumed.efs_gb, "File systems", "files", ("efs_gb",))
    if mode == "elastic":
        yield Usage("efs-read", assumed.efs_read_gb, "File systems", "read", ("efs_read_gb",))
        yield Usage("efs-written", assumed.efs_written_gb, "File systems", "written", ("efs_written_gb",))
    elif mode == "provisioned":
        rate = system.integer("provisionedThroughputInMibps")
        yield Usage("efs-provisioned", rate, "File systems", "throughput", ())


def _backup(policy: Resource, context: Context) -> Iterator[Usage]:
    if policy.block("backupPolicy").get("status") == "ENABLED":
        yield Usage("efs-backup", context.assumed.efs_gb, "File systems", "backups", ("efs_gb",))


def _zone(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("hosted-zone", 1, "Route 53", "hosted zone", ())
    yield Usage("dns-queries", context.assumed.dns_queries / 1e6, "Route 53", "queries", ("dns_queries",))


METERS: Final[Mapping[str, Meter]] = {
    SERVICE: _service,
    _CLUSTER: _cluster,
    _LOG_GROUP: _log_group,
    _NAT_GATEWAY: _nat_gateway,
    capacity.GROUP: capacity.group,
    capacity.PROVIDER: capacity.provider,
    capacity.ACTIVATION: capacity.activation,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _each("composite-alarm", "Alarms", "composite alarms"),
    "aws:cloudwatch/dashboard:Dashboard": _each("dashboard", "Dashboards", "beyond an account's first three"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _each("metric", "Logs", "metric of a filter"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/eip:Eip": _each("public-ipv4", "Public IPv4", "an elastic address", "hours"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:ecr/repository:Repository": _each("image-stored", "Images", "images kept", "image_gb"),
    "aws:efs/backupPolicy:BackupPolicy": _backup,
    "aws:efs/fileSystem:FileSystem": _file_system,
    "aws:kms/key:Key": _each("key", "Keys", "key"),
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:route53/zone:Zone": _zone,
    "aws:s3/bucket:Bucket": _each("object-stored", "Buckets", "objects", "bucket_gb"),
    "aws:s3/bucketV2:BucketV2": _each("object-stored", "Buckets", "objects", "bucket_gb"),
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:secretsmanager/secret:Secret": _each("secret", "Secrets", "secret"),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _zone,
    "aws:sqs/queue:Queue": _each("queue-requests", "Queues", "requests", "queue_requests", per=1e6),
    "aws:wafv2/webAcl:WebAcl": _web_acl,
}

_FREE: Final = {
    "free by itself": (
        *aws_types(
            acm="Certificate CertificateValidation",
            cloudwatch="EventRule QueryDefinition",
            ec2="DefaultSecurityGroup InternetGateway Route RouteTable RouteTableAssociation SecurityGroup "
            "Subnet Vpc",
            ecr="LifecyclePolicy",
            iam="InstanceProfile Role RolePolicy RolePolicyAttachment",
            # Ten rules for each request are free; more count as capacity.
            lb="ListenerRule",
            # The first 10,000, and queries for aliases of load balancers.
            route53="Record",
            scheduler="ScheduleGroup",
            servicediscovery="HttpNamespace Service",
            ssm="Parameter",
            vpc="SecurityGroupEgressRule SecurityGroupIngressRule",
        ),
        "docker-build:index:Image",
        "random:index/randomId:RandomId",
    ),
    "billed with another resource": aws_types(
        cloudwatch="EventTarget",
        efs="AccessPoint FileSystemPolicy MountTarget",
        lb="Listener ListenerCertificate TargetGroup",
        sqs="QueuePolicy",
        wafv2="WebAclAssociation WebAclLoggingConfiguration",
    ),
    "describes tasks or instances, which are billed": aws_types(
        appautoscaling="Policy ScheduledAction Target",
        autoscaling="Schedule",
        ec2="LaunchTemplate",
        ecs="ClusterCapacityProviders TaskDefinition",
    ),
    "billed by an amount of data that is unknown here": aws_types(ec2="FlowLog"),
}
FREE: Final[Mapping[str, str]] = {token: reason for reason, tokens in _FREE.items() for token in tokens}
"""Types without a line on the bill, each with the reason."""


def usages(resource: Resource, context: Context) -> list[Usage] | None:
    """Return the usage of a resource; None for an unknown type.

    Raises:
        AutomationError: a property does not have the form of AWS's, as in a state that was edited by hand.
    """
    meter = METERS.get(resource.type)
    if meter is None:
        return [] if resource.type in FREE else None
    try:
        return [usage for usage in meter(resource, context) if usage.quantity]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise AutomationError(
            f"{resource.type} {resource.name} cannot be priced: a property is missing or has another type "
            f"({type(error).__name__}: {error})"
        ) from error
