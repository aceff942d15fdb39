"""The way from the load balancer to a service's tasks: target groups, and what a listener rule matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import ServiceSettings


def target_group(
    name: str,
    settings: ServiceSettings,
    *,
    vpc_id: pulumi.Input[str],
    parent: pulumi.Resource,
) -> aws.lb.TargetGroup:
    """Declare a target group for the service's tasks."""
    return aws.lb.TargetGroup(
        name,
        vpc_id=vpc_id,
        target_type="ip",
        protocol="HTTP",
        # ECS registers each task with its own port; this default is never used. The container's port here
        # would mean another group, empty at first, whenever it changes.
        port=80,
        deregistration_delay=settings.deregistration_delay_seconds,
        health_check={
            "protocol": "HTTP",
            "port": "traffic-port",
            "path": settings.health_check_path,
            "matcher": "200",
            "interval": settings.health_check_interval_seconds,
            # AWS wants it shorter than the interval, which can be 5 seconds.
            "timeout": min(5, settings.health_check_interval_seconds - 1),
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def condition(settings: ServiceSettings) -> aws.lb.ListenerRuleConditionArgsDict:
    """Return what a request must look like to be the service's."""
    if settings.host is not None:
        return {"host_header": {"values": [settings.host]}}
    if settings.path_prefix is not None:
        return {"path_pattern": {"values": [settings.path_prefix, f"{settings.path_prefix}/*"]}}
    return {"path_pattern": {"values": ["/*"]}}


def transforms(settings: ServiceSettings) -> list[aws.lb.ListenerRuleTransformArgsDict] | None:
    """Return what takes the prefix away before the app sees the path; None where there is none."""
    if settings.host is not None or settings.path_prefix is None:
        return None
    rewrite: aws.lb.ListenerRuleTransformUrlRewriteConfigRewriteArgsDict = {
        "regex": f"^{settings.path_prefix}/?(.*)$",
        "replace": "/$1",
    }
    return [{"type": "url-rewrite", "url_rewrite_config": {"rewrite": rewrite}}]
