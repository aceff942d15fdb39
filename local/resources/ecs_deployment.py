"""Waits for an ECS service as the official provider does, and judges deployments where the emulator does not.

hashicorp/terraform-provider-aws internal/service/ecs/service.go (`waitServiceStable`): with
`waitForSteadyState` it follows the deployment to its end and fails with its reason, with `sigintRollback` a
cancelled run rolls it back. The emulator knows no service deployments, has a first deployment completed from
the start, and judges neither health checks nor tasks that end after a second. So this counts failed tasks and
asks the health checks itself, and ends a deployment as ECS's circuit breaker would.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NoReturn

from local.docker import docker_engine
from local.resources.aws_calls import call
from local.resources.base import Properties, ResourceError, UnfinishedError
from local.resources.cloud import Cloud
from local.resources.ecs import cluster_of, task_arns
from local.resources.ecs_health import TaskHealth, checks_of
from local.task_containers import containers_of

_TIMEOUT_SECONDS: Final = 20 * 60
"""The provider's default for create and update."""
_PAUSE_SECONDS: Final = 0.2
_EAGER_SECONDS: Final = 5
_LONG_PAUSE_SECONDS: Final = 1
_END_SECONDS: Final = 60
"""How long the emulator may take to end a deployment, or to bring the version before back."""
_TOLD_AGAIN_SECONDS: Final = 10
_FAILURES: Final = frozenset({"EssentialContainerExited", "TaskFailedToStart"})
_DESCRIBED_AT_ONCE: Final = 100
_LOG_LINES: Final = 200
_SHOWN, _BEFORE = 20, 5
"""Lines shown, and how many of them before the one that says why."""
_THROWN: Final = re.compile(r"^\s*(?:Uncaught\s+)?(?:[\w$.]*(?:Error|Exception)\b(?:\s\[\w+\])?)(?::|$)")
_MENTIONED: Final = re.compile(r"\b(?:err!|error|fatal|panic)(?!\w)", re.IGNORECASE)


def wait_until_steady(
    cloud: Cloud, arn: str, *, since: datetime, before: Properties | None, sigint_rollback: bool
) -> None:
    """Wait until the service is steady: one deployment, as many tasks as wanted, all of them healthy.

    Args:
        cloud: the emulator; its `cancelled` ends the wait.
        arn: the service.
        since: when it was created or updated.
        before: the service as ECS described it before an update; its completed deployment is rolled back to.
        sigint_rollback: whether a cancelled run rolls the deployment back.

    Raises:
        UnfinishedError: the deployment failed, took too long or was cancelled.
        ResourceError: the emulator or Docker does not answer.
    """
    with docker_engine(f"look at the containers of ECS service {arn}") as api:
        completed = (
            str(one["taskDefinition"])
            for one in (before or {}).get("deployments", [])
            if one["rolloutState"] == "COMPLETED"
        )
        follower = _Follower(cloud, arn, api, since=since, before=next(completed, None))
        began, timeout = time.monotonic(), cloud.timeout(_TIMEOUT_SECONDS)
        while waiting := follower.look():
            waited = time.monotonic() - began
            if waited > timeout:
                follower.fail(f"it is not steady after {timeout:g} s: {waiting}")
            # A check that runs a command twice a second for long would be a load of its own.
            if cloud.cancelled.wait(_PAUSE_SECONDS if waited < _EAGER_SECONDS else _LONG_PAUSE_SECONDS):
                if sigint_rollback:
                    follower.roll_back("Service deployment rolled back by user.")
                follower.fail("the run was cancelled; the deployment goes on")
        # Else the last that was waited for would stay on the screen.
        cloud.progress("steady")


class _Follower:
    def __init__(self, cloud: Cloud, arn: str, api: Any, *, since: datetime, before: str | None) -> None:
        self._cloud = cloud
        self._arn = arn
        self._docker = api
        # The emulator tells whole seconds.
        self._since = since.replace(microsecond=0)
        self._before = before
        service = self._service()
        self._name = str(service["serviceName"])
        latest = service["deployments"][0]
        # An update may have failed by now; one that needs no new deployment belongs to the one that is there.
        own = latest if latest["createdAt"] >= self._since else _primary(service)
        self._deployment = str(own["id"])
        self._task_definition = str(own["taskDefinition"])
        described = call(cloud, "ecs", "describe_task_definition", taskDefinition=self._task_definition)
        self._checks = checks_of(cloud, service, described["taskDefinition"])
        self._health: dict[str, TaskHealth] = {}
        self._failed: set[str] = set()
        """Tasks that ended by themselves or are unhealthy, by ARN."""
        self._evidence: list[str] = []
        """Lines about the latest of them."""
        self._told = ("", 0.0)

    def look(self) -> str:
        """Look once, and return what is still waited for, empty if the service is steady.

        Raises:
            UnfinishedError: the deployment failed.
        """
        service = self._service()
        wanted = int(service["desiredCount"])
        if not wanted:
            return ""
        own = self._own(service)
        if own["rolloutState"] == "FAILED":
            self._note_failed_tasks()
            self._wait_for_rollback(own["rolloutStateReason"])
        running = self._list("RUNNING") if service["runningCount"] >= wanted else []
        if len(running) < wanted:
            waiting = f"{service['runningCount']} of {_tasks(wanted)} running"
            self._note_failed_tasks()
            # As many as ECS's own circuit breaker takes for a failure.
            if len(self._failed) >= min(200, max(3, math.ceil(wanted / 2))):
                self.end(f"its tasks keep exiting: {len(self._failed)} did.")
            waiting += f", {len(self._failed)} exited" if self._failed else ""
        else:
            live = [one for one in service["deployments"] if one["rolloutState"] != "FAILED"]
            settled = (
                len(live) == 1 and own["rolloutState"] == "COMPLETED" and service["runningCount"] == wanted
            )
            waiting = self._unhealthy(running) or ("" if settled else "the deployment is completing")
        self._tell(f"waiting: {waiting}" if waiting else "")
        return waiting

    def end(self, reason: str) -> NoReturn:
        """End the deployment as ECS's circuit breaker does, if the service has one, and fail.

        Raises:
            UnfinishedError: always.
        """
        service = self._service()
        if self._own(service)["rolloutState"] == "FAILED":
            # The emulator was faster.
            self._wait_for_rollback(reason)
        configuration: Properties = service["deploymentConfiguration"]
        breaker: Properties = configuration.get("deploymentCircuitBreaker") or {}
        if breaker.get("enable"):
            if breaker.get("rollback"):
                self.roll_back(reason)
            self._stop_trying(configuration)
        self.fail(reason)

    def roll_back(self, reason: str) -> None:
        """Go back to the task definition before and fail; return where there is none.

        Raises:
            UnfinishedError: the rollback is done, or takes too long.
        """
        if self._before not in {None, self._task_definition}:
            self._update(taskDefinition=self._before, forceNewDeployment=True)
            self._wait_for_rollback(reason)

    def fail(self, reason: str) -> NoReturn:
        """Raise the reason and the evidence."""
        headline = f"ECS service {self._name!r} is not steady: {reason}"
        raise UnfinishedError("\n".join([headline, *self._evidence]), self._arn)

    def _wait_for_rollback(self, reason: str) -> NoReturn:
        """Wait until another deployment than ours is completed, and fail."""
        for service in self._looks():
            primary = _primary(service)
            target = str(primary["taskDefinition"]).rpartition("/")[2]
            if primary["id"] == self._deployment:
                self.fail(f"{reason} There is no completed deployment to roll back to.")
            if primary["rolloutState"] == "COMPLETED":
                self.fail(f"{reason} Rolled back to {target}.")
            self._tell(f"rolling back to {target}: {reason}")
        self.fail(f"{reason} The rollback is not completed after {_END_SECONDS} s.")

    def _stop_trying(self, configuration: Properties) -> None:
        """Have the emulator's circuit breaker end the deployment, which it never does for a first one.

        Of a new deployment of the same, one task that ends is enough. Without that the emulator would start
        task after task, and tell that the deployment is completed.
        """
        self._update(
            forceNewDeployment=True,
            deploymentConfiguration={
                **configuration,
                "maximumPercent": 200,
                "minimumHealthyPercent": 0,
                "deploymentCircuitBreaker": {
                    "enable": True,
                    "rollback": False,
                    "resetOnHealthyTask": False,
                    "thresholdConfiguration": {"type": "COUNT", "value": 1},
                },
            },
        )
        for service in self._looks():
            if _primary(service)["rolloutState"] == "FAILED":
                break
            for task in self._list("RUNNING"):
                for container in containers_of(self._docker, task["taskArn"]).values():
                    container.kill()
        self._update(deploymentConfiguration=configuration)

    def _unhealthy(self, running: Sequence[Properties]) -> str:
        """Ask the health checks of these tasks, and return what is wrong with one of them."""
        faults: list[str] = []
        for task in running:
            arn = str(task["taskArn"])
            health = self._health.setdefault(arn, TaskHealth(self._checks))
            age = (datetime.now(UTC) - task["startedAt"]).total_seconds()
            if (fault := health.fault(containers_of(self._docker, arn), age=age)) is None:
                continue
            faults.append(f"task {_short(arn)}: {fault.text}")
            if fault.final:
                self._evidence = self._log(arn)
                self.end(f"task {_short(arn)} is unhealthy: {fault.text}.")
        return (
            f"{len(running) - len(faults)} of {_tasks(len(running))} healthy, {faults[0]}" if faults else ""
        )

    def _note_failed_tasks(self) -> None:
        """Keep the evidence of tasks that ended by themselves."""
        for task in self._list("STOPPED"):
            arn = str(task["taskArn"])
            if arn not in self._failed and task.get("stopCode") in _FAILURES:
                self._failed.add(arn)
                self._evidence = [f"task {_short(arn)} stopped: {_why_stopped(task)}", *self._log(arn)]

    def _log(self, arn: str) -> list[str]:
        found = containers_of(self._docker, arn).values()
        return excerpt([line for one in found for line in one.logs(_LOG_LINES)])

    def _own(self, service: Properties) -> Properties:
        found = next((one for one in service["deployments"] if one["id"] == self._deployment), None)
        return found or self.fail("another deployment took its place")

    def _list(self, status: Literal["RUNNING", "STOPPED"]) -> list[Properties]:
        """Return the tasks that belong to the deployment."""
        arns = task_arns(self._cloud, self._arn, status)
        described = [
            task
            for start in range(0, len(arns), _DESCRIBED_AT_ONCE)
            for task in self._call("describe_tasks", tasks=arns[start : start + _DESCRIBED_AT_ONCE])["tasks"]
        ]
        return [
            task
            for task in described
            if task["taskDefinitionArn"] == self._task_definition
            and (task["lastStatus"] == "RUNNING" if status == "RUNNING" else task["createdAt"] >= self._since)
        ]

    def _looks(self) -> Iterator[Properties]:
        end = time.monotonic() + _END_SECONDS
        while time.monotonic() < end:
            yield self._service()
            time.sleep(_PAUSE_SECONDS)

    def _service(self) -> Properties:
        found = self._call("describe_services", services=[self._arn])
        service: Properties | None = next(
            (one for one in found["services"] if one["status"] == "ACTIVE"), None
        )
        if service is None:
            raise ResourceError(
                f"ECS service {self._arn} was deleted while its tasks were starting: run this again"
            )
        return service

    def _update(self, **arguments: Any) -> None:
        self._call("update_service", service=self._arn, **arguments)

    def _call(self, operation: str, **arguments: Any) -> Properties:
        return call(self._cloud, "ecs", operation, cluster=cluster_of(self._arn), **arguments)

    def _tell(self, line: str) -> None:
        now = time.monotonic()
        if line and (line != self._told[0] or now - self._told[1] >= _TOLD_AGAIN_SECONDS):
            self._told = (line, now)
            self._cloud.progress(line)


def excerpt(lines: Sequence[str]) -> list[str]:
    """Return the lines around the one that says why, marked as a log's; the last ones if none does."""
    found = (at for pattern in (_THROWN, _MENTIONED) for at, line in enumerate(lines) if pattern.search(line))
    first = max(0, min(next(found, len(lines)) - _BEFORE, len(lines) - _SHOWN))
    return [f"  | {line}" for line in lines[first : first + _SHOWN]]


def _why_stopped(task: Properties) -> str:
    parts = [str(task.get("stoppedReason") or "no reason given")]
    parts += [
        f"{one['name']} exited with code {one['exitCode']}"
        for one in task.get("containers", [])
        if one.get("exitCode") is not None
    ]
    return ", ".join(parts)


def _primary(service: Properties) -> Properties:
    return next(one for one in service["deployments"] if one["status"] == "PRIMARY")


def _short(arn: str) -> str:
    return arn.rpartition("/")[2][:8]


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
