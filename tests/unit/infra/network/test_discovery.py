"""Namespaces of service discovery, and the services in them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.discovery import Discovery, DiscoveryArgs, discovery_service
from infra.settings import DiscoverySettings
from tests.unit.infra.factories import ParentComponent, child_options
from tests.unit.infra.recorder import Graph, declare

HTTP = "aws:servicediscovery/httpNamespace:HttpNamespace"
DNS = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
SERVICE = "aws:servicediscovery/service:Service"


def _graph(**changes: Any) -> Graph:
    return declare(
        lambda: Discovery("discovery", DiscoveryArgs(vpc_id="vpc-1", **changes), opts=child_options())
    )


def _service(**changes: Any) -> Graph:
    srv = changes.pop("srv", False)
    settings = DiscoverySettings(enabled=True, **changes)
    return declare(
        lambda: discovery_service("api", settings, namespace_id="ns-1", srv=srv, parent=ParentComponent())
    )


def test_dns_zone_is_private_to_the_vpc() -> None:
    graph = _graph(connect=True, domain="dev.node-on-ecs.internal")

    assert graph.one(HTTP, "discovery-connect").inputs == {}
    assert graph.one(DNS, "discovery-dns").inputs == {"name": "dev.node-on-ecs.internal", "vpc": "vpc-1"}


@pytest.mark.parametrize(
    ("changes", "counts"),
    [({"connect": True}, {HTTP: 1, DNS: 0}), ({"domain": "a.internal"}, {HTTP: 0, DNS: 1})],
)
def test_only_namespaces_that_services_use_are_created(
    changes: dict[str, Any], counts: dict[str, int]
) -> None:
    graph = _graph(**changes)

    assert {token: len(graph.all(token)) for token in counts} == counts


def test_tasks_with_their_own_address_have_a_records() -> None:
    """ECS deregisters unhealthy tasks only with the custom health check."""
    assert _service().one(SERVICE, "api").inputs == {
        "name": "api",
        "dnsConfig": {
            "namespaceId": "ns-1",
            "dnsRecords": [{"type": "A", "ttl": 10}],
            "routingPolicy": "MULTIVALUE",
        },
        "healthCheckCustomConfig": {"failureThreshold": 1},
        "forceDestroy": True,
    }


def test_service_of_a_name_is_deleted_before_its_replacement() -> None:
    """A namespace has one service of a name, and another network mode replaces it."""
    assert _service().one(SERVICE).delete_before_replace


def test_old_name_resolves_until_the_tasks_have_a_new_one() -> None:
    """As another resource, whose predecessor is deleted at the end of the update."""
    names = [_service(name=name).names(SERVICE) for name in (None, "shop", "store")]

    assert names == [["api"], ["api-shop"], ["api-store"]]


def test_tasks_that_share_an_address_have_srv_records() -> None:
    inputs = _service(name="shop", ttl_seconds=60, srv=True).one(SERVICE).inputs

    assert inputs["name"] == "shop"
    assert inputs["dnsConfig"]["dnsRecords"] == [{"type": "SRV", "ttl": 60}]
