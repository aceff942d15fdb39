"""Interface endpoints of AWS services."""

from __future__ import annotations

from infra.network.endpoints import Endpoints, EndpointsArgs
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import Graph, declare, once

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@once
def _graph(region: str = "eu-west-1", services: tuple[str, ...] = ("ecr.api", "logs")) -> Graph:
    args = EndpointsArgs(
        region=region,
        vpc_id="vpc-1",
        subnet_ids=["subnet-1", "subnet-2"],
        tasks_security_group_id="sg-tasks",
        services=services,
    )
    return declare(lambda: Endpoints("endpoints", args, opts=child_options()))


def test_each_aws_service_has_an_endpoint_in_each_zone_with_private_dns() -> None:
    assert _graph().names(ENDPOINT) == ["endpoints-ecr-api", "endpoints-logs"]
    assert _graph().one(ENDPOINT, "endpoints-ecr-api").inputs == {
        "vpcId": "vpc-1",
        "vpcEndpointType": "Interface",
        "serviceName": "com.amazonaws.eu-west-1.ecr.api",
        "subnetIds": ["subnet-1", "subnet-2"],
        "securityGroupIds": ["endpoints-id"],
        "privateDnsEnabled": True,
    }


def test_service_may_have_its_entire_name() -> None:
    """In China the names of some services begin with cn.com.amazonaws."""
    entire = "cn.com.amazonaws.cn-north-1.ecr.api"
    graph = _graph("cn-north-1", (entire, "logs"))

    assert [endpoint.inputs["serviceName"] for endpoint in graph.all(ENDPOINT)] == [
        entire,
        "com.amazonaws.cn-north-1.logs",
    ]


def test_endpoint_is_the_same_in_both_spellings() -> None:
    """A second endpoint of a service cannot exist beside the first: they would have the same private names."""
    assert _graph(services=("com.amazonaws.eu-west-1.ecr.api", "logs")).names(ENDPOINT) == _graph().names(
        ENDPOINT
    )


def test_only_tasks_can_connect_to_endpoints_by_https() -> None:
    rule = _graph().one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs

    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (443, 443, "tcp")
    assert rule["referencedSecurityGroupId"] == "sg-tasks"
    assert rule["securityGroupId"] == "endpoints-id"
