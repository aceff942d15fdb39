"""What one part hands to the next, over all three stacks: each part alone is right in the components' tests."""

from __future__ import annotations

import json

from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.recorder import Graph

SERVICE = "aws:ecs/service:Service"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def test_the_load_balancer_stands_in_the_public_subnets(graph: Graph) -> None:
    assert graph.one(LOAD_BALANCER).inputs["subnets"] == graph.exports["public_subnet_ids"]


def test_the_load_balancer_goes_before_the_whole_network_that_its_addresses_need(graph: Graph) -> None:
    """Its subnets alone would let the internet gateway go while it still has addresses there."""
    beside_the_subnets = graph.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").urn

    assert beside_the_subnets in graph.one(LOAD_BALANCER).dependencies


def test_tasks_have_public_addresses_where_there_is_no_nat_and_only_there(graph: Graph) -> None:
    """Without NAT and without a public address they could not even pull their image."""
    public = graph.one("awsx:ec2:Vpc").inputs["natGateways"] == {"strategy": "None"}
    expected = graph.exports["public_subnet_ids" if public else "private_subnet_ids"]

    for service in graph.all(SERVICE):
        network = service.inputs["networkConfiguration"]
        assert (network["subnets"], network["assignPublicIp"]) == (expected, public)


def test_records_point_into_the_load_balancer_s_own_zone(graph: Graph) -> None:
    aliases = [alias for r in graph.all("aws:route53/record:Record") for alias in r.inputs.get("aliases", ())]

    assert aliases
    assert {alias["zoneId"] for alias in aliases} == {graph.exports["load_balancer_zone_id"]}


def test_what_the_configuration_says_of_two_parts_reaches_both(declare_stack: DeclareStack) -> None:
    """The app keeps connections longer than the load balancer; logs stay as long as asked for."""
    graph = declare_stack("dev", {"idle-timeout-seconds": 77, "log-retention-days": 14})
    definition = graph.one("aws:ecs/taskDefinition:TaskDefinition", "web").inputs
    (container,) = json.loads(definition["containerDefinitions"])

    assert graph.one(LOAD_BALANCER).inputs["idleTimeout"] == 77
    assert {"name": "IDLE_TIMEOUT_SECONDS", "value": "77"} in container["environment"]
    assert graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["retentionInDays"] == 14
