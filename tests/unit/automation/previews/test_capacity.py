"""Checks of a load balancer's capacity."""

from __future__ import annotations

from typing import Any

import pytest

from automation.errors import AutomationError
from automation.previews.capacity import check_capacity
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.rollout.aws import Aws

_PREFIX = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
LISTENER = f"{_PREFIX}:listener/app/lb/1/https"
ATTACHMENT = {"load_balancer_arn": f"{_PREFIX}:loadbalancer/app/lb/1", "listener_arn": LISTENER}
TEST_LISTENER = f"{_PREFIX}:listener/app/lb/1/test"
PRIORITY = 40_012


def cloud(
    *, others: int = 0, test_rules: int = 0, groups: int = 0, owners: dict[int, str | None] | None = None
) -> Aws:
    """Return a load balancer with rules of dev, and rules of `owners` by priority."""
    rules = {
        LISTENER: [*range(1, others + 1), *(owners or {})],
        TEST_LISTENER: list(range(1, test_rules + 1)),
    }

    def describe_rules(request: dict[str, Any]) -> dict[str, Any]:
        listener = request["ListenerArn"]
        default = {"RuleArn": f"{listener}/default", "Priority": "default", "IsDefault": True}
        own = [
            {"RuleArn": f"{listener}/{priority}", "Priority": str(priority), "IsDefault": False}
            for priority in rules[listener]
        ]
        return {"Rules": [*own, default]}

    def describe_tags(request: dict[str, Any]) -> dict[str, Any]:
        described = []
        for arn in request["ResourceArns"]:
            owner = (owners or {}).get(int(arn.rpartition("/")[2]), "dev")
            tags = [{"Key": "Stack", "Value": owner}] if owner else [{"Key": "Owner", "Value": "x"}]
            described.append({"ResourceArn": arn, "Tags": tags})
        return {"TagDescriptions": described}

    return Aws(
        describe_listeners={"Listeners": [{"ListenerArn": LISTENER}, {"ListenerArn": TEST_LISTENER}]},
        describe_rules=describe_rules,
        describe_tags=describe_tags,
        describe_target_groups={"TargetGroups": [{"TargetGroupName": str(n)} for n in range(groups)]},
    )


def error(aws: Aws) -> str:
    with pytest.raises(AutomationError) as raised:
        check_capacity(aws, "dev", ATTACHMENT, "pr-12", PRIORITY)
    return str(raised.value)


def test_below_the_limits_there_is_no_error() -> None:
    check_capacity(cloud(others=98, test_rules=1, groups=99), "dev", ATTACHMENT, "pr-12", PRIORITY)


def test_rules_of_all_listeners_count_except_default_rules() -> None:
    message = error(cloud(others=60, test_rules=40, groups=3))

    assert message.startswith("the load balancer of dev has 100 rules, pr-12 needs one more")
    assert "`python -m automation previews list`" in message
    assert "Rules per Application Load Balancer" in message


def test_target_groups_count() -> None:
    message = error(cloud(others=3, groups=100))

    assert message.startswith("the load balancer of dev has 100 target groups")
    assert "AWS does not raise this limit" in message


def test_a_priority_in_use_is_rejected() -> None:
    assert f"priority {PRIORITY}, which the rule of pr-10012 has" in error(
        cloud(owners={PRIORITY: "pr-10012"})
    )


def test_a_rule_without_the_tag_belongs_to_another_owner() -> None:
    assert "the rule of another owner has" in error(cloud(owners={PRIORITY: None}))


def test_an_existing_stack_is_not_checked() -> None:
    """Otherwise the hundredth could not be updated."""
    check_capacity(
        cloud(others=99, groups=100, owners={PRIORITY: "pr-12"}), "dev", ATTACHMENT, "pr-12", PRIORITY
    )
