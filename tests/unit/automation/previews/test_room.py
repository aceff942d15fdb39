"""What the load balancer is asked before a service more is made behind it."""

from __future__ import annotations

from typing import Any

import pytest

from automation.errors import AutomationError
from automation.previews.room import Shared, check_room
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.rollout.aws import Aws

_PREFIX = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
SHARED = Shared(
    base="dev",
    load_balancer_arn=f"{_PREFIX}:loadbalancer/app/lb/1",
    listener_arn=f"{_PREFIX}:listener/app/lb/1/https",
)
TEST_LISTENER = f"{_PREFIX}:listener/app/lb/1/test"
PRIORITY = 40_012


def cloud(
    *, others: int = 0, test_rules: int = 0, groups: int = 0, owners: dict[int, str | None] | None = None
) -> Aws:
    """A load balancer with rules of dev, and those of `owners` by priority."""
    rules = {
        SHARED.listener_arn: [*range(1, others + 1), *(owners or {})],
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
        describe_listeners={
            "Listeners": [{"ListenerArn": SHARED.listener_arn}, {"ListenerArn": TEST_LISTENER}]
        },
        describe_rules=describe_rules,
        describe_tags=describe_tags,
        describe_target_groups={"TargetGroups": [{"TargetGroupName": str(n)} for n in range(groups)]},
    )


def refusal(aws: Aws) -> str:
    with pytest.raises(AutomationError) as raised:
        check_room(aws, SHARED, "pr-12", PRIORITY)
    return str(raised.value)


def test_where_there_is_room_nothing_is_said() -> None:
    check_room(cloud(others=98, test_rules=1, groups=99), SHARED, "pr-12", PRIORITY)


def test_rules_of_all_listeners_count_and_their_default_ones_do_not() -> None:
    message = refusal(cloud(others=60, test_rules=40, groups=3))

    assert message.startswith("the load balancer of dev has 100 rules, pr-12 needs one more")
    assert "`python -m automation previews list`" in message
    assert "Rules per Application Load Balancer" in message


def test_target_groups_count_too_and_nobody_gets_more() -> None:
    message = refusal(cloud(others=3, groups=100))

    assert message.startswith("the load balancer of dev has 100 target groups")
    assert "raises it for nobody" in message


def test_a_priority_that_another_has_is_refused_before_aws_does() -> None:
    assert f"the priority {PRIORITY}, which the rule of pr-10012 has" in refusal(
        cloud(owners={PRIORITY: "pr-10012"})
    )


def test_a_rule_that_nobody_has_put_a_name_on_is_somebody_elses() -> None:
    assert "the rule of somebody else has" in refusal(cloud(owners={PRIORITY: None}))


def test_a_stack_that_is_there_already_needs_no_room() -> None:
    """Or the hundredth could never be changed."""
    check_room(cloud(others=99, groups=100, owners={PRIORITY: "pr-12"}), SHARED, "pr-12", PRIORITY)
