"""Whether a load balancer has room for one more service, asked before anything is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from automation.errors import AutomationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from automation.operations.place import Clients

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MOST_RULES: Final = 100
"""Default rules not counted; AWS raises it when asked."""
MOST_TARGET_GROUPS: Final = 100
"""AWS does not raise it."""

_TAGS_AT_ONCE: Final = 20
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html"""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The load balancer that stacks share."""

    base: str
    load_balancer_arn: str
    listener_arn: str


def check_room(clients: Clients, shared: Shared, stack: str, priority: int) -> None:
    """Refuse a stack whose service the load balancer cannot take.

    Args:
        clients: the account of the base.
        shared: the load balancer.
        stack: the one that is about to be made, or changed.
        priority: of its listener rule.

    Raises:
        AutomationError: there are too many rules or target groups, or another's rule has that priority.
    """
    elbv2 = clients.get("elbv2")
    owners = _owners(elbv2, shared.listener_arn)
    if stack in owners.values():
        # It counts already, and has its priority.
        return
    faults = [*_too_many(elbv2, shared, stack), *_taken(owners, shared, stack, priority)]
    if faults:
        raise AutomationError("; ".join(faults))


def _too_many(elbv2: Any, shared: Shared, stack: str) -> Iterator[str]:
    listeners = _pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=shared.load_balancer_arn)
    rules = sum(
        not rule["IsDefault"]
        for listener in listeners
        for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    )
    groups = sum(
        1
        for _ in _pages(
            elbv2, "describe_target_groups", "TargetGroups", LoadBalancerArn=shared.load_balancer_arn
        )
    )
    way_out = (
        "remove a stack of a pull request (`python -m automation previews list`), or a copy from `multidev`"
    )
    if rules >= MOST_RULES:
        yield (
            f"the load balancer of {shared.base} has {rules} rules, {stack} needs one more, and AWS allows "
            f"{MOST_RULES}: {way_out}, or ask AWS to raise `Rules per Application Load Balancer`"
        )
    if groups >= MOST_TARGET_GROUPS:
        yield (
            f"the load balancer of {shared.base} has {groups} target groups, {stack} needs one more, and AWS "
            f"allows {MOST_TARGET_GROUPS} and raises it for nobody: {way_out}"
        )


def _taken(owners: dict[int, str], shared: Shared, stack: str, priority: int) -> Iterator[str]:
    if priority in owners:
        yield (
            f"the rule of {stack} would have the priority {priority}, which the rule of {owners[priority]} "
            f"has at the listener of {shared.base}, and only one can have it: remove that one first"
        )


def _owners(elbv2: Any, listener_arn: str) -> dict[int, str]:
    """Return whose each priority of a listener is, by the tag that every resource carries."""
    rules = {
        rule["RuleArn"]: int(rule["Priority"])
        for rule in _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener_arn)
        if not rule["IsDefault"]
    }
    owners = dict.fromkeys(rules.values(), "somebody else")
    arns = sorted(rules)
    for start in range(0, len(arns), _TAGS_AT_ONCE):
        answer = elbv2.describe_tags(ResourceArns=arns[start : start + _TAGS_AT_ONCE])
        for described in answer["TagDescriptions"]:
            tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
            if "Stack" in tags:
                owners[rules[described["ResourceArn"]]] = tags["Stack"]
    return owners


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
