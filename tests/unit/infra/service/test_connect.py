"""Service Connect and private DNS names of a service."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.discovery import Namespaces
from infra.service.service import Service
from infra.settings import ConnectSettings, DiscoverySettings
from tests.unit.infra.factories import child_options, declare_service, images_of, platform, service_settings
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph, declare

SERVICE = "aws:ecs/service:Service"
NAMESPACES = Namespaces(connect_arn="arn:of:the:namespace", dns_id="ns-1", dns_name="dev.internal")
CLIENT_ONLY = {
    "enabled": True,
    "namespace": "arn:of:the:namespace",
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": "logs",
            "awslogs-region": REGION,
            "awslogs-stream-prefix": "api",
            "mode": "non-blocking",
            "max-buffer-size": "25m",
        },
    },
}


def _declare(**settings: Any) -> Graph:
    changes = {"exposure": "none", "health_check_command": (), **settings}
    return declare_service("api", platform_changes={"namespaces": NAMESPACES}, **changes)


def _connect(**changes: Any) -> Graph:
    return _declare(connect=ConnectSettings(enabled=True, **changes))


def _ports(graph: Graph) -> list[dict[str, Any]] | None:
    return graph.containers("api")["api"].get("portMappings")


def test_service_offers_its_name_and_its_proxy_logs_to_the_same_group() -> None:
    assert _connect().one(SERVICE).inputs["serviceConnectConfiguration"] == {
        **CLIENT_ONLY,
        "services": [
            {"portName": "api", "discoveryName": "api", "clientAlias": [{"dnsName": "api", "port": 80}]}
        ],
    }


def test_alias_and_timeouts_are_configurable() -> None:
    graph = _connect(alias="shop.internal", port=8080, per_request_timeout_seconds=0, idle_timeout_seconds=0)
    (offered,) = graph.one(SERVICE).inputs["serviceConnectConfiguration"]["services"]

    assert offered["clientAlias"] == [{"dnsName": "shop.internal", "port": 8080}]
    assert offered["timeout"] == {"perRequestTimeoutSeconds": 0, "idleTimeoutSeconds": 0}


def test_client_only_service_offers_nothing() -> None:
    graph = _connect(offers=False)

    assert graph.one(SERVICE).inputs["serviceConnectConfiguration"] == CLIENT_ONLY
    assert _ports(graph) is None


@pytest.mark.parametrize("offers", [True, False])
def test_service_that_offers_a_name_is_deleted_before_its_replacement(*, offers: bool) -> None:
    """Two ECS services cannot offer the same name in a namespace."""
    assert _connect(offers=offers).one(SERVICE).delete_before_replace is offers


@pytest.mark.parametrize(
    ("protocol", "mapping"),
    [("http", {"appProtocol": "http"}), ("grpc", {"appProtocol": "grpc"}), ("tcp", {})],
)
def test_port_has_a_name_for_the_proxy(protocol: Any, mapping: dict[str, str]) -> None:
    assert _ports(_connect(protocol=protocol)) == [
        {"containerPort": 3000, "protocol": "tcp", "name": "api", **mapping}
    ]


def test_service_with_discovery_is_registered_in_the_dns_zone() -> None:
    graph = _declare(discovery=DiscoverySettings(enabled=True))
    registry = graph.one("aws:servicediscovery/service:Service", "api")

    assert graph.one(SERVICE).inputs["serviceRegistries"] == {
        "registryArn": f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:service/api-1a2b3c4"
    }
    assert registry.inputs["dnsConfig"]["namespaceId"] == "ns-1"
    assert _ports(graph) == [{"containerPort": 3000, "protocol": "tcp"}]
    assert "serviceConnectConfiguration" not in graph.one(SERVICE).inputs


def test_service_without_connect_and_discovery_has_neither() -> None:
    inputs = _declare().one(SERVICE).inputs

    assert not {"serviceConnectConfiguration", "serviceRegistries", "triggers"} & inputs.keys()


def test_caller_is_deployed_after_the_services_it_calls_and_again_for_a_new_alias() -> None:
    """A running task only knows the aliases that existed when its service was deployed."""

    def program() -> None:
        options, shared = child_options(), platform(namespaces=NAMESPACES)
        services = {
            name: Service(name, settings, shared, images_of(settings), opts=options)
            for name in ("api", "db")
            for settings in (service_settings(name=name),)
        }
        calls = {"db:5432": services["db"], "api:80": services["api"]}
        web = service_settings(name="web")
        Service("web", web, shared, images_of(web), calls=calls, opts=options)

    graph = declare(program)
    web = graph.one(SERVICE, "web")

    assert web.inputs["triggers"] == {"calls": "api:80 db:5432"}
    assert {graph.one(SERVICE, name).urn for name in ("api", "db")} <= web.dependencies
