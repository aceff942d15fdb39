"""What a picture has of a stack's resources."""

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
    return [(one.source, one.target, one.label) for one in picture.edges if one.kind in kinds]


@pytest.mark.parametrize("name", STACKS)
def test_nothing_that_a_shipped_stack_declares_is_left_out_without_a_reason(
    name: str, planned: Planned, picture: Callable[[str], Picture]
) -> None:
    assert not_drawn(planned(name), picture(name)) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_that_an_example_declares_is_left_out_without_a_reason(
    name: str, planned_example: Planned
) -> None:
    stack = planned_example(name)

    assert not_drawn(stack, picture_of(stack)) == []


def test_a_type_that_nothing_is_known_of_is_named() -> None:
    queue = resource("mq/broker:Broker", "queue")

    assert not_drawn(stack_of(queue), drawn(queue)) == ["aws:mq/broker:Broker queue"]


def test_no_type_is_both_drawn_and_left_out(planned: Planned, picture: Callable[[str], Picture]) -> None:
    types = {of.partition(" ")[0] for name in STACKS for node in picture(name).nodes for of in node.of}

    assert types & NOT_DRAWN.keys() == set()
    assert all(NOT_DRAWN.values())


@pytest.mark.parametrize("name", [*STACKS, *EXAMPLES])
def test_all_that_a_picture_refers_to_is_in_it(name: str, planned: Planned, planned_example: Planned) -> None:
    found = picture_of((planned if name in STACKS else planned_example)(name))
    ids = [node.id for node in found.nodes]
    named = {end for edge in found.edges for end in (edge.source, edge.target)}
    named |= {node.within for node in found.nodes if node.within}
    named |= {subnet for node in found.nodes for subnet in node.subnets}

    assert len(ids) == len({*ids})
    assert named <= {*ids}


def test_the_order_in_which_resources_arrive_changes_nothing(planned: Planned) -> None:
    """They are declared on several threads."""
    stack = planned("prod")
    shuffled = list(stack.resources)
    Random(1).shuffle(shuffled)  # noqa: S311 -- any other order will do

    assert picture_of(replace(stack, resources=tuple(shuffled))) == picture_of(stack)


def test_a_request_comes_by_name_and_firewall_to_the_load_balancer(
    picture: Callable[[str], Picture],
) -> None:
    ways = [edge for edge in edges(picture("prod"), "traffic") if not edge[0].startswith("listener")]

    assert ways == [
        ("internet", "dns", ""),
        ("dns", "firewall", ""),
        ("firewall", "load balancer load-balancer", ""),
    ]


def test_each_copy_is_reached_by_its_own_name(picture: Callable[[str], Picture]) -> None:
    ways = [edge for edge in edges(picture("dev"), "traffic") if edge[0].startswith("listener")]

    assert ways == [
        ("listener load-balancer-https", "service web", "dev.example.com"),
        ("listener load-balancer-https", "service web-alice", "alice.dev.example.com"),
        ("listener load-balancer-https", "service web-bob", "bob.dev.example.com"),
    ]


def test_a_new_version_is_tested_by_a_listener_of_its_own(picture: Callable[[str], Picture]) -> None:
    tests = [edge for edge in edges(picture("prod"), "traffic") if "(test)" in edge[2]]

    assert tests == [("listener load-balancer-test", "service web", "www.example.com (test)")]


def test_a_rule_is_told_by_host_and_path_and_a_path_that_all_have_by_nothing() -> None:
    def label(**conditions: list[str]) -> str:
        found = drawn(BALANCER, LISTENER, GROUP, BEHIND, rule(conditions))
        return edges(found, "traffic")[0][2]

    assert label(hostHeader=["a.com", "b.com"], pathPattern=["/api/*"]) == "a.com or b.com /api/*"
    assert label(pathPattern=["/*"]) == ""


def test_a_network_load_balancer_leads_to_a_service_without_a_rule(planned_example: Planned) -> None:
    found = picture_of(planned_example("network-load-balancer"))

    assert ("listener mqtt", "service mqtt", "") in edges(found, "traffic")
    assert found.node("load balancer network-load-balancer").lines == ("internet-facing", "fixed addresses")
    assert ("dns", "load balancer network-load-balancer", "") in edges(found, "traffic")


def test_the_tasks_of_a_service_have_a_number_a_size_and_containers(planned_example: Planned) -> None:
    web = picture_of(planned_example("sidecars")).node("service web")

    assert web.lines == ("0.5 vCPU, 1 GB", "Fargate")
    assert web.tasks is not None
    assert web.tasks.said == "1 task"
    assert web.tasks.containers == ("web", "nginx :8080", "prepare", "router", "opentelemetry")


def test_autoscaling_gives_the_fewest_and_the_most(picture: Callable[[str], Picture]) -> None:
    web = picture("prod").node("service web")

    assert web.tasks is not None
    assert web.tasks.said == "3 to 12 tasks"


def test_what_is_reached_from_outside_comes_before_what_works_for_it(planned_example: Planned) -> None:
    services = picture_of(planned_example("several-services")).of_kind("service")

    assert [one.name for one in services] == ["api", "api-alice", "web", "web-alice", "worker"]


def test_services_are_in_the_capacity_that_they_run_on(planned_example: Planned) -> None:
    found = picture_of(planned_example("ec2"))
    pool = found.node("capacity cluster-capacity-pool")

    assert found.node("service web").within == pool.id
    assert found.node("service worker").within == pool.within == "cluster"
    assert pool.lines == (
        "t4g.medium, t4g.large, m7g.medium",
        "0 to 6 instances, 1 on demand, then Spot",
    )
    # Tasks with a bridge have no subnets of their own.
    assert found.node("service web").subnets == pool.subnets != ()


def test_machines_outside_aws_are_in_no_subnet(planned_example: Planned) -> None:
    found = picture_of(planned_example("external"))

    assert found.node("service worker").within == "outside"
    assert found.node("service worker").subnets == ()
    assert found.node("outside").lines == ("2 machines outside AWS",)


def test_services_call_each_other_and_mount_files(planned_example: Planned) -> None:
    connected, stored = (picture_of(planned_example(name)) for name in ("service-connect", "storage"))

    assert edges(connected, "calls") == [
        ("service api", "service cache", "cache:6379"),
        ("service web", "service api", "api:80"),
        ("service web-alice", "service api", "api:80"),
    ]
    assert edges(stored, "mounts") == [("service web", "files files-uploads", "/data/uploads")]
    assert len(stored.node("files files-uploads").subnets) == 2


@pytest.mark.parametrize(
    ("expression", "zone", "said"),
    [
        ("cron(0 3 * * ? *)", "Europe/Berlin", "03:00 every day Europe/Berlin"),
        ("cron(30 7 ? * MON-FRI *)", None, "07:30 MON-FRI UTC"),
        ("cron(0/5 * * * ? *)", None, "0/5 * * * ? * UTC"),
        ("rate(1 hour)", None, "every hour"),
        ("rate(5 minutes)", None, "every 5 minutes"),
        ("at(2027-01-01T00:05:00)", "Europe/Berlin", "2027-01-01 00:05:00 Europe/Berlin"),
    ],
)
def test_a_schedule_says_when_it_is_due(expression: str, zone: str | None, said: str) -> None:
    target = {"ecsParameters": {"taskDefinitionArn": "arn:task", "taskCount": 2}}
    schedule = resource(
        "scheduler/schedule:Schedule",
        "web-nightly",
        scheduleExpression=expression,
        scheduleExpressionTimezone=zone,
        target=target,
    )
    found = drawn(schedule, service(taskDefinition="arn:task"))

    assert found.node("schedule web-nightly").lines == (said,)
    assert edges(found, "starts") == [("schedule web-nightly", "service web", "2 tasks")]


def test_who_is_told_of_what_goes_wrong_is_in_it(planned_example: Planned) -> None:
    found = picture_of(planned_example("notifications"))

    assert edges(found, "tells") == [("alarms", "topics", ""), ("events", "topics", "")]
    assert found.node("topics").lines == ("node-on-ecs-alarms", "node-on-ecs-urgent")
    assert found.node("topics").exists
    assert found.node("alarms").lines[0] == "users-are-hurt"


def test_secrets_are_told_by_name_and_reader_and_nothing_else() -> None:
    containers = [
        {"name": "web", "secrets": [{"name": "KEY", "valueFrom": "arn:aws:secretsmanager:secret:abc"}]},
        {"name": "nginx", "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:parameter/def"}]},
    ]
    definition = resource("ecs/taskDefinition:TaskDefinition", containerDefinitions=json.dumps(containers))
    found = drawn(definition)

    assert found.node("secrets manager").lines == ("KEY of web",)
    assert found.node("ssm parameters").lines == ("TOKEN of nginx",)
    assert "abc" not in json.dumps(found.as_json())


def test_what_others_own_is_shown_as_theirs(planned_example: Planned) -> None:
    found = picture_of(planned_example("existing-load-balancer"))
    theirs = {node.kind for node in found.nodes if node.exists}

    assert theirs == {"vpc", "zone", "private subnet", "cluster", "load balancer", "listener"}
    assert found.node("load balancer shared").name == "Application load balancer"
    assert edges(found, "traffic")[0] == (
        "listener of load balancer shared",
        "service web",
        "dev.example.com or app.example.com",
    )
    assert found.of_kind("listener")[0].lines == ("www.dev.example.com: redirects to dev.example.com",)


def test_ids_that_aws_gave_are_in_no_picture() -> None:
    """A picture of what is deployed is that of what is declared."""
    zones = (subnet("a"), subnet("b"))
    found = drawn(*zones, service("web", "a", "b"))

    assert found.node("service web").subnets == ("subnet private-a", "subnet private-b")
    assert "-id" not in json.dumps(found.as_json())


def test_what_is_not_known_before_an_update_is_left_out() -> None:
    """A stack that attaches to another knows neither its subnets nor its listener."""
    unknown = object()
    found = drawn(service(networkConfiguration={"subnets": unknown}, taskDefinition=unknown))

    assert found.of_kind("service")[0].subnets == ()


def test_an_edge_is_drawn_once() -> None:
    """A canary's rule leads to two target groups of one service."""
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
