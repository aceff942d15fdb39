"""Waits until ECS has done what the stack asks of it, and says why where it has not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.resources.cloud import Cloud

_POLL_SECONDS: Final = 0.2
_DESCRIBED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""
_TASKS_SHOWN: Final = 3


class NotSteadyError(Exception):
    """A service does not run what it should; the message says what ECS tells."""


@dataclass(frozen=True)
class Services:
    """The services of one stack, by the names that people know."""

    cloud: Cloud
    cluster: str
    names: Mapping[str, str]
    """ECS service names by service."""

    def describe(self) -> dict[str, Any]:
        """What ECS says of each."""
        ecs = self.cloud.client("ecs")
        wanted = list(self.names.values())
        found: dict[str, Any] = {}
        for start in range(0, len(wanted), _DESCRIBED_AT_ONCE):
            answer = ecs.describe_services(
                cluster=self.cluster,
                services=wanted[start : start + _DESCRIBED_AT_ONCE],
            )
            found |= {service["serviceName"]: service for service in answer["services"]}
        return {name: found[service_name] for name, service_name in self.names.items()}

    def wait(self, *, seconds: float) -> None:
        """Wait until each has one deployment, with all its tasks running.

        Raises:
            NotSteadyError: a deployment failed, or the time is up.
        """
        deadline = time.monotonic() + seconds
        while True:
            services = self.describe()
            failed = [name for name, service in services.items() if _has_failed(service)]
            unsteady = [name for name, service in services.items() if not _is_steady(service)]
            if not unsteady and not failed:
                return
            if failed or time.monotonic() > deadline:
                raise NotSteadyError(self.story(services, failed or unsteady))
            time.sleep(_POLL_SECONDS)

    def story(self, services: Mapping[str, Any], names: Iterable[str]) -> str:
        """What ECS tells of some services: tasks, failed deployments, the last tasks that stopped."""
        lines: list[str] = []
        for name in names:
            service = services[name]
            lines.append(f"{name}: {service['runningCount']} of {service['desiredCount']} tasks run")
            lines += [
                f"  deployment: {deployment['rolloutStateReason']}"
                for deployment in service["deployments"]
                if deployment.get("rolloutState") == "FAILED" and deployment.get("rolloutStateReason")
            ]
            lines += [f"  stopped: {reason}" for reason in self._stopped(service["serviceName"])]
        return "\n".join(lines)

    def _stopped(self, service_name: str) -> list[str]:
        ecs = self.cloud.client("ecs")
        arns = ecs.list_tasks(cluster=self.cluster, serviceName=service_name, desiredStatus="STOPPED")[
            "taskArns"
        ]
        if not arns:
            return []
        tasks = ecs.describe_tasks(cluster=self.cluster, tasks=arns[-_TASKS_SHOWN:])["tasks"]
        return [_why_stopped(task) for task in tasks]


def _is_steady(service: Any) -> bool:
    (primary, *others) = service["deployments"]
    return (
        not others
        and primary.get("rolloutState", "COMPLETED") == "COMPLETED"
        and service["runningCount"] == service["desiredCount"]
    )


def _has_failed(service: Any) -> bool:
    return any(deployment.get("rolloutState") == "FAILED" for deployment in service["deployments"])


def _why_stopped(task: Any) -> str:
    reason = task.get("stoppedReason") or "no reason given"
    codes = [str(c["exitCode"]) for c in task.get("containers", ()) if c.get("exitCode") is not None]
    return f"{reason} (exit code {', '.join(codes)})" if codes else reason
