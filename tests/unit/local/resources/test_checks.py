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
    return HANDLERS[token].check(cloud, name="web", old=None, new=inputs, random_hex="0a1b2c3d")


def test_an_unsupported_property_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="does not support ipv4IpamPoolId; leave it out"):
        check(cloud, VPC, cidrBlock="10.0.0.0/16", ipv4IpamPoolId="ipam-pool-1")


def test_rules_inside_a_default_security_group_are_refused(cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="only without rules"):
        check(cloud, DEFAULT_GROUP, vpcId="vpc-1", ingress=[{"protocol": "-1"}])


@pytest.mark.parametrize(
    ("sources", "got"),
    [({}, "none"), ({"cidrIpv4": "0.0.0.0/0", "cidrIpv6": "::/0"}, "cidrIpv4 and cidrIpv6")],
)
def test_a_security_group_rule_needs_exactly_one_source(cloud: Cloud, sources: Properties, got: str) -> None:
    with pytest.raises(ResourceError, match=f"needs exactly one of .*, got {got}"):
        check(cloud, INGRESS, securityGroupId="sg-1", ipProtocol="tcp", **sources)


def test_a_security_group_rule_may_reference_an_unknown_group(cloud: Cloud) -> None:
    checked = check(
        cloud, INGRESS, securityGroupId=UNKNOWN, ipProtocol="tcp", referencedSecurityGroupId=UNKNOWN
    )

    assert checked["referencedSecurityGroupId"] is UNKNOWN


def test_a_listener_rule_without_priority_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="needs a `priority`"):
        check(cloud, RULE, listenerArn="arn", actions=[], conditions=[])


def test_an_unsupported_listener_action_is_refused(cloud: Cloud) -> None:
    inputs = {
        "listenerArn": "arn",
        "priority": 1,
        "actions": [{"type": "authenticate-oidc"}],
        "conditions": [],
    }

    with pytest.raises(
        ResourceError, match="'authenticate-oidc' is not one that the local run supports: fixed-response"
    ):
        HANDLERS[RULE].create(cloud, urn="urn", inputs=inputs)


def test_a_role_name_that_is_too_long_is_refused_by_check(cloud: Cloud) -> None:
    with pytest.raises(ResourceError, match="64"):
        HANDLERS[ROLE].check(cloud, name="r" * 60, old=None, new={}, random_hex="0123456")


def test_an_unsupported_record_type_is_refused(cloud: Cloud) -> None:
    with pytest.raises(
        ResourceError, match="type 'TXT' is not one that the local run supports: A, AAAA, CNAME"
    ):
        check(cloud, RECORD, zoneId="Z1", name="example.com", type="TXT")


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
