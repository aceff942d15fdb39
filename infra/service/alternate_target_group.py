"""The second target group of a service whose deployments shift traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.service.target_groups import target_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.service.platform import Platform
    from infra.service.target_groups import TargetType
    from infra.settings import ServiceSettings


class AlternateTargetGroup(pulumi.ComponentResource):
    """The target group that takes turns with the first in deployments, and its rule at the test listener.

    The test rule exists even if nobody may reach the test listener: while a service changes from rolling to
    another strategy the production rule keeps its single action, and ECS refuses a target group without a
    rule.
    """

    target_group: aws.lb.TargetGroup
    production_action: aws.lb.ListenerRuleActionArgsDict
    """Action of the production rule before the first deployment; ECS wants both groups in it."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        platform: Platform,
        first: aws.lb.TargetGroup,
        *,
        target_type: TargetType,
        match: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the group and its rule.

        Args:
            name: of the service.
            settings: of the service.
            platform: shared by all services.
            first: the service's first target group.
            target_type: of both groups.
            match: priority, conditions and transforms of the production rule, which the test rule shares.
            opts: resource options.
        """
        super().__init__("node-on-ecs:infra:AlternateTargetGroup", name, None, opts)
        if platform.traffic_shift is None:
            raise ValueError(f"{name} has two target groups and needs a traffic_shift, got None")
        self._role = platform.traffic_shift.role
        self._kind_of_groups = f"{settings.protocol_version} {target_type}"

        self.target_group = target_group(
            f"{name}-green", settings, vpc_id=platform.vpc_id, target_type=target_type, parent=self
        )
        self.production_action = _forward({first: 100, self.target_group: 0})
        self._test_rule = aws.lb.ListenerRule(
            f"{name}-test",
            listener_arn=platform.traffic_shift.test_listener_arn,
            **match,
            actions=[_forward({first: 0, self.target_group: 100})],
            opts=self.rule_options(parent=self),
        )

        self.register_outputs({"target_group_arn": self.target_group.arn})

    def rule_options(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return options for a rule whose actions ECS changes.

        Every deployment swaps the weights. Setting them again would send users to a group without tasks, and
        to ignore only the weights is not reliable (pulumi-aws#5772, pulumi-aws#5798). So only a new rule gets
        new groups, which ECS refuses without a rule.
        """
        return pulumi.ResourceOptions(
            parent=parent,
            ignore_changes=["actions"],
            delete_before_replace=True,
            replacement_trigger=self._kind_of_groups,
        )

    def advanced_configuration(
        self, production_rule: aws.lb.ListenerRule
    ) -> aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgsDict:
        """Return the arguments by which ECS shifts traffic between the two target groups."""
        return {
            "alternate_target_group_arn": self.target_group.arn,
            "production_listener_rule": production_rule.arn,
            "test_listener_rule": self._test_rule.arn,
            "role_arn": self._role.arn,
        }

    @property
    def prerequisites(self) -> list[pulumi.Resource]:
        """Resources that must be deleted after the service: without them it stays in DRAINING."""
        return [self, self._role]


def _forward(weights: Mapping[aws.lb.TargetGroup, int]) -> aws.lb.ListenerRuleActionArgsDict:
    groups: list[aws.lb.ListenerRuleActionForwardTargetGroupArgsDict] = [
        {"arn": group.arn, "weight": weight} for group, weight in weights.items()
    ]
    return {"type": "forward", "forward": {"target_groups": groups}}


def keep_group_in_use(name: str) -> pulumi.ResourceHook:
    """Return a hook for a rule with one target group: it refuses to remove a group that gets requests."""

    def refuse(args: pulumi.ResourceHookArgs) -> None:
        remaining = {*_weighted_groups(args.new_inputs), *_single_groups(args.new_inputs)}
        for group in _weighted_groups(args.old_outputs):
            if group not in remaining:
                raise pulumi.RunError(
                    f"{name}: the load balancer routes users to target group {group}, which this update "
                    "would remove from the rule. Keep `rollout.two-target-groups: true` with the rolling "
                    "strategy, or deploy once more with the previous one, which moves users to the other "
                    "group."
                )

    return pulumi.ResourceHook(f"{name}-keep-group-in-use", refuse)


def _weighted_groups(rule: Mapping[str, Any] | None) -> list[str]:
    """Return the ARNs of the target groups with a weight above 0."""
    arns: list[str] = []
    for action in _actions(rule):
        forward: Mapping[str, Any] = action.get("forward") or {}
        groups: list[Mapping[str, Any]] = forward.get("targetGroups") or []
        arns += [str(group["arn"]) for group in groups if group.get("weight") != 0]
    return arns


def _single_groups(rule: Mapping[str, Any] | None) -> list[str]:
    return [str(action["targetGroupArn"]) for action in _actions(rule) if action.get("targetGroupArn")]


def _actions(rule: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return (rule or {}).get("actions") or []
