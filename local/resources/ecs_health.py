"""Whether a task is healthy, asked as its load balancer and its container's health check do.

The emulator has every target healthy and ignores containers' health checks.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Properties
from local.resources.cloud import Cloud
from local.resources.load_balancing import PROTOCOL_VERSION
from local.task_containers import TaskContainer, as_command

UP_SECONDS: Final = 3
"""How long a task has to stay up that no load balancer asks: one that ends at once runs for a moment, too."""
_LAST_LINES: Final = 3
_NOT_SPOKEN: Final = ("GRPC", "HTTP2")
"""Versions of the protocol in which a task has to take a connection, and is asked nothing."""


@dataclass(frozen=True)
class Fault:
    """Why a task is not healthy."""

    text: str
    final: bool
    """Whether AWS would take it for unhealthy by now, and replace it."""


@dataclass(frozen=True, kw_only=True)
class TargetCheck:
    """The health check of a target group, which one success passes.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    container: str
    """Its name."""
    patience: float
    """Seconds since the task's start after which AWS takes it for unhealthy."""
    port: int
    protocol: str
    """`TCP` connects only."""
    path: str
    codes: str
    """Status codes such as `200`, `200,204` or `200-299`."""
    seconds: float

    def fault(self, container: TaskContainer) -> str:
        """Send the request that the load balancer sends, and return what is wrong; empty if it passed."""
        where = f"{self.protocol if self.protocol == 'TCP' else f'GET {self.path}'} on port {self.port}"
        if self.protocol == "HTTPS":
            # A load balancer trusts any certificate of a target.
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                container.address, self.port, timeout=self.seconds, context=trusting
            )
        else:
            connection = http.client.HTTPConnection(container.address, self.port, timeout=self.seconds)
        try:
            if self.protocol == "TCP":
                connection.connect()
                return ""
            connection.request("GET", self.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
        except ConnectionRefusedError:
            return self._refused(container)
        except TimeoutError:
            return f"{where} does not answer within {self.seconds:g} s"
        except (OSError, http.client.HTTPException) as error:
            return f"{where} fails: {error or type(error).__name__}"
        finally:
            connection.close()
        return (
            ""
            if matches(status, self.codes)
            else f"{where} answers {status}, the health check wants {self.codes}"
        )

    def _refused(self, container: TaskContainer) -> str:
        listeners = container.listeners()
        if own := [one for one in listeners if one.port == self.port]:
            if all(one.loopback for one in own):
                return (
                    f"container port {self.port} is open on {own[0].address} only, inside the container: "
                    "listen on 0.0.0.0"
                )
            # It has begun to listen since.
            listeners = []
        others = sorted({str(one.port) for one in listeners if not one.loopback})
        elsewhere = f"; the container listens on {', '.join(others)}" if others else ""
        return f"nothing listens on container port {self.port}{elsewhere}"


@dataclass(frozen=True, kw_only=True)
class CommandCheck:
    """The health check of a container: a command in it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    container: str
    patience: float
    command: Sequence[str]
    user: str
    seconds: float

    def fault(self, container: TaskContainer) -> str:
        """Run the command, and return what is wrong; empty if it passed."""
        code, output = container.run(as_command(self.command), seconds=self.seconds, user=self.user)
        command = " ".join(self.command)
        if code == 0:
            return ""
        if code is None:
            return f"health check {command!r} does not end within {self.seconds:g} s"
        # What Node prints begins with the place and ends with its version.
        said = [line for line in output.splitlines() if "Error" in line] or output.splitlines()[-_LAST_LINES:]
        return ": ".join([f"health check {command!r} ends with exit code {code}", *said[:_LAST_LINES]])


Check = TargetCheck | CommandCheck
"""A health check of one container."""


@dataclass
class TaskHealth:
    """What is known of one task; each check has to pass once."""

    checks: Sequence[Check]
    passed: set[int] = field(default_factory=set[int])

    def fault(self, containers: Mapping[str, TaskContainer], *, age: float) -> Fault | None:
        """Ask the checks that have not passed yet, one after the other, and return what is wrong.

        Args:
            containers: the task's, by name.
            age: seconds since it started.
        """
        for index, check in enumerate(self.checks):
            if index in self.passed:
                continue
            container = containers.get(check.container)
            text = (
                f"container {check.container!r} is not there" if container is None else check.fault(container)
            )
            if text:
                return Fault(text, final=age > check.patience)
            self.passed.add(index)
        if age < UP_SECONDS and not any(isinstance(check, TargetCheck) for check in self.checks):
            return Fault(f"it has to stay up for {UP_SECONDS} s, as no load balancer asks it", final=False)
        return None


def checks_of(cloud: Cloud, service: Properties, definition: Properties) -> list[Check]:
    """Return the health checks of each task of a service, the load balancer's first.

    Its faults say more: a command in the container only tells that it failed.

    Args:
        cloud: the emulator.
        service: as ECS describes it.
        definition: its task definition, as ECS describes it.
    """
    grace = float(service.get("healthCheckGracePeriodSeconds") or 0)
    found: list[Check] = []
    balancers = [one for one in service.get("loadBalancers", []) if one.get("targetGroupArn")]
    for balancer in balancers:
        answer = call(cloud, "elbv2", "describe_target_groups", TargetGroupArns=[balancer["targetGroupArn"]])
        group = answer["TargetGroups"][0]
        told = call(cloud, "elbv2", "describe_tags", ResourceArns=[balancer["targetGroupArn"]])
        version = tagging.from_pairs(told["TagDescriptions"][0]["Tags"]).get(PROTOCOL_VERSION)
        port = group.get("HealthCheckPort", "traffic-port")
        found.append(
            TargetCheck(
                container=balancer["containerName"],
                patience=max(grace, group["HealthCheckIntervalSeconds"] * group["UnhealthyThresholdCount"]),
                port=int(balancer["containerPort"] if port == "traffic-port" else port),
                protocol="TCP" if version in _NOT_SPOKEN else group.get("HealthCheckProtocol", "HTTP"),
                path=group.get("HealthCheckPath") or "/",
                codes=group.get("Matcher", {}).get("HttpCode") or "200",
                seconds=group["HealthCheckTimeoutSeconds"],
            )
        )
    for container in definition["containerDefinitions"]:
        check: dict[str, Any] = container.get("healthCheck") or {}
        if check.get("command") and check["command"][0] != "NONE":
            interval, retries = check.get("interval") or 30, check.get("retries") or 3
            found.append(
                CommandCheck(
                    container=container["name"],
                    patience=max(grace, (check.get("startPeriod") or 0) + interval * retries),
                    command=check["command"],
                    user=container.get("user") or "",
                    seconds=check.get("timeout") or 5,
                )
            )
    return found


def matches(status: int, codes: str) -> bool:
    """Whether a matcher such as `200`, `200,204` or `200-299` has the status code."""
    return any(int(low) <= status <= int(high or low) for low, high in re.findall(r"(\d+)(?:-(\d+))?", codes))
