"""Service Connect: servers, clients, and invalid combinations."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import address_of, called_by, in_order_of_calls
from tests.unit.infra.settings_fixtures import refuses, settings_of

ON = {"enabled": True}
CLIENT = {"enabled": True, "offers": False}
MACHINES = {"machines": {"type": "ec2", "instance-types": ["t4g.medium"]}}
ON_INSTANCES = {"capacity-provider-strategy": [{"capacity-provider": "machines", "weight": 1}]}


def isolated(**changes: Any) -> dict[str, Any]:
    """A service without a network."""
    return {
        "capacity": MACHINES,
        **ON_INSTANCES,
        "network-mode": "none",
        "exposure": "none",
        "health-check-command": [],
        **changes,
    }


def stack(*, connect: dict[str, Any] | None = None, **services: dict[str, Any]) -> dict[str, Any]:
    """A stack whose main service and others have these parts in Service Connect."""
    others = {name: {"exposure": "none", "connect": own} for name, own in services.items()}
    return {"services": others, **({"connect": connect} if connect else {})}


def addresses(config: dict[str, Any]) -> dict[str, str | None]:
    return {one.name: address_of(one) for one in settings_of(config).services}


@pytest.mark.parametrize(
    ("own", "address"),
    [
        (ON, "api:80"),
        ({**ON, "alias": "shop.internal", "port": 8080}, "shop.internal:8080"),
        ({**ON, "protocol": "grpc"}, "api:80"),
        ({**ON, "protocol": "tcp"}, "api:3000"),
        (CLIENT, None),
        ({"enabled": False}, None),
    ],
    ids=str,
)
def test_a_service_is_reached_by_its_name_or_its_alias(own: dict[str, Any], address: str | None) -> None:
    assert addresses(stack(api=own)) == {"web": None, "api": address}


def test_services_do_not_inherit_connect() -> None:
    assert addresses({"connect": ON, "services": {"api": {"exposure": "none"}}}) == {
        "web": "web:80",
        "api": None,
    }


def test_copies_have_their_own_aliases_and_names() -> None:
    config = {
        "connect": {**ON, "alias": "shop.internal"},
        "discovery": {**ON, "name": "shop"},
        "services": {"api": {"exposure": "none", "connect": ON, "discovery": ON}},
        "multidev": ["bob", {"name": "alice", "services": ["api"]}],
    }
    names = {one.name: one.discovery.name or one.name for one in settings_of(config).services}

    assert addresses(config) == {
        "web": "shop.internal:80",
        "api": "api:80",
        "web-bob": "shop-bob.internal:80",
        "web-alice": "shop-alice.internal:80",
        "api-alice": "api-alice:80",
    }
    assert names == {
        "web": "shop",
        "api": "api",
        "web-bob": "shop-bob",
        "web-alice": "shop-alice",
        "api-alice": "api-alice",
    }


def test_an_attached_stack_has_its_own_alias() -> None:
    config = {"attach-to": "dev", "connect": {**ON, "alias": "shop", "calls": ["api"]}}

    assert address_of(settings_of(config, stack="pr-12").main) == "shop-pr-12:80"


def test_callers_are_deployed_after_the_services_they_call() -> None:
    """A task knows the aliases that were there when its service was deployed."""
    config = stack(connect={**CLIENT, "calls": ["api"]}, worker=CLIENT, api={**ON, "calls": ["db"]}, db=ON)
    services = settings_of(config).services
    called = {one.name: [other.name for other in called_by(one, services)] for one in services}
    order = [one.name for one in in_order_of_calls(services)]

    assert called == {"web": ["api"], "worker": ["api", "db"], "api": ["db"], "db": []}
    assert order.index("db") < order.index("api") < min(order.index("web"), order.index("worker"))


def test_peer_ports_are_those_of_connect_and_discovery() -> None:
    config = stack(connect=CLIENT, api=ON)
    config["services"] |= {
        "db": {"exposure": "none", "discovery": ON, "container-port": 5432},
        "batch": {"exposure": "none", "container-port": 4000},
    }

    assert settings_of(config).peer_ports == (3000, 5432)
    assert not settings_of(config).has_dynamic_peer_ports


def test_a_service_is_reached_by_its_ingress_container() -> None:
    proxy = {"sidecars": {"proxy": {"image": "nginx:1.29", "port": 8080}}, "ingress-container": "proxy"}
    config = {"services": {"api": {"exposure": "none", "connect": {**ON, "protocol": "tcp"}, **proxy}}}

    assert addresses(config)["api"] == "api:8080"
    assert settings_of(config).peer_ports == (8080,)


def test_peer_ports_of_bridge_mode_are_dynamic() -> None:
    shared = {**ON_INSTANCES, "network-mode": "bridge"}
    config = {"capacity": MACHINES, "services": {"api": {"exposure": "none", "connect": ON, **shared}}}

    assert settings_of(config).peer_ports == ()
    assert settings_of(config).has_dynamic_peer_ports


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"connect": {"port": 80}}, "connect.enabled = false: … true, for the other keys"),
        ({"discovery": {"ttl-seconds": 5}}, "discovery.enabled = false: … true, for the other keys"),
        ({"connect": {**CLIENT, "alias": "web"}}, "connect.alias … nobody calls this service"),
        ({"connect": {**CLIENT, "port": 8080}}, "connect.port … nobody calls this service"),
        ({"connect": {**ON, "alias": "Web"}}, "connect.alias … such as api or api.internal"),
        ({"connect": {**ON, "protocol": "udp"}}, "connect.protocol … one of http, http2, grpc, tcp"),
        ({"connect": {**ON, "port": 65536}}, "connect.port … from 0 to 65535"),
        (
            {"connect": {**ON, "protocol": "tcp", "per-request-timeout-seconds": 5}},
            "connect.per-request-timeout-seconds … tcp has no requests",
        ),
        (stack(connect={**ON, "calls": ["api"]}), 'connect.calls[0] = "api": … no other service offers'),
        (stack(connect={**ON, "calls": ["ap"]}, api=ON), 'connect.calls[0] = "ap": … one of api'),
        (
            stack(connect=ON, api={**ON, "calls": ["batch"]}, batch=CLIENT),
            "services.api.connect.calls[0] … one of web",
        ),
        (
            stack(connect={**ON, "calls": ["api"]}, api={**ON, "calls": ["web"]}),
            "connect.calls = … do not call this one in turn",
        ),
        (stack(connect=ON, api={**ON, "alias": "web"}), 'connect.alias = "web:80": … two would be reached'),
        (
            {"exposure": "tcp", "listener-protocol": "udp", "listener-port": 53, "connect": ON},
            "listener-protocol … Service Connect supports only TCP",
        ),
        (isolated(discovery=ON), "network-mode … another mode, or no `discovery`"),
        (isolated(**{"execute-command": True}), "network-mode … another mode, or no `execute-command`"),
        ({"discovery": {**ON, "name": "a.b"}}, "discovery.name … lowercase letters"),
        ({"discovery-domain": "internal"}, "discovery-domain … a host name such as"),
        ({"attach-to": "prod", "discovery-domain": "dev.internal"}, "discovery-domain … prod decides it"),
    ],
)
def test_invalid_connect_and_discovery_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)
