"""`status`: tasks, version, deployment, address and alarms of each service."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from automation.console import json_option, say, show, to_type, width_of
from automation.http_status import http_status
from automation.services.deployed_stack import DeployedStack
from automation.services.deployments import count_of_tasks, latest_deployment
from automation.services.jobs import failed_jobs, given_up
from automation.services.metrics import HOURS, RecentMetrics, recent_metrics
from automation.services.sparklines import shows_blocks, sparklines
from automation.stacks.stacks import Stacks
from infra.rollout.evidence import alarms_on, failed_tasks, tasks_of

if TYPE_CHECKING:
    from automation.services.deployed_stack import DeployedService
    from automation.services.deployments import Deployment
    from infra.rollout.evidence import Answer

_EVENTS_SHOWN: Final = 3
_SERVICES_AT_ONCE: Final = 4
_HTTP_TIMEOUT_SECONDS: Final = 3.0
_COLUMNS_OF_DETAILS: Final = 50
"""With fewer columns to the right of the names, details stand below the names."""
_SHORT_DIGEST: Final = len("sha256:") + 12
"""As long as Docker's; `--json` has all of it."""


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """The status of a service."""

    name: str
    state: str
    """`steady`, `changing`, `in progress`, `rolling back`, `failed` or `deleted`."""
    address: str = ""
    address_requested: bool = True
    """Whether the address was requested; it is not if the health check's path belongs to another service."""
    http_status: int | None = None
    """The HTTP status of the health check's path at the address; None without an answer."""
    deployed_since: datetime | None = None
    """Start of the latest deployment."""
    reason: str = ""
    running: int = 0
    desired: int = 0
    pending: int = 0
    task_definition: str = ""
    """Family and revision."""
    image: str = ""
    digest: str = ""
    """The image's, if the task definition names it."""
    alarms: tuple[str, ...] = ()
    """Those in alarm, of all that would roll a deployment back."""
    dead_letters: int = 0
    """Scheduled starts that failed until AWS gave them up: messages in the dead letter queue."""
    failed_jobs: tuple[str, ...] = ()
    """Tasks that a schedule or a user started, and that failed in the last hour."""
    events: tuple[str, ...] = ()
    """ECS's last events, of a service that is not steady."""

    @property
    def steady(self) -> bool:
        """Whether as many tasks as desired run the version of the last deployment."""
        return self.state == "steady"


@click.command
@click.argument("stack")
@json_option
@click.pass_obj
def status(stacks: Stacks, /, *, stack: str, as_json: bool) -> None:
    """Show the tasks, version, deployment and alarms of a stack's services.

    Also whether the addresses answer and, in an account, CloudWatch metrics of the last three hours.
    """
    deployed = DeployedStack.of(stacks, stack)
    statuses = statuses_of(deployed)
    metrics = recent_metrics(deployed)
    show(lines_of(statuses, metrics), json_of(statuses, metrics), as_json=as_json)
    if metrics is not None and metrics.failure:
        say(f"CloudWatch returned no metrics: {metrics.failure}")


def statuses_of(stack: DeployedStack) -> list[ServiceStatus]:
    """Return the status of each service, by name."""
    described = stack.describe_all()

    def status_of(service: DeployedService) -> ServiceStatus:
        answer = described.get(service.name)
        return _deleted(stack, service) if answer is None else _status_of(stack, service, answer)

    with ThreadPoolExecutor(_SERVICES_AT_ONCE) as threads:
        return list(threads.map(status_of, stack.services.values()))


def json_of(statuses: Sequence[ServiceStatus], metrics: RecentMetrics | None = None) -> dict[str, Any]:
    """Return statuses and metrics for programs."""
    document: dict[str, Any] = {}
    for service in statuses:
        fields: dict[str, Any] = {**asdict(service), "steady": service.steady}
        if metrics is not None and service.name in metrics.services:
            fields["metrics"] = metrics.as_json(service.name)
        del fields["name"]
        document[service.name] = fields
    return document


def lines_of(statuses: Sequence[ServiceStatus], metrics: RecentMetrics | None = None) -> Iterator[str]:
    """Yield statuses and metrics for people."""
    columns = width_of(sys.stdout)
    width = max(len(service.name) for service in statuses)
    indent = width + 2
    if columns is not None and columns - indent < _COLUMNS_OF_DETAILS:
        width, indent = 0, 2
    for service in statuses:
        since = (
            f" since {service.deployed_since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            if service.deployed_since
            else ""
        )
        pending = f" ({service.pending} more starting)" if service.pending else ""
        tasks = count_of_tasks(service.running, service.desired)
        yield f"{service.name:<{width}}  {tasks}{pending}, {service.state}{since}"
        details = [*_details(service)]
        if metrics is not None and service.name in metrics.services:
            details += [
                f"last {HOURS} hours, since {metrics.since:%H:%M} UTC",
                *sparklines(
                    metrics.services[service.name],
                    columns=None if columns is None else columns - indent,
                    blocks=shows_blocks(sys.stdout),
                ),
            ]
        for line in details:
            yield f"{'':<{indent}}{line}"


def _details(service: ServiceStatus) -> Iterator[str]:
    if service.address:
        answers = f"answers {service.http_status}" if service.http_status else "does not answer"
        requested = service.desired and service.address_requested
        yield f"{service.address} {answers}" if requested else service.address
    if service.task_definition:
        yield f"{service.task_definition}, image {service.digest[:_SHORT_DIGEST] or service.image}"
    if service.reason:
        yield service.reason
    if service.alarms:
        yield f"in alarm: {', '.join(service.alarms)}"
    if service.dead_letters:
        starts = f"scheduled starts that AWS gave up: {service.dead_letters}"
        yield f"{starts}; `outputs` has the dead letter queue"
    for job in service.failed_jobs:
        yield f"failed job: {job}"
    for event in service.events:
        yield f"ECS: {event}"


def _deleted(stack: DeployedStack, service: DeployedService) -> ServiceStatus:
    return ServiceStatus(
        name=service.name,
        address=stack.urls.get(service.name, ""),
        state="deleted",
        reason=stack.missing(service),
    )


def _status_of(stack: DeployedStack, service: DeployedService, described: Answer) -> ServiceStatus:
    ecs = stack.clients.client("ecs")
    deployment = latest_deployment(ecs, service, described)
    running = _running(stack, service, described)
    state, reason = _state(stack, service, described, deployment, running)
    desired: int = described["desiredCount"]
    image = _image(ecs, described["taskDefinition"], service.name)
    url = stack.health_check_url(service.name) if desired else None
    return ServiceStatus(
        name=service.name,
        address=stack.urls.get(service.name, ""),
        address_requested=url is not None,
        http_status=http_status(url, seconds=_HTTP_TIMEOUT_SECONDS) if url else None,
        state=state,
        deployed_since=deployment.since,
        reason=reason,
        running=running,
        desired=desired,
        pending=described["pendingCount"],
        task_definition=described["taskDefinition"].rpartition("/")[2],
        image=image,
        digest=image.partition("@")[2],
        alarms=_in_alarm(stack, described),
        dead_letters=given_up(stack, service),
        failed_jobs=failed_jobs(stack, service),
        events=()
        if state == "steady"
        else tuple(event["message"] for event in described.get("events", [])[:_EVENTS_SHOWN]),
    )


def _running(stack: DeployedStack, service: DeployedService, described: Answer) -> int:
    """Return the number of running tasks; the emulator also counts tasks whose containers are gone."""
    if not stack.is_local:
        return described["runningCount"]
    from local.task_containers import running_tasks

    tasks = tasks_of(stack.clients.client("ecs"), service, "RUNNING")
    return len(running_tasks([task["taskArn"] for task in tasks]))


def _state(
    stack: DeployedStack, service: DeployedService, described: Answer, deployment: Deployment, running: int
) -> tuple[str, str]:
    """Return a service's state and its reason."""
    if deployment.stage != "completed":
        return deployment.stage, deployment.reason or deployment.progress
    if running == described["desiredCount"]:
        return "steady", ""
    current = replace(service, task_definition=described["taskDefinition"])
    if failed := len(failed_tasks(stack.clients.client("ecs"), current, deployment.since)):
        return "changing", f"tasks of this version that failed in the last hour: {failed}"
    if (missing := described["runningCount"] - running) > 0:
        return (
            "changing",
            f"tasks without a container: {missing}; {to_type('redeploy', stack.name)} starts others",
        )
    return "changing", ""


def _image(ecs: Any, task_definition: str, name: str) -> str:
    described = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    containers = described["containerDefinitions"]
    images = {container["name"]: container["image"] for container in containers}
    return images.get(name, containers[0]["image"])


def _in_alarm(stack: DeployedStack, described: Answer) -> tuple[str, ...]:
    alarms = described.get("deploymentConfiguration", {}).get("alarms", {})
    names: list[str] = alarms.get("alarmNames", []) if alarms.get("enable") else []
    return tuple(sorted(alarms_on(stack.clients, names)))
