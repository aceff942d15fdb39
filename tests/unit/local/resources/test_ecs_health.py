"""Health checks as the load balancer and ECS read them, and what a log says of a crash."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import pytest

from local.resources.ecs_deployment import excerpt
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


class Elbv2:
    """A load balancing API with one target group."""

    def __init__(self, *, version: str = "HTTP1", **group: Any) -> None:
        self.group = {**GROUP, **group}
        self.tags = [{"Key": PROTOCOL_VERSION, "Value": version}]

    def client(self, _service: str) -> Elbv2:
        return self

    def describe_target_groups(self, **_: Any) -> dict[str, Any]:
        return {"TargetGroups": [self.group]}

    def describe_tags(self, **_: Any) -> dict[str, Any]:
        return {"TagDescriptions": [{"Tags": self.tags}]}


def checks(service: dict[str, Any], *containers: dict[str, Any], **group: Any) -> list[Any]:
    cloud: Any = Elbv2(**group)
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
    assert check.seconds == 5


def test_a_tcp_check_passes_if_the_port_accepts_connections() -> None:
    container: Any = Listening([])
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


@pytest.mark.parametrize(("grace", "patience"), [(0, 30), (60, 60), (None, 30)])
def test_a_target_may_fail_during_the_grace_period_or_up_to_the_threshold(
    grace: int | None, patience: float
) -> None:
    [check] = checks({"loadBalancers": [BALANCED], "healthCheckGracePeriodSeconds": grace})

    assert check.patience == patience


def test_a_container_may_fail_during_its_start_period_and_retries() -> None:
    asked = {"command": ["CMD", "true"], "interval": 10, "retries": 2, "startPeriod": 30, "timeout": 4}

    [check] = checks({}, {"name": "web", "user": "1000", "healthCheck": asked})

    assert (check.container, check.user, check.patience, check.seconds) == ("web", "1000", 50, 4)


@pytest.mark.parametrize("asked", [{}, {"command": []}, {"command": ["NONE"]}])
def test_a_disabled_health_check_is_not_run(asked: dict[str, Any]) -> None:
    assert checks({}, {"name": "web", "healthCheck": asked}, {"name": "agent"}) == []


@dataclass
class Listening:
    """A container of this machine that says where it listens."""

    listening: list[Listener]
    address: str = "127.0.0.1"

    def listeners(self) -> list[Listener]:
        return self.listening


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
        return check.fault(Listening([inside, *listeners]))

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

    fault = check.fault(Listening([Listener(address="::", port=closed_port)]))

    assert fault == f"nothing listens on container port {closed_port}"


@dataclass
class Scripted:
    """A check that answers by a script, one after the other."""

    faults: list[str]
    container: str = "web"
    patience: float = 10

    def fault(self, container: object) -> str:
        del container
        return self.faults.pop(0)


CONTAINERS: Any = {"web": object()}


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
    assert "'web' is not there" in fault.text


@pytest.mark.parametrize("health", [TaskHealth([]), TaskHealth([Scripted([])], passed={0})])
def test_a_task_without_a_load_balancer_has_to_stay_up(health: TaskHealth) -> None:
    assert health.fault(CONTAINERS, age=UP_SECONDS - 1) is not None
    assert health.fault(CONTAINERS, age=UP_SECONDS) is None


def test_a_task_with_a_passed_target_check_is_healthy_at_once() -> None:
    [check] = checks({"loadBalancers": [BALANCED]})

    assert TaskHealth([check], passed={0}).fault(CONTAINERS, age=0) is None


NOISE = [f"line {number}" for number in range(100)]
STACK = [f"    at step {number} (/app/server.js:{number})" for number in range(30)]


@pytest.mark.parametrize(
    "why",
    [
        "Error: DATABASE_URL is missing",
        'TypeError [ERR_INVALID_ARG_TYPE]: The "path" argument must be of type string',
        "Uncaught RangeError: too far",
        '{"level":"fatal","message":"no database"}',
        "npm ERR! missing script: start",
    ],
)
def test_an_excerpt_has_twenty_lines_around_the_error(why: str) -> None:
    shown = excerpt([*NOISE, why, *STACK])

    assert shown[5] == f"  | {why}"
    assert len(shown) == 20


def test_a_thrown_error_takes_precedence_over_a_mention() -> None:
    shown = excerpt(["0 errors so far, error rate 0", *NOISE, "Error: the reason", *STACK])

    assert "  | Error: the reason" in shown


def test_an_excerpt_without_an_error_has_the_last_lines() -> None:
    assert excerpt(NOISE) == [f"  | line {number}" for number in range(80, 100)]


def test_an_error_near_the_end_has_more_lines_before_it() -> None:
    shown = excerpt([*NOISE, "Error: last"])

    assert (len(shown), shown[-1]) == (20, "  | Error: last")


def test_a_short_log_is_shown_completely() -> None:
    assert excerpt(["a", "Error: b"]) == ["  | a", "  | Error: b"]
    assert excerpt([]) == []
