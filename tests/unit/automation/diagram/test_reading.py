"""The nodes and edges of a stack's picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from automation.cost.resources import Resource, Stack
from automation.diagram.model import Edge, Picture
from automation.diagram.reading import NOT_DRAWN, not_drawn, picture_of
from tests.unit.automation.conftest import EXAMPLES, STACKS
from tests.unit.automation.diagram.conftest import drawn, resource, service, stack_of, subnet

Planned = Callable[[str], Stack]
BALANCER = resource("lb/loadBalancer:LoadBalancer", "front", loadBalancerType="application")
LISTENER = resource(
    "lb/listener:Listener", "https", loadBalancerArn=BALANCER.properties["arn"], protocol="HTTPS", port=443
)
GROUP = resource("lb/targetGroup:TargetGroup", "web")
BEHIND = service(loadBalancers=[{"targetGroupArn": GROUP.properties["arn"]}])


def rule(conditions: dict[str, list[str]]) -> Resource:
    return resource(
        "lb/listenerRule:ListenerRule",
        listenerArn=LISTENER.properties["arn"],
        conditions=[{key: {"values": values}} for key, values in conditions.items()],
        actions=[{"type": "forward", "targetGroupArn": GROUP.properties["arn"]}],
    )


def edges(picture: Picture, *kinds: str) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.label) for edge in picture.edges if edge.kind in kinds]


@pytest.mark.parametrize("name", STACKS)
def test_each_type_of_a_shipped_stack_is_drawn_or_left_out_for_a_reason(
    name: str, planned: Planned, picture: Callable[[str], Picture]
) -> None:
    assert not_drawn(planned(name), picture(name)) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_type_of_an_example_is_drawn_or_left_out_for_a_reason(
    name: str, planned_example: Planned
) -> None:
    stack = planned_example(name)

    assert not_drawn(stack, picture_of(stack)) == []


def test_a_resource_of_an_unknown_type_is_reported() -> None:
    queue = resource("mq/broker:Broker", "queue")

    assert not_drawn(stack_of(queue), drawn(queue)) == ["aws:mq/broker:Broker queue"]


def test_no_type_is_both_drawn_and_left_out(planned: Planned, picture: Callable[[str], Picture]) -> None:
    types = {of.partition(" ")[0] for name in STACKS for node in picture(name).nodes for of in node.resources}

    assert types & NOT_DRAWN.keys() == set()
    assert all(NOT_DRAWN.values())


@pytest.mark.parametrize("name", [*STACKS, *EXAMPLES])
def test_edges_and_nodes_refer_to_nodes_of_the_picture(
    name: str, planned: Planned, planned_example: Planned
) -> None:
    found = picture_of((planned if name in STACKS else planned_example)(name))
    ids = [node.id for node in found.nodes]
    named = {end for edge in found.edges for end in (edge.source, edge.target)}
    named |= {node.within for node in found.nodes if node.within}
    named |= {subnet for node in found.nodes for subnet in node.subnets}

    assert len(ids) == len({*ids})
    assert named <= {*ids}


def test_a_picture_does_not_depend_on_the_order_of_resources(planned: Planned) -> None:
    """The program declares them on several threads."""
    stack = planned("prod")
    shuffled = list(stack.resources)
    Random(1).shuffle(shuffled)  # noqa: S311 -- any other order will do

    assert picture_of(replace(stack, resources=tuple(shuffled))) == picture_of(stack)


def test_a_request_passes_dns_and_firewall_before_the_load_balancer(
    picture: Callable[[str], Picture],
) -> None:
    found = [edge for edge in edges(picture("prod"), "traffic") if not edge[0].startswith("listener")]

    assert found == [
        ("internet", "dns", ""),
        ("dns", "firewall", ""),
        ("firewall", "load balancer load-balancer", ""),
    ]


def test_each_copy_has_its_own_host(picture: Callable[[str], Picture]) -> None:
    found = [edge for edge in edges(picture("dev"), "traffic") if edge[0].startswith("listener")]

    assert found == [
        ("listener load-balancer-https", "service web", "dev.example.com"),
        ("listener load-balancer-https", "service web-alice", "alice.dev.example.com"),
        ("listener load-balancer-https", "service web-bob", "bob.dev.example.com"),
    ]


def test_a_new_version_has_a_test_listener(picture: Callable[[str], Picture]) -> None:
    tests = [edge for edge in edges(picture("prod"), "traffic") if "(test)" in edge[2]]

    assert tests == [("listener load-balancer-test", "service web", "www.example.com (test)")]


def test_a_rule_is_labelled_with_host_and_path_except_for_a_path_that_matches_all() -> None:
    def label(**conditions: list[str]) -> str:
        found = drawn(BALANCER, LISTENER, GROUP, BEHIND, rule(conditions))
        return edges(found, "traffic")[0][2]

    assert label(hostHeader=["a.com", "b.com"], pathPattern=["/api/*"]) == "a.com or b.com /api/*"
    assert label(pathPattern=["/*"]) == ""


def test_a_network_load_balancer_forwards_without_rules(planned_example: Planned) -> None:
    found = picture_of(planned_example("network-load-balancer"))

    assert ("listener mqtt", "service mqtt", "") in edges(found, "traffic")
    assert found.node("load balancer network-load-balancer").lines == ("internet-facing", "fixed addresses")
    assert ("dns", "load balancer network-load-balancer", "") in edges(found, "traffic")


def test_a_service_shows_number_size_and_containers_of_its_tasks(planned_example: Planned) -> None:
    web = picture_of(planned_example("sidecars")).node("service web")

    assert web.lines == ("0.5 vCPU, 1 GB", "Fargate")
    assert web.tasks is not None
    assert web.tasks.text == "1 task"
    assert web.tasks.containers == ("web", "nginx :8080", "prepare", "router", "opentelemetry")


def test_a_service_with_autoscaling_shows_minimum_and_maximum(picture: Callable[[str], Picture]) -> None:
    web = picture("prod").node("service web")

    assert web.tasks is not None
    assert web.tasks.text == "3 to 12 tasks"


def test_services_behind_a_load_balancer_come_first(planned_example: Planned) -> None:
    services = picture_of(planned_example("several-services")).of_kind("service")

    assert [node.name for node in services] == ["api", "api-alice", "web", "web-alice", "worker"]


def test_services_are_within_their_capacity(planned_example: Planned) -> None:
    found = picture_of(planned_example("ec2"))
    pool = found.node("capacity cluster-capacity-pool")

    assert found.node("service web").within == pool.id
    assert found.node("service worker").within == pool.within == "cluster"
    assert pool.lines == ("t4g.medium, t4g.large, m7g.medium", "0 to 6 instances, 1 on demand, then Spot")
    # Tasks in bridge mode are in the subnets of their instances.
    assert found.node("service web").subnets == pool.subnets != ()


def test_tasks_outside_aws_have_no_subnets(planned_example: Planned) -> None:
    found = picture_of(planned_example("external"))

    assert found.node("service worker").within == "outside"
    assert found.node("service worker").subnets == ()
    assert found.node("outside").lines == ("2 machines outside AWS",)


def test_services_are_connected_to_services_that_they_call_and_files_that_they_mount(
    planned_example: Planned,
) -> None:
    connected, stored = (picture_of(planned_example(name)) for name in ("service-connect", "storage"))

    assert edges(connected, "calls") == [
        ("service api", "service cache", "cache:6379"),
        ("service web", "service api", "api:80"),
        ("service web-alice", "service api", "api:80"),
    ]
    assert edges(stored, "mounts") == [("service web", "files files-uploads", "/data/uploads")]
    assert len(stored.node("files files-uploads").subnets) == 2


@pytest.mark.parametrize(
    ("expression", "zone", "text"),
    [
        ("cron(0 3 * * ? *)", "Europe/Berlin", "03:00 every day Europe/Berlin"),
        ("cron(30 7 ? * MON-FRI *)", None, "07:30 MON-FRI UTC"),
        ("cron(0/5 * * * ? *)", None, "0/5 * * * ? * UTC"),
        ("rate(1 hour)", None, "every hour"),
        ("rate(5 minutes)", None, "every 5 minutes"),
        ("at(2027-01-01T00:05:00)", "Europe/Berlin", "2027-01-01 00:05:00 Europe/Berlin"),
    ],
)
def test_a_schedule_shows_when_it_runs(expression: str, zone: str | None, text: str) -> None:
    target = {"ecsParameters": {"taskDefinitionArn": "arn:task", "taskCount": 2}}
    schedule = resource(
        "scheduler/schedule:Schedule",
        "web-nightly",
        scheduleExpression=expression,
        scheduleExpressionTimezone=zone,
        target=target,
    )
    found = drawn(schedule, service(taskDefinition="arn:task"))

    assert found.node("schedule web-nightly").lines == (text,)
    assert edges(found, "starts") == [("schedule web-nightly", "service web", "2 tasks")]


def test_alarms_and_events_are_connected_to_their_topics(planned_example: Planned) -> None:
    found = picture_of(planned_example("notifications"))

    assert edges(found, "notifies") == [("alarms", "topics", ""), ("events", "topics", "")]
    assert found.node("topics").lines == ("node-on-ecs-alarms", "node-on-ecs-urgent")
    assert found.node("topics").external
    assert found.node("alarms").lines[0] == "user-impact"


def test_secrets_are_shown_by_variable_and_container_only() -> None:
    containers = [
        {"name": "web", "secrets": [{"name": "KEY", "valueFrom": "arn:aws:secretsmanager:secret:abc"}]},
        {"name": "nginx", "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:parameter/def"}]},
    ]
    definition = resource("ecs/taskDefinition:TaskDefinition", containerDefinitions=json.dumps(containers))
    found = drawn(definition)

    assert found.node("secrets manager").lines == ("KEY of web",)
    assert found.node("ssm parameters").lines == ("TOKEN of nginx",)
    assert "abc" not in json.dumps(found.as_json())


def test_existing_resources_are_marked(planned_example: Planned) -> None:
    found = picture_of(planned_example("existing-load-balancer"))
    existing = {node.kind for node in found.nodes if node.external}

    assert existing == {"vpc", "zone", "private subnet", "cluster", "load balancer", "listener"}
    assert found.node("load balancer shared").name == "Application load balancer"
    assert edges(found, "traffic")[0] == (
        "listener of load balancer shared",
        "service web",
        "dev.example.com or app.example.com",
    )
    assert found.of_kind("listener")[0].lines == ("www.dev.example.com: redirects to dev.example.com",)


def test_a_picture_has_no_ids_of_aws() -> None:
    """Pictures of the deployed and of the declared stack are the same."""
    zones = (subnet("a"), subnet("b"))
    found = drawn(*zones, service("web", "a", "b"))

    assert found.node("service web").subnets == ("subnet private-a", "subnet private-b")
    assert "-id" not in json.dumps(found.as_json())


def test_unknown_outputs_are_left_out() -> None:
    """An attached stack knows subnets and listener only in an update."""
    unknown = object()
    found = drawn(service(networkConfiguration={"subnets": unknown}, taskDefinition=unknown))

    assert found.of_kind("service")[0].subnets == ()


def test_an_edge_is_drawn_once() -> None:
    """A canary's rule forwards to two target groups of one service."""
    forward = {"targetGroups": [{"arn": GROUP.properties["arn"]}] * 2}
    twice = resource(
        "lb/listenerRule:ListenerRule",
        listenerArn=LISTENER.properties["arn"],
        actions=[{"type": "forward", "forward": forward}],
    )
    found = drawn(BALANCER, LISTENER, GROUP, BEHIND, twice)

    assert [edge for edge in found.edges if edge.target == "service web"] == [
        Edge(source="listener https", target="service web", kind="traffic")
    ]
