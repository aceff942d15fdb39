"""Target groups: what a load balancer speaks to tasks, and how it asks whether they are well."""

from __future__ import annotations

from typing import Any

import pytest

from infra.service.target_groups import target_group
from tests.unit.infra.factories import Holder, service_settings
from tests.unit.infra.recorder import Graph, declare, once

TCP = {"exposure": "tcp", "host": None}


@once
def _graph(**settings: Any) -> Graph:
    def program() -> None:
        target_group("web", service_settings(**settings), vpc_id="vpc-1", parent=Holder())

    return declare(program)


def _inputs(**settings: Any) -> dict[str, Any]:
    return _graph(**settings).one("aws:lb/targetGroup:TargetGroup", "web").inputs


def test_by_default_it_speaks_http_1_and_asks_for_readiness() -> None:
    """Any other protocol would replace the target groups of stacks that are up.

    Version and stickiness are said though they are AWS's defaults: what is left out the provider keeps.
    """
    assert _inputs() == {
        "vpcId": "vpc-1",
        "targetType": "ip",
        "protocol": "HTTP",
        "protocolVersion": "HTTP1",
        "port": 80,
        "deregistrationDelay": 20,
        "stickiness": {"type": "lb_cookie", "enabled": False},
        "healthCheck": {
            "protocol": "HTTP",
            "port": "traffic-port",
            "path": "/readyz",
            "matcher": "200",
            "interval": 10,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
        },
    }


def test_a_grpc_service_is_asked_by_grpc() -> None:
    inputs = _inputs(protocol_version="grpc", health_check_path="/grpc.health.v1.Health/Check")

    assert inputs["protocolVersion"] == "GRPC"
    assert inputs["healthCheck"]["matcher"] == "0,12"
    assert inputs["healthCheck"]["path"] == "/grpc.health.v1.Health/Check"


def test_how_it_asks_is_the_settings() -> None:
    check = _inputs(
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
        "path": "/readyz",
        "matcher": "200-399",
        "interval": 30,
        "timeout": 20,
        "healthyThreshold": 4,
        "unhealthyThreshold": 5,
    }


def test_browsers_stay_with_a_task_and_new_ones_warm_up_if_asked_for() -> None:
    inputs = _inputs(sticky_seconds=3600, slow_start_seconds=60, protocol_version="http2")

    assert inputs["stickiness"] == {"type": "lb_cookie", "enabled": True, "cookieDuration": 3600}
    assert inputs["slowStart"] == 60
    assert inputs["protocolVersion"] == "HTTP2"


@pytest.mark.parametrize(("listener", "protocol"), [("tcp", "TCP"), ("tls", "TCP")])
def test_a_connection_leads_to_the_port_and_ends_with_the_task(listener: str, protocol: str) -> None:
    """With tls the load balancer decrypts."""
    assert _inputs(**TCP, listener_protocol=listener) == {
        "vpcId": "vpc-1",
        "targetType": "ip",
        "protocol": protocol,
        "port": 80,
        "deregistrationDelay": 20,
        "connectionTermination": True,
        "preserveClientIp": "false",
        "proxyProtocolV2": False,
        "healthCheck": {
            "protocol": "TCP",
            "port": "traffic-port",
            "interval": 10,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
        },
    }


def test_of_udp_nobody_switches_the_addresses_that_tasks_see() -> None:
    inputs = _inputs(**TCP, listener_protocol="udp", health_check_port=8080, health_check_protocol="http")

    assert inputs["protocol"] == "UDP"
    assert "preserveClientIp" not in inputs
    assert inputs["healthCheck"]["protocol"] == "HTTP"
    assert inputs["healthCheck"]["port"] == "8080"


def test_tasks_see_their_clients_if_asked_for() -> None:
    inputs = _inputs(**TCP, preserve_client_ip=True, proxy_protocol=True)

    assert (inputs["preserveClientIp"], inputs["proxyProtocolV2"]) == ("true", True)
