"""Whether a load balancer can take one more service."""

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
    """A load balancer with rules of dev, and those of `owners` by priority."""
    rules = {
        LISTENER: [*range(1, others + 1), *(owners or {})],
        TEST_LISTENER: list(range(1, test_rules + 1)),
    }

    def describe_rules(question: dict[str, Any]) -> dict[str, Any]:
        listener = question["ListenerArn"]
        default = {"RuleArn": f"{listener}/default", "Priority": "default", "IsDefault": True}
        own = [
            {"RuleArn": f"{listener}/{priority}", "Priority": str(priority), "IsDefault": False}
            for priority in rules[listener]
        ]
        return {"Rules": [*own, default]}

    def describe_tags(question: dict[str, Any]) -> dict[str, Any]:
        assert len(question["ResourceArns"]) <= 20, "AWS takes no more"
        described = []
        for arn in question["ResourceArns"]:
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


def refusal(aws: Aws) -> str:
    with pytest.raises(AutomationError) as raised:
        check_capacity(aws, "dev", ATTACHMENT, "pr-12", PRIORITY)
    return str(raised.value)


def test_below_the_limits_nothing_is_refused() -> None:
    check_capacity(cloud(others=98, test_rules=1, groups=99), "dev", ATTACHMENT, "pr-12", PRIORITY)


def test_rules_of_all_listeners_count_and_their_default_ones_do_not() -> None:
    message = refusal(cloud(others=60, test_rules=40, groups=3))

    assert message.startswith("the load balancer of dev has 100 rules, pr-12 needs one more")
    assert "`python -m automation previews list`" in message
    assert "Rules per Application Load Balancer" in message


def test_target_groups_count_too_and_aws_does_not_raise_their_limit() -> None:
    message = refusal(cloud(others=3, groups=100))

    assert message.startswith("the load balancer of dev has 100 target groups")
    assert "AWS does not raise this limit" in message


def test_a_priority_that_another_has_is_refused_before_aws_does() -> None:
    assert f"priority {PRIORITY}, which the rule of pr-10012 has" in refusal(
        cloud(owners={PRIORITY: "pr-10012"})
    )


def test_a_rule_without_the_tag_belongs_to_another_owner() -> None:
    assert "the rule of another owner has" in refusal(cloud(owners={PRIORITY: None}))


def test_a_stack_that_exists_is_not_refused() -> None:
    """Or the hundredth could never be changed."""
    check_capacity(
        cloud(others=99, groups=100, owners={PRIORITY: "pr-12"}), "dev", ATTACHMENT, "pr-12", PRIORITY
    )
