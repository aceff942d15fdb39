"""Names by which the tasks of a service reach each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.emulated import ministack, names

CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/shop"
REGISTRY = "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1"
NAMESPACE = "arn:aws:servicediscovery:us-east-1:000000000000:namespace/ns-1"
DEFINITION = {
    "containerDefinitions": [
        {"name": "web", "image": "app:1", "portMappings": [{"name": "http", "containerPort": 3000}]},
        {"name": "agent", "image": "agent:1"},
    ]
}


@pytest.fixture(autouse=True)
def cloud_map() -> Iterator[None]:
    emulated = ministack("services.servicediscovery")
    emulated._namespaces["ns-1"] = {"Name": "shop.internal"}
    emulated._services["srv-1"] = {"Name": "api", "NamespaceId": "ns-1"}
    yield
    emulated._namespaces.clear()
    emulated._services.clear()
    names._settings.clear()


def connect(*aliases: dict[str, Any], enabled: bool = True) -> dict[str, Any]:
    service = {"portName": "http", "discoveryName": "api", "clientAliases": [*aliases]}
    return {"enabled": enabled, "namespace": NAMESPACE, "services": [service]}


def create(**settings: Any) -> None:
    names.remember({"cluster": CLUSTER, "serviceName": "api", **settings})


def test_a_service_registry_gives_the_name_in_its_namespace() -> None:
    create(serviceRegistries=[{"registryArn": REGISTRY}])

    assert names.aliases(CLUSTER, "service:api") == ["api.shop.internal"]


def test_service_connect_gives_its_alias_or_the_name_in_the_namespace() -> None:
    create(serviceConnectConfiguration=connect({"dnsName": "backend", "port": 80}))
    assert names.aliases(CLUSTER, "service:api") == ["backend"]

    create(serviceConnectConfiguration=connect())
    assert names.aliases(CLUSTER, "service:api") == ["api.shop.internal"]


def test_an_update_replaces_only_the_settings_that_it_contains() -> None:
    create(
        serviceRegistries=[{"registryArn": REGISTRY}], serviceConnectConfiguration=connect({"dnsName": "a"})
    )

    service = "arn:aws:ecs:us-east-1:000000000000:service/shop/api"
    names.remember(
        {"cluster": "shop", "service": service, "serviceConnectConfiguration": connect(enabled=False)}
    )

    assert names.aliases(CLUSTER, "service:api") == ["api.shop.internal"]


@pytest.mark.parametrize("group", ["service:other", ""])
def test_other_tasks_have_no_names(group: str) -> None:
    create(serviceRegistries=[{"registryArn": REGISTRY}])

    assert names.aliases(CLUSTER, group) == []


def test_an_alias_with_another_port_is_forwarded_to_the_containers() -> None:
    create(
        serviceConnectConfiguration=connect({"dnsName": "api", "port": 80}, {"dnsName": "b", "port": 3000})
    )

    assert names.forwards(CLUSTER, "service:api", DEFINITION) == {"image": "app:1", "ports": {80: 3000}}
