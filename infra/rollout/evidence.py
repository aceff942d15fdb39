"""Evidence why a service does not run what it should: stopped tasks, log lines, ECS's reasons."""

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
"""What AWS answers, in botocore's form."""

_TASKS_SHOWN: Final = 3
_EVENTS_SHOWN: Final = 2
_LINES_READ: Final = 300
_LINES_SHOWN: Final = 20
_LINES_BEFORE: Final = 6
"""How many of these come before the line that says why."""
_LOG_TRIES: Final = 4
_LOG_PAUSE_SECONDS: Final = 1.5
"""A container's last lines may reach CloudWatch only after ECS has shown its end."""
_ALARMS_AT_ONCE: Final = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""
_DESCRIBED_AT_ONCE: Final = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""

# What a runtime prints of an exception that nobody caught, and what people write; stack frames are neither.
_SAYS_WHY: Final = (
    re.compile(r"^\s*(?:Uncaught |Unhandled )?\w*(?:Error|Exception|Panic)\b(?: \[\w+\])?:", re.IGNORECASE),
    re.compile(
        r"\b(?:error|fatal|panic|exception|cannot|could not|failed|missing|refused|denied)\b", re.IGNORECASE
    ),
)
_STACK_FRAME: Final = re.compile(r"^\s+at ")


@dataclass(frozen=True, kw_only=True)
class Version:
    """A service, and the task definition that it should run."""

    cluster: str
    service: str
    task_definition: str


def evidence(
    clients: AwsClients, version: Version, clock: Clock = REAL, *, since: datetime | None = None
) -> list[str]:
    """Return lines about the last tasks that ended, what one of them logged, and failing health checks.

    It never fails itself: what AWS does not answer is said instead.

    Args:
        clients: the account.
        version: what should run.
        clock: the time.
        since: tasks that were created before this do not count.
    """
    ecs = clients.client("ecs")
    lines: list[str] = []
    try:
        last = failed_tasks(ecs, version, since)[:_TASKS_SHOWN]
        lines += [f"stopped: {why_stopped(task)}" for task in last]
        lines += logged(clients, last, clock)
        found = ecs.describe_services(cluster=version.cluster, services=[version.service])
        for service in found["services"]:
            lines += _unhealthy(clients.client("elbv2"), service)
            # Where no task was ever started, such as for want of capacity, ECS says why in its events.
            lines = lines or [*_waiting(service), *_events(service)]
    except (BotoCoreError, ClientError) as error:
        lines.append(f"AWS did not say more: {error}")
    return lines


def why_stopped(task: Answer) -> str:
    """Return one line about a task that ended."""
    parts = [task.get("stoppedReason") or "no reason given"]
    for container in task.get("containers", []):
        name = container.get("name", "container")
        if "exitCode" in container:
            parts.append(f"{name} exited with code {container['exitCode']}")
        if container.get("reason"):
            parts.append(f"{name}: {container['reason']}")
    return f"task {task_id(task['taskArn'])[:8]}: {'; '.join(parts)}"


def logged(clients: AwsClients, tasks: Sequence[Answer], clock: Clock) -> list[str]:
    """Return what the first of these tasks that logged anything says of its end, each line behind a bar.

    All of one version; empty if none logged anything.
    """
    if not tasks:
        return []
    found = clients.client("ecs").describe_task_definition(taskDefinition=tasks[0]["taskDefinitionArn"])
    definitions = found["taskDefinition"]["containerDefinitions"]
    logs = clients.client("logs")
    for attempt in range(_LOG_TRIES):
        if attempt:
            clock.block(_LOG_PAUSE_SECONDS)
        for group, stream in (one for task in tasks for one in _streams(task, definitions)):
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
                return [f"  | {line}" for line in telling(lines)]
    return []


def _streams(task: Answer, definitions: Sequence[Answer]) -> Iterator[tuple[str, str]]:
    """Yield log group and stream of each container of a task that failed, or of the first one if none did.

    What a log router sends elsewhere is not found here.
    """
    codes = {one.get("name"): one.get("exitCode") for one in task.get("containers", ())}
    failed = [one for one in definitions if codes.get(one["name"])]
    for container in failed or definitions[:1]:
        configuration = container["logConfiguration"]
        if configuration["logDriver"] == "awslogs":
            options = configuration["options"]
            stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task_id(task['taskArn'])}"
            yield options["awslogs-group"], stream


def telling(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines around the last one that says why, or the last ones where none does.

    The end alone would be the frames of a stack, without the message above them.
    """
    said = [line for line in lines if not _STACK_FRAME.match(line)]
    for pattern in _SAYS_WHY:
        if why := next((line for line in reversed(said) if pattern.search(line)), None):
            at = len(lines) - 1 - list(reversed(lines)).index(why)
            first = max(0, at - _LINES_BEFORE)
            return lines[first : first + _LINES_SHOWN]
    return lines[-_LINES_SHOWN:]


def task_id(task_arn: str) -> str:
    """Return the end of a task's ARN, by which people and log streams name it."""
    return task_arn.rpartition("/")[2]


def failed_tasks(ecs: Any, version: Version, since: datetime | None = None) -> list[Answer]:
    """Return the tasks of a version that exited, did not start or were unhealthy, the latest first."""
    failed = [
        task
        for task in tasks_of(ecs, version, "STOPPED")
        if task["taskDefinitionArn"] == version.task_definition
        and (since is None or task["createdAt"] >= since)
        and _went_wrong(task)
    ]
    return sorted(failed, key=lambda task: task.get("stoppedAt", task["createdAt"]), reverse=True)


def tasks_of(ecs: Any, version: Version, status: Literal["RUNNING", "STOPPED"]) -> Iterator[Answer]:
    """Yield a service's tasks that run or have stopped, of whatever version.

    ECS forgets a task an hour after its end, and lists one that is starting among those that run.
    """
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster=version.cluster, serviceName=version.service, desiredStatus=status
    )
    arns = [arn for page in pages for arn in page["taskArns"]]
    for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
        some = arns[start : start + _DESCRIBED_AT_ONCE]
        found = ecs.describe_tasks(cluster=version.cluster, tasks=some)["tasks"]
        yield from (task for task in found if status == "STOPPED" or task["lastStatus"] == "RUNNING")


def alarms_on(clients: AwsClients, names: Iterable[str]) -> Iterator[str]:
    """Yield those of alarms that are in alarm, by name."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _ALARMS_AT_ONCE):
        found = clients.client("cloudwatch").describe_alarms(
            AlarmNames=ordered[start : start + _ALARMS_AT_ONCE],
            # Without it composite alarms are left out.
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            StateValue="ALARM",
        )
        for alarm in (*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())):
            yield alarm["AlarmName"]


def _went_wrong(task: Answer) -> bool:
    return (
        task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart")
        or "health check" in task.get("stoppedReason", "").lower()
    )


def _waiting(service: Answer) -> Iterator[str]:
    """Say what tasks may wait for that run on instances: of a group that cannot grow ECS says nothing."""
    names = [line["capacityProvider"] for line in service.get("capacityProviderStrategy", ())]
    waiting = service["pendingCount"]
    if waiting and names and not any(name.startswith("FARGATE") for name in names):
        yield (
            f"{waiting} tasks wait, perhaps for an instance of {', '.join(names)}: its `max-instances` may "
            "be reached, its types may be too small for `cpu` and `memory` or have too few network "
            "interfaces (see docs/compute.md), or AWS has none of them"
        )


def _events(service: Answer) -> Iterator[str]:
    for event in service["events"][:_EVENTS_SHOWN]:
        yield f"ECS says: {event['message']}"
        if "capacity is unavailable" in event["message"].lower():
            yield "FARGATE_SPOT has no fallback of its own: name FARGATE in `capacity-provider-strategy` too"


def _unhealthy(balancing: Any, service: Answer) -> Iterator[str]:
    for balancer in service.get("loadBalancers", []):
        described = balancing.describe_target_health(TargetGroupArn=balancer["targetGroupArn"])
        for found in described["TargetHealthDescriptions"]:
            health = found.get("TargetHealth", {})
            if health.get("State") == "unhealthy":
                reason = health.get("Description") or health.get("Reason", "no reason given")
                yield f"unhealthy: {found['Target']['Id']}: {reason}"
