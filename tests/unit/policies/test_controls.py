"""The controls of the policy pack, by example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.evaluation import CONTROLS, evaluate
from policies.resources import UNKNOWN, Declaration, Resource
from tests.unit.policies.examples import EXAMPLES, make

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def findings(id_: str, *resources: Resource) -> list[str]:
    report = evaluate(Declaration.of(resources), only=id_)
    return [f"{finding.resource} {finding.fault}" for finding in report.findings]


def test_every_control_has_an_example() -> None:
    assert EXAMPLES.keys() == CONTROLS.keys()


@pytest.mark.parametrize("id_", CONTROLS)
def test_control_passes_and_fails_its_examples(id_: str) -> None:
    assert findings(id_, *EXAMPLES[id_].passes) == []
    assert findings(id_, *EXAMPLES[id_].fails) == [f"it {EXAMPLES[id_].fault}"]


@pytest.mark.parametrize(
    ("id_", "type_", "inputs", "faults"),
    [
        pytest.param(
            "ECS.2",
            "aws:scheduler/schedule:Schedule",
            {"target": {"ecsParameters": {"networkConfiguration": {"assignPublicIp": True}}}},
            ["it assigns public addresses to its tasks"],
            id="tasks of a schedule have no public addresses",
        ),
        pytest.param(
            "EC2.3",
            "aws:ecs/service:Service",
            {"volumeConfiguration": {"managedEbsVolume": {"sizeInGb": 10}}},
            ["it has a task volume that is not encrypted"],
            id="volumes of tasks are encrypted",
        ),
        pytest.param(
            "ECS.20",
            "aws:ecs/taskDefinition:TaskDefinition",
            {"containerDefinitions": '[{"name": "app"}]'},
            ["it (it, container app) sets no user: that of the image does not count"],
            id="containers set a user",
        ),
        pytest.param(
            "EC2.2",
            "awsx:ec2:Vpc",
            {},
            ["it has a default security group with AWS's rules"],
            id="AWS's default security group has rules",
        ),
        pytest.param(
            "EC2.18",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "udp", "fromPort": 443, "toPort": 443},
            ["it opens UDP ports 443 to 443 to 0.0.0.0/0"],
            id="no UDP port is open to the internet",
        ),
        pytest.param(
            "EC2.18",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"cidrIpv6": "::/0", "ipProtocol": "icmpv6", "fromPort": -1, "toPort": -1},
            [],
            id="ICMP has no ports",
        ),
        pytest.param(
            "EC2.19",
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"], "protocol": "6", "fromPort": 22, "toPort": 22},
            ["it opens 22 to 0.0.0.0/0"],
            id="older type of rules",
        ),
        pytest.param(
            "EC2.19",
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            {"type": "egress", "cidrBlocks": ["0.0.0.0/0"], "protocol": "-1", "fromPort": 0, "toPort": 0},
            [],
            id="egress rules of the older type",
        ),
        pytest.param(
            "ELB.4",
            "aws:alb/loadBalancer:LoadBalancer",
            {},
            ["it forwards invalid headers"],
            id="older name of load balancers",
        ),
        pytest.param(
            "ELB.21",
            "aws:lb/targetGroup:TargetGroup",
            {"protocol": "HTTPS"},
            ["it checks health over plain HTTP"],
            id="AWS's default health check is HTTP",
        ),
        pytest.param(
            "ELB.21",
            "aws:lb/targetGroup:TargetGroup",
            {"protocol": "TCP"},
            [],
            id="health checks by TCP",
        ),
        pytest.param(
            "ELB.4",
            "aws:lb/loadBalancer:LoadBalancer",
            {"loadBalancerType": "network"},
            [],
            id="network load balancers have no headers to drop",
        ),
    ],
)
def test_control_checks(id_: str, type_: str, inputs: dict[str, Any], faults: list[str]) -> None:
    assert findings(id_, make(type_, **inputs)) == faults


def test_default_security_group_without_rules_belongs_to_its_vpc() -> None:
    vpc = make("aws:ec2/vpc:Vpc")
    group = make("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", vpcId="it-id")
    others = make("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", vpcId="other-id")

    assert findings("EC2.2", vpc, group) == []
    assert findings("EC2.2", vpc, others) == ["it has a default security group with AWS's rules"]


def test_condition_on_tls_may_be_a_list() -> None:
    statement = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}
    policy = json.dumps({"Statement": [statement]})
    bucket = make("aws:s3/bucket:Bucket")

    assert (
        findings("S3.5", bucket, make("aws:s3/bucketPolicy:BucketPolicy", bucket="it-id", policy=policy))
        == []
    )


@pytest.mark.parametrize(
    ("repository", "faults"),
    [
        pytest.param(UNKNOWN, [], id="not known before an update"),
        pytest.param("app-1a2b3c4", [], id="by the generated name"),
        pytest.param("other-1a2b3c4", ["app has no lifecycle policy"], id="of another repository"),
    ],
)
def test_preview_finds_the_lifecycle_policy_of_a_new_repository(repository: Any, faults: list[str]) -> None:
    new = Resource(type=REPOSITORY, name="app", inputs={"name": "app-1a2b3c4"})

    assert findings("ECR.3", new, make(LIFECYCLE, "policy", repository=repository)) == faults
