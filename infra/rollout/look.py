"""What ECS says of one service at one moment, in words that do not depend on how it was found out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.rollout.clock import Clock

Answer = Mapping[str, Any]
"""What AWS says, in botocore's form."""

Stage = Literal["not begun", "under way", "going back", "done", "failed"]

_STAGES: Final[dict[str, Stage]] = {
    "PENDING": "under way",
    "IN_PROGRESS": "under way",
    "STOP_REQUESTED": "going back",
    "ROLLBACK_REQUESTED": "going back",
    "ROLLBACK_IN_PROGRESS": "going back",
    "SUCCESSFUL": "done",
    "STOPPED": "failed",
    "ROLLBACK_SUCCESSFUL": "failed",
    "ROLLBACK_FAILED": "failed",
}
_ENDINGS: Final = {
    "STOPPED": "the deployment was stopped",
    "ROLLBACK_SUCCESSFUL": "ECS went back to the version before",
    "ROLLBACK_FAILED": "ECS gave up, and could not go back to a version before",
}
_WENT_BACK: Final = _ENDINGS["ROLLBACK_SUCCESSFUL"]
_GAVE_UP: Final = _ENDINGS["ROLLBACK_FAILED"]

_NOT_ALLOWED: Final = "AccessDeniedException"
_LONGEST_DEPLOYMENT: Final = timedelta(days=2)
_DESCRIBED_AT_ONCE: Final = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One service, and what it has to come to run."""

    name: str
    """By which people know it; names its container and its log streams too."""
    cluster: str
    service: str
    task_definition: str
    log_group: str
    seconds: float
    """How long its deployment may take, with all that its strategy waits for."""
    alarms: Sequence[str] = ()
    """Names of those that take the deployment back."""
    scheduled: bool = False
    """Whether a schedule says how many tasks there are, and may say none."""

    def log_stream(self, task_arn: str) -> str:
        """Return where a task of the service logs."""
        return f"{self.name}/{self.name}/{task_id(task_arn)}"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The deployment that was asked for last."""

    id: str
    task_definition: str
    since: datetime
    stage: Stage
    reason: str = ""
    """How and why it failed, or goes back."""
    running: int
    wanted: int
    watched: bool
    """Whether a circuit breaker counts its failures, so that ECS itself will end it."""
    reversible: bool = False
    """Whether nothing but us would end it: it has no circuit breaker, and can be told to go back."""
    lifecycle: str = ""
    traffic: float | None = None
    """Share of the requests that the new version gets, in percent."""
    bake_minutes: int = 0
    """How long it stays at this stage and share on purpose."""
    pause: str = ""
    """What it waits for until a person says so."""


@dataclass(frozen=True)
class Task:
    """A task of the new version that runs."""

    arn: str
    age: float
    """Seconds since it started, if the clocks of AWS and of this machine agree."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What there is to see of a service."""

    deployment: Deployment
    running: tuple[Task, ...] = ()
    crashed: frozenset[str] = field(default_factory=frozenset[str])
    """Tasks of the new version that ended though nobody asked them to, by ARN."""


class Reader:
    """Looks at one service."""

    def __init__(self, ecs: Any, target: Target, clock: Clock) -> None:
        self._ecs = ecs
        self._clock = clock
        self._target = target
        self._revisions: dict[str, str] = {}

    def look(self) -> Look | None:
        """Return what ECS says now, or None where it does not have the service (any more)."""
        service = self.service()
        if service is None:
            return None
        deployment = self._deployment(service)
        if deployment.stage in ("going back", "failed") or deployment.watched:
            # ECS decides by itself: there is nothing to count.
            return Look(deployment=deployment)
        now = self._clock.date()
        return Look(
            deployment=deployment,
            running=tuple(
                Task(arn=task["taskArn"], age=(now - task["startedAt"]).total_seconds())
                for task in self._tasks("RUNNING")
                if task["lastStatus"] == "RUNNING" and "startedAt" in task
            ),
            crashed=frozenset(task["taskArn"] for task in self.failed_tasks(deployment)),
        )

    def service(self) -> Answer | None:
        """Return the service itself."""
        found = self._ecs.describe_services(cluster=self._target.cluster, services=[self._target.service])
        return next((one for one in found["services"] if one["status"] == "ACTIVE"), None)

    def failed_tasks(self, deployment: Deployment) -> list[Answer]:
        """Return the tasks of a deployment that ended by themselves or were unhealthy, latest first.

        ECS forgets a task an hour after its end.
        """
        failed = [
            task
            for task in self._tasks("STOPPED")
            if _went_wrong(task) and task["createdAt"] >= deployment.since
        ]
        return sorted(failed, key=lambda task: task.get("stoppedAt", task["createdAt"]), reverse=True)

    def go_back(self, deployment: Deployment) -> None:
        """Tell ECS to end a deployment and to go back to the version before."""
        self._ecs.stop_service_deployment(serviceDeploymentArn=deployment.id, stopType="ROLLBACK")

    def _deployment(self, service: Answer) -> Deployment:
        own = next(one for one in service["deployments"] if one.get("status") == "PRIMARY")
        latest = self._latest_service_deployment(service["deployments"])
        if latest is None:
            return _by_rollout_state(service, own, self._target.task_definition)
        return _by_service_deployment(latest, service, own, self._task_definition_of(latest))

    def _latest_service_deployment(self, deployments: Sequence[Answer]) -> Answer | None:
        # Without a limit in time this would read everything that was ever deployed.
        after = min(one["createdAt"] for one in deployments) - _LONGEST_DEPLOYMENT
        briefs: list[Any] = []
        try:
            for page in _pages(
                self._ecs.list_service_deployments,
                cluster=self._target.cluster,
                service=self._target.service,
                createdAt={"after": after},
            ):
                briefs += page["serviceDeployments"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _NOT_ALLOWED:
                return None
            raise
        if not briefs:
            return None
        arn = max(briefs, key=lambda brief: brief["createdAt"])["serviceDeploymentArn"]
        found = self._ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
        return found[0] if found else None

    def _task_definition_of(self, deployment: Answer) -> str:
        arn = deployment["targetServiceRevision"]["arn"]
        if arn not in self._revisions:
            (revision,) = self._ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
            self._revisions[arn] = revision["taskDefinition"]
        return self._revisions[arn]

    def _tasks(self, status: Literal["RUNNING", "STOPPED"]) -> list[Answer]:
        """Return the tasks of the new version."""
        pages = self._ecs.get_paginator("list_tasks").paginate(
            cluster=self._target.cluster, serviceName=self._target.service, desiredStatus=status
        )
        arns = [arn for page in pages for arn in page["taskArns"]]
        tasks: list[Answer] = []
        for start in range(0, len(arns), _DESCRIBED_AT_ONCE):
            described = self._ecs.describe_tasks(
                cluster=self._target.cluster, tasks=arns[start : start + _DESCRIBED_AT_ONCE]
            )
            tasks += described["tasks"]
        return [task for task in tasks if task["taskDefinitionArn"] == self._target.task_definition]


def task_id(task_arn: str) -> str:
    """Return the end of a task's ARN, by which people and log streams name it."""
    return task_arn.rpartition("/")[2]


def _pages(operation: Any, **arguments: Any) -> Iterator[Any]:
    # boto3 has no paginator for it.
    while True:
        page = operation(**arguments)
        yield page
        if not page.get("nextToken"):
            return
        arguments["nextToken"] = page["nextToken"]


def _went_wrong(task: Answer) -> bool:
    return (
        task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart")
        or "health check" in task.get("stoppedReason", "").lower()
    )


def _by_service_deployment(found: Answer, service: Answer, own: Answer, task_definition: str) -> Deployment:
    status = found["status"]
    stage = _STAGES.get(status, "under way")
    if stage == "done" and own.get("rolloutState", "COMPLETED") == "IN_PROGRESS":
        # An earlier one, then: what was asked for a moment ago is not listed yet.
        stage = "not begun"
    configuration = found.get("deploymentConfiguration", {})
    revision = found["targetServiceRevision"]
    traffic = revision.get("requestedProductionTrafficWeight")
    lifecycle = found.get("lifecycleStage", "")
    rolling = configuration.get("strategy", "ROLLING") == "ROLLING"
    return Deployment(
        id=found["serviceDeploymentArn"],
        task_definition=task_definition,
        since=found["createdAt"],
        stage=stage,
        reason=_reason(found, _ENDINGS.get(status, _WENT_BACK)),
        running=revision.get("runningTaskCount", 0),
        wanted=service["desiredCount"],
        watched=stage == "under way"
        and found.get("deploymentCircuitBreaker", {}).get("status") == "MONITORING",
        reversible=stage == "under way" and not rolling,
        lifecycle=lifecycle,
        traffic=None if rolling else traffic,
        bake_minutes=_bake_minutes(configuration, lifecycle, traffic),
        pause=_pause(found, lifecycle),
    )


def _reason(found: Answer, ending: str) -> str:
    told = found.get("rollback", {}).get("reason") or found.get("statusReason") or ""
    alarms = found.get("alarms", {}).get("triggeredAlarmNames", [])
    because = [part for part in (told, f"alarms: {', '.join(alarms)}" if alarms else "") if part]
    return ": ".join([ending, *because])


def _bake_minutes(configuration: Any, lifecycle: str, traffic: float | None) -> int:
    if lifecycle == "BAKE_TIME":
        return configuration.get("bakeTimeInMinutes", 0)
    if traffic is None or not 0 < traffic < 100:  # noqa: PLR2004 - percent
        return 0
    canary = configuration.get("canaryConfiguration", {}).get("canaryBakeTimeInMinutes", 0)
    return canary or configuration.get("linearConfiguration", {}).get("stepBakeTimeInMinutes", 0)


def _pause(found: Answer, lifecycle: str) -> str:
    hooks = [one for one in found.get("lifecycleHookDetails", []) if one.get("status") == "AWAITING_ACTION"]
    if not hooks:
        return ""
    text = f"paused at {lifecycle} until somebody goes on (hook {hooks[0].get('hookId', 'without an id')})"
    if "expiresAt" in hooks[0]:
        action = hooks[0].get("timeoutAction", "ROLLBACK").lower()
        text += f", else {action} at {hooks[0]['expiresAt'].astimezone(UTC):%H:%M} UTC"
    return text


def _by_rollout_state(service: Answer, own: Answer, wanted: str) -> Deployment:
    """Judge by `deployments`, where the service-deployment API tells nothing.

    After a rollback the failed deployment stays in the list beside the one that took its place again.
    """
    latest = max(service["deployments"], key=lambda one: one["createdAt"])
    went_back = own["taskDefinition"] != wanted
    failed = max(
        (
            one
            for one in service["deployments"]
            if one.get("rolloutState") == "FAILED"
            and (one is latest or (went_back and one["taskDefinition"] == wanted))
        ),
        key=lambda one: one["createdAt"],
        default=None,
    )
    state = own.get("rolloutState", "COMPLETED")
    stage: Stage = "done" if state == "COMPLETED" else "under way"
    ending = ""
    if failed is not None:
        stage, ending = ("going back" if state == "IN_PROGRESS" else "failed"), _WENT_BACK
        if failed is own:
            ending = _GAVE_UP
    breaker = service.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
    about = failed or own
    return Deployment(
        id=about["id"],
        task_definition=about["taskDefinition"],
        since=about["createdAt"],
        stage=stage,
        reason=": ".join(part for part in (ending, about.get("rolloutStateReason", "")) if part),
        running=about["runningCount"],
        wanted=service["desiredCount"],
        watched=stage == "under way" and breaker.get("enable", False),
    )
