"""Checks that a load balancer has capacity for one more service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.console import to_type
from automation.errors import AutomationError
from infra.rollout.aws_clients import AwsClients

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAXIMUM_RULES: Final = 100
"""Without default rules; AWS raises this limit on request."""
MAXIMUM_TARGET_GROUPS: Final = 100
"""AWS does not raise this limit."""


def check_capacity(
    clients: AwsClients, base: str, attachment: Mapping[str, Any], stack: str, priority: int
) -> None:
    """Check that the load balancer of a base stack has capacity for one more service.

    Args:
        clients: of the base's account.
        base: its name.
        attachment: its output of that name.
        stack: the pull request's stack.
        priority: of the stack's rule.

    Raises:
        AutomationError: there are too many rules or target groups, or another rule has this priority.
    """
    elbv2 = clients.client("elbv2")
    errors: list[str] = []
    for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=attachment["listener_arn"]):
        if rule["Priority"] == str(priority):
            owner = _owner(elbv2, rule["RuleArn"])
            if owner == stack:
                # Its rule and target group exist already.
                return
            errors.append(
                f"the rule of {stack} would have priority {priority}, which the rule of {owner} has on the "
                f"listener of {base}: remove that one first"
            )
    errors = [*_exceeded_limits(elbv2, base, attachment["load_balancer_arn"], stack), *errors]
    if errors:
        raise AutomationError("; ".join(errors))


def _exceeded_limits(elbv2: Any, base: str, arn: str, stack: str) -> Iterator[str]:
    rules = sum(
        not rule["IsDefault"]
        for listener in _pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    )
    groups = len(list(_pages(elbv2, "describe_target_groups", "TargetGroups", LoadBalancerArn=arn)))
    for count, maximum, noun, hint in (
        (rules, MAXIMUM_RULES, "rules", ", or ask AWS to raise `Rules per Application Load Balancer`"),
        (groups, MAXIMUM_TARGET_GROUPS, "target groups", "; AWS does not raise this limit"),
    ):
        if count >= maximum:
            yield (
                f"the load balancer of {base} has {count} {noun}, {stack} needs one more, and AWS "
                f"allows {maximum}: remove a pull request's stack ({to_type('previews list')}) or "
                f"a copy from `multidev`{hint}"
            )


def _owner(elbv2: Any, rule_arn: str) -> str:
    """Return the stack of a rule, from its tag `Stack`."""
    (described,) = elbv2.describe_tags(ResourceArns=[rule_arn])["TagDescriptions"]
    return next((tag["Value"] for tag in described["Tags"] if tag["Key"] == "Stack"), "another owner")


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
