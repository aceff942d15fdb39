"""A whole stack: what changes leave alone, addresses, outputs."""

from __future__ import annotations

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
def test_adding_or_removing_a_copy_changes_no_other(
    declare_stack: DeclareStack,
    names: dict[str, str],
    before: list[str],
    after: list[str],
    only: str,
) -> None:
    """Compares resources with their inputs, dependencies and options."""
    old = _by_urn(declare_stack("dev", {**names, "multidev": before}))
    new = _by_urn(declare_stack("dev", {**names, "multidev": after}))

    assert {urn: new[urn] for urn in old.keys() & new.keys()} == {
        urn: old[urn] for urn in old.keys() & new.keys()
    }
    changed = old.keys() ^ new.keys()
    assert changed
    assert [urn for urn in changed if not urn.rpartition("::")[2].startswith(f"web-{only}")] == []


def test_order_of_copies_makes_no_difference(declare_stack: DeclareStack) -> None:
    first = declare_stack("dev", {"multidev": ["alice", "bob"]})
    second = declare_stack("dev", {"multidev": ["bob", "alice"]})

    assert _by_urn(first) == _by_urn(second)


def test_copy_has_its_own_settings(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", DIFFERENT)
    definition = graph.one(DEFINITION, "web-alice").inputs

    assert graph.one(SERVICE, "web-alice").inputs["desiredCount"] == 3
    assert (definition["cpu"], definition["memory"]) == ("512", "1024")
    assert graph.containers("web-alice")["web-alice"]["image"] == REFERENCE
    assert {"name": "LOG_LEVEL", "value": "debug"} in graph.containers("web-alice")["web-alice"][
        "environment"
    ]
    assert (
        graph.containers("web-carol")["web-carol"]["image"]
        == graph.containers("web")["web"]["image"]
        != REFERENCE
    )


def test_copy_may_have_another_strategy_than_the_main_service(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", DIFFERENT)

    assert graph.one(SERVICE, "web-alice").inputs["deploymentConfiguration"]["strategy"] == "LINEAR"
    assert [name for name in graph.names("aws:lb/targetGroup:TargetGroup") if "green" in name] == [
        "web-alice-green"
    ]
    assert graph.one("aws:iam/role:Role", "infrastructure")


def test_tag_of_another_registry_is_resolved_to_a_digest(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", DIFFERENT)

    # Previews and CI machines may have no Docker daemon.
    assert graph.one("pulumi:providers:docker", "docker").inputs == {"disableDockerDaemonCheck": "true"}
    assert graph.containers("web-bob")["web-bob"]["image"] == f"ghcr.io/org/app@{DIGEST}"


def test_docker_provider_exists_only_if_it_is_used(declare_stack: DeclareStack) -> None:
    assert declare_stack("dev").all("pulumi:providers:docker") == []


def test_every_host_has_a_record_and_a_rule(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev")
    hosts = {"dev.example.com", "alice.dev.example.com", "bob.dev.example.com"}

    assert {record.inputs["name"] for record in graph.all(RECORD) if record.inputs["type"] == "A"} == hosts
    assert {rule.inputs["conditions"][0]["hostHeader"]["values"][0] for rule in graph.all(RULE)} == hosts


def test_ipv6_covers_network_load_balancer_and_records(declare_stack: DeclareStack) -> None:
    """Without it in one part the AAAA record would not work."""
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


def test_stack_without_a_domain_has_plain_http_and_no_records(declare_stack: DeclareStack) -> None:
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


def test_services_depend_on_routes_rules_and_capacity(graph: Graph) -> None:
    """Else the first tasks, which the circuit breaker counts, cannot pull their image."""
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


def test_stack_has_its_documented_outputs(declare_stack: DeclareStack) -> None:
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


def test_prod_may_run_the_image_of_staging(declare_stack: DeclareStack) -> None:
    other = f"{REGISTRY}/shared@sha256:{'a' * 64}"
    staging = {"organization/node-on-ecs/staging": {"image": other}}

    graph = declare_stack("prod", {"repository": "shared", "image-from": "staging"}, stacks=staging)

    assert graph.containers("web")["web"]["image"] == graph.exports["image"] == other


def test_existing_vpc_is_used_and_no_network_created(declare_stack: DeclareStack) -> None:
    changes = {
        "vpc-id": "vpc-0123456789abcdef0",
        "public-subnet-ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "private-subnet-ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
    }

    graph = declare_stack("staging", changes)

    assert graph.all("awsx:ec2:Vpc") == []
    assert graph.exports["vpc_id"] == "vpc-0123456789abcdef0"
    assert graph.one(SERVICE).inputs["networkConfiguration"]["subnets"] == changes["private-subnet-ids"]


@pytest.mark.parametrize("nat", ["none", "single"])
def test_file_system_has_one_mount_target_in_each_zone_of_an_existing_vpc(
    declare_stack: DeclareStack, nat: str
) -> None:
    """With another `nat` or subnet the target of a zone is replaced: EFS has one in each zone."""
    # The last digit of an id stands for the zone.
    public, private = (f"subnet-{kind}123456789abcdef{{}}" for kind in "ab")
    graph = declare_stack(
        "staging",
        {
            "vpc-id": "vpc-0123456789abcdef0",
            "public-subnet-ids": [public.format(zone) for zone in "01"],
            "private-subnet-ids": [private.format(zone) for zone in "105"],
            "nat": nat,
            "volumes": {"uploads": {"path": "/data", "efs": {}}},
        },
    )
    subnet = public if nat == "none" else private

    assert {r.name: r.inputs["subnetId"] for r in graph.all("aws:efs/mountTarget:MountTarget")} == {
        "files-uploads-us-east-1a": subnet.format(0),
        "files-uploads-us-east-1b": subnet.format(1),
    }


@pytest.mark.parametrize("nat", ["none", "single"])
def test_interface_endpoints_stay_in_their_subnets_when_tasks_move(
    declare_stack: DeclareStack, nat: str
) -> None:
    """AWS refuses a second subnet of a zone while an endpoint has the first."""
    graph = declare_stack("dev", {"nat": nat, "interface-endpoints": ["logs"]})
    endpoint = graph.one("aws:ec2/vpcEndpoint:VpcEndpoint", "endpoints-logs").inputs

    assert endpoint["subnetIds"] == graph.exports["private_subnet_ids"]


def test_copies_of_a_canary_service_are_rolling(declare_stack: DeclareStack) -> None:
    graph = declare_stack("dev", {"rollout": {"strategy": "canary"}})
    strategies = {s.name: s.inputs["deploymentConfiguration"]["strategy"] for s in graph.all(SERVICE)}

    assert strategies == {"web": "CANARY", "web-alice": "ROLLING", "web-bob": "ROLLING"}
    assert graph.names("aws:lb/targetGroup:TargetGroup") == ["web", "web-alice", "web-bob", "web-green"]


def test_test_listener_is_open_to_test_cidrs(declare_stack: DeclareStack) -> None:
    graph = declare_stack(
        "staging", {"rollout": {"strategy": "blue-green"}, "test-cidrs": ["203.0.113.0/24"]}
    )
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    (test,) = [rule.inputs for rule in rules if "-test-" in rule.name]

    assert (test["cidrIpv4"], test["fromPort"]) == ("203.0.113.0/24", 8443)
    assert graph.one("aws:lb/listener:Listener", "load-balancer-test").inputs["port"] == 8443


def test_adding_a_copy_with_canary_changes_no_other(declare_stack: DeclareStack) -> None:
    def copy(name: str) -> dict[str, Any]:
        return {"name": name, "rollout": {"strategy": "canary"}}

    old = _by_urn(declare_stack("prod", {"multidev": [copy("alice")]}))
    new = _by_urn(declare_stack("prod", {"multidev": [copy("alice"), copy("bob")]}))

    assert {urn: new[urn] for urn in old} == old
