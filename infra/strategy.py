"""What a rollout strategy adds to a service: a second target group, rules that are ECS's, hooks, timeouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.routing import condition, target_group, transforms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.ecs_roles import InfrastructureRole
    from infra.settings import RolloutHook, RolloutSettings, ServiceSettings, Strategy

_AWS_STRATEGY: Final[dict[Strategy, str]] = {
    "rolling": "ROLLING",
    "canary": "CANARY",
    "linear": "LINEAR",
    "blue-green": "BLUE_GREEN",
}
_STARTING_AND_STOPPING_MINUTES: Final = 40


@dataclass(frozen=True, kw_only=True)
class TrafficShift:
    """What the services that move traffic share."""

    role: InfrastructureRole
    test_listener_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class GreenArgs:
    """What :class:`Green` needs to know."""

    settings: ServiceSettings
    blue: aws.lb.TargetGroup
    vpc_id: pulumi.Input[str]
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
        self.target_group = target_group(f"{name}-green", settings, vpc_id=args.vpc_id, parent=self)
        self._test_rule = aws.lb.ListenerRule(
            f"{name}-test",
            listener_arn=args.shift.test_listener_arn,
            priority=settings.priority,
            conditions=[condition(settings)],
            transforms=transforms(settings),
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
        return pulumi.ResourceOptions(parent=parent, ignore_changes=["actions"])

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


def needs_hook_role(rollout: RolloutSettings) -> bool:
    """Whether a deployment calls functions."""
    return any(hook.lambda_arn for hook in rollout.hooks)


def deployment_configuration(
    rollout: RolloutSettings, hook_role_arn: pulumi.Input[str] | None = None
) -> aws.ecs.ServiceDeploymentConfigurationArgsDict:
    """Return the strategy in ECS's words; the rolling one too, for what is left out the provider keeps."""
    configuration: aws.ecs.ServiceDeploymentConfigurationArgsDict = {
        "strategy": _AWS_STRATEGY[rollout.strategy],
    }
    if rollout.strategy == "rolling":
        return configuration
    configuration["bake_time_in_minutes"] = str(rollout.bake_minutes)
    if rollout.strategy == "canary":
        configuration["canary_configuration"] = {
            "canary_percent": rollout.canary_percent,
            "canary_bake_time_in_minutes": str(rollout.canary_minutes),
        }
    if rollout.strategy == "linear":
        configuration["linear_configuration"] = {
            "step_percent": rollout.step_percent,
            "step_bake_time_in_minutes": str(rollout.step_minutes),
        }
    if rollout.hooks:
        configuration["lifecycle_hooks"] = [_hook(hook, hook_role_arn) for hook in rollout.hooks]
    return configuration


def timeouts(rollout: RolloutSettings) -> pulumi.CustomTimeouts:
    """Return how long the provider may wait: its own 20 minutes end before a canary does."""
    minutes = f"{rollout.planned_minutes + _STARTING_AND_STOPPING_MINUTES}m"
    return pulumi.CustomTimeouts(create=minutes, update=minutes, delete=minutes)


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


def _hook(
    hook: RolloutHook, role_arn: pulumi.Input[str] | None
) -> aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgsDict:
    if hook.lambda_arn is None:
        return {
            "target_type": "PAUSE",
            "lifecycle_stages": list(hook.stages),
            "timeout_configuration": {
                "action": hook.on_timeout.upper(),
                "timeout_in_minutes": str(hook.timeout_minutes),
            },
        }
    called: aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgsDict = {
        "target_type": "AWS_LAMBDA",
        "lifecycle_stages": list(hook.stages),
        "hook_target_arn": hook.lambda_arn,
        "role_arn": role_arn,
    }
    if hook.details is not None:
        called["hook_details"] = hook.details
    return called
