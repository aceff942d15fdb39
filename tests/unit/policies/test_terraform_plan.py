"""A stack as a Terraform plan, which scanners read."""

from __future__ import annotations

from typing import Any

import pytest

from policies.resources import UNKNOWN, Declaration, Resource
from policies.terraform_plan import terraform_plan, terraform_type
from tests.unit.infra.conftest import DeclareStack
from tests.unit.policies.declared import declaration_of


def resource(token: str, name: str = "it", **inputs: Any) -> Resource:
    return Resource(type=token, name=name, inputs=inputs, urn=f"urn:{token}:{name}")


def values(planned_resource: Resource) -> dict[str, Any]:
    (planned,) = terraform_plan(Declaration.of([planned_resource]))["planned_values"]["root_module"][
        "resources"
    ]
    return planned["values"]


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:lb/targetGroup:TargetGroup", "aws_lb_target_group"),
        ("aws:ec2/vpc:Vpc", "aws_vpc"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
        ("aws:servicediscovery/service:Service", "aws_service_discovery_service"),
        ("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws_iam_openid_connect_provider"),
        ("docker-build:index:Image", None),
    ],
)
def test_types_are_converted_to_terraform_names(token: str, name: str | None) -> None:
    assert terraform_type(token) == name


def test_properties_are_snake_case_and_blocks_are_lists_with_singular_names() -> None:
    inputs = {
        "cidrIpv4": "0.0.0.0/0",
        "subnets": ["a", "b"],
        "accessLogs": {"enabled": True},
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE"}],
        "blockDeviceMappings": [{"deviceName": "/dev/xvda"}],
    }

    assert values(resource("aws:ecs/service:Service", **inputs)) == {
        "cidr_ipv4": "0.0.0.0/0",
        "subnets": ["a", "b"],
        "access_logs": [{"enabled": True}],
        "capacity_provider_strategy": [{"capacity_provider": "FARGATE"}],
        "block_device_mappings": [{"device_name": "/dev/xvda"}],
    }


def test_tag_names_are_not_converted() -> None:
    assert values(resource("aws:ecs/cluster:Cluster", tags={"costCenter": "7"}))["tags"] == {
        "costCenter": "7"
    }


def test_unknown_values_are_unknown_in_the_plan() -> None:
    definition = resource("aws:ecs/taskDefinition:TaskDefinition", containerDefinitions=UNKNOWN)
    plan = terraform_plan(Declaration.of([definition]))

    assert values(definition) == {"container_definitions": None}
    assert plan["resource_changes"][0]["change"]["after_unknown"] == {"container_definitions": True}


def test_references_between_resources_are_in_the_configuration(declare_stack: DeclareStack) -> None:
    """A scanner finds a load balancer's web ACL by them."""
    plan = terraform_plan(declaration_of(declare_stack("prod")))
    (association,) = (
        planned
        for planned in plan["configuration"]["root_module"]["resources"]
        if planned["type"] == "aws_wafv2_web_acl_association"
    )

    assert association["expressions"] == {
        "resource_arn": {"references": ["aws_lb.load-balancer.id", "aws_lb.load-balancer"]},
        "web_acl_arn": {"references": ["aws_wafv2_web_acl.firewall.id", "aws_wafv2_web_acl.firewall"]},
    }


def test_resources_with_the_same_name_have_different_addresses() -> None:
    token = "aws:ecs/service:Service"
    other = Resource(type=token, name="web", inputs={}, urn="urn:other")
    plan = terraform_plan(Declaration.of([resource(token, "web"), other]))

    assert [change["address"] for change in plan["resource_changes"]] == [
        "aws_ecs_service.web",
        "aws_ecs_service.web_2",
    ]
