"""Where services find each other: what is made, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.discovery import Discovery, DiscoveryArgs, registered
from infra.settings import DiscoverySettings
from tests.unit.infra.factories import Holder, held
from tests.unit.infra.recorder import Graph, declare

HTTP = "aws:servicediscovery/httpNamespace:HttpNamespace"
DNS = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
SERVICE = "aws:servicediscovery/service:Service"


def _graph(**changes: Any) -> Graph:
    return declare(lambda: Discovery("discovery", DiscoveryArgs(vpc_id="vpc-1", **changes), opts=held()))


def _registered(**changes: Any) -> Graph:
    srv = changes.pop("srv", False)
    settings = DiscoverySettings(enabled=True, **changes)
    return declare(lambda: registered("api", settings, namespace_id="ns-1", srv=srv, parent=Holder()))


def test_a_zone_is_known_to_the_vpc_alone() -> None:
    graph = _graph(connect=True, domain="dev.node-on-ecs.internal")

    assert graph.one(HTTP, "discovery-connect").inputs == {}
    assert graph.one(DNS, "discovery-dns").inputs == {"name": "dev.node-on-ecs.internal", "vpc": "vpc-1"}


@pytest.mark.parametrize(
    ("changes", "made"),
    [({"connect": True}, {HTTP: 1, DNS: 0}), ({"domain": "a.internal"}, {HTTP: 0, DNS: 1})],
)
def test_only_what_a_service_uses_is_made(changes: dict[str, Any], made: dict[str, int]) -> None:
    graph = _graph(**changes)

    assert {token: len(graph.all(token)) for token in made} == made


def test_tasks_with_an_address_of_their_own_have_a_records() -> None:
    """ECS takes an unhealthy task out by the custom health check, without which it would do nothing."""
    assert _registered().one(SERVICE, "api").inputs == {
        "name": "api",
        "dnsConfig": {
            "namespaceId": "ns-1",
            "dnsRecords": [{"type": "A", "ttl": 10}],
            "routingPolicy": "MULTIVALUE",
        },
        "healthCheckCustomConfig": {"failureThreshold": 1},
        "forceDestroy": True,
    }


def test_tasks_that_share_an_address_have_srv_records_with_their_port() -> None:
    inputs = _registered(name="shop", ttl_seconds=60, srv=True).one(SERVICE, "api").inputs

    assert inputs["name"] == "shop"
    assert inputs["dnsConfig"]["dnsRecords"] == [{"type": "SRV", "ttl": 60}]
