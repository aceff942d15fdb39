"""Why a service did not make it, as far as AWS can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.rollout.look import task_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.rollout.clients import Clients
    from infra.rollout.clock import Clock
    from infra.rollout.look import Answer, Deployment, Reader, Target

_TASKS_SHOWN: Final = 3
_LINES_SHOWN: Final = 8
_EVENTS_SHOWN: Final = 2

_LOG_TRIES: Final = 4
_LOG_PAUSE_SECONDS: Final = 1.5
"""What a container wrote last may reach CloudWatch only after ECS has told that it ended."""


def evidence(
    clients: Clients, target: Target, reader: Reader, deployment: Deployment | None, clock: Clock
) -> list[str]:
    """Return lines that tell of the last tasks that ended, of what they logged and of failing health checks.

    It never fails itself: what cannot be asked is said instead.
    """
    lines: list[str] = []
    try:
        failed = reader.failed_tasks(deployment) if deployment else []
        lines += [f"stopped: {why_stopped(task)}" for task in failed[:_TASKS_SHOWN]]
        if failed:
            stream = target.log_stream(failed[0]["taskArn"])
            lines += last_lines(clients.get("logs"), target.log_group, stream, clock)
        service = reader.service()
        if service is not None:
            lines += _unhealthy(clients.get("elbv2"), service)
            # Where no task was ever started, such as for want of a place, ECS tells why in its events.
            lines = lines or [f"ECS says: {event['message']}" for event in service["events"][:_EVENTS_SHOWN]]
    except (BotoCoreError, ClientError) as error:
        lines.append(f"more could not be found out: {error}")
    return lines


def why_stopped(task: Answer) -> str:
    """Return one line about a task that ended."""
    parts = [task.get("stoppedReason") or "no reason given"]
    for container in task.get("containers", []):
        name = container.get("name", "container")
        if "exitCode" in container:
            parts.append(f"{name} ended with exit code {container['exitCode']}")
        if container.get("reason"):
            parts.append(f"{name}: {container['reason']}")
    return f"task {task_id(task['taskArn'])[:8]}: {'; '.join(parts)}"


def last_lines(logs: Any, group: str, stream: str, clock: Clock) -> list[str]:
    """Return what was logged last in a stream, if anything was, with a bar before each line."""
    for attempt in range(_LOG_TRIES):
        if attempt:
            clock.block(_LOG_PAUSE_SECONDS)
        try:
            events = logs.get_log_events(
                logGroupName=group, logStreamName=stream, limit=_LINES_SHOWN, startFromHead=False
            )["events"]
        except logs.exceptions.ResourceNotFoundException:
            continue
        if events:
            return [f"  | {event['message'].rstrip()}" for event in events]
    return []


def _unhealthy(balancing: Any, service: Answer) -> Iterator[str]:
    for balancer in service.get("loadBalancers", []):
        described = balancing.describe_target_health(TargetGroupArn=balancer["targetGroupArn"])
        for found in described["TargetHealthDescriptions"]:
            health = found.get("TargetHealth", {})
            if health.get("State") == "unhealthy":
                told = health.get("Description") or health.get("Reason", "no reason given")
                yield f"unhealthy: {found['Target']['Id']}: {told}"
