"""Networks and records beyond the life cycle of all types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.resources.base import ResourceError
from local.resources.registry import HANDLERS
from tests.integration.resources.examples_load_balancing import RECORD, make_zone
from tests.integration.resources.examples_network import (
    EGRESS,
    GROUP,
    group_id,
    make_group,
    make_subnet,
    make_vpc,
)

if TYPE_CHECKING:
    from local.resources.base import Properties
    from tests.integration.resources.example import Workbench

ANYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def rules(bench: Workbench, group: str) -> list[str]:
    wanted = [{"Name": "group-id", "Values": [group]}]
    listed = bench.cloud.client("ec2").describe_security_group_rules(Filters=wanted)["SecurityGroupRules"]
    return [rule["SecurityGroupRuleId"] for rule in listed]


def test_a_new_security_group_has_no_rules(bench: Workbench) -> None:
    assert rules(bench, group_id(bench)) == []


def test_the_default_rule_that_a_killed_run_left_is_removed(bench: Workbench) -> None:
    group = make_group(bench, make_vpc(bench))
    bench.cloud.client("ec2").authorize_security_group_egress(GroupId=group.id, IpPermissions=[ANYWHERE])

    adopted = HANDLERS[GROUP].find(bench.cloud, urn=group.urn, inputs=group.inputs)

    assert adopted == group.id
    assert rules(bench, group.id) == []


def test_a_duplicate_security_group_rule_is_refused(bench: Workbench) -> None:
    ports = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    inputs = {"securityGroupId": group_id(bench), "cidrIpv4": "0.0.0.0/0", **ports}
    first = bench.make(EGRESS, inputs)
    bench.cloud.remember(EGRESS, first.id)

    with pytest.raises(ResourceError, match="has this rule already"):
        bench.make(EGRESS, inputs)


def test_deleting_a_vpc_in_use_is_an_error_with_advice(bench: Workbench) -> None:
    vpc = make_vpc(bench)
    make_subnet(bench, vpc)

    with pytest.raises(ResourceError, match=r"DependencyViolation.*outside this stack, still uses it"):
        HANDLERS[vpc.token].delete(bench.cloud, id=vpc.id, outputs=vpc.outputs)


def cname(bench: Workbench, name: str = "www", target: str = "a.example.com") -> Properties:
    return {"zoneId": make_zone(bench), "name": name, "type": "CNAME", "ttl": 60, "records": [target]}


def test_an_existing_record_is_replaced_only_with_allow_overwrite(bench: Workbench) -> None:
    inputs = cname(bench)
    bench.make(RECORD, inputs)
    other = {**inputs, "records": ["b.example.com"]}

    with pytest.raises(ResourceError, match="set `allowOverwrite`"):
        bench.make(RECORD, other)

    taken = bench.make(RECORD, {**other, "allowOverwrite": True})
    assert taken.outputs["records"] == ["b.example.com"]


def test_a_record_with_other_values_is_not_adopted(bench: Workbench) -> None:
    made = bench.make(RECORD, cname(bench))
    other = {**made.inputs, "records": ["b.example.com"]}

    assert HANDLERS[RECORD].find(bench.cloud, urn=made.urn, inputs=other) is None


def test_a_record_is_imported_by_its_id(bench: Workbench) -> None:
    made = bench.make(RECORD, cname(bench, f"_proof_of.{bench.name}.example.com"))

    imported = HANDLERS[RECORD].read(bench.cloud, id=made.id, inputs={})

    assert imported is not None
    assert {key: imported[key] for key in made.inputs} == made.inputs
