"""Health checks of load balancers and containers."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import pytest

from local.resources.ecs_health import UP_SECONDS, TaskHealth, checks_of, matches
from local.resources.load_balancing import PROTOCOL_VERSION
from local.task_containers import Listener

GROUP = {
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckPath": "/readyz",
    "HealthCheckPort": "traffic-port",
    "HealthCheckProtocol": "HTTP",
    "HealthCheckTimeoutSeconds": 5,
    "TargetGroupName": "web",
    "Matcher": {"HttpCode": "200-299"},
    "UnhealthyThresholdCount": 3,
}
BALANCED = {"containerName": "web", "containerPort": 3000, "targetGroupArn": "arn:tg"}


class FakeElbv2:
    """A load balancing API with one target group."""

    def __init__(self, *, version: str = "HTTP1", **group: Any) -> None:
        self.group = {**GROUP, **group}
        self.tags = [{"Key": PROTOCOL_VERSION, "Value": version}]

    def client(self, _service: str) -> FakeElbv2:
        return self

    def describe_target_groups(self, **_: Any) -> dict[str, Any]:
        return {"TargetGroups": [self.group]}

    def describe_tags(self, **_: Any) -> dict[str, Any]:
        return {"TagDescriptions": [{"Tags": self.tags}]}


def checks(service: dict[str, Any], *containers: dict[str, Any], **group: Any) -> list[Any]:
    cloud: Any = FakeElbv2(**group)
    return [*checks_of(cloud, service, {"containerDefinitions": containers})]


@pytest.mark.parametrize(
    ("codes", "passing", "failing"),
    [
        ("200", {200}, {204, 404}),
        ("200,204", {200, 204}, {201}),
        ("200-299,301", {200, 250, 299, 301}, {300, 503}),
    ],
)
def test_a_matcher_lists_codes_and_ranges(codes: str, passing: set[int], failing: set[int]) -> None:
    assert {status for status in passing | failing if matches(status, codes)} == passing


def test_a_target_check_has_the_settings_of_its_target_group() -> None:
    [check] = checks({"loadBalancers": [BALANCED]})

    assert (check.container, check.port, check.path, check.codes) == ("web", 3000, "/readyz", "200-299")
    assert check.timeout == 5


def test_a_tcp_check_passes_if_the_port_accepts_connections() -> None:
    container: Any = FakeContainer([])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        [check] = checks({"loadBalancers": [BALANCED]}, HealthCheckProtocol="TCP", HealthCheckPort=port)
        assert check.fault(container) == ""

    assert check.fault(container) == f"nothing listens on container port {port}"


@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_http2_and_grpc_targets_are_checked_by_tcp(version: str) -> None:
    [check] = checks({"loadBalancers": [BALANCED]}, version=version)

    assert check.protocol == "TCP"


def test_the_health_check_port_overrides_the_traffic_port() -> None:
    [check] = checks({"loadBalancers": [BALANCED]}, HealthCheckPort="9000")

    assert check.port == 9000


@pytest.mark.parametrize(("grace", "seconds"), [(0, 30), (60, 60), (None, 30)])
def test_a_target_may_fail_during_the_grace_period_or_up_to_the_threshold(
    grace: int | None, seconds: float
) -> None:
    [check] = checks({"loadBalancers": [BALANCED], "healthCheckGracePeriodSeconds": grace})

    assert check.unhealthy_after == seconds


def test_a_container_may_fail_during_its_start_period_and_retries() -> None:
    configured = {"command": ["CMD", "true"], "interval": 10, "retries": 2, "startPeriod": 30, "timeout": 4}

    [check] = checks({}, {"name": "web", "user": "1000", "healthCheck": configured})

    assert (check.container, check.user, check.unhealthy_after, check.timeout) == ("web", "1000", 50, 4)


@pytest.mark.parametrize("check", [{}, {"command": []}, {"command": ["NONE"]}])
def test_a_disabled_health_check_is_not_run(check: dict[str, Any]) -> None:
    assert checks({}, {"name": "web", "healthCheck": check}, {"name": "agent"}) == []


@dataclass
class FakeContainer:
    """A container with an address of this machine."""

    listening: list[Listener]
    address: str = "127.0.0.1"
    running: bool = True

    def listeners(self) -> list[Listener]:
        return self.listening

    def is_running(self) -> bool:
        return self.running


@pytest.fixture
def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_closed_port_is_reported_with_the_open_ones(closed_port: int) -> None:
    [check] = checks({"loadBalancers": [{**BALANCED, "containerPort": closed_port}]})
    inside = Listener(address="127.0.0.11", port=40000)

    def fault(*listeners: Listener) -> str:
        return check.fault(FakeContainer([inside, *listeners]))

    nothing = f"nothing listens on container port {closed_port}"
    assert fault() == nothing
    assert fault(Listener(address="0.0.0.0", port=8080), Listener(address="::", port=9229)) == (
        f"{nothing}; the container listens on 8080, 9229"
    )
    assert fault(Listener(address="127.0.0.1", port=closed_port)) == (
        f"container port {closed_port} is open on 127.0.0.1 only, inside the container: listen on 0.0.0.0"
    )


def test_a_port_that_opened_meanwhile_is_not_reported_as_loopback_only(closed_port: int) -> None:
    [check] = checks({"loadBalancers": [{**BALANCED, "containerPort": closed_port}]})

    fault = check.fault(FakeContainer([Listener(address="::", port=closed_port)]))

    assert fault == f"nothing listens on container port {closed_port}"


@dataclass
class ScriptedCheck:
    """A check that returns one fault after the other."""

    faults: list[str]
    container: str = "web"
    unhealthy_after: float = 10

    def fault(self, container: object) -> str:
        del container
        return self.faults.pop(0)


Scripted: Any = ScriptedCheck
CONTAINERS: Any = {"web": FakeContainer([])}


def test_a_passed_check_is_not_repeated() -> None:
    health = TaskHealth([Scripted([""]), Scripted(["not yet", ""])])

    first, second = (health.fault(CONTAINERS, age=UP_SECONDS) for _ in range(2))

    assert first is not None
    assert (first.text, first.final, second) == ("not yet", False, None)


def test_a_check_that_fails_for_too_long_is_final() -> None:
    fault = TaskHealth([Scripted(["no"])]).fault(CONTAINERS, age=11)

    assert fault is not None
    assert fault.final


def test_a_missing_container_is_reported() -> None:
    fault = TaskHealth([Scripted([])]).fault({}, age=1)

    assert fault is not None
    assert "'web' does not exist" in fault.text


@pytest.mark.parametrize("health", [TaskHealth([]), TaskHealth([Scripted([])], passed={0})])
def test_a_task_without_a_load_balancer_has_to_stay_up(health: TaskHealth) -> None:
    assert health.fault(CONTAINERS, age=UP_SECONDS - 1) is not None
    assert health.fault(CONTAINERS, age=UP_SECONDS) is None


def test_a_task_with_a_passed_target_check_is_healthy_at_once() -> None:
    [check] = checks({"loadBalancers": [BALANCED]})

    assert TaskHealth([check], passed={0}).fault(CONTAINERS, age=0) is None


def test_a_failing_check_in_an_exited_container_is_not_final() -> None:
    """ECS counts the stopped task, and replaces it."""
    exited: Any = {"web": FakeContainer([], running=False)}

    fault = TaskHealth([Scripted(["exit code 137"])]).fault(exited, age=11)

    assert fault is not None
    assert (fault.text, fault.final) == ("container 'web' has exited", False)
