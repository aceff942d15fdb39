"""Waits for an ECS service as the official provider does, and judges deployments where the emulator does not.

hashicorp/terraform-provider-aws internal/service/ecs/service.go (`waitServiceStable`): `waitForSteadyState`
follows the deployment to its end and fails with its reason; `sigintRollback` rolls it back when the run is
cancelled. The emulator has no service deployments, and ignores health checks and tasks that exit after a
second. So this runs the health checks, counts failed tasks, and has the circuit breaker end a deployment. Why
tasks failed is reported by the program's error hook, as on AWS.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NoReturn

from local.docker import docker_engine
from local.resources.aws_calls import call
from local.resources.base import Properties, ResourceError, UnfinishedError
from local.resources.cloud import Cloud
from local.resources.ecs import FAILED_TASK, cluster_of, task_arns
from local.resources.ecs_health import Fault, TaskHealth, checks_of
from local.task_containers import containers_of

_TIMEOUT_SECONDS: Final = 20 * 60
"""The provider's default for create and update."""
_PAUSE_SECONDS: Final = 0.2
_SHORT_PAUSES_SECONDS: Final = 5
_LONG_PAUSE_SECONDS: Final = 1
_END_SECONDS: Final = 60
"""How long the emulator may take to end a deployment, or to roll it back."""
_REPEAT_SECONDS: Final = 10
_FAILURES: Final = frozenset({"EssentialContainerExited", "TaskFailedToStart"})
_DESCRIBED_AT_ONCE: Final = 100
_KILLED: Final = 137
"""Exit code after SIGKILL."""


def wait_until_steady(
    cloud: Cloud, arn: str, *, since: datetime, before: Properties | None, sigint_rollback: bool
) -> None:
    """Wait until the service is steady: one deployment, the desired number of tasks, all of them healthy.

    Args:
        cloud: the emulator; its `cancelled` ends the wait.
        arn: the service.
        since: when it was created or updated.
        before: the service as ECS described it before an update, with the deployment to roll back to.
        sigint_rollback: whether a cancelled run rolls the deployment back.

    Raises:
        UnfinishedError: the deployment failed, took too long or was cancelled.
        ResourceError: the emulator or Docker does not answer.
    """
    with docker_engine(f"inspect the containers of ECS service {arn}") as api:
        completed = (
            str(deployment["taskDefinition"])
            for deployment in (before or {}).get("deployments", [])
            if deployment["rolloutState"] == "COMPLETED"
        )
        follower = _Follower(cloud, arn, api, since=since, before=next(completed, None))
        began, timeout = time.monotonic(), cloud.timeout(_TIMEOUT_SECONDS)
        followed = cloud.shared.waiting
        followed.add(arn)
        try:
            while waiting := follower.check():
                waited = time.monotonic() - began
                if waited > timeout:
                    follower.fail(f"it is not steady after {timeout:g} s: {waiting}")
                # The requests of many services would slow their tasks down.
                pause = min(_PAUSE_SECONDS * len(followed), _LONG_PAUSE_SECONDS)
                # A health check command twice a second would be a load of its own.
                pause = pause if waited < _SHORT_PAUSES_SECONDS else _LONG_PAUSE_SECONDS
                if cloud.cancelled.wait(pause):
                    if sigint_rollback:
                        follower.roll_back("Service deployment rolled back by user.")
                    follower.fail("the run was cancelled; the deployment goes on")
        finally:
            followed.discard(arn)
        # Replaces the last line on the screen.
        cloud.progress("steady")


class _Follower:
    def __init__(self, cloud: Cloud, arn: str, api: Any, *, since: datetime, before: str | None) -> None:
        self._cloud = cloud
        self._arn = arn
        self._docker = api
        # The emulator's times are whole seconds.
        self._since = since.replace(microsecond=0)
        self._before = before
        service = self._service()
        self._name = str(service["serviceName"])
        latest = service["deployments"][0]
        # An update may have failed already; one without a new deployment belongs to the current one.
        own = latest if latest["createdAt"] >= self._since else _primary(service)
        self._deployment = str(own["id"])
        self._task_definition = str(own["taskDefinition"])
        described = call(cloud, "ecs", "describe_task_definition", taskDefinition=self._task_definition)
        self._checks = checks_of(cloud, service, described["taskDefinition"])
        self._health: dict[str, TaskHealth] = {}
        self._failed: dict[str, str] = {}
        """How each task ended that exited by itself, by ARN."""
        self._reported = ("", 0.0)

    def check(self) -> str:
        """Return what the wait is for, empty if the service is steady.

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
            self._wait_for_rollback(f"{own['rolloutStateReason']}{self._last_end}")
        running = self._tasks("RUNNING") if service["runningCount"] >= wanted else []
        if len(running) < wanted:
            waiting = f"{service['runningCount']} of {_count_tasks(wanted)} running"
            self._note_failed_tasks()
            # The threshold of ECS's circuit breaker.
            if len(self._failed) >= min(200, max(3, math.ceil(wanted / 2))):
                self.end([*self._failed][-1], "after others")
            waiting += f", {len(self._failed)} exited.{self._last_end}" if self._failed else ""
        else:
            live = [
                deployment for deployment in service["deployments"] if deployment["rolloutState"] != "FAILED"
            ]
            settled = (
                len(live) == 1 and own["rolloutState"] == "COMPLETED" and service["runningCount"] == wanted
            )
            waiting = self._unhealthy(running) or ("" if settled else "the deployment is completing")
        self._report(f"waiting: {waiting}" if waiting else "")
        return waiting

    def end(self, task_arn: str, fault: str, reason: str = "") -> NoReturn:
        """End the deployment as ECS's circuit breaker does, if the service has one, and fail.

        Args:
            task_arn: a task that failed, which is stopped.
            fault: what it failed.
            reason: why the deployment failed; by default the circuit breaker's reason, or without a circuit
                breaker that its tasks keep exiting.

        Raises:
            UnfinishedError: always.
        """
        # `local.emulated.deployments` lets the circuit breaker count this task as the last one.
        stop: Properties = {"task": task_arn, "reason": f"{FAILED_TASK} {fault}"[:1024]}
        self._call("stop_task", ignored_codes=("InvalidParameterException",), **stop)
        service = self._service()
        own = self._own(service)
        if own["rolloutState"] != "FAILED":
            self.fail(reason or f"its tasks keep exiting: {len(self._failed)} did.{self._last_end}")
        reason = reason or f"{own['rolloutStateReason']}{self._last_end}"
        breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
        if breaker["rollback"] and _primary(service)["id"] == self._deployment:
            self.roll_back(reason)
        self._wait_for_rollback(reason)

    def roll_back(self, reason: str) -> None:
        """Roll back to the previous task definition and fail; return if there is none.

        Raises:
            UnfinishedError: the rollback is done, or takes too long.
        """
        if self._before not in {None, self._task_definition}:
            self._update(taskDefinition=self._before, forceNewDeployment=True)
            self._wait_for_rollback(reason)

    def fail(self, reason: str) -> NoReturn:
        """Fail with a reason."""
        raise UnfinishedError(f"ECS service {self._name!r} is not steady: {reason}", self._arn)

    def _wait_for_rollback(self, reason: str) -> NoReturn:
        """Wait until another deployment than this one is completed, and fail."""
        for service in self._polled():
            primary = _primary(service)
            target = str(primary["taskDefinition"]).rpartition("/")[2]
            if primary["id"] == self._deployment:
                nothing = "" if self._before else " There is no completed deployment to roll back to."
                self.fail(f"{reason}{nothing}")
            if primary["rolloutState"] == "COMPLETED":
                self.fail(f"{reason} Rolled back to {target}.")
            self._report(f"rolling back to {target}: {reason}")
        self.fail(f"{reason} The rollback is not completed after {_END_SECONDS} s.")

    def _unhealthy(self, running: Sequence[Properties]) -> str:
        """Run the health checks of tasks, and return the first failure.

        Raises:
            UnfinishedError: a task has failed its health check for good.
        """
        faults: dict[str, Fault] = {}
        for task in running:
            arn = str(task["taskArn"])
            health = self._health.setdefault(arn, TaskHealth(self._checks))
            age = (datetime.now(UTC) - task["startedAt"]).total_seconds()
            if fault := health.fault(containers_of(self._docker, arn), age=age):
                faults[arn] = fault
        if not faults:
            return ""
        healthy = len(running) - len(faults)
        first, fault = next(iter(faults.items()))
        waiting = f"{healthy} of {_count_tasks(len(running))} healthy, task {_short(first)}: {fault.text}"
        for arn, fault in faults.items():
            if fault.final:
                # On a busy machine the first check may be the last one, too.
                self._report(f"waiting: {waiting}")
                failed = f"its health check: {fault.text}"
                self.end(arn, failed, f"task {_short(arn)} failed {failed}.")
        return waiting

    def _note_failed_tasks(self) -> None:
        for task in self._tasks("STOPPED"):
            if task.get("stopCode") in _FAILURES:
                self._failed.setdefault(str(task["taskArn"]), _how_it_ended(task))

    @property
    def _last_end(self) -> str:
        ends = [*self._failed.values()]
        return f" The last task ended with {ends[-1]}." if ends else ""

    def _own(self, service: Properties) -> Properties:
        own = next((entry for entry in service["deployments"] if entry["id"] == self._deployment), None)
        return own or self.fail("another deployment replaced it")

    def _tasks(self, status: Literal["RUNNING", "STOPPED"]) -> list[Properties]:
        """Return the tasks of the deployment."""
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

    def _polled(self) -> Iterator[Properties]:
        end = time.monotonic() + _END_SECONDS
        while time.monotonic() < end:
            yield self._service()
            time.sleep(_PAUSE_SECONDS)

    def _service(self) -> Properties:
        services = self._call("describe_services", services=[self._arn])["services"]
        service = next((entry for entry in services if entry["status"] == "ACTIVE"), None)
        if service is None:
            raise ResourceError(
                f"ECS service {self._arn} was deleted while its tasks were starting: run this again"
            )
        return service

    def _update(self, **arguments: Any) -> None:
        self._call("update_service", service=self._arn, **arguments)

    def _call(self, operation: str, **arguments: Any) -> Properties:
        return call(self._cloud, "ecs", operation, cluster=cluster_of(self._arn), **arguments)

    def _report(self, line: str) -> None:
        now = time.monotonic()
        if line and (line != self._reported[0] or now - self._reported[1] >= _REPEAT_SECONDS):
            self._reported = (line, now)
            self._cloud.progress(line)


def _how_it_ended(task: Properties) -> str:
    codes = [container["exitCode"] for container in task["containers"] if container.get("exitCode")]
    if not codes:
        return str(task.get("stoppedReason") or "exit code 0")
    killed = " (killed: out of memory, or by hand)" if codes[0] == _KILLED else ""
    return f"exit code {codes[0]}{killed}"


def _primary(service: Properties) -> Properties:
    return next(deployment for deployment in service["deployments"] if deployment["status"] == "PRIMARY")


def _short(arn: str) -> str:
    return arn.rpartition("/")[2][:8]


def _count_tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
