"""Whether a load balancer can take one more service, checked before anything is created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.console import to_type
from automation.errors import AutomationError
from infra.rollout.aws_clients import AwsClients

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MAXIMUM_RULES: Final = 100
"""Without default rules; AWS raises it on request."""
MAXIMUM_TARGET_GROUPS: Final = 100
"""AWS does not raise it."""

_TAGS_AT_ONCE: Final = 20
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html"""


def check_capacity(
    clients: AwsClients, base: str, attachment: Mapping[str, Any], stack: str, priority: int
) -> None:
    """Check that the base's load balancer, named in its `attachment`, has capacity for one more service.

    Raises:
        AutomationError: there are too many rules or target groups, or another rule has that priority.
    """
    elbv2 = clients.client("elbv2")
    owners = _owners(elbv2, attachment["listener_arn"])
    if stack in owners.values():
        # Its rule and target group exist.
        return
    faults = list(_too_many(elbv2, base, attachment["load_balancer_arn"], stack))
    if priority in owners:
        faults.append(
            f"the rule of {stack} would have priority {priority}, which the rule of {owners[priority]} has "
            f"on the listener of {base}: remove that one first"
        )
    if faults:
        raise AutomationError("; ".join(faults))


def _too_many(elbv2: Any, base: str, arn: str, stack: str) -> Iterator[str]:
    rules = sum(
        not rule["IsDefault"]
        for listener in _pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    )
    groups = len(list(_pages(elbv2, "describe_target_groups", "TargetGroups", LoadBalancerArn=arn)))
    for count, maximum, what, raised in (
        (rules, MAXIMUM_RULES, "rules", ", or ask AWS to raise `Rules per Application Load Balancer`"),
        (groups, MAXIMUM_TARGET_GROUPS, "target groups", "; AWS does not raise this limit"),
    ):
        if count >= maximum:
            yield (
                f"the load balancer of {base} has {count} {what}, {stack} needs one more, and AWS "
                f"allows {maximum}: remove a pull request's stack ({to_type('previews list')}) or "
                f"a copy from `multidev`{raised}"
            )


def _owners(elbv2: Any, listener_arn: str) -> Mapping[int, str]:
    """Return the stack of each priority of a listener, by the tag `Stack`."""
    rules = {
        rule["RuleArn"]: int(rule["Priority"])
        for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener_arn)
        if not rule["IsDefault"]
    }
    owners = dict.fromkeys(rules.values(), "another owner")
    arns = sorted(rules)
    for start in range(0, len(arns), _TAGS_AT_ONCE):
        answer = elbv2.describe_tags(ResourceArns=arns[start : start + _TAGS_AT_ONCE])
        for described in answer["TagDescriptions"]:
            tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
            if "Stack" in tags:
                owners[rules[described["ResourceArn"]]] = tags["Stack"]
    return owners


def _pages(client: Any, operation: str, key: str, **question: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**question):
        yield from page[key]
