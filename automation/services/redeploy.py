"""`redeploy`: a new deployment of what the state asks for, where `up` finds no difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from automation.clock import REAL, Clock
from automation.console import say
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedStack
from automation.services.deployments import evidence, failed_tasks, latest_deployment, tasks_of

if TYPE_CHECKING:
    from automation.aws import Answer
    from automation.services.deployed_stack import DeployedService
    from automation.services.deployments import Deployment
    from automation.stacks.stacks import Stacks

_PAUSE_SECONDS: Final = 3.0
"""Also how long tasks have to stay up: one that exits at once runs for a moment, too."""


@click.command(short_help="Deploy a stack's services again, unchanged.")
@click.argument("stack")
@click.option("--service", metavar="NAME", help="Only this service.")
@click.option(
    "--within-minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="N",
    help="How long to wait for the end of the deployments.",
)
@click.pass_obj
def redeploy(stacks: Stacks, /, *, stack: str, service: str | None, within_minutes: float) -> None:
    """Start a new deployment of each service of STACK, and wait for its end.

    It runs the task definition that the last update asked for, whatever ECS runs now. Use it where `up` and
    `up --refresh` find no difference but the service does not run, as after a first deployment that ECS gave
    up, and for tasks to read a secret's new value.
    """
    found = DeployedStack.of(stacks, stack)
    chosen = [found.service(service)] if service else list(found.services.values())
    redeployments = [Redeployment.start(found, one) for one in chosen]
    failures: list[str] = []
    for one in redeployments:
        try:
            click.echo(one.wait(minutes=within_minutes))
        except AutomationError as error:
            failures.append(str(error))
    if failures:
        raise AutomationError("\n".join(failures))


@dataclass
class Redeployment:
    """A forced deployment of one service."""

    stack: DeployedStack
    service: DeployedService
    id: str
    clock: Clock = REAL
    say: Callable[[str], None] = say
    _running: set[str] = field(default_factory=set[str], init=False)

    @classmethod
    def start(cls, stack: DeployedStack, service: DeployedService, **more: Any) -> Redeployment:
        """Start a deployment of what the state asks for.

        Raises:
            AutomationError: ECS does not have the service.
        """
        if stack.describe(service) is None:
            raise AutomationError(
                f"ECS does not have the service {service.name} any more: "
                f"`python -m automation up --refresh {stack.name}` creates it again"
            )
        answer = stack.clients.client("ecs").update_service(
            cluster=service.cluster,
            service=service.ecs_name,
            taskDefinition=service.task_definition,
            forceNewDeployment=True,
        )
        primary = next(one for one in answer["service"]["deployments"] if one["status"] == "PRIMARY")
        return cls(stack, service, primary["id"], **more)

    def wait(self, *, minutes: float) -> str:
        """Wait until the tasks of the deployment run and stay up, and return a line that says so.

        Raises:
            AutomationError: the deployment failed, was replaced by another, or takes longer; the message has
                the reasons of stopped tasks and the last lines of the log.
        """
        name = self.service.name
        ecs = self.stack.clients.client("ecs")
        deadline = self.clock.now() + minutes * 60
        reported = ""
        while True:
            described = self.stack.describe(self.service)
            if described is None:
                raise AutomationError(f"{name}: the service was deleted")
            deployment = latest_deployment(ecs, self.service, described)
            if deployment.stage == "failed":
                raise self._failure(described, deployment, deployment.reason)
            own = next((one for one in described["deployments"] if one["id"] == self.id), None)
            if deployment.stage != "rolling back" and (own is None or own["status"] != "PRIMARY"):
                raise self._failure(described, deployment, "another deployment took its place")
            if deployment.stage == "completed" and self._stay_up(ecs, described["desiredCount"]):
                return f"{name} runs {self.service.task_definition.rpartition('/')[2]} ({_counts(described)})"
            progress = ", ".join(filter(None, (deployment.stage, _counts(described), deployment.progress)))
            if progress != reported:
                reported = progress
                self.say(f"{name}: {progress}")
            if self.clock.now() >= deadline:
                raise self._failure(described, deployment, f"not complete after {minutes:g} minutes")
            self.clock.sleep(_PAUSE_SECONDS)

    def _stay_up(self, ecs: Any, desired: int) -> bool:
        """Whether enough tasks run that ran a pause ago."""
        before, self._running = self._running, {task["taskArn"] for task in self._tasks(ecs)}
        return len(before & self._running) >= desired

    def _tasks(self, ecs: Any) -> list[Answer]:
        running = tasks_of(ecs, self.service, "RUNNING")
        return [task for task in running if task["taskDefinitionArn"] == self.service.task_definition]

    def _failure(self, described: Answer, deployment: Deployment, reason: str) -> AutomationError:
        ecs = self.stack.clients.client("ecs")
        failed = failed_tasks(ecs, self.service, self.service.task_definition, deployment.since)
        lines = evidence(self.stack, self.service, failed, described.get("events", []))
        return AutomationError("\n  ".join([f"{self.service.name}: {reason}", *lines]))


def _counts(described: Answer) -> str:
    desired = described["desiredCount"]
    return f"{described['runningCount']}/{desired} {'task' if desired == 1 else 'tasks'}"
