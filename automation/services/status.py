"""`status`: tasks, version, deployment, address and alarms of each service."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from automation.console import json_option, say, show, to_type, width_of
from automation.http_status import http_status
from automation.services.deployed_stack import DeployedStack
from automation.services.deployments import counts, latest_deployment
from automation.services.jobs import failed_jobs, given_up
from automation.services.sparklines import HOURS, Recent, recent, shows_blocks
from automation.stacks.stacks import Stacks
from infra.rollout.evidence import alarms_on, failed_tasks, tasks_of

if TYPE_CHECKING:
    from automation.services.deployed_stack import DeployedService
    from automation.services.deployments import Deployment
    from infra.rollout.evidence import Answer

_EVENTS_SHOWN: Final = 3
_ASKED_AT_ONCE: Final = 4
_ANSWER_SECONDS: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """One service at one moment."""

    name: str
    state: str
    """`steady`, `changing`, `in progress`, `rolling back`, `failed` or `deleted`."""
    address: str = ""
    answers: int | None = None
    """The HTTP status of the health check's path at the address; None without an answer."""
    asked: bool = True
    """Whether the address was requested; it is not if the health check's path belongs to another service."""
    since: datetime | None = None
    """When the latest deployment began."""
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
    given_up: int = 0
    """Scheduled starts that failed until AWS gave them up."""
    failed_jobs: tuple[str, ...] = ()
    """Tasks that a schedule or a person started, and that failed in the last hour."""
    events: tuple[str, ...] = ()
    """What ECS reported last, of a service that is not steady."""

    @property
    def steady(self) -> bool:
        """Whether it runs what was requested last, in the number that was requested."""
        return self.state == "steady"


@click.command
@click.argument("stack")
@json_option
@click.pass_obj
def status(stacks: Stacks, /, *, stack: str, as_json: bool) -> None:
    """Show the state of a stack's services.

    Tasks, version, deployment and alarms as AWS reports them now, and whether the addresses answer; in an
    account also what CloudWatch measured in the last three hours.
    """
    deployed = DeployedStack.of(stacks, stack)
    statuses = statuses_of(deployed)
    measured = recent(deployed)
    show(lines_of(statuses, measured), json_of(statuses, measured), as_json=as_json)
    if measured is not None and measured.failure:
        say(f"CloudWatch tells nothing of the last hours: {measured.failure}")


def statuses_of(stack: DeployedStack) -> list[ServiceStatus]:
    """Return the status of each service, by name."""
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as threads:
        return list(threads.map(partial(_status_of, stack), stack.services.values()))


def json_of(statuses: Sequence[ServiceStatus], measured: Recent | None = None) -> dict[str, Any]:
    """Return statuses for programs, with what was measured where something was."""
    fields: list[dict[str, Any]] = [{**asdict(one), "steady": one.steady} for one in statuses]
    for one in fields:
        if measured is not None and one["name"] in measured.services:
            one["metrics"] = measured.as_json(one["name"])
    return {one.pop("name"): one for one in fields}


def lines_of(statuses: Sequence[ServiceStatus], measured: Recent | None = None) -> Iterator[str]:
    """Yield statuses for people, with what was measured where something was."""
    width = max(len(one.name) for one in statuses)
    columns = width_of(sys.stdout)
    inside = None if columns is None else columns - width - 2
    for one in statuses:
        since = f" since {one.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if one.since else ""
        pending = f" ({one.pending} more starting)" if one.pending else ""
        tasks = counts(one.running, one.desired)
        yield f"{one.name:<{width}}  {tasks}{pending}, {one.state}{since}"
        for line in _details(one):
            yield f"{'':<{width}}  {line}"
        if measured is not None and one.name in measured.services:
            yield f"{'':<{width}}  last {HOURS} hours, since {measured.since:%H:%M} UTC"
            for line in measured.lines(one.name, columns=inside, blocks=shows_blocks(sys.stdout)):
                yield f"{'':<{width}}  {line}"


def _details(one: ServiceStatus) -> Iterator[str]:
    if one.address:
        answers = f"answers {one.answers}" if one.answers else "does not answer"
        yield f"{one.address} {answers}" if one.desired and one.asked else one.address
    if one.task_definition:
        yield f"{one.task_definition}, image {one.digest or one.image}"
    if one.reason:
        yield one.reason
    if one.alarms:
        yield f"in alarm: {', '.join(one.alarms)}"
    if one.given_up:
        yield f"scheduled starts that AWS gave up: {one.given_up}; `outputs` has the dead letter queue"
    for job in one.failed_jobs:
        yield f"failed job: {job}"
    for event in one.events:
        yield f"ECS: {event}"


def _status_of(stack: DeployedStack, service: DeployedService) -> ServiceStatus:
    described = stack.describe(service)
    address = stack.urls.get(service.name, "")
    if described is None:
        return ServiceStatus(
            name=service.name,
            address=address,
            state="deleted",
            reason="ECS does not have this service any more: "
            f"{to_type('up --refresh', stack.name)} creates it again",
        )
    ecs = stack.clients.client("ecs")
    deployment = latest_deployment(ecs, service, described)
    running = _running(stack, service, described)
    state, reason = _state(stack, service, described, deployment, running)
    desired: int = described["desiredCount"]
    image = _image(ecs, described["taskDefinition"], service.name)
    asked = stack.health_check_url(service.name) if desired else None
    return ServiceStatus(
        name=service.name,
        address=address,
        answers=http_status(asked, seconds=_ANSWER_SECONDS) if asked else None,
        asked=asked is not None,
        state=state,
        since=deployment.since,
        reason=reason,
        running=running,
        desired=desired,
        pending=described["pendingCount"],
        task_definition=described["taskDefinition"].rpartition("/")[2],
        image=image,
        digest=image.partition("@")[2],
        alarms=_in_alarm(stack, described),
        given_up=given_up(stack, service),
        failed_jobs=failed_jobs(stack, service),
        events=()
        if state == "steady"
        else tuple(event["message"] for event in described.get("events", [])[:_EVENTS_SHOWN]),
    )


def _running(stack: DeployedStack, service: DeployedService, described: Answer) -> int:
    """Return how many tasks run; the emulator also counts tasks whose containers are gone."""
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
    if (gone := described["runningCount"] - running) > 0:
        return (
            "changing",
            f"tasks without a container: {gone}; {to_type('redeploy', stack.name)} starts others",
        )
    return "changing", ""


def _image(ecs: Any, task_definition: str, container: str) -> str:
    found = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    containers = found["containerDefinitions"]
    return next((one["image"] for one in containers if one["name"] == container), containers[0]["image"])


def _in_alarm(stack: DeployedStack, described: Answer) -> tuple[str, ...]:
    alarms = described.get("deploymentConfiguration", {}).get("alarms", {})
    names: list[str] = alarms.get("alarmNames", []) if alarms.get("enable") else []
    return tuple(sorted(alarms_on(stack.clients, names)))
