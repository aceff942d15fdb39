"""The load balancer and its listeners."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.settings import LoadBalancerSettings
from tests.unit.infra.factories import held
from tests.unit.infra.recorder import Declared, Graph, declare, once

LISTENER = "aws:lb/listener:Listener"
COMPONENT = "node-on-ecs:infra:LoadBalancer"


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
        subnet_ids=["public-1", "public-2"],
        security_group_id="sg-1",
        certificate_arn=certificate_arn,
        test_listener=test_listener,
        ipv6=ipv6,
        protect=protect,
        log_bucket=log_bucket,
        log_prefix="node-on-ecs/dev",
    )
    return declare(lambda: LoadBalancer("load-balancer", args, opts=held()))


def _load_balancer(graph: Graph) -> Declared:
    return graph.one("aws:lb/loadBalancer:LoadBalancer", "load-balancer")


def test_it_is_open_to_the_internet_and_wary_of_it() -> None:
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


def test_it_may_be_for_the_vpc_alone() -> None:
    assert _load_balancer(_graph(internal=True)).inputs["internal"] is True


def test_browsers_are_kept_to_https_by_every_listener_that_speaks_it() -> None:
    graph = _graph(
        certificate_arn="arn:of:the:certificate",
        test_listener=True,
        domain="dev.example.com",
        hsts_seconds=31_536_000,
        hsts_subdomains=True,
    )
    headers = {
        one.name: one.inputs.get("routingHttpResponseStrictTransportSecurityHeaderValue")
        for one in graph.all(LISTENER)
    }

    assert headers == {
        "load-balancer-https": "max-age=31536000; includeSubDomains",
        "load-balancer-test": "max-age=31536000; includeSubDomains",
        "load-balancer-http": None,
    }


@pytest.mark.parametrize("protect", [True, False])
def test_neither_pulumi_nor_aws_deletes_it_if_it_is_protected(protect: bool) -> None:  # noqa: FBT001
    load_balancer = _load_balancer(_graph(protect=protect))

    assert load_balancer.protect is protect
    assert load_balancer.inputs["enableDeletionProtection"] is protect


def test_with_ipv6_it_has_both_kinds_of_address() -> None:
    assert _load_balancer(_graph(ipv6=True)).inputs["ipAddressType"] == "dualstack"


def test_with_a_certificate_services_are_served_by_https_with_the_policy_of_the_settings() -> None:
    """Without a policy the provider would choose one that still speaks TLS 1.0."""
    graph = _graph(certificate_arn="arn:of:the:certificate", tls_policy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    https = graph.one(LISTENER, "load-balancer-https").inputs

    assert (https["port"], https["protocol"]) == (443, "HTTPS")
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"
    assert https["certificateArn"] == "arn:of:the:certificate"
    assert "load-balancer-https" in graph.component_outputs(COMPONENT, "load-balancer")["listener_arn"]


def test_with_a_certificate_http_leads_to_https_for_good() -> None:
    http = _graph(certificate_arn="arn:of:the:certificate").one(LISTENER, "load-balancer-http").inputs

    assert (http["port"], http["protocol"]) == (80, "HTTP")
    assert http["defaultActions"] == [
        {
            "type": "redirect",
            "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"},
        },
    ]


def test_without_a_certificate_services_are_served_by_http() -> None:
    graph = _graph()
    http = graph.one(LISTENER).inputs

    assert (http["port"], http["protocol"]) == (80, "HTTP")
    assert "load-balancer-http" in graph.component_outputs(COMPONENT, "load-balancer")["listener_arn"]


@pytest.mark.parametrize("certificate_arn", ["arn:of:the:certificate", None])
def test_what_no_service_answers_is_a_404(certificate_arn: str | None) -> None:
    """Not the first service that happens to be there."""
    graph = _graph(certificate_arn=certificate_arn)
    name = "load-balancer-https" if certificate_arn else "load-balancer-http"

    (action,) = graph.one(LISTENER, name).inputs["defaultActions"]

    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "404"
    assert action["fixedResponse"]["contentType"] == "text/plain"


@pytest.mark.parametrize(
    ("certificate_arn", "protocol", "port"), [(None, "HTTP", 8080), ("arn:of:the:certificate", "HTTPS", 8443)]
)
def test_testers_speak_to_a_listener_of_their_own_as_users_do(
    certificate_arn: str | None, protocol: str, port: int
) -> None:
    graph = _graph(certificate_arn=certificate_arn, test_listener=True)
    test = graph.one(LISTENER, "load-balancer-test").inputs
    users = graph.one(LISTENER, f"load-balancer-{protocol.lower()}").inputs

    assert (test["protocol"], test["port"]) == (protocol, port)
    assert test.get("sslPolicy") == users.get("sslPolicy")
    assert test.get("certificateArn") == users.get("certificateArn") == certificate_arn
    assert test["defaultActions"] == users["defaultActions"]
    assert (
        "listener/load-balancer-test"
        in graph.component_outputs(COMPONENT, "load-balancer")["test_listener_arn"]
    )


def test_there_is_no_test_listener_unless_one_is_needed() -> None:
    assert "load-balancer-test" not in _graph().names(LISTENER)


def test_metrics_find_it_by_the_end_of_its_arn() -> None:
    outputs = _graph().component_outputs(COMPONENT, "load-balancer")

    assert outputs["arn_suffix"] == "app/load-balancer-1a2b3c4/0123456789abcdef"


def test_it_logs_requests_and_connections_where_a_bucket_is_named() -> None:
    inputs = _load_balancer(_graph(log_bucket="logs")).inputs

    logs = {"bucket": "logs", "prefix": "node-on-ecs/dev", "enabled": True}
    assert (inputs["accessLogs"], inputs["connectionLogs"]) == (logs, logs)
