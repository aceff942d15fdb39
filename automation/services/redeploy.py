"""`redeploy`: a new deployment of an unchanged service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import click

from automation.console import Number, json_option, say, show
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedService, DeployedStack
from automation.services.deployments import Deployment, count_of_tasks, latest_deployment
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import evidence, tasks_of

_PAUSE_SECONDS: Final = 3.0
"""Also how long tasks must stay up: a task that exits at once is running for a moment, too."""


@click.command
@click.argument("stack")
@click.option("--service", metavar="NAME", help="Only this service.")
@click.option(
    "--within-minutes",
    type=Number(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="N",
    help="How long to wait for the end of each deployment.",
)
@json_option
@click.pass_obj
def redeploy(
    stacks: Stacks, /, *, stack: str, service: str | None, within_minutes: float, as_json: bool
) -> None:
    """Deploy a stack's services again, unchanged.

    Each service gets the task definition of the last update, whatever it runs now. Two cases need this: a
    service whose first deployment ECS gave up (`up --refresh` finds no difference), and tasks that have to
    read the new value of a secret.
    """
    deployed = DeployedStack.of(stacks, stack)
    services = [deployed.service(service)] if service else list(deployed.services.values())
    deployments = [ForcedDeployment(deployed, service) for service in services]
    for deployment in deployments:
        deployment.start()
    failures: list[str] = []
    for deployment in deployments:
        try:
            (say if as_json else click.echo)(deployment.wait(minutes=within_minutes))
        except AutomationError as error:
            failures.append(str(error))
    if failures:
        raise AutomationError("\n".join(failures))
    versions = {service.name: service.task_definition.rpartition("/")[2] for service in services}
    show((), {"stack": stack, "services": versions}, as_json=as_json)


@dataclass
class ForcedDeployment:
    """A forced deployment of one service."""

    stack: DeployedStack
    service: DeployedService
    say: Callable[[str], None] = say
    clock: Clock = REAL
    id: str = field(default="", init=False)
    """Id of the deployment, once it is started."""
    _running: set[str] = field(default_factory=set[str], init=False)

    def start(self) -> None:
        """Start a deployment of the state's task definition.

        Raises:
            AutomationError: ECS does not have the service.
        """
        self.stack.describe_existing(self.service)
        answer = self.stack.clients.client("ecs").update_service(
            cluster=self.service.cluster,
            service=self.service.service,
            taskDefinition=self.service.task_definition,
            forceNewDeployment=True,
        )
        self.id = next(
            deployment["id"]
            for deployment in answer["service"]["deployments"]
            if deployment["status"] == "PRIMARY"
        )

    def wait(self, *, minutes: float) -> str:
        """Wait until the tasks of the deployment run and stay up, and return a line about it.

        Raises:
            AutomationError: the deployment failed, was replaced by another, or takes longer; the message has
                the reasons of stopped tasks and the last lines of the log.
        """
        name, ecs = self.service.name, self.stack.clients.client("ecs")
        deadline = self.clock.now() + minutes * 60
        reported = ""
        while True:
            described = self.stack.describe_existing(self.service)
            latest = latest_deployment(ecs, self.service, described)
            if latest.stage == "failed":
                raise self._failure(latest, latest.reason)
            statuses = {deployment["id"]: deployment["status"] for deployment in described["deployments"]}
            if latest.stage != "rolling back" and statuses.get(self.id) != "PRIMARY":
                raise self._failure(latest, "another deployment replaced it")
            tasks = count_of_tasks(described["runningCount"], described["desiredCount"])
            if latest.stage == "completed" and self._stay_up(ecs, described["desiredCount"]):
                return f"{name} runs {self.service.task_definition.rpartition('/')[2]} ({tasks})"
            detail = "checking that they stay up" if latest.stage == "completed" else latest.progress
            progress = ", ".join(filter(None, (latest.stage, tasks, detail)))
            if progress != reported:
                reported = progress
                self.say(f"{name}: {progress}")
            if self.clock.now() >= deadline:
                raise self._failure(latest, f"not complete after {minutes:g} minutes")
            self.clock.block(_PAUSE_SECONDS)

    def _stay_up(self, ecs: Any, desired: int) -> bool:
        """Whether enough of the tasks of the previous check still run."""
        previous = self._running
        self._running = {
            task["taskArn"]
            for task in tasks_of(ecs, self.service, "RUNNING")
            if task["taskDefinitionArn"] == self.service.task_definition
        }
        return len(previous & self._running) >= desired

    def _failure(self, deployment: Deployment, reason: str) -> AutomationError:
        lines = evidence(self.stack.clients, self.service, self.clock, since=deployment.since)
        return AutomationError("\n  ".join([f"{self.service.name}: {reason}", *lines]))
