"""The services of the region beside the VPC: what tasks pull, read and log to, and what monitors them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from automation.cost.resources import Resource
from automation.cost.tasks import containers_of
from automation.diagram.builder import Builder, string

_ALARMS: Final = ("cloudwatch/compositeAlarm:CompositeAlarm", "cloudwatch/metricAlarm:MetricAlarm")
_EVENT_TARGET: Final = "cloudwatch/eventTarget:EventTarget"
_LOG_GROUP: Final = "cloudwatch/logGroup:LogGroup"
_PREFIXES: Final = ("dashboard-", "on-call-", "events-")


def add_regional_services(builder: Builder) -> None:
    """Add a node for each service of the region."""

    def add(
        kind: str, title: str, resources: Sequence[Resource], line: Callable[[Resource], str] = _name
    ) -> None:
        if resources:
            builder.add(kind, kind, title, dict.fromkeys(map(line, resources)), resources=resources)

    certificates = builder.all("acm/certificate:Certificate")
    if certificates:
        names = [name for item in certificates for name in _domains(item)]
        builder.add("certificates", "certificates", "Certificate Manager", names, resources=certificates)
    add("registry", "ECR", builder.all("ecr/repository:Repository"))
    _add_secrets(builder)
    flow_logs = builder.all("ec2/flowLog:FlowLog")
    to_bucket = [item for item in flow_logs if item.properties.get("logDestinationType") == "s3"]
    to_log_group = [item for item in flow_logs if item not in to_bucket]
    add("logs", "CloudWatch Logs", [*builder.all(_LOG_GROUP), *to_log_group], _log_line)
    _add_bucket(builder, to_bucket)
    add("queries", "Saved queries", builder.all("cloudwatch/queryDefinition:QueryDefinition"))
    add("dashboard", "Dashboard", builder.all("cloudwatch/dashboard:Dashboard"))
    alarms = [item for kind in _ALARMS for item in builder.all(kind)]
    add("alarms", "CloudWatch alarms", alarms)
    builder.assign("alarms", *builder.all("cloudwatch/logMetricFilter:LogMetricFilter"))
    add("events", "EventBridge rules", builder.all("cloudwatch/eventRule:EventRule"))
    event_targets = builder.all(_EVENT_TARGET)
    builder.assign("events", *event_targets)
    _add_topics(builder, {"alarms": alarms, "events": event_targets})
    add("queue", "SQS dead letters", builder.all("sqs/queue:Queue"))


def _name(resource: Resource) -> str:
    name = resource.name
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _domains(certificate: Resource) -> dict[str, None]:
    names = [str(certificate.properties.get("domainName")), *certificate.strings("subjectAlternativeNames")]
    return dict.fromkeys(names)


def _log_line(logs: Resource) -> str:
    if logs.type != f"aws:{_LOG_GROUP}":
        return "flow logs of the VPC"
    days = logs.integer("retentionInDays")
    return f"{logs.name}, {days} days" if days else logs.name


def _add_secrets(builder: Builder) -> None:
    """Add the secrets of containers: by variable and container, never by content."""
    secrets = [
        (f"{item['name']} of {container['name']}", ":ssm:" in item["valueFrom"])
        for definition in builder.all("ecs/taskDefinition:TaskDefinition")
        for container in containers_of(definition)
        for item in container.get("secrets", ())
    ]
    for title, in_ssm in (("Secrets Manager", False), ("SSM parameters", True)):
        if lines := sorted({line for line, ssm in secrets if ssm == in_ssm}):
            builder.add(title.lower(), "secrets", title, lines, external=True)


def _add_bucket(builder: Builder, flow_logs: Sequence[Resource]) -> None:
    """Add the bucket of `bootstrap/` for logs."""
    logs: dict[str, list[str]] = {}
    for balancer in builder.all("lb/loadBalancer:LoadBalancer"):
        for key, title in (("accessLogs", "access logs"), ("connectionLogs", "connection logs")):
            if (block := balancer.block(key)).get("enabled"):
                logs.setdefault(str(block.get("bucket")), []).append(title)
    for flow_log in flow_logs:
        # arn:aws:s3:::BUCKET/PREFIX
        bucket = string(flow_log, "logDestination").partition(":::")[2].partition("/")[0]
        logs.setdefault(bucket, []).append("flow logs")
    if logs:
        lines = [line for bucket, titles in sorted(logs.items()) for line in (bucket, *dict.fromkeys(titles))]
        builder.add("bucket", "bucket", "S3", lines, external=True, resources=flow_logs)


def _add_topics(builder: Builder, senders: dict[str, list[Resource]]) -> None:
    """Add the topics, with edges from the nodes that send messages to them."""
    messages = {
        (arn, node)
        for node, resources in senders.items()
        for item in resources
        for arn in (*item.strings("alarmActions"), string(item, "arn"))
        if ":sns:" in arn
    }
    own = builder.all("sns/topic:Topic")
    if names := sorted({arn.rpartition(":")[2] for arn, _ in messages} | {item.name for item in own}):
        builder.add("topics", "topic", "SNS topics", names, external=not own, resources=own)
    for node in sorted({node for _, node in messages}):
        builder.connect(node, "topics", "notifies")
