"""The services of a region, beside the VPC: what tasks pull, read and log to, and what watches them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from automation.cost.resources import Resource
from automation.diagram.compute import containers_of
from automation.diagram.draft import Draft, text
from automation.diagram.model import Node

_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_TELLING: Final[Mapping[str, str]] = {
    "cloudwatch/compositeAlarm:CompositeAlarm": "alarms",
    "cloudwatch/metricAlarm:MetricAlarm": "alarms",
    "cloudwatch/eventTarget:EventTarget": "events",
}
"""What sends messages to a topic, and its node."""


def read(draft: Draft) -> None:
    """Add a node for each of them."""
    if found := draft.all("acm/certificate:Certificate"):
        names = tuple(name for one in found for name in _names(one))
        node = Node(id="certificates", kind="certificates", name="Certificate Manager", lines=names)
        draft.add(node, *found)
    _each(draft, "registry", "ECR", draft.all("ecr/repository:Repository"))
    _secrets(draft)
    flows = draft.all("ec2/flowLog:FlowLog")
    to_buckets = [one for one in flows if one.properties.get("logDestinationType") == "s3"]
    logs = [*draft.all("cloudwatch/logGroup:LogGroup"), *(one for one in flows if one not in to_buckets)]
    _each(draft, "logs", "CloudWatch Logs", logs, _kept)
    _buckets(draft, to_buckets)
    _each(draft, "queries", "Saved queries", draft.all("cloudwatch/queryDefinition:QueryDefinition"))
    _each(draft, "dashboard", "Dashboard", draft.all("cloudwatch/dashboard:Dashboard"))
    alarms = [one for token, of in _TELLING.items() if of == "alarms" for one in draft.all(token)]
    _each(draft, "alarms", "CloudWatch alarms", alarms)
    draft.is_of("alarms", *draft.all("cloudwatch/logMetricFilter:LogMetricFilter"))
    _each(draft, "events", "EventBridge rules", draft.all("cloudwatch/eventRule:EventRule"))
    draft.is_of("events", *draft.all("cloudwatch/eventTarget:EventTarget"))
    _topics(draft)
    _each(draft, "queue", "SQS dead letters", draft.all("sqs/queue:Queue"))


def _name(resource: Resource) -> str:
    return resource.name.removeprefix("dashboard-").removeprefix("on-call-").removeprefix("events-")


def _each(
    draft: Draft, id_: str, name: str, found: Sequence[Resource], said: Callable[[Resource], str] = _name
) -> None:
    if found:
        lines = tuple(dict.fromkeys(map(said, found)))
        draft.add(Node(id=id_, kind=id_, name=name, lines=lines), *found)


def _names(certificate: Resource) -> Iterable[str]:
    names = [str(certificate.properties.get("domainName")), *certificate.strings("subjectAlternativeNames")]
    return dict.fromkeys(names)


def _kept(logs: Resource) -> str:
    if logs.type != _GROUP:
        return "flow logs of the VPC"
    days = logs.integer("retentionInDays")
    return f"{logs.name}, {days} days" if days else logs.name


def _secrets(draft: Draft) -> None:
    """Add what ECS reads for containers: which of them gets it by what name."""
    definitions = draft.all("ecs/taskDefinition:TaskDefinition")
    read = [
        (f"{one['name']} of {container['name']}", ":ssm:" in one["valueFrom"])
        for definition in definitions
        for container in containers_of(definition)
        for one in container.get("secrets", ())
    ]
    for name, from_ssm in (("Secrets Manager", False), ("SSM parameters", True)):
        if lines := tuple(sorted({line for line, ssm in read if ssm == from_ssm})):
            draft.add(Node(id=name.lower(), kind="secrets", name=name, lines=lines, exists=True))


def _buckets(draft: Draft, flows: Sequence[Resource]) -> None:
    """Add the bucket that logs go to; `bootstrap/` has made it."""
    said: dict[str, list[str]] = {}
    for balancer in draft.all("lb/loadBalancer:LoadBalancer"):
        for key, what in (("accessLogs", "access logs"), ("connectionLogs", "connection logs")):
            if (of := balancer.block(key)).get("enabled"):
                said.setdefault(str(of.get("bucket")), []).append(what)
    for flow in flows:
        # arn:aws:s3:::BUCKET/PREFIX
        bucket = text(flow, "logDestination").partition(":::")[2].partition("/")[0]
        said.setdefault(bucket, []).append("flow logs")
    if said:
        lines = [line for bucket, what in sorted(said.items()) for line in (bucket, *dict.fromkeys(what))]
        draft.add(Node(id="bucket", kind="bucket", name="S3", lines=tuple(lines), exists=True), *flows)


def _topics(draft: Draft) -> None:
    """Add the topics, and who sends messages to them."""
    told = {
        (arn, source)
        for token, source in _TELLING.items()
        for one in draft.all(token)
        for arn in (*one.strings("alarmActions"), text(one, "arn"))
        if ":sns:" in arn
    }
    own = draft.all("sns/topic:Topic")
    names = sorted({arn.rpartition(":")[2] for arn, _ in told} | {one.name for one in own})
    if names:
        draft.add(
            Node(id="topics", kind="topic", name="SNS topics", lines=tuple(names), exists=not own), *own
        )
    for source in sorted({source for _, source in told}):
        draft.join(source, "topics", "tells")
