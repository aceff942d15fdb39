"""Routes from the load balancers to a service's tasks: target groups, listener rules and listeners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.service.alternate_target_group import AlternateTargetGroup, keep_group_in_use
from infra.service.target_groups import target_group
from infra.settings.routing import redirect_priority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.service.platform import Platform
    from infra.service.target_groups import TargetType
    from infra.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """A service's target groups, as its ECS service, alarms and autoscaling refer to them."""

    target_groups: Mapping[str, aws.lb.TargetGroup]
    """By the prefix of the names of their alarms."""
    load_balancer: aws.ecs.ServiceLoadBalancerArgsDict
    prerequisites: Sequence[pulumi.Resource]
    """Resources that must exist before the service: ECS refuses a target group without a load balancer."""


def route_http(
    name: str,
    settings: ServiceSettings,
    platform: Platform,
    *,
    target_type: TargetType,
    parent: pulumi.Resource,
) -> Traffic:
    """Declare target group and listener rules at the application load balancer."""
    group = target_group(name, settings, vpc_id=platform.vpc_id, target_type=target_type, parent=parent)
    match: Any = {
        "priority": settings.priority,
        "conditions": _conditions(settings),
        "transforms": _transforms(settings),
    }
    alternate = None
    if settings.rollout.has_two_target_groups:
        child = pulumi.ResourceOptions(parent=parent)
        alternate = AlternateTargetGroup(
            name, settings, platform, group, target_type=target_type, match=match, opts=child
        )
    # The same rule for every strategy: a replacement would leave users without an answer for a moment.
    rule = aws.lb.ListenerRule(
        name,
        listener_arn=platform.listener_arn,
        **match,
        actions=[
            alternate.production_action if alternate else {"type": "forward", "target_group_arn": group.arn}
        ],
        # A target group belongs to one load balancer at a time: delete the old load balancer's rule first
        # (TargetGroupAssociationLimit, terraform-provider-aws#22005).
        opts=alternate.rule_options(parent)
        if alternate
        else pulumi.ResourceOptions(
            parent=parent,
            hooks=pulumi.ResourceHookBinding(before_update=[keep_group_in_use(name)]),
            delete_before_replace=True,
        ),
    )
    if settings.redirect_hosts and settings.host:
        aws.lb.ListenerRule(
            f"{name}-redirect",
            listener_arn=platform.listener_arn,
            priority=redirect_priority(settings),
            conditions=[{"host_header": {"values": list(settings.redirect_hosts)}}],
            # The defaults keep protocol, port, path and query.
            actions=[{"type": "redirect", "redirect": {"host": settings.host, "status_code": "HTTP_301"}}],
            opts=pulumi.ResourceOptions(parent=parent),
        )
    load_balancer = _load_balancer(settings, group)
    load_balancer["advanced_configuration"] = alternate.advanced_configuration(rule) if alternate else None
    return Traffic(
        target_groups={name: group, **({f"{name}-green": alternate.target_group} if alternate else {})},
        load_balancer=load_balancer,
        prerequisites=[rule, *(alternate.prerequisites if alternate else ())],
    )


def route_tcp(
    name: str,
    settings: ServiceSettings,
    platform: Platform,
    *,
    target_type: TargetType,
    parent: pulumi.Resource,
) -> Traffic:
    """Declare target group and listener at the network load balancer."""
    balancer = platform.network_load_balancer
    if balancer is None:
        raise ValueError(f"{name} has exposure tcp and needs a network_load_balancer, got None")
    group = target_group(name, settings, vpc_id=platform.vpc_id, target_type=target_type, parent=parent)
    terminates_tls = settings.listener_protocol == "tls"
    listener = aws.lb.Listener(
        name,
        load_balancer_arn=balancer.arn,
        port=settings.port,
        protocol=settings.listener_protocol.upper(),
        ssl_policy=balancer.tls_policy if terminates_tls else None,
        certificate_arn=balancer.certificate_arn if terminates_tls else None,
        default_actions=[{"type": "forward", "target_group_arn": group.arn}],
        # As with rules: a target group belongs to one load balancer at a time. An update would keep the TLS
        # policy, which AWS refuses for TCP (terraform-provider-aws#7367).
        opts=pulumi.ResourceOptions(
            parent=parent, delete_before_replace=True, replacement_trigger=settings.listener_protocol
        ),
    )
    return Traffic(
        target_groups={name: group},
        load_balancer=_load_balancer(settings, group),
        prerequisites=[listener],
    )


def _load_balancer(
    settings: ServiceSettings, group: aws.lb.TargetGroup
) -> aws.ecs.ServiceLoadBalancerArgsDict:
    container, port = settings.ingress
    return {"target_group_arn": group.arn, "container_name": container, "container_port": port}


def _conditions(settings: ServiceSettings) -> list[aws.lb.ListenerRuleConditionArgsDict]:
    """Return the hosts and paths of a service."""
    conditions: list[aws.lb.ListenerRuleConditionArgsDict] = []
    if settings.hosts:
        conditions.append({"host_header": {"values": list(settings.hosts)}})
    # A rule needs at least one condition.
    if paths := settings.path_patterns or (() if settings.hosts else ("/*",)):
        conditions.append({"path_pattern": {"values": list(paths)}})
    return conditions


def _transforms(settings: ServiceSettings) -> list[aws.lb.ListenerRuleTransformArgsDict] | None:
    """Return the rewrite that removes the path prefix before the app sees the path; None without a prefix."""
    if settings.host is not None or settings.path_prefix is None:
        return None
    rewrite: aws.lb.ListenerRuleTransformUrlRewriteConfigRewriteArgsDict = {
        "regex": f"^{settings.path_prefix}/?(.*)$",
        "replace": "/$1",
    }
    return [{"type": "url-rewrite", "url_rewrite_config": {"rewrite": rewrite}}]
