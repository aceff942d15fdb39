"""What one part hands to the next, over all three stacks: each part alone is right in the components' tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.infra.recorder import Graph

STACKS = ("dev", "staging", "prod")
SERVICE = "aws:ecs/service:Service"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def graph(graphs: Callable[[str], Graph], stack: str) -> Graph:
    return graphs(stack)


def test_the_load_balancer_stands_in_the_public_subnets(graph: Graph) -> None:
    assert graph.one(LOAD_BALANCER).inputs["subnets"] == graph.exports["public_subnet_ids"]


def test_the_load_balancer_goes_before_the_whole_network_that_its_addresses_need(graph: Graph) -> None:
    """Its subnets alone would let the internet gateway go while it still has addresses there."""
    beside_the_subnets = graph.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").urn

    assert beside_the_subnets in graph.one(LOAD_BALANCER).dependencies


def test_tasks_have_public_addresses_where_there_is_no_nat_and_only_there(graph: Graph, stack: str) -> None:
    """Without NAT and without a public address they could not even pull their image."""
    public = stack == "dev"
    expected = graph.exports["public_subnet_ids" if public else "private_subnet_ids"]

    for service in graph.all(SERVICE):
        network = service.inputs["networkConfiguration"]
        assert (network["subnets"], network["assignPublicIp"]) == (expected, public)


def test_records_point_into_the_load_balancer_s_own_zone(graph: Graph) -> None:
    aliases = [alias for r in graph.all("aws:route53/record:Record") for alias in r.inputs.get("aliases", ())]

    assert aliases
    assert {alias["zoneId"] for alias in aliases} == {graph.exports["load_balancer_zone_id"]}


def test_the_app_keeps_connections_longer_than_the_load_balancer(
    declare_stack: Callable[..., Graph], stack: str
) -> None:
    graph = declare_stack(stack, {"idle-timeout-seconds": 77})

    (container,) = json.loads(
        graph.one("aws:ecs/taskDefinition:TaskDefinition", "web").inputs["containerDefinitions"]
    )
    assert graph.one(LOAD_BALANCER).inputs["idleTimeout"] == 77
    assert {"name": "IDLE_TIMEOUT_SECONDS", "value": "77"} in container["environment"]


def test_logs_are_kept_as_long_as_config_says(declare_stack: Callable[..., Graph], stack: str) -> None:
    graph = declare_stack(stack, {"log-retention-days": 14})

    assert graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["retentionInDays"] == 14


def test_another_container_port_makes_no_other_target_group(
    declare_stack: Callable[..., Graph], stack: str
) -> None:
    """A group that is replaced is empty while the listener's rule already leads to it."""
    before, after = (
        declare_stack(stack, {"container-port": port}).one("aws:lb/targetGroup:TargetGroup", "web").inputs
        for port in (3000, 4000)
    )

    assert before == after
