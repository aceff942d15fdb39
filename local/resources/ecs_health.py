"""Whether a task is healthy: the checks of its load balancer and of its containers.

The emulator considers every target healthy and ignores containers' health checks.
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
"""How long a task without a load balancer has to stay up: one that exits at once runs for a moment, too."""
_LAST_LINES: Final = 3
_CHECKED_BY_TCP: Final = ("GRPC", "HTTP2")
"""Protocol versions for which a check only connects."""


@dataclass(frozen=True)
class Fault:
    """Why a task is not healthy."""

    text: str
    final: bool
    """Whether AWS would consider the task unhealthy by now, and replace it."""


@dataclass(frozen=True, kw_only=True)
class TargetCheck:
    """The health check of a target group; one success is enough here.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    container: str
    """Name of the container."""
    unhealthy_after: float
    """Seconds since the task's start after which AWS considers a failing task unhealthy."""
    port: int
    protocol: str
    """With `TCP` it only connects."""
    path: str
    codes: str
    """Status codes such as `200`, `200,204` or `200-299`."""
    timeout: float

    def fault(self, container: TaskContainer) -> str:
        """Send the load balancer's request, and return what is wrong; empty if it passed."""
        request = f"{self.protocol if self.protocol == 'TCP' else f'GET {self.path}'} on port {self.port}"
        connection = self._connection(container.address)
        try:
            if self.protocol == "TCP":
                connection.connect()
                return ""
            connection.request("GET", self.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
        except ConnectionRefusedError:
            return self._refused(container)
        except TimeoutError:
            return f"{request} does not answer within {self.timeout:g} s"
        except (OSError, http.client.HTTPException) as error:
            return f"{request} fails: {error or type(error).__name__}"
        finally:
            connection.close()
        if matches(status, self.codes):
            return ""
        return f"{request} answers {status}, the health check expects {self.codes}"

    def _connection(self, address: str) -> http.client.HTTPConnection:
        if self.protocol != "HTTPS":
            return http.client.HTTPConnection(address, self.port, timeout=self.timeout)
        # A load balancer accepts any certificate of a target.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(address, self.port, timeout=self.timeout, context=context)

    def _refused(self, container: TaskContainer) -> str:
        listeners = container.listeners()
        if own := [listener for listener in listeners if listener.port == self.port]:
            if all(listener.loopback for listener in own):
                return (
                    f"container port {self.port} is open on {own[0].address} only, inside the container: "
                    "listen on 0.0.0.0"
                )
            # It has started to listen since.
            listeners = []
        others = sorted({str(listener.port) for listener in listeners if not listener.loopback})
        elsewhere = f"; the container listens on {', '.join(others)}" if others else ""
        return f"nothing listens on container port {self.port}{elsewhere}"


@dataclass(frozen=True, kw_only=True)
class CommandCheck:
    """The health check of a container: a command in it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    container: str
    unhealthy_after: float
    command: Sequence[str]
    user: str
    timeout: float

    def fault(self, container: TaskContainer) -> str:
        """Run the command, and return what is wrong; empty if it passed."""
        code, output = container.run(as_command(self.command), seconds=self.timeout, user=self.user)
        command = " ".join(self.command)
        if code == 0:
            return ""
        if code is None:
            return f"health check {command!r} does not exit within {self.timeout:g} s"
        # Node prints the position first and its version last.
        lines = output.splitlines()
        errors = [line for line in lines if "Error" in line] or lines[-_LAST_LINES:]
        return ": ".join([f"health check {command!r} fails with exit code {code}", *errors[:_LAST_LINES]])


Check = TargetCheck | CommandCheck
"""A health check of one container."""


@dataclass
class TaskHealth:
    """The health of one task; each check has to pass once."""

    checks: Sequence[Check]
    passed: set[int] = field(default_factory=set[int])

    def fault(self, containers: Mapping[str, TaskContainer], *, age: float) -> Fault | None:
        """Run the checks that have not passed yet, and return the first fault.

        Args:
            containers: the task's, by name.
            age: seconds since it started.
        """
        for index, check in enumerate(self.checks):
            if index in self.passed:
                continue
            container = containers.get(check.container)
            if container is None:
                return Fault(f"container {check.container!r} does not exist", age > check.unhealthy_after)
            if text := check.fault(container):
                if not container.is_running():
                    # ECS counts the stopped task, not its health check.
                    return Fault(f"container {check.container!r} has exited", final=False)
                return Fault(text, final=age > check.unhealthy_after)
            self.passed.add(index)
        if age < UP_SECONDS and not any(isinstance(check, TargetCheck) for check in self.checks):
            return Fault(f"it has to stay up for {UP_SECONDS} s, as no load balancer checks it", final=False)
        return None


def checks_of(cloud: Cloud, service: Properties, definition: Properties) -> list[Check]:
    """Return the health checks of each task of a service, the load balancer's first: their faults say more.

    Args:
        cloud: the emulator.
        service: as ECS describes it.
        definition: its task definition, as ECS describes it.
    """
    grace = float(service.get("healthCheckGracePeriodSeconds") or 0)
    targets = [_target_check(cloud, entry, grace) for entry in service.get("loadBalancers", [])
               if entry.get("targetGroupArn")]  # fmt: skip
    commands = [_command_check(container, grace) for container in definition["containerDefinitions"]]
    return [*targets, *(check for check in commands if check)]


def _target_check(cloud: Cloud, load_balancer: Properties, grace: float) -> TargetCheck:
    arn = load_balancer["targetGroupArn"]
    group = call(cloud, "elbv2", "describe_target_groups", TargetGroupArns=[arn])["TargetGroups"][0]
    tags = call(cloud, "elbv2", "describe_tags", ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    version = tagging.from_pairs(tags).get(PROTOCOL_VERSION)
    port = group.get("HealthCheckPort", "traffic-port")
    return TargetCheck(
        container=load_balancer["containerName"],
        unhealthy_after=max(grace, group["HealthCheckIntervalSeconds"] * group["UnhealthyThresholdCount"]),
        port=int(load_balancer["containerPort"] if port == "traffic-port" else port),
        protocol="TCP" if version in _CHECKED_BY_TCP else group.get("HealthCheckProtocol", "HTTP"),
        path=group.get("HealthCheckPath") or "/",
        codes=group.get("Matcher", {}).get("HttpCode") or "200",
        timeout=group["HealthCheckTimeoutSeconds"],
    )


def _command_check(container: Properties, grace: float) -> CommandCheck | None:
    check: dict[str, Any] = container.get("healthCheck") or {}
    if not check.get("command") or check["command"][0] == "NONE":
        return None
    interval, retries = check.get("interval") or 30, check.get("retries") or 3
    return CommandCheck(
        container=container["name"],
        unhealthy_after=max(grace, (check.get("startPeriod") or 0) + interval * retries),
        command=check["command"],
        user=container.get("user") or "",
        timeout=check.get("timeout") or 5,
    )


def matches(status: int, codes: str) -> bool:
    """Whether a matcher such as `200`, `200,204` or `200-299` contains the status code."""
    return any(int(low) <= status <= int(high or low) for low, high in re.findall(r"(\d+)(?:-(\d+))?", codes))
