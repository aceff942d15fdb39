"""The whole: what leads where, and what a change leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.fake_cloud import DIGEST, REGISTRY
from tests.unit.infra.recorder import Declared, Graph

SERVICE = "aws:ecs/service:Service"
RULE = "aws:lb/listenerRule:ListenerRule"
RECORD = "aws:route53/record:Record"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
NO_DOMAIN = {"domain": "", "zone": ""}
REFERENCE = f"{REGISTRY}/app@sha256:{'a' * 64}"
DIFFERENT = {
    "multidev": [
        {
            "name": "alice",
            "image": REFERENCE,
            "desired-count": 3,
            "cpu": 512,
            "memory": 1024,
            "environment": {"LOG_LEVEL": "debug"},
            "rollout": {"strategy": "linear"},
        },
        {"name": "bob", "image": "ghcr.io/org/app:v1"},
        "carol",
    ]
}


def _by_urn(graph: Graph) -> dict[str, Declared]:
    return {resource.urn: resource for resource in graph.resources}


def _container(graph: Graph, name: str) -> dict[str, Any]:
    (container,) = json.loads(graph.one(DEFINITION, name).inputs["containerDefinitions"])
    return container


@pytest.mark.parametrize(
    ("names", "before", "after", "only"),
    [
        ({}, ["alice", "bob"], ["alice", "bob", "carol"], "carol"),
        ({}, ["alice", "bob"], ["bob"], "alice"),
        (NO_DOMAIN, ["alice", "bob"], ["alice"], "bob"),
        (NO_DOMAIN, [], ["alice"], "alice"),
    ],
    ids=str,
)
def test_a_copy_more_or_less_changes_nothing_of_the_others(
    declare_stack: DeclareStack,
    names: dict[str, str],
    before: list[str],
    after: list[str],
    only: str,
) -> None:
    """Resource by resource, with inputs, dependencies and options: colleagues do not feel it."""
    old = _by_urn(declare_stack("dev", {**names, "multidev": before}))
    new = _by_urn(declare_stack("dev", {**names, "multidev": after}))

    assert {urn: new[urn] for urn in old.keys() & new.keys()} == {
        urn: old[urn] for urn in old.keys() & new.keys()
    }
    touched = old.keys() ^ new.keys()
    assert touched
    assert [urn for urn in touched if not urn.rpartition("::")[2].startswith(f"web-{only}")] == []


def test_the_order_of_the_copies_makes_no_difference(declare_stack: DeclareStack) -> None:
    one = declare_stack("dev", {"multidev": ["alice", "bob"]})
    other = declare_stack("dev", {"multidev": ["bob", "alice"]})

    assert _by_urn(one) == _by_urn(other)


def test_a_copy_can_differ_in_what_its_object_says(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", DIFFERENT)
    definition = graph.one(DEFINITION, "web-alice").inputs

    assert graph.one(SERVICE, "web-alice").inputs["desiredCount"] == 3
    assert (definition["cpu"], definition["memory"]) == ("512", "1024")
    assert _container(graph, "web-alice")["image"] == REFERENCE
    assert {"name": "LOG_LEVEL", "value": "debug"} in _container(graph, "web-alice")["environment"]
    assert _container(graph, "web-carol")["image"] == _container(graph, "web")["image"] != REFERENCE


def test_a_copy_can_move_traffic_where_the_main_service_rolls(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", DIFFERENT)

    assert graph.one(SERVICE, "web-alice").inputs["deploymentConfiguration"]["strategy"] == "LINEAR"
    assert [name for name in graph.names("aws:lb/targetGroup:TargetGroup") if "green" in name] == [
        "web-alice-green"
    ]
    assert graph.one("aws:iam/role:Role", "infrastructure")


def test_a_tag_of_another_registry_is_asked_there(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", DIFFERENT)

    # Previews and CI machines may have no Docker daemon.
    assert graph.one("pulumi:providers:docker", "docker").inputs == {"disableDockerDaemonCheck": "true"}
    assert _container(graph, "web-bob")["image"] == f"ghcr.io/org/app@{DIGEST}"


def test_docker_has_no_provider_where_nothing_is_asked_of_it(declare_stack: DeclareStack) -> None:
    assert declare_stack("dev").all("pulumi:providers:docker") == []


def test_every_host_has_a_record_and_a_rule(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev")
    hosts = {"dev.example.com", "alice.dev.example.com", "bob.dev.example.com"}

    assert {record.inputs["name"] for record in graph.all(RECORD) if record.inputs["type"] == "A"} == hosts
    assert {rule.inputs["conditions"][0]["hostHeader"]["values"][0] for rule in graph.all(RULE)} == hosts


def test_with_ipv6_everything_on_the_way_has_it(declare_stack: DeclareStack) -> None:
    """One part without it, and the AAAA record leads nowhere."""
    graph = declare_stack("dev", {"ipv6": True})
    records = [record.inputs["name"] for record in graph.all(RECORD) if record.inputs["type"] == "AAAA"]

    assert sorted(records) == ["alice.dev.example.com", "bob.dev.example.com", "dev.example.com"]
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["ipAddressType"] == "dualstack"
    assert graph.one("awsx:ec2:Vpc").inputs["assignGeneratedIpv6CidrBlock"] is True
    assert len(graph.all("aws:ec2/route:Route")) == 2
    assert [
        rule.name
        for rule in graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if rule.inputs.get("cidrIpv6") == "::/0"
    ]


def test_without_a_domain_there_is_plain_http_and_no_name(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", NO_DOMAIN)
    address = f"http://{graph.exports['load_balancer_dns_name']}"

    assert graph.all(RECORD) == []
    assert graph.all("aws:acm/certificate:Certificate") == []
    assert [listener.inputs["port"] for listener in graph.all("aws:lb/listener:Listener")] == [80]
    assert graph.exports["urls"] == {
        "web": address,
        "web-alice": f"{address}/alice",
        "web-bob": f"{address}/bob",
    }
    assert "zone_id" not in graph.exports


def test_services_wait_for_routes_rules_and_capacity(graph: Graph) -> None:
    """Else the first tasks cannot pull their image, and the circuit breaker counts them."""
    needed = [
        resource.urn
        for token in (
            "awsx:ec2:Vpc",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        )
        for resource in graph.all(token)
    ]

    assert [
        service.name for service in graph.all(SERVICE) if not service.dependencies.issuperset(needed)
    ] == []


def test_outputs_are_all_that_another_stack_needs_to_attach(declare_stack: DeclareStack) -> None:
    exports = declare_stack("dev").exports

    assert exports.keys() == {
        "url",
        "urls",
        "image",
        "cluster_name",
        "cluster_arn",
        "service_names",
        "repository_url",
        "log_group_name",
        "load_balancer_arn",
        "load_balancer_dns_name",
        "load_balancer_zone_id",
        "attachment",
        "listener_arn",
        "zone_id",
        "vpc_id",
        "public_subnet_ids",
        "private_subnet_ids",
        "tasks_security_group_id",
    }
    assert exports["url"] == "https://dev.example.com"
    assert exports["urls"] == {
        "web": "https://dev.example.com",
        "web-alice": "https://alice.dev.example.com",
        "web-bob": "https://bob.dev.example.com",
    }
    assert exports["image"] == f"{exports['repository_url']}@{DIGEST}"
    assert exports["service_names"] == {
        "web": "web-1a2b3c4",
        "web-alice": "web-alice-1a2b3c4",
        "web-bob": "web-bob-1a2b3c4",
    }


def test_prod_can_run_the_very_image_of_staging(declare_stack: DeclareStack) -> None:
    other = f"{REGISTRY}/shared@sha256:{'a' * 64}"
    staging = {"organization/node-on-ecs/staging": {"image": other}}

    graph = declare_stack("prod", {"repository": "shared", "image-from": "staging"}, stacks=staging)

    assert _container(graph, "web")["image"] == graph.exports["image"] == other


def test_an_existing_vpc_is_all_that_the_network_is(declare_stack: DeclareStack) -> None:
    changes = {
        "vpc-id": "vpc-0123456789abcdef0",
        "public-subnet-ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "private-subnet-ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
    }

    graph = declare_stack("staging", changes)

    assert graph.all("awsx:ec2:Vpc") == []
    assert graph.exports["vpc_id"] == "vpc-0123456789abcdef0"
    assert graph.one(SERVICE).inputs["networkConfiguration"]["subnets"] == changes["private-subnet-ids"]


def test_the_main_service_moves_traffic_and_its_copies_roll(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {"rollout": {"strategy": "canary"}})
    strategies = {s.name: s.inputs["deploymentConfiguration"]["strategy"] for s in graph.all(SERVICE)}

    assert strategies == {"web": "CANARY", "web-alice": "ROLLING", "web-bob": "ROLLING"}
    assert graph.names("aws:lb/targetGroup:TargetGroup") == ["web", "web-alice", "web-bob", "web-green"]


def test_another_strategy_replaces_nothing_that_is_there(declare_stack: DeclareStack) -> None:
    """Resource by resource: what a rolling stack has stays under the name that it has in the state."""
    rolling, canary = (
        _by_urn(declare_stack("staging", {"rollout": {"strategy": strategy}}))
        for strategy in ("rolling", "canary")
    )
    different = {urn.rpartition("::")[2] for urn in rolling if rolling[urn].inputs != canary[urn].inputs}

    assert rolling.keys() <= canary.keys()
    # The rule's actions are not changed but ignored, the service is told the strategy.
    assert different == {"web"}
    assert canary[next(urn for urn in canary if RULE in urn and urn.endswith("::web"))].ignore_changes == (
        "actions",
    )


def test_testers_reach_the_test_listener(declare_stack: DeclareStack) -> None:
    graph = declare_stack(
        "staging", {"rollout": {"strategy": "blue-green"}, "test-cidrs": ["203.0.113.0/24"]}
    )
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    (test,) = [rule.inputs for rule in rules if "-test-" in rule.name]

    assert (test["cidrIpv4"], test["fromPort"]) == ("203.0.113.0/24", 8443)
    assert graph.one("aws:lb/listener:Listener", "load-balancer-test").inputs["port"] == 8443


def test_a_copy_more_or_less_changes_nothing_where_all_move_traffic(declare_stack: DeclareStack) -> None:
    def copy(name: str) -> dict[str, Any]:
        return {"name": name, "rollout": {"strategy": "canary"}}

    old = _by_urn(declare_stack("prod", {"multidev": [copy("alice")]}))
    new = _by_urn(declare_stack("prod", {"multidev": [copy("alice"), copy("bob")]}))

    assert {urn: new[urn] for urn in old} == old
