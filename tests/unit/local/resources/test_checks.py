"""Inputs that handlers refuse, and differences that they find, without any call."""

from __future__ import annotations

from typing import Any

import pytest

from local.resources.base import UNKNOWN, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.registry import HANDLERS
from local.resources.route53 import plain

VPC = "aws:ec2/vpc:Vpc"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULE = "aws:lb/listenerRule:ListenerRule"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
CERTIFICATE = "aws:acm/certificate:Certificate"
ROLE = "aws:iam/role:Role"
RECORD = "aws:route53/record:Record"


@pytest.fixture
def cloud() -> Cloud:
    """A cloud without an emulator."""
    return Cloud("http://127.0.0.1:1", default_tags={"Stack": "test"})


def check(cloud: Cloud, token: str, **inputs: Any) -> Properties:
    return HANDLERS[token].check(cloud, name="w" * 60, old=None, new=inputs, random_hex="0a1b2c3d")


OIDC = {"listenerArn": "a", "priority": 1, "actions": [{"type": "authenticate-oidc"}], "conditions": []}
SOURCES = {"securityGroupId": "sg-1", "ipProtocol": "tcp"}


@pytest.mark.parametrize(
    ("token", "inputs", "message"),
    [
        (VPC, {"ipv4IpamPoolId": "pool-1"}, "does not support ipv4IpamPoolId; leave it out"),
        (DEFAULT_GROUP, {"vpcId": "vpc-1", "ingress": [{"protocol": "-1"}]}, "only without rules"),
        (INGRESS, SOURCES, "needs exactly one of .*, got none"),
        (
            INGRESS,
            {**SOURCES, "cidrIpv4": "0.0.0.0/0", "cidrIpv6": "::/0"},
            "needs exactly one of .*, got cidrIpv4 and cidrIpv6",
        ),
        (RULE, {"listenerArn": "a", "actions": [], "conditions": []}, "needs a `priority`"),
        (RULE, OIDC, "'authenticate-oidc' is not one that the local run supports: fixed-response"),
        (ROLE, {"name": None}, r"has 68 characters, aws:iam/role:Role allows 64"),
        (
            RECORD,
            {"zoneId": "Z1", "name": "example.com", "type": "TXT"},
            "type 'TXT' is not one that the local run supports: A, AAAA, CNAME",
        ),
    ],
    ids=[
        "an unknown property",
        "rules of a default security group",
        "a rule without a source",
        "a rule with two sources",
        "a listener rule without a priority",
        "an action",
        "a name that is too long",
        "a record type",
    ],
)
def test_unsupported_inputs_are_refused(cloud: Cloud, token: str, inputs: Properties, message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        HANDLERS[token].create(cloud, urn="urn", inputs=check(cloud, token, **inputs))


def test_a_security_group_rule_may_reference_an_unknown_group(cloud: Cloud) -> None:
    checked = check(cloud, INGRESS, **SOURCES, referencedSecurityGroupId=UNKNOWN)

    assert checked["referencedSecurityGroupId"] is UNKNOWN


@pytest.mark.parametrize(
    ("token", "key", "old", "new"),
    [
        (BALANCER, "subnets", ["a", "b"], ["b", "a"]),
        (BALANCER, "securityGroups", ["a", "b"], ["b", "a"]),
        (CERTIFICATE, "subjectAlternativeNames", ["a", "b"], ["b", "a"]),
        (RECORD, "name", "dev.example.com", "Dev.example.com."),
        (RECORD, "records", ["a", "b"], ["b", "a"]),
    ],
)
def test_equivalent_values_are_no_difference(token: str, key: str, old: Any, new: Any) -> None:
    assert HANDLERS[token].diff({key: old}, {key: new}).changed == ()


@pytest.mark.parametrize(
    ("token", "key", "old", "new"),
    [
        (BALANCER, "subnets", ["a", "b"], ["b", "c"]),
        (BALANCER, "subnets", ["a", "b"], ["a", UNKNOWN]),
        (BALANCER, "subnets", ["a", "b"], ["a"]),
        (RECORD, "name", "dev.example.com", "www.example.com"),
    ],
)
def test_other_values_are_a_difference(token: str, key: str, old: Any, new: Any) -> None:
    assert HANDLERS[token].diff({key: old}, {key: new}).changed == (key,)


def test_a_wildcard_record_name_is_readable() -> None:
    assert plain("\\052.Dev.example.com.") == "*.dev.example.com"


def test_a_missing_emulator_is_reported(cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="the emulator does not answer"):
        HANDLERS[VPC].read(cloud, id="vpc-1", inputs={})
