"""Target groups: protocols, health checks, stickiness."""

from __future__ import annotations

from typing import Any

import pytest

from infra.service.target_groups import target_group
from tests.unit.infra.factories import ParentComponent, service_settings
from tests.unit.infra.recorder import declare

TCP = {"exposure": "tcp", "host": None}
HEALTH_CHECK = {
    "protocol": "HTTP",
    "port": "traffic-port",
    "path": "/readyz",
    "matcher": "200",
    "interval": 10,
    "timeout": 5,
    "healthyThreshold": 2,
    "unhealthyThreshold": 3,
}


def _inputs(**settings: Any) -> dict[str, Any]:
    def program() -> None:
        target_group("web", service_settings(**settings), vpc_id="vpc-1", parent=ParentComponent())

    return declare(program).one("aws:lb/targetGroup:TargetGroup", "web").inputs


def test_default_is_http_1_with_a_readiness_check() -> None:
    """Another protocol would replace the target groups of existing stacks.

    Version and stickiness are explicit, because the provider keeps AWS's value of what is left out.
    """
    assert _inputs() == {
        "vpcId": "vpc-1",
        "targetType": "ip",
        "protocol": "HTTP",
        "protocolVersion": "HTTP1",
        "port": 80,
        "deregistrationDelay": 20,
        "stickiness": {"type": "lb_cookie", "enabled": False},
        "healthCheck": HEALTH_CHECK,
    }


def test_grpc_service_has_a_grpc_health_check() -> None:
    inputs = _inputs(protocol_version="grpc", health_check_path="/grpc.health.v1.Health/Check")

    assert inputs["protocolVersion"] == "GRPC"
    assert inputs["healthCheck"]["matcher"] == "0,12"
    assert inputs["healthCheck"]["path"] == "/grpc.health.v1.Health/Check"


def test_health_check_is_configurable() -> None:
    check = _inputs(
        health_check_path="/ready",
        health_check_port=9000,
        health_check_codes="200-399",
        health_check_interval_seconds=30,
        health_check_timeout_seconds=20,
        healthy_threshold=4,
        unhealthy_threshold=5,
    )["healthCheck"]

    assert check == {
        "protocol": "HTTP",
        "port": "9000",
        "path": "/ready",
        "matcher": "200-399",
        "interval": 30,
        "timeout": 20,
        "healthyThreshold": 4,
        "unhealthyThreshold": 5,
    }


@pytest.mark.parametrize("interval", [5, 6, 30])
def test_default_timeout_is_shorter_than_the_interval(interval: int) -> None:
    """AWS refuses any other."""
    assert 2 <= _inputs(health_check_interval_seconds=interval)["healthCheck"]["timeout"] < interval


def test_stickiness_slow_start_and_http_2_are_configurable() -> None:
    inputs = _inputs(
        sticky_seconds=3600,
        slow_start_seconds=60,
        protocol_version="http2",
        deregistration_delay_seconds=15,
    )

    assert inputs["stickiness"] == {"type": "lb_cookie", "enabled": True, "cookieDuration": 3600}
    assert inputs["slowStart"] == 60
    assert inputs["protocolVersion"] == "HTTP2"
    assert inputs["deregistrationDelay"] == 15


@pytest.mark.parametrize("listener", ["tcp", "tls"])
def test_tcp_and_tls_connections_reach_tasks_as_tcp(listener: str) -> None:
    """With tls the load balancer decrypts."""
    check = {key: value for key, value in HEALTH_CHECK.items() if key not in ("path", "matcher")}

    assert _inputs(**TCP, listener_protocol=listener) == {
        "vpcId": "vpc-1",
        "targetType": "ip",
        "protocol": "TCP",
        "port": 80,
        "deregistrationDelay": 20,
        "connectionTermination": True,
        "preserveClientIp": "false",
        "proxyProtocolV2": False,
        "healthCheck": {**check, "protocol": "TCP"},
    }


def test_udp_group_keeps_client_addresses_by_itself_and_may_have_an_http_check() -> None:
    inputs = _inputs(**TCP, listener_protocol="udp", health_check_port=8080, health_check_protocol="http")

    assert inputs["protocol"] == "UDP"
    assert "preserveClientIp" not in inputs
    assert inputs["healthCheck"]["protocol"] == "HTTP"
    assert inputs["healthCheck"]["port"] == "8080"


def test_client_addresses_are_passed_on_if_configured() -> None:
    inputs = _inputs(**TCP, preserve_client_ip=True, proxy_protocol=True)

    assert (inputs["preserveClientIp"], inputs["proxyProtocolV2"]) == ("true", True)
