"""From the application load balancer to a service's tasks: target groups and listener rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.service.target_groups import target_group
from infra.settings.routing import redirect_priority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.service.platform import Platform, TrafficShift
    from infra.service.target_groups import TargetType
    from infra.settings import ServiceSettings


class HttpTraffic:
    """What leads from the application load balancer to a service: target groups, and rules to them."""

    target_groups: Mapping[str, aws.lb.TargetGroup]
    """By the names that alarms about them begin with."""
    load_balancers: Sequence[aws.ecs.ServiceLoadBalancerArgsDict]
    """As the ECS service wants them."""
    prerequisites: Sequence[pulumi.Resource]
    """What has to be there before the service: ECS refuses a target group that no rule leads to."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        platform: Platform,
        *,
        target_type: TargetType,
        parent: pulumi.Resource,
    ) -> None:
        """Declare it below the service's component."""
        blue = target_group(name, settings, vpc_id=platform.vpc_id, target_type=target_type, parent=parent)
        green = (
            Green(
                name,
                GreenArgs(
                    settings=settings,
                    blue=blue,
                    vpc_id=platform.vpc_id,
                    target_type=target_type,
                    shift=platform.traffic_shift,
                ),
                opts=pulumi.ResourceOptions(parent=parent),
            )
            if platform.traffic_shift and settings.rollout.has_two_target_groups
            else None
        )
        rule = production_rule(
            name, settings, listener_arn=platform.listener_arn, blue=blue, green=green, parent=parent
        )
        if settings.redirect_hosts and settings.host:
            redirect(
                f"{name}-redirect",
                settings.redirect_hosts,
                to=settings.host,
                listener_arn=platform.listener_arn,
                priority=redirect_priority(settings),
                parent=parent,
            )
        self.target_groups = {name: blue} | ({f"{name}-green": green.target_group} if green else {})
        container, port = settings.ingress
        self.load_balancers = [
            {
                "target_group_arn": blue.arn,
                "container_name": container,
                "container_port": port,
                "advanced_configuration": green.advanced_configuration(rule) if green else None,
            }
        ]
        self.prerequisites = [rule, *(green.prerequisites if green else ())]


@dataclass(frozen=True, kw_only=True)
class GreenArgs:
    """What :class:`Green` needs to know."""

    settings: ServiceSettings
    blue: aws.lb.TargetGroup
    vpc_id: pulumi.Input[str]
    target_type: TargetType = "ip"
    shift: TrafficShift


class Green(pulumi.ComponentResource):
    """The second half of a service: its other target group, and a rule of the test listener.

    The test rule is there even if nobody may reach the test listener. On the way from a rolling service the
    production rule keeps the one action that it has, and ECS refuses a target group that no rule leads to.
    """

    target_group: aws.lb.TargetGroup

    def __init__(self, name: str, args: GreenArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Green", name, None, opts)
        settings = args.settings

        self._args = args
        self.target_group = target_group(
            f"{name}-green", settings, vpc_id=args.vpc_id, target_type=args.target_type, parent=self
        )
        self._test_rule = aws.lb.ListenerRule(
            f"{name}-test",
            listener_arn=args.shift.test_listener_arn,
            priority=settings.priority,
            conditions=_conditions(settings),
            transforms=_transforms(settings),
            actions=[self._forward(blue=0, green=100)],
            opts=self.options_of_rule(parent=self),
        )

        self.register_outputs({"target_group_arn": self.target_group.arn})

    @staticmethod
    def options_of_rule(parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return options for a rule whose actions are ECS's from the first deployment on.

        It swaps the weights each time. To set them again would send users to a group without tasks, and to
        ignore the weights alone is not reliable (pulumi-aws#5772, pulumi-aws#5798).
        """
        return pulumi.ResourceOptions(parent=parent, ignore_changes=["actions"], delete_before_replace=True)

    @property
    def production_action(self) -> aws.lb.ListenerRuleActionArgsDict:
        """What the production rule does before the first deployment; both groups, for ECS asks for a rule."""
        return self._forward(blue=100, green=0)

    def advanced_configuration(
        self, production_rule: aws.lb.ListenerRule
    ) -> aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgsDict:
        """Return what ECS needs to move traffic between the two target groups."""
        return {
            "alternate_target_group_arn": self.target_group.arn,
            "production_listener_rule": production_rule.arn,
            "test_listener_rule": self._test_rule.arn,
            "role_arn": self._args.shift.role.arn,
        }

    @property
    def prerequisites(self) -> list[pulumi.Resource]:
        """What has to be there before the service and go after it, else it is stuck in DRAINING."""
        return [self, self._args.shift.role]

    def _forward(self, *, blue: int, green: int) -> aws.lb.ListenerRuleActionArgsDict:
        return {
            "type": "forward",
            "forward": {
                "target_groups": [
                    {"arn": self._args.blue.arn, "weight": blue},
                    {"arn": self.target_group.arn, "weight": green},
                ],
            },
        }


def production_rule(
    name: str,
    settings: ServiceSettings,
    *,
    listener_arn: pulumi.Input[str],
    blue: aws.lb.TargetGroup,
    green: Green | None,
    parent: pulumi.Resource,
) -> aws.lb.ListenerRule:
    """Declare the rule by which users reach a service.

    It is the same one whatever the strategy: another would leave users without an answer for a moment.
    """
    return aws.lb.ListenerRule(
        name,
        listener_arn=listener_arn,
        priority=settings.priority,
        conditions=_conditions(settings),
        transforms=_transforms(settings),
        actions=[green.production_action if green else {"type": "forward", "target_group_arn": blue.arn}],
        # A target group belongs to one load balancer at a time: a rule of another one can be made only once
        # the old one's is gone (TargetGroupAssociationLimit, terraform-provider-aws#22005).
        opts=green.options_of_rule(parent)
        if green
        else pulumi.ResourceOptions(
            parent=parent,
            hooks=pulumi.ResourceHookBinding(before_update=[stays_at_blue(name)]),
            delete_before_replace=True,
        ),
    )


def redirect(
    name: str,
    hosts: Sequence[str],
    *,
    to: str,
    listener_arn: pulumi.Input[str],
    priority: int,
    parent: pulumi.Resource,
) -> aws.lb.ListenerRule:
    """Declare the rule that sends requests for some hosts on to another one, path and query with them."""
    return aws.lb.ListenerRule(
        name,
        listener_arn=listener_arn,
        priority=priority,
        conditions=[{"host_header": {"values": list(hosts)}}],
        actions=[{"type": "redirect", "redirect": {"host": to, "status_code": "HTTP_301"}}],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def stays_at_blue(name: str) -> pulumi.ResourceHook:
    """Return a hook for a rule of one target group: it refuses to take users away from where they are."""

    def refuse(args: pulumi.ResourceHookArgs) -> None:
        for group in _weighted_groups(args.old_outputs):
            if group not in _groups(args.new_inputs):
                raise pulumi.RunError(
                    f"{name}: users are at target group {group}, and this update would take it away from "
                    "them. Keep `rollout.two-target-groups: true` with the rolling strategy; or deploy once "
                    "more with the strategy that it had, which moves users to the other group."
                )

    return pulumi.ResourceHook(f"{name}-stays-at-blue", refuse)


def _weighted_groups(properties: Mapping[str, Any] | None) -> list[str]:
    """Return the target groups that get requests by weight."""
    found: list[str] = []
    for action in _actions(properties):
        forward: Mapping[str, Any] = action.get("forward") or {}
        weighted: list[Mapping[str, Any]] = forward.get("targetGroups") or []
        found += [str(group["arn"]) for group in weighted if group.get("weight") != 0]
    return found


def _groups(properties: Mapping[str, Any] | None) -> list[str]:
    single = [action.get("targetGroupArn") for action in _actions(properties)]
    return [*_weighted_groups(properties), *(str(group) for group in single if group)]


def _actions(properties: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return (properties or {}).get("actions") or []


def _conditions(settings: ServiceSettings) -> list[aws.lb.ListenerRuleConditionArgsDict]:
    """Return what a request must look like to be the service's."""
    conditions: list[aws.lb.ListenerRuleConditionArgsDict] = []
    if settings.hosts:
        conditions.append({"host_header": {"values": list(settings.hosts)}})
    # A rule needs a condition.
    if paths := settings.path_patterns or (() if settings.hosts else ("/*",)):
        conditions.append({"path_pattern": {"values": list(paths)}})
    return conditions


def _transforms(settings: ServiceSettings) -> list[aws.lb.ListenerRuleTransformArgsDict] | None:
    """Return what takes the prefix away before the app sees the path; None where there is none."""
    if settings.host is not None or settings.path_prefix is None:
        return None
    rewrite: aws.lb.ListenerRuleTransformUrlRewriteConfigRewriteArgsDict = {
        "regex": f"^{settings.path_prefix}/?(.*)$",
        "replace": "/$1",
    }
    return [{"type": "url-rewrite", "url_rewrite_config": {"rewrite": rewrite}}]
