"""Routes to a service: listener rules of the application load balancer, listeners of the network one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.service.platform import SharedNetworkLoadBalancer
from infra.settings import Sidecar
from infra.settings.routing import redirect_priority
from tests.unit.infra.factories import alarm_settings, declare_service, rollout_settings, service_settings
from tests.unit.infra.recorder import Graph

SERVICE = "aws:ecs/service:Service"
RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER = "aws:lb/listener:Listener"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/mqtt-1a2b3c4"
SUFFIX = "net/network-load-balancer/0123456789abcdef"
BALANCER = SharedNetworkLoadBalancer(
    arn="arn:of:the:network:load:balancer",
    arn_suffix=SUFFIX,
    dns_name="nlb.elb.amazonaws.com",
    zone_id="Z-OF-THE-NETWORK-LOAD-BALANCER",
    tls_policy="ELBSecurityPolicy-TLS13-1-3-2021-06",
    certificate_arn="arn:of:the:certificate",
)


def test_rule_forwards_to_the_target_group_and_exists_before_the_service() -> None:
    """ECS refuses a target group without a rule."""
    graph = declare_service(priority=1234)
    rule = graph.one(RULE, "web")
    (action,) = rule.inputs["actions"]

    assert rule.inputs["listenerArn"] == "arn:of:the:listener"
    assert rule.inputs["priority"] == 1234
    assert "transforms" not in rule.inputs
    assert action["type"] == "forward"
    assert "targetgroup/web" in action["targetGroupArn"]
    assert rule.urn in graph.one(SERVICE).dependencies


@pytest.mark.parametrize(
    ("settings", "conditions"),
    [
        ({}, [{"hostHeader": {"values": ["www.example.com"]}}]),
        (
            {"aliases": ("example.com", "*.example.org")},
            [{"hostHeader": {"values": ["www.example.com", "example.com", "*.example.org"]}}],
        ),
        (
            {"paths": ("/api", "/api/*")},
            [
                {"hostHeader": {"values": ["www.example.com"]}},
                {"pathPattern": {"values": ["/api", "/api/*"]}},
            ],
        ),
        ({"host": None}, [{"pathPattern": {"values": ["/*"]}}]),
        ({"host": None, "paths": ("/api/*",)}, [{"pathPattern": {"values": ["/api/*"]}}]),
        ({"host": None, "path_prefix": "/alice"}, [{"pathPattern": {"values": ["/alice", "/alice/*"]}}]),
        (
            {"host": None, "path_prefix": "/alice", "paths": ("/api/*",)},
            [{"pathPattern": {"values": ["/alice/api/*"]}}],
        ),
    ],
    ids=[
        "host",
        "host and aliases",
        "host and paths",
        "everything without a host",
        "paths without a host",
        "prefix of a copy",
        "paths below a prefix",
    ],
)
def test_rule_matches_hosts_and_paths(settings: dict[str, Any], conditions: list[dict[str, Any]]) -> None:
    assert declare_service(**settings).one(RULE, "web").inputs["conditions"] == conditions


@pytest.mark.parametrize(
    ("requested", "seen"),
    [("/alice", "/"), ("/alice/", "/"), ("/alice/page", "/page"), ("/alice/alice/x", "/alice/x")],
)
def test_app_does_not_see_the_path_prefix(requested: str, seen: str) -> None:
    """The same image has to work with its own host and below a prefix."""
    (transform,) = declare_service(host=None, path_prefix="/alice").one(RULE).inputs["transforms"]
    rewrite = transform["urlRewriteConfig"]["rewrite"]

    assert transform["type"] == "url-rewrite"
    assert re.sub(rewrite["regex"], rewrite["replace"].replace("$1", r"\1"), requested) == seen


def test_redirect_hosts_keep_path_and_query() -> None:
    graph = declare_service(redirect_hosts=("example.com", "old.example.com"))
    rule = graph.one(RULE, "web-redirect").inputs

    assert rule == {
        "listenerArn": "arn:of:the:listener",
        "priority": redirect_priority(service_settings()),
        "conditions": [{"hostHeader": {"values": ["example.com", "old.example.com"]}}],
        # The defaults are those of the request: #{protocol}, #{port}, #{path} and #{query}.
        "actions": [{"type": "redirect", "redirect": {"host": "www.example.com", "statusCode": "HTTP_301"}}],
    }
    assert rule["priority"] not in (graph.one(RULE, "web").inputs["priority"], 50_000)


def test_removing_the_exposure_changes_the_service_in_place() -> None:
    with_rule, without = declare_service(), declare_service(exposure="none", host=None)
    before, after = (graph.one(SERVICE) for graph in (with_rule, without))
    removed = {resource.urn for resource in with_rule.resources} - {r.urn for r in without.resources}

    assert before.urn == after.urn
    assert {key for key in before.inputs if before.inputs[key] != after.inputs.get(key)} == {
        "loadBalancers",
        "healthCheckGracePeriodSeconds",
    }
    assert {urn.partition("$aws:")[2] for urn in removed} == {
        "lb/listenerRule:ListenerRule::web",
        "lb/targetGroup:TargetGroup::web",
    }


def _declare_tcp(**settings: Any) -> Graph:
    changes = {"exposure": "tcp", "host": None, "container_port": 1883, **settings}
    return declare_service("mqtt", platform_changes={"network_load_balancer": BALANCER}, **changes)


def test_rules_and_listeners_are_deleted_before_their_replacement() -> None:
    """A target group belongs to one load balancer at a time."""
    replaced = [declare_service().one(RULE), *declare_service(rollout=rollout_settings("canary")).all(RULE)]

    assert all(resource.delete_before_replace for resource in [*replaced, _declare_tcp().one(LISTENER)])


def test_rules_of_two_target_groups_are_replaced_with_the_groups() -> None:
    """Their actions are ECS's, so an update would keep the old groups in them, and the new ones have no rule."""
    rules = [
        rule.replacement_trigger
        for version in ("http1", "http2")
        for rule in declare_service(protocol_version=version, rollout=rollout_settings("canary")).all(RULE)
    ]

    assert rules == ["http1 ip", "http1 ip", "http2 ip", "http2 ip"]


def test_listener_is_replaced_for_another_protocol() -> None:
    """The provider would keep the TLS policy, which AWS refuses for TCP."""
    triggers = [
        _declare_tcp(listener_protocol=protocol).one(LISTENER).replacement_trigger
        for protocol in ("tls", "tcp")
    ]

    assert triggers == ["tls", "tcp"]


def test_tcp_service_has_its_own_listener_before_the_service() -> None:
    graph = _declare_tcp(listener_port=8883)
    listener, service = graph.one(LISTENER), graph.one(SERVICE)

    assert listener.inputs == {
        "loadBalancerArn": "arn:of:the:network:load:balancer",
        "port": 8883,
        "protocol": "TCP",
        "defaultActions": [{"type": "forward", "targetGroupArn": GROUP}],
    }
    assert service.inputs["loadBalancers"] == [
        {"targetGroupArn": GROUP, "containerName": "mqtt", "containerPort": 1883}
    ]
    assert service.inputs["healthCheckGracePeriodSeconds"] == 30
    assert listener.urn in service.dependencies
    assert not graph.all(RULE)


def test_ingress_container_receives_tcp_connections() -> None:
    proxy = Sidecar(image="ghcr.io/example/proxy:1", port=8883)
    graph = _declare_tcp(sidecars={"proxy": proxy}, ingress_container="proxy")

    assert graph.one(LISTENER).inputs["port"] == 8883
    assert graph.one(SERVICE).inputs["loadBalancers"] == [
        {"targetGroupArn": GROUP, "containerName": "proxy", "containerPort": 8883}
    ]


def test_tls_listener_has_certificate_and_policy() -> None:
    inputs = _declare_tcp(listener_protocol="tls").one(LISTENER).inputs

    assert (inputs["protocol"], inputs["port"]) == ("TLS", 1883)
    assert inputs["certificateArn"] == "arn:of:the:certificate"
    assert inputs["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"


def test_udp_service_has_udp_listener_and_port() -> None:
    graph = _declare_tcp(listener_protocol="udp")

    assert graph.one(LISTENER).inputs["protocol"] == "UDP"
    assert graph.containers("mqtt")["mqtt"]["portMappings"] == [{"containerPort": 1883, "protocol": "udp"}]


def test_tcp_service_has_an_alarm_on_unhealthy_tasks_only() -> None:
    """A network load balancer measures nothing else."""
    graph = _declare_tcp(alarms=alarm_settings())
    alarm = graph.one(ALARM).inputs
    without = _declare_tcp(alarms=alarm_settings(unhealthy_tasks=0))

    assert graph.names(ALARM) == ["mqtt-unhealthy"]
    assert alarm["namespace"] == "AWS/NetworkELB"
    assert alarm["dimensions"]["LoadBalancer"] == SUFFIX
    assert not without.all(ALARM)
    assert without.one(SERVICE).inputs["alarms"] == {"alarmNames": [], "enable": False, "rollback": False}


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"exposure": "tcp", "host": None}, "web has exposure tcp and needs a network_load_balancer"),
        ({"rollout": rollout_settings("canary")}, "web has two target groups and needs a traffic_shift"),
    ],
)
def test_platform_without_what_a_service_needs_is_rejected(settings: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValueError, match=f"{missing}, got None"):
        declare_service(platform_changes={"traffic_shift": None}, **settings)
