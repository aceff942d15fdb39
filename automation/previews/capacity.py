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

_MAXIMUM_ARNS: Final = 20
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html"""


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
    owners = _owners(elbv2, attachment["listener_arn"])
    if stack in owners.values():
        # Its rule and target group exist already.
        return
    errors = list(_exceeded_limits(elbv2, base, attachment["load_balancer_arn"], stack))
    if priority in owners:
        errors.append(
            f"the rule of {stack} would have priority {priority}, which the rule of {owners[priority]} has "
            f"on the listener of {base}: remove that one first"
        )
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


def _owners(elbv2: Any, listener_arn: str) -> Mapping[int, str]:
    """Return the stacks of a listener's rules by priority, from the tag `Stack`."""
    rules = {
        rule["RuleArn"]: int(rule["Priority"])
        for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener_arn)
        if not rule["IsDefault"]
    }
    owners = dict.fromkeys(rules.values(), "another owner")
    arns = sorted(rules)
    for start in range(0, len(arns), _MAXIMUM_ARNS):
        page = elbv2.describe_tags(ResourceArns=arns[start : start + _MAXIMUM_ARNS])
        for described in page["TagDescriptions"]:
            tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
            if "Stack" in tags:
                owners[rules[described["ResourceArn"]]] = tags["Stack"]
    return owners


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
