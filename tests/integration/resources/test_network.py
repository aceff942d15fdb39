"""What the network's handlers do beyond the contract that all types share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.resources.base import ResourceError
from local.resources.registry import HANDLERS
from tests.integration.resources.examples_load_balancing import RECORD, make_zone
from tests.integration.resources.examples_network import (
    EGRESS,
    EIP,
    GROUP,
    NAT,
    make_group,
    make_subnet,
    make_vpc,
)

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench

DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
ANYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def rules(bench: Workbench, group: str) -> list[str]:
    wanted = [{"Name": "group-id", "Values": [group]}]
    found = bench.cloud.client("ec2").describe_security_group_rules(Filters=wanted)["SecurityGroupRules"]
    return [rule["SecurityGroupRuleId"] for rule in found]


def test_a_new_security_group_lets_nothing_out(bench: Workbench) -> None:
    group = make_group(bench, make_vpc(bench))

    assert rules(bench, group.id) == []


def test_a_security_group_that_a_killed_run_left_open_is_closed_when_it_is_found(bench: Workbench) -> None:
    group = make_group(bench, make_vpc(bench))
    bench.cloud.client("ec2").authorize_security_group_egress(GroupId=group.id, IpPermissions=[ANYWHERE])

    found = HANDLERS[GROUP].find(bench.cloud, urn=group.urn, inputs=group.inputs)

    assert found == group.id
    assert rules(bench, group.id) == []


def test_a_default_security_group_is_emptied(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    group = bench.make(DEFAULT_GROUP, {"vpcId": vpc.id})

    assert group.id == vpc.outputs["defaultSecurityGroupId"]
    assert group.outputs["ingress"] == group.outputs["egress"] == []
    assert rules(bench, group.id) == []


def test_the_same_rule_twice_is_refused(bench: Workbench) -> None:
    inputs = {
        "securityGroupId": make_group(bench, make_vpc(bench)).id,
        "cidrIpv4": "0.0.0.0/0",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }
    first = bench.make(EGRESS, inputs)
    bench.cloud.remember(EGRESS, first.id)

    with pytest.raises(ResourceError, match="has this rule already"):
        bench.make(EGRESS, inputs)


def test_a_rule_for_all_protocols_shows_no_ports(bench: Workbench) -> None:
    group = make_group(bench, make_vpc(bench)).id
    rule = bench.make(EGRESS, {"securityGroupId": group, "cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"})

    assert (rule.outputs["fromPort"], rule.outputs["toPort"]) == (None, None)


def test_a_nat_gateway_that_is_deleted_leaves_its_address_free(bench: Workbench) -> None:
    subnet = make_subnet(bench, make_vpc(bench))
    address = bench.make(EIP, {})
    gateway = bench.make(NAT, {"subnetId": subnet.id, "allocationId": address.id})

    HANDLERS[NAT].delete(bench.cloud, id=gateway.id, outputs=gateway.outputs)
    HANDLERS[EIP].delete(bench.cloud, id=address.id, outputs=address.outputs)

    assert HANDLERS[EIP].read(bench.cloud, id=address.id, inputs={}) is None


def test_a_vpc_that_something_else_uses_says_so(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    make_subnet(bench, vpc)

    with pytest.raises(ResourceError, match=r"DependencyViolation.*does not know still uses it"):
        HANDLERS[vpc.token].delete(bench.cloud, id=vpc.id, outputs=vpc.outputs)


def test_a_record_that_is_there_already_is_not_overwritten_unasked(bench: Workbench) -> None:
    inputs = {
        "zoneId": make_zone(bench),
        "name": "www",
        "type": "CNAME",
        "ttl": 60,
        "records": ["a.example.com"],
    }
    bench.make(RECORD, inputs)

    with pytest.raises(ResourceError, match="set `allowOverwrite`"):
        bench.make(RECORD, {**inputs, "records": ["b.example.com"]})

    taken = bench.make(RECORD, {**inputs, "records": ["b.example.com"], "allowOverwrite": True})
    assert taken.outputs["records"] == ["b.example.com"]


def test_a_record_that_says_something_else_is_not_taken_for_an_interrupted_runs(bench: Workbench) -> None:
    inputs = {
        "zoneId": make_zone(bench),
        "name": "www",
        "type": "CNAME",
        "ttl": 60,
        "records": ["a.example.com"],
    }
    made = bench.make(RECORD, inputs)

    assert (
        HANDLERS[RECORD].find(bench.cloud, urn=made.urn, inputs={**inputs, "records": ["b.example.com"]})
        is None
    )


def test_a_ttl_that_somebody_changed_by_hand_shows(bench: Workbench) -> None:
    inputs = {
        "zoneId": make_zone(bench),
        "name": "www",
        "type": "CNAME",
        "ttl": 60,
        "records": ["a.example.com"],
    }
    made = bench.make(RECORD, inputs)
    by_hand = {"Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": "a.example.com"}]}
    bench.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=inputs["zoneId"],
        ChangeBatch={
            "Changes": [
                {"Action": "UPSERT", "ResourceRecordSet": {"Name": made.outputs["fqdn"], **by_hand}},
            ],
        },
    )

    live = HANDLERS[RECORD].read(bench.cloud, id=made.id, inputs=made.inputs)

    assert live is not None
    assert live["ttl"] == 5


def test_a_record_is_imported_by_its_id(bench: Workbench) -> None:
    zone = make_zone(bench)
    name = f"_proof_of.{bench.name}.example.com"
    made = bench.make(RECORD, {"zoneId": zone, "name": name, "type": "CNAME", "ttl": 60, "records": ["a."]})

    imported = HANDLERS[RECORD].read(bench.cloud, id=made.id, inputs={})

    assert imported is not None
    assert {key: imported[key] for key in ("zoneId", "name", "type", "ttl", "records")} == {
        key: made.inputs[key] for key in ("zoneId", "name", "type", "ttl", "records")
    }
