"""A service behind a network load balancer."""

from __future__ import annotations

from typing import Any

import pytest

from infra.service.platform import ListeningBalancer
from infra.service.service import Service
from infra.settings import Sidecar
from tests.unit.infra.factories import alarm_settings, held, service_args, service_settings
from tests.unit.infra.recorder import Graph, declare, once

SERVICE = "aws:ecs/service:Service"
LISTENER = "aws:lb/listener:Listener"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/mqtt-1a2b3c4"
SUFFIX = "net/network-load-balancer/0123456789abcdef"
BALANCER = ListeningBalancer(
    arn="arn:of:the:network:load:balancer",
    arn_suffix=SUFFIX,
    dns_name="nlb.elb.amazonaws.com",
    zone_id="Z-OF-THE-NETWORK-LOAD-BALANCER",
    tls_policy="ELBSecurityPolicy-TLS13-1-3-2021-06",
    certificate_arn="arn:of:the:certificate",
)


@once
def _graph(**settings: Any) -> Graph:
    own = {"exposure": "tcp", "host": None, "container_port": 1883, **settings}
    arguments = service_args(service_settings(**own), network_load_balancer=BALANCER)
    return declare(lambda: Service("mqtt", arguments, opts=held()))


def test_a_listener_of_its_own_leads_to_it() -> None:
    graph = _graph(listener_port=8883)

    assert graph.one(LISTENER).inputs == {
        "loadBalancerArn": "arn:of:the:network:load:balancer",
        "port": 8883,
        "protocol": "TCP",
        "defaultActions": [
            {"type": "forward", "targetGroupArn": GROUP},
        ],
    }
    assert graph.one(SERVICE).inputs["loadBalancers"] == [
        {"targetGroupArn": GROUP, "containerName": "web", "containerPort": 1883}
    ]
    assert not graph.all("aws:lb/listenerRule:ListenerRule")


def test_a_listener_that_moves_to_another_load_balancer_leaves_the_old_one_first() -> None:
    """A target group belongs to one load balancer at a time."""
    assert _graph(listener_port=8883).one(LISTENER).delete_before_replace


def test_a_proxy_may_take_the_connections() -> None:
    proxy = Sidecar(image="ghcr.io/example/proxy:1", port=8883)
    graph = _graph(sidecars={"proxy": proxy}, ingress_container="proxy")

    assert graph.one(LISTENER).inputs["port"] == 8883
    assert graph.one(SERVICE).inputs["loadBalancers"] == [
        {"targetGroupArn": GROUP, "containerName": "proxy", "containerPort": 8883}
    ]


def test_a_listener_that_decrypts_has_certificate_and_policy() -> None:
    inputs = _graph(listener_protocol="tls").one(LISTENER).inputs

    assert (inputs["protocol"], inputs["port"]) == ("TLS", 1883)
    assert inputs["certificateArn"] == "arn:of:the:certificate"
    assert inputs["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-3-2021-06"


def test_of_udp_the_container_port_is_udp() -> None:
    graph = _graph(listener_protocol="udp")
    definition = graph.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"]

    assert graph.one(LISTENER).inputs["protocol"] == "UDP"
    assert '"portMappings": [{"containerPort": 1883, "protocol": "udp"}]' in definition


def test_the_service_waits_for_its_listener() -> None:
    """ECS refuses a target group that no listener leads to."""
    graph = _graph()

    assert graph.one(LISTENER).urn in graph.one(SERVICE).dependencies
    assert graph.one(SERVICE).inputs["healthCheckGracePeriodSeconds"] == 30


def test_of_connections_nothing_but_the_tasks_health_is_watched() -> None:
    graph = _graph(alarms=alarm_settings())
    alarm = graph.one(ALARM, "mqtt-unhealthy").inputs

    assert graph.names(ALARM) == ["mqtt-unhealthy"]
    assert alarm["namespace"] == "AWS/NetworkELB"
    assert alarm["dimensions"]["LoadBalancer"] == SUFFIX


def test_without_a_threshold_there_is_no_alarm() -> None:
    graph = _graph(alarms=alarm_settings(unhealthy_tasks=0))

    assert not graph.all(ALARM)
    assert graph.one(SERVICE).inputs["alarms"] == {"alarmNames": [], "enable": False, "rollback": False}


def test_without_a_network_load_balancer_there_is_no_such_service() -> None:
    arguments = service_args(service_settings(exposure="tcp", host=None))

    with pytest.raises(ValueError, match="mqtt has exposure tcp and needs a network_load_balancer, got None"):
        declare(lambda: Service("mqtt", arguments, opts=held()))
