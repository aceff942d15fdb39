"""Conditions and transforms of a service's listener rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pulumi_aws as aws

    from infra.settings import ServiceSettings


def rule_conditions(settings: ServiceSettings) -> list[aws.lb.ListenerRuleConditionArgsDict]:
    """Return the hosts and paths of a service."""
    conditions: list[aws.lb.ListenerRuleConditionArgsDict] = []
    if settings.hosts:
        conditions.append({"host_header": {"values": list(settings.hosts)}})
    # A rule needs at least one condition.
    if paths := settings.path_patterns or (() if settings.hosts else ("/*",)):
        conditions.append({"path_pattern": {"values": list(paths)}})
    return conditions


def rule_transforms(settings: ServiceSettings) -> list[aws.lb.ListenerRuleTransformArgsDict] | None:
    """Return the rewrite that removes the path prefix before the app sees the path; None without a prefix."""
    if settings.host is not None or settings.path_prefix is None:
        return None
    rewrite: aws.lb.ListenerRuleTransformUrlRewriteConfigRewriteArgsDict = {
        "regex": f"^{settings.path_prefix}/?(.*)$",
        "replace": "/$1",
    }
    return [{"type": "url-rewrite", "url_rewrite_config": {"rewrite": rewrite}}]
