"""How each type of resource is billed, and which types cost nothing and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost import capacity, jobs
from automation.cost.placement import shares, strategy_of
from automation.cost.resources import Resource, block_of
from automation.cost.tasks import SERVICE
from automation.cost.usage import Context, Meter, Usage, fargate

_CLUSTER: Final = "aws:ecs/cluster:Cluster"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_LISTENER: Final = "aws:lb/listener:Listener"
_NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_DAYS_OF_MONTH: Final = 365 / 12
_SECONDS_OF_HOUR: Final = 3600
_DAYS_OF_FOREVER: Final = 365
"""Logs that are never deleted cost more every month: these are the costs after one year."""
_NEW_CONNECTIONS_IN_LCU: Final = 25
"""The larger of these two counts: https://aws.amazon.com/elasticloadbalancing/pricing/"""
_GB_PER_HOUR_IN_LCU: Final = 1
_NEW_CONNECTIONS_IN_NLCU: Final = 800
_NEW_TLS_CONNECTIONS_IN_NLCU: Final = 50
_NETWORK_PROTOCOLS: Final = ("TCP", "UDP", "TLS", "TCP_UDP", "QUIC", "TCP_QUIC")
"""Of target groups behind network load balancers."""


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
        if definition is not None:
            yield from fargate(definition, share * hours, provider)
    if service.block("networkConfiguration").get("assignPublicIp"):
        yield Usage("public-ipv4", tasks.average * hours, "Public IPv4", "an address for each task")
    if disk := block_of(service.block("volumeConfiguration"), "managedEbsVolume"):
        gb = tasks.average * int(disk.get("sizeInGb") or 0)
        yield Usage(f"ebs-{disk.get('volumeType') or 'gp3'}", gb, "Volumes", "a volume for each task", ())
    if service.items("loadBalancers"):
        sent = ("requests", "response_kb")
        yield Usage("internet-out", context.response_gb, "Data transfer", "responses to the internet", sent)


def _load_balancer(balancer: Resource, context: Context) -> Iterator[Usage]:
    hours = context.assumed.hours
    network = balancer.properties.get("loadBalancerType") == "network"
    kind, connections = ("nlb", _NEW_CONNECTIONS_IN_NLCU) if network else ("alb", _NEW_CONNECTIONS_IN_LCU)
    if network and _has_tls(balancer, context):
        connections = _NEW_TLS_CONNECTIONS_IN_NLCU
    yield Usage(f"{kind}-hour", hours, "Load balancer", "hours")
    served = sum(1 for service in context.services if _is_behind(service, context, network=network))
    # At worst each request comes by a connection of its own.
    by_connections = context.assumed.requests / _SECONDS_OF_HOUR / connections
    units = served * max(by_connections, context.response_gb / _GB_PER_HOUR_IN_LCU)
    yield Usage(f"{kind}-lcu", units, "Load balancer", "capacity units", ("requests", "response_kb"))
    public = not balancer.properties.get("internal")
    if public and balancer.properties.get("ipAddressType") != "dualstack-without-public-ipv4":
        # An elastic address of one's own is a resource with a price of its own.
        mappings = [one for one in balancer.items("subnetMappings") if not one.get("allocationId")]
        zones = len(mappings) if balancer.items("subnetMappings") else len(balancer.texts("subnets"))
        yield Usage("public-ipv4", zones * hours, "Public IPv4", "an address in each zone")


def _has_tls(balancer: Resource, context: Context) -> bool:
    arn = balancer.properties.get("arn")
    return any(
        listener.properties.get("protocol") == "TLS" and listener.properties.get("loadBalancerArn") == arn
        for listener in context.stack.all(_LISTENER)
    )


def _is_behind(service: Resource, context: Context, *, network: bool) -> bool:
    """Whether a service is behind a load balancer of a kind, which the protocol of its targets tells."""
    for line in service.items("loadBalancers"):
        targets = context.stack.by_arn(line.get("targetGroupArn"))
        protocol = targets.properties.get("protocol") if targets else None
        if (protocol in _NETWORK_PROTOCOLS) == network:
            return True
    return False


def _nat_gateway(_: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("nat-hour", context.assumed.hours, "NAT gateway", "hours")
    private = (
        service
        for service in context.services
        if not service.block("networkConfiguration").get("assignPublicIp")
        and service.properties.get("launchType") != "EXTERNAL"
    )
    gb = context.tasks_together(private) * context.assumed.nat_gb / len(context.stack.all(_NAT_GATEWAY))
    yield Usage("nat-data", gb, "NAT gateway", "data", ("nat_gb",))


def _endpoint(endpoint: Resource, context: Context) -> Iterator[Usage]:
    if endpoint.properties.get("vpcEndpointType") == "Interface":
        hours = len(endpoint.texts("subnetIds")) * context.assumed.hours
        yield Usage("endpoint-hour", hours, "VPC endpoints", "hours in each zone")


def _log_group(group: Resource, context: Context) -> Iterator[Usage]:
    if _is_firewalls(group):
        # Only what is blocked or counted stands there.
        return
    groups = [one for one in context.stack.all(_LOG_GROUP) if not _is_firewalls(one)]
    tasks = context.tasks_together(context.services)
    gb = tasks * context.assumed.logs_gb / len(groups)
    days = group.whole("retentionInDays") or _DAYS_OF_FOREVER
    yield Usage("logs-ingested", gb, "Logs", "ingested", ("logs_gb",))
    yield Usage("logs-stored", gb * days / _DAYS_OF_MONTH, "Logs", f"kept for {days} days", ("logs_gb",))


def _is_firewalls(group: Resource) -> bool:
    return str(group.properties.get("name") or "").startswith("aws-waf-logs-")


def _web_acl(acl: Resource, context: Context) -> Iterator[Usage]:
    yield Usage("web-acl", 1, "Firewall", "web ACL", ())
    yield Usage("web-acl-rule", len(acl.items("rules")), "Firewall", "rules and groups of rules", ())
    # Requests are assumed of each service, and all of the load balancer's pass.
    behind = sum(1 for service in context.services if _is_behind(service, context, network=False))
    millions = behind * context.assumed.requests / 1e6
    yield Usage("web-acl-requests", millions, "Firewall", "requests", ("requests",))


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


def _file_system(system: Resource, context: Context) -> Iterator[Usage]:
    assumed, mode = context.assumed, system.properties.get("throughputMode")
    yield Usage("efs-stored", assumed.efs_gb, "File systems", "files", ("efs_gb",))
    if mode == "elastic":
        yield Usage("efs-read", assumed.efs_read_gb, "File systems", "read", ("efs_read_gb",))
        yield Usage("efs-written", assumed.efs_written_gb, "File systems", "written", ("efs_written_gb",))
    elif mode == "provisioned":
        rate = system.whole("provisionedThroughputInMibps")
        yield Usage("efs-provisioned", rate, "File systems", "throughput", ())


def _backup(policy: Resource, context: Context) -> Iterator[Usage]:
    if policy.block("backupPolicy").get("status") == "ENABLED":
        yield Usage("efs-backup", context.assumed.efs_gb, "File systems", "backups", ("efs_gb",))


def _queue(_: Resource, context: Context) -> Iterator[Usage]:
    requests = context.assumed.queue_requests / 1e6
    yield Usage("queue-requests", requests, "Queues", "requests", ("queue_requests",))


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
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _each("composite-alarm", "Alarms", "composite alarms"),
    "aws:cloudwatch/dashboard:Dashboard": _each("dashboard", "Dashboards", "beyond an account's first three"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _each("metric", "Logs", "metric of a filter"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ecr/repository:Repository": _each("image-stored", "Images", "images kept", "image_gb"),
    "aws:route53/zone:Zone": _zone,
    "aws:secretsmanager/secret:Secret": _each("secret", "Secrets", "secret"),
    "aws:kms/key:Key": _each("key", "Keys", "key"),
    capacity.GROUP: capacity.group,
    capacity.PROVIDER: capacity.provider,
    capacity.ACTIVATION: capacity.activation,
    "aws:efs/fileSystem:FileSystem": _file_system,
    "aws:efs/backupPolicy:BackupPolicy": _backup,
    "aws:scheduler/schedule:Schedule": jobs.schedule,
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": _zone,
    "aws:sqs/queue:Queue": _queue,
    "aws:wafv2/webAcl:WebAcl": _web_acl,
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
    capacity.SCHEDULE: "changes the number of instances; priced are the instances",
    "aws:cloudwatch/eventRule:EventRule": "rules for events of AWS's own services cost nothing",
    "aws:cloudwatch/eventTarget:EventTarget": "messages to a topic are priced there",
    "aws:cloudwatch/queryDefinition:QueryDefinition": "saved queries cost nothing; running them does",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "security groups cost nothing",
    "aws:ec2/flowLog:FlowLog": "priced is where its lines go, by the GB, of which nothing is known here",
    "aws:ec2/internetGateway:InternetGateway": "costs nothing; what goes through it is data transfer",
    capacity.TEMPLATE: "describes instances; priced are those of a group",
    "aws:ec2/route:Route": "routes cost nothing",
    "aws:ec2/routeTable:RouteTable": "route tables cost nothing",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "route tables cost nothing",
    "aws:ec2/securityGroup:SecurityGroup": "security groups cost nothing",
    "aws:ec2/subnet:Subnet": "subnets cost nothing",
    "aws:ec2/vpc:Vpc": "a VPC costs nothing",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "deletes images",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "says where tasks run; priced are the tasks",
    "aws:ecs/taskDefinition:TaskDefinition": "describes tasks; priced are those that a service runs",
    "aws:efs/accessPoint:AccessPoint": _A_PART,
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _A_PART,
    "aws:efs/mountTarget:MountTarget": _A_PART,
    "aws:iam/instanceProfile:InstanceProfile": "IAM costs nothing",
    "aws:iam/role:Role": "IAM costs nothing",
    "aws:iam/rolePolicy:RolePolicy": "IAM costs nothing",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "IAM costs nothing",
    _LISTENER: _A_PART,
    "aws:lb/listenerCertificate:ListenerCertificate": _A_PART,
    "aws:lb/listenerRule:ListenerRule": "ten for each request cost nothing, more count as capacity",
    "aws:lb/targetGroup:TargetGroup": _A_PART,
    "aws:route53/record:Record": "10,000 records are free, and queries for an alias of a load balancer",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "groups cost nothing; priced are the schedules",
    "aws:servicediscovery/httpNamespace:HttpNamespace": "costs nothing for what ECS registers and asks",
    "aws:servicediscovery/service:Service": "costs nothing for what ECS registers",
    "aws:sqs/queuePolicy:QueuePolicy": _A_PART,
    "aws:ssm/parameter:Parameter": "standard parameters cost nothing",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "security groups cost nothing",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "security groups cost nothing",
    "aws:wafv2/webAclAssociation:WebAclAssociation": _A_PART,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _A_PART,
    "docker-build:index:Image": "built where the program runs; kept in a repository, which is priced",
    "random:index/randomId:RandomId": "stands in the state alone",
}
"""Types that cost nothing by themselves, each with its reason."""


def usages(resource: Resource, context: Context) -> list[Usage] | None:
    """Return what a resource is billed for; None for a type that nothing is known of."""
    if meter := METERS.get(resource.type):
        return [usage for usage in meter(resource, context) if usage.quantity]
    return [] if resource.type in FREE else None
