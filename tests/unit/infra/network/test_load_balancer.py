"""The application load balancer and its listeners."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.settings import LoadBalancerSettings
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import Declared, Graph, declare, once

LISTENER = "aws:lb/listener:Listener"
COMPONENT = "node-on-ecs:infra:LoadBalancer"
CERTIFICATE = "arn:of:the:certificate"


@once
def _graph(
    *,
    certificate_arn: str | None = None,
    ipv6: bool = False,
    protect: bool = False,
    test_listener: bool = False,
    log_bucket: str | None = None,
    **settings: Any,
) -> Graph:
    args = LoadBalancerArgs(
        settings=LoadBalancerSettings(**settings),
        network="10.0.0.0/16",
        subnet_ids=["public-1", "public-2"],
        security_group_id="sg-1",
        certificate_arn=certificate_arn,
        test_listener=test_listener,
        ipv6=ipv6,
        protect=protect,
        log_bucket=log_bucket,
        log_prefix="node-on-ecs/dev",
    )
    return declare(lambda: LoadBalancer("load-balancer", args, opts=child_options()))


def _load_balancer(graph: Graph) -> Declared:
    return graph.one("aws:lb/loadBalancer:LoadBalancer", "load-balancer")


def _listener(graph: Graph, name: str) -> dict[str, Any]:
    return graph.one(LISTENER, f"load-balancer-{name}").inputs


def test_load_balancer_is_public_and_rejects_invalid_requests() -> None:
    inputs = _load_balancer(_graph(idle_timeout_seconds=90)).inputs

    assert inputs == {
        "loadBalancerType": "application",
        "internal": False,
        "ipAddressType": "ipv4",
        "subnets": ["public-1", "public-2"],
        "securityGroups": ["sg-1"],
        "idleTimeout": 90,
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "defensive",
        "enableDeletionProtection": False,
    }


def test_load_balancer_can_be_internal_with_ipv6_logs_and_protected() -> None:
    load_balancer = _load_balancer(_graph(internal=True, ipv6=True, log_bucket="logs", protect=True))

    logs = {"bucket": "logs", "prefix": "node-on-ecs/dev", "enabled": True}
    assert load_balancer.protect is True
    assert load_balancer.inputs["enableDeletionProtection"] is True
    assert load_balancer.inputs["internal"] is True
    assert load_balancer.inputs["ipAddressType"] == "dualstack"
    assert (load_balancer.inputs["accessLogs"], load_balancer.inputs["connectionLogs"]) == (logs, logs)


def test_hsts_header_is_on_every_https_listener() -> None:
    graph = _graph(
        certificate_arn=CERTIFICATE,
        test_listener=True,
        domain="dev.example.com",
        hsts_seconds=31_536_000,
        hsts_subdomains=True,
    )
    headers = {
        listener.name: listener.inputs.get("routingHttpResponseStrictTransportSecurityHeaderValue")
        for listener in graph.all(LISTENER)
    }

    assert headers == {
        "load-balancer-https": "max-age=31536000; includeSubDomains",
        "load-balancer-test": "max-age=31536000; includeSubDomains",
        "load-balancer-http": None,
    }


def test_https_listener_has_the_configured_tls_policy() -> None:
    """The provider's default policy allows TLS 1.0."""
    graph = _graph(certificate_arn=CERTIFICATE, tls_policy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    https = _listener(graph, "https")

    assert (https["port"], https["protocol"]) == (443, "HTTPS")
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"
    assert https["certificateArn"] == CERTIFICATE
    assert "load-balancer-https" in graph.component_outputs(COMPONENT, "load-balancer")["listener_arn"]


def test_http_redirects_permanently_to_https_with_a_certificate() -> None:
    http = _listener(_graph(certificate_arn=CERTIFICATE), "http")

    assert (http["port"], http["protocol"]) == (80, "HTTP")
    assert http["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]


def test_services_are_served_by_http_without_a_certificate() -> None:
    graph = _graph()

    assert graph.names(LISTENER) == ["load-balancer-http"]
    assert (_listener(graph, "http")["port"], _listener(graph, "http")["protocol"]) == (80, "HTTP")
    assert "load-balancer-http" in graph.component_outputs(COMPONENT, "load-balancer")["listener_arn"]


@pytest.mark.parametrize("certificate_arn", [CERTIFICATE, None])
def test_requests_that_no_service_matches_get_a_404(certificate_arn: str | None) -> None:
    """Not the response of an arbitrary service."""
    graph = _graph(certificate_arn=certificate_arn)
    (action,) = _listener(graph, "https" if certificate_arn else "http")["defaultActions"]

    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "404"
    assert action["fixedResponse"]["contentType"] == "text/plain"


@pytest.mark.parametrize(
    ("certificate_arn", "protocol", "port"), [(None, "HTTP", 8080), (CERTIFICATE, "HTTPS", 8443)]
)
def test_test_listener_is_configured_like_that_of_users(
    certificate_arn: str | None, protocol: str, port: int
) -> None:
    graph = _graph(certificate_arn=certificate_arn, test_listener=True)
    test, users = _listener(graph, "test"), _listener(graph, protocol.lower())

    assert (test["protocol"], test["port"]) == (protocol, port)
    assert {**test, "port": users["port"]} == users
    outputs = graph.component_outputs(COMPONENT, "load-balancer")
    assert "listener/load-balancer-test" in outputs["test_listener_arn"]


def test_another_network_or_protocol_replaces_what_cannot_be_updated() -> None:
    """AWS refuses subnets of another VPC, and the provider would keep the TLS policy of a listener for HTTP."""
    graph = _graph(test_listener=True)
    encrypted = _graph(certificate_arn=CERTIFICATE, test_listener=True)
    plain, tls = (found.one(LISTENER, "load-balancer-test") for found in (graph, encrypted))

    assert _load_balancer(graph).replacement_trigger == "10.0.0.0/16"
    assert (plain.replacement_trigger, tls.replacement_trigger) == ("HTTP", "HTTPS")


def test_arn_suffix_is_the_name_in_metrics() -> None:
    outputs = _graph().component_outputs(COMPONENT, "load-balancer")

    assert outputs["arn_suffix"] == "app/load-balancer-1a2b3c4/0123456789abcdef"
