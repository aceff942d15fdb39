"""Evidence of why a service does not run the requested version: stopped tasks, log lines, ECS's reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from infra.rollout.aws_clients import AwsClients

Answer = Mapping[str, Any]
"""A response of AWS, as boto3 returns it."""

_TASKS_SHOWN: Final = 3
_EVENTS_SHOWN: Final = 2
_LINES_READ: Final = 300
_LINES_SHOWN: Final = 20
_LINES_BEFORE: Final = 6
"""Lines before the error, of those shown."""
_LOG_TRIES: Final = 4
_LOG_PAUSE_SECONDS: Final = 1.5
"""A container's last lines may reach CloudWatch only after ECS has reported that it stopped."""
_ALARMS_AT_ONCE: Final = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
_DESCRIBED_AT_ONCE: Final = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""

# First uncaught exceptions of a runtime, then words that people use; never stack frames.
_ERROR_PATTERNS: Final = (
    re.compile(r"^\s*(?:Uncaught |Unhandled )?\w*(?:Error|Exception|Panic)\b(?: \[\w+\])?:", re.IGNORECASE),
    re.compile(
        r"\b(?:error|fatal|panic|exception|cannot|could not|failed|missing|refused|denied)\b", re.IGNORECASE
    ),
)
_STACK_FRAME: Final = re.compile(r"^\s+at ")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A service and the task definition that it is to run."""

    cluster: str
    service: str
    task_definition: str


def evidence(
    clients: AwsClients, version: Version, clock: Clock = REAL, *, since: datetime | None = None
) -> list[str]:
    """Return lines about the last failed tasks, their last log lines, and failing health checks.

    It does not raise if AWS fails: the error becomes a line.

    Args:
        clients: of the stack's account.
        version: the version that is to run.
        clock: measures the wait for logs.
        since: ignores tasks that were created before.
    """
    ecs = clients.client("ecs")
    lines: list[str] = []
    try:
        last = failed_tasks(ecs, version, since)[:_TASKS_SHOWN]
        lines += [f"stopped: {why_stopped(task)}" for task in last]
        lines += last_log_lines(clients, last, clock)
        described = ecs.describe_services(cluster=version.cluster, services=[version.service])
        for service in described["services"]:
            lines += _unhealthy_targets(clients.client("elbv2"), service)
            # If no task was ever started, such as without capacity, the events have the reason.
            lines = lines or [*_pending_tasks(service), *_last_events(service)]
    except (BotoCoreError, ClientError) as error:
        lines.append(f"AWS request failed: {error}")
    return lines


def why_stopped(task: Answer) -> str:
    """Return one line about why a task stopped."""
    parts = [task.get("stoppedReason") or "no reason given"]
    for container in task.get("containers", []):
        name = container.get("name", "container")
        if "exitCode" in container:
            parts.append(f"{name} exited with code {container['exitCode']}")
        if container.get("reason"):
            parts.append(f"{name}: {container['reason']}")
    return f"task {task_id(task['taskArn'])[:8]}: {'; '.join(parts)}"


def last_log_lines(clients: AwsClients, tasks: Sequence[Answer], clock: Clock) -> list[str]:
    """Return the lines around the error of the first task that logged anything, each behind a bar.

    All tasks are of one version.
    """
    if not tasks:
        return []
    described = clients.client("ecs").describe_task_definition(taskDefinition=tasks[0]["taskDefinitionArn"])
    definitions = described["taskDefinition"]["containerDefinitions"]
    logs = clients.client("logs")
    for attempt in range(_LOG_TRIES):
        if attempt:
            clock.block(_LOG_PAUSE_SECONDS)
        for group, stream in (pair for task in tasks for pair in _log_streams(task, definitions)):
            try:
                events = logs.get_log_events(
                    logGroupName=group,
                    logStreamName=stream,
                    limit=_LINES_READ,
                    startFromHead=False,
                )["events"]
            except logs.exceptions.ResourceNotFoundException:
                continue
            if events:
                lines = [line for event in events for line in event["message"].rstrip().split("\n")]
                return [f"  | {line}" for line in lines_around_error(lines)]
    return []


def _log_streams(task: Answer, definitions: Sequence[Answer]) -> Iterator[tuple[str, str]]:
    """Yield log group and stream of a task's failed containers, or of its first container if none failed.

    Logs that a log router sends elsewhere are not read.
    """
    codes = {container.get("name"): container.get("exitCode") for container in task.get("containers", ())}
    failed = [definition for definition in definitions if codes.get(definition["name"])]
    for container in failed or definitions[:1]:
        configuration = container["logConfiguration"]
        if configuration["logDriver"] == "awslogs":
            options = configuration["options"]
            stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task_id(task['taskArn'])}"
            yield options["awslogs-group"], stream


def lines_around_error(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines around the last error, or the last lines if none has an error.

    The last lines alone would be a stack trace without its message.
    """
    messages = [line for line in lines if not _STACK_FRAME.match(line)]
    for pattern in _ERROR_PATTERNS:
        if error := next((line for line in reversed(messages) if pattern.search(line)), None):
            at = len(lines) - 1 - list(reversed(lines)).index(error)
            first = max(0, at - _LINES_BEFORE)
            return lines[first : first + _LINES_SHOWN]
    return lines[-_LINES_SHOWN:]


def task_id(task_arn: str) -> str:
    """Return the task id at the end of a task's ARN."""
    return task_arn.rpartition("/")[2]


def failed_tasks(ecs: Any, version: Version, since: datetime | None = None) -> list[Answer]:
    """Return the tasks of a version that exited, did not start or were unhealthy, latest first."""
    failed = [
        task
        for task in tasks_of(ecs, version, "STOPPED")
        if task["taskDefinitionArn"] == version.task_definition
        and (since is None or task["createdAt"] >= since)
        and _has_failed(task)
    ]
    return sorted(failed, key=lambda task: task.get("stoppedAt", task["createdAt"]), reverse=True)


def tasks_of(ecs: Any, version: Version, status: Literal["RUNNING", "STOPPED"]) -> Iterator[Answer]:
    """Yield a service's running or stopped tasks of all versions.

    ECS forgets a task an hour after it has stopped, and lists starting tasks as RUNNING.
    """
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster=version.cluster, serviceName=version.service, desiredStatus=status
    )
    arns = [arn for page in pages for arn in page["taskArns"]]
    for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
        batch = arns[start : start + _DESCRIBED_AT_ONCE]
        described = ecs.describe_tasks(cluster=version.cluster, tasks=batch)["tasks"]
        yield from (task for task in described if status == "STOPPED" or task["lastStatus"] == "RUNNING")


def alarms_on(clients: AwsClients, names: Iterable[str]) -> Iterator[str]:
    """Yield the names of those alarms that are in alarm."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _ALARMS_AT_ONCE):
        described = clients.client("cloudwatch").describe_alarms(
            AlarmNames=ordered[start : start + _ALARMS_AT_ONCE],
            # The default leaves composite alarms out.
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            StateValue="ALARM",
        )
        for alarm in (*described.get("MetricAlarms", ()), *described.get("CompositeAlarms", ())):
            yield alarm["AlarmName"]


def _has_failed(task: Answer) -> bool:
    return (
        task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart")
        or "health check" in task.get("stoppedReason", "").lower()
    )


def _pending_tasks(service: Answer) -> Iterator[str]:
    """Explain why tasks on instances may be pending: ECS has no event about a group that cannot grow."""
    names = [line["capacityProvider"] for line in service.get("capacityProviderStrategy", ())]
    pending = service["pendingCount"]
    if pending and names and not any(name.startswith("FARGATE") for name in names):
        yield (
            f"pending tasks: {pending}, perhaps because no instance of {', '.join(names)} has room: its "
            "`max-instances` may be reached, its types may be too small for `cpu` and `memory` or have too "
            "few network interfaces (see docs/compute.md), or AWS has none of them"
        )


def _last_events(service: Answer) -> Iterator[str]:
    for event in service["events"][:_EVENTS_SHOWN]:
        yield f"ECS says: {event['message']}"
        if "capacity is unavailable" in event["message"].lower():
            yield "FARGATE_SPOT has no fallback: name FARGATE in `capacity-provider-strategy` too"


def _unhealthy_targets(elbv2: Any, service: Answer) -> Iterator[str]:
    for balancer in service.get("loadBalancers", []):
        described = elbv2.describe_target_health(TargetGroupArn=balancer["targetGroupArn"])
        for target in described["TargetHealthDescriptions"]:
            health = target.get("TargetHealth", {})
            if health.get("State") == "unhealthy":
                reason = health.get("Description") or health.get("Reason", "no reason given")
                yield f"unhealthy: {target['Target']['Id']}: {reason}"
