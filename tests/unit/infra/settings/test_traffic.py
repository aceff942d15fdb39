"""How requests and connections reach a service: what only http or only tcp has, and health checks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import faults_of, refuses, settings_of

HTTPS = {"domain": "dev.example.com"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"exposure": "udp"}, "exposure … one of http, tcp, none"),
        ({"paths": ["api/*"]}, "paths[0] … a path that begins with /, such as /api/*"),
        ({"paths": ["/api?x=1 2"]}, "paths[0] … letters, digits and _-.$/~\"'@:+&*?"),
        ({"paths": ["/" + 128 * "a"]}, 'paths[0] = "/aaa … at most 128'),
        ({"paths": ["/a", "/a"]}, "paths[1] … each once"),
        ({**HTTPS, "aliases": ["www.*.example.com"]}, "aliases[0] … or *.example.com for every name"),
        ({**HTTPS, "aliases": ["WWW.example.com"]}, "aliases[0] … lowercase"),
        ({**HTTPS, "redirect-hosts": ["*.example.com"]}, "redirect-hosts[0] … a host name such as"),
        (
            {**HTTPS, "aliases": ["www.example.com"], "redirect-hosts": ["www.example.com"]},
            "redirect-hosts[0] … either served or redirected",
        ),
        ({**HTTPS, "protocol-version": "http3"}, "protocol-version … one of http1, http2, grpc"),
        ({"sticky-seconds": 604_801}, "sticky-seconds … from 0 to 604800"),
        ({"slow-start-seconds": 29}, "slow-start-seconds … 0 for none, or 30 to 900"),
        ({"listener-port": 1}, "listener-port … only valid with `exposure: tcp`; it is http"),
        ({"listener-protocol": "udp"}, "listener-protocol … only valid with `exposure: tcp`; it is http"),
        ({"proxy-protocol": True}, "proxy-protocol … only valid with `exposure: tcp`; it is http"),
        ({"exposure": "tcp", "paths": ["/a"]}, "paths … only valid with `exposure: http`; it is tcp"),
        ({"exposure": "none", "sticky-seconds": 5}, "sticky-seconds … only valid with `exposure: http`"),
        (
            {"exposure": "tcp", "listener-protocol": "udp", "preserve-client-ip": True},
            "preserve-client-ip … with udp tasks always see clients' addresses",
        ),
        ({"exposure": "tcp", "rollout": {"strategy": "canary"}}, "rollout.strategy … or `exposure: http`"),
        ({"exposure": "none", "rollout": {"strategy": "linear"}}, "rollout.strategy … or `exposure: http`"),
        ({"exposure": "none", "rollout": {"two-target-groups": True}}, "rollout.two-target-groups … false"),
        (
            {"exposure": "tcp", "autoscaling": {"enabled": True, "requests-per-target": 100}},
            "autoscaling.requests-per-target … only an application load balancer counts requests",
        ),
        ({"health-check-protocol": "tcp"}, "health-check-protocol … checks by HTTP only"),
        ({"health-check-timeout-seconds": 1}, "health-check-timeout-seconds … 0, or 2 to 9, less than"),
        ({"health-check-timeout-seconds": 10}, "health-check-timeout-seconds … 0, or 2 to 9, less than"),
        ({"health-check-codes": "ok"}, "health-check-codes … such as 200 or 200,302 or 200-399"),
        ({"health-check-codes": "200-500"}, "health-check-codes … HTTP codes from 200 to 499"),
        ({"health-check-codes": "300-200"}, "health-check-codes … HTTP codes from 200 to 499"),
        (
            {**HTTPS, "protocol-version": "grpc", "health-check-codes": "200"},
            "health-check-codes … gRPC codes from 0 to 99",
        ),
    ],
)
def test_invalid_traffic_is_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_health_check_codes_of_a_tcp_service_may_be_up_to_599() -> None:
    """AWS takes 200 to 599 there."""
    config = {"exposure": "tcp", "health-check-protocol": "http", "health-check-codes": "200-503"}

    assert settings_of(config).main.success_codes == "200-503"
    refuses({**config, "health-check-codes": "600"}, "health-check-codes … HTTP codes from 200 to 599")


@pytest.mark.parametrize(("config", "codes"), [({}, "200"), ({**HTTPS, "protocol-version": "grpc"}, "0,12")])
def test_success_codes_follow_from_the_protocol(config: dict[str, Any], codes: str) -> None:
    assert settings_of(config).main.success_codes == codes


@pytest.mark.parametrize(
    ("config", "timeout"),
    [({}, 5), ({"health-check-interval-seconds": 5}, 4), ({"health-check-timeout-seconds": 8}, 8)],
)
def test_the_health_check_timeout_is_below_the_interval(config: dict[str, Any], timeout: int) -> None:
    assert settings_of(config).main.check_timeout_seconds == timeout


@pytest.mark.parametrize(
    ("exposure", "protocol", "http"),
    [("http", "auto", True), ("tcp", "auto", False), ("tcp", "http", True), ("tcp", "tcp", False)],
)
def test_the_health_check_protocol_follows_from_the_exposure(
    exposure: str, protocol: str, *, http: bool
) -> None:
    config = {"exposure": exposure, "health-check-protocol": protocol}

    assert settings_of(config).main.checks_http is http


def test_the_listener_port_is_the_container_port_by_default() -> None:
    mqtt = settings_of({"exposure": "tcp", "container-port": 1883}).main
    tls = settings_of({"exposure": "tcp", "container-port": 1883, "listener-port": 883}).main

    assert (mqtt.port, tls.port) == (1883, 883)


def test_a_service_does_not_inherit_keys_of_another_exposure() -> None:
    config = {
        **HTTPS,
        "protocol-version": "http2",
        "sticky-seconds": 60,
        "aliases": ["www.dev.example.com"],
        "services": {"mqtt": {"exposure": "tcp", "container-port": 1883}, "api": {}},
    }
    mqtt, api = settings_of(config).more_services.values()

    assert (mqtt.host, mqtt.sticky_seconds, mqtt.aliases) == ("mqtt.dev.example.com", 0, ())
    assert (api.protocol_version, api.sticky_seconds, api.aliases) == ("http2", 60, ())


def test_a_copy_does_not_inherit_host_names() -> None:
    config = {**HTTPS, "aliases": ["www.dev.example.com"], "redirect-hosts": ["old.dev.example.com"]}
    (copy,) = settings_of({**config, "multidev": ["alice"]}).multidev

    assert (copy.hosts, copy.redirect_hosts) == (("alice.dev.example.com",), ())


def test_paths_apply_under_every_name_of_the_main_service() -> None:
    """Else www.example.com/api would be the main service's, and example.com/api the other's."""
    config = {**HTTPS, "aliases": ["www.dev.example.com"], "services": {"api": {"paths": ["/api/*"]}}}

    assert settings_of(config).more_services["api"].hosts == ("dev.example.com", "www.dev.example.com")


def test_all_keys_of_another_exposure_are_refused_at_once() -> None:
    faults = faults_of({"exposure": "tcp", "paths": ["/a"], "sticky-seconds": 5})

    assert [fault.split(" = ")[0] for fault in faults] == ["paths", "sticky-seconds"]
