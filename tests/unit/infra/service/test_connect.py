"""A service's part in Service Connect and in the private DNS zone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.network.discovery import Namespaces
from infra.service.service import Service, ServiceArgs
from infra.settings import ConnectSettings, DiscoverySettings
from tests.unit.infra.factories import held, image, platform, service_args, service_settings
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Declared, Graph, declare, once

SERVICE = "aws:ecs/service:Service"
NAMESPACES = Namespaces(connect_arn="arn:of:the:namespace", dns_id="ns-1", dns_name="dev.internal")
LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "logs",
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "api",
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    },
}


@once
def _graph(**settings: Any) -> Graph:
    arguments = service_args(
        service_settings(name="api", exposure="none", health_check_command=(), **settings),
        namespaces=NAMESPACES,
    )
    return declare(lambda: Service("api", arguments, opts=held()))


def _connect(**changes: Any) -> Declared:
    return _graph(connect=ConnectSettings(enabled=True, **changes)).one(SERVICE)


def _ports(graph: Graph) -> list[dict[str, Any]] | None:
    definition = graph.one("aws:ecs/taskDefinition:TaskDefinition").inputs
    (container,) = json.loads(definition["containerDefinitions"])
    return container.get("portMappings")


def test_a_service_is_reached_by_its_name_and_its_proxy_logs_beside_it() -> None:
    assert _connect().inputs["serviceConnectConfiguration"] == {
        "enabled": True,
        "namespace": "arn:of:the:namespace",
        "logConfiguration": LOGS,
        "services": [
            {
                "portName": "api",
                "discoveryName": "api",
                "clientAlias": [{"dnsName": "api", "port": 80}],
            }
        ],
    }


def test_what_it_says_of_its_alias_and_its_time_is_handed_on() -> None:
    said = {
        "alias": "shop.internal",
        "port": 8080,
        "per_request_timeout_seconds": 0,
        "idle_timeout_seconds": 0,
    }

    (offered,) = _connect(**said).inputs["serviceConnectConfiguration"]["services"]

    assert offered["clientAlias"] == [{"dnsName": "shop.internal", "port": 8080}]
    assert offered["timeout"] == {"perRequestTimeoutSeconds": 0, "idleTimeoutSeconds": 0}


def test_one_that_only_calls_offers_nothing() -> None:
    graph = _graph(connect=ConnectSettings(enabled=True, offers=False))

    assert graph.one(SERVICE).inputs["serviceConnectConfiguration"] == {
        "enabled": True,
        "namespace": "arn:of:the:namespace",
        "logConfiguration": LOGS,
    }
    assert _ports(graph) is None


@pytest.mark.parametrize(
    ("protocol", "told"), [("http", {"appProtocol": "http"}), ("grpc", {"appProtocol": "grpc"}), ("tcp", {})]
)
def test_the_port_has_the_name_by_which_the_proxy_finds_it(protocol: Any, told: dict[str, str]) -> None:
    graph = _graph(connect=ConnectSettings(enabled=True, protocol=protocol))

    assert _ports(graph) == [{"containerPort": 3000, "protocol": "tcp", "name": "api", **told}]


def test_one_in_the_zone_is_registered_there_and_its_port_needs_no_name() -> None:
    graph = _graph(discovery=DiscoverySettings(enabled=True))
    registry = graph.one("aws:servicediscovery/service:Service", "api")

    assert graph.one(SERVICE).inputs["serviceRegistries"] == {
        "registryArn": f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:service/api-1a2b3c4"
    }
    assert registry.inputs["dnsConfig"]["namespaceId"] == "ns-1"
    assert _ports(graph) == [{"containerPort": 3000, "protocol": "tcp"}]
    assert "serviceConnectConfiguration" not in graph.one(SERVICE).inputs


def test_one_that_takes_no_part_is_as_it_was() -> None:
    inputs = _graph().one(SERVICE).inputs

    assert not {"serviceConnectConfiguration", "serviceRegistries", "triggers"} & inputs.keys()


def test_who_calls_waits_for_whom_it_calls_and_is_deployed_anew_for_another_alias() -> None:
    """A task knows the aliases that were there when its service was deployed."""

    def program() -> None:
        options, shared = held(), platform(namespaces=NAMESPACES)
        made = {
            name: Service(
                name, service_args(service_settings(name=name), namespaces=NAMESPACES), opts=options
            )
            for name in ("api", "db")
        }
        calls = {"db:5432": made["db"], "api:80": made["api"]}
        own = service_settings(name="web")
        Service(
            "web",
            ServiceArgs(settings=own, platform=shared, images={"web": image()}, calls=calls),
            opts=options,
        )

    graph = declare(program)
    web = graph.one(SERVICE, "web")

    assert web.inputs["triggers"] == {"calls": "api:80 db:5432"}
    assert {graph.one(SERVICE, name).urn for name in ("api", "db")} <= web.dependencies
