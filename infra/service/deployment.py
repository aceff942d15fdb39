"""How ECS deploys a service: strategy, hooks and timeouts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import RolloutHook, RolloutSettings, ServiceSettings, Strategy

_AWS_STRATEGY: Final[dict[Strategy, str]] = {
    "rolling": "ROLLING",
    "canary": "CANARY",
    "linear": "LINEAR",
    "blue-green": "BLUE_GREEN",
}
_STARTING_MINUTES: Final = 5
"""Time for new roles to become known and for ECS to begin the deployment."""
_STOPPING_MINUTES: Final = 40
"""Besides the deregistration delay, which AWS allows to be an hour."""


def needs_hook_role(rollout: RolloutSettings) -> bool:
    """Whether a deployment calls Lambda functions."""
    return any(hook.lambda_arn for hook in rollout.hooks)


def deployment_configuration(
    rollout: RolloutSettings, hook_role_arn: pulumi.Input[str] | None = None
) -> aws.ecs.ServiceDeploymentConfigurationArgsDict:
    """Return the strategy; explicit for rolling too, because the provider keeps a block that is left out."""
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


def timeouts(settings: ServiceSettings) -> pulumi.CustomTimeouts:
    """Return the provider's time limits: its default of 20 minutes is shorter than a canary deployment."""
    deploying = f"{math.ceil(settings.rollout_seconds / 60) + _STARTING_MINUTES}m"
    stopping = f"{math.ceil(settings.deregistration_delay_seconds / 60) + _STOPPING_MINUTES}m"
    return pulumi.CustomTimeouts(create=deploying, update=deploying, delete=stopping)


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
    configuration: aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgsDict = {
        "target_type": "AWS_LAMBDA",
        "lifecycle_stages": list(hook.stages),
        "hook_target_arn": hook.lambda_arn,
        "role_arn": role_arn,
    }
    if hook.details is not None:
        configuration["hook_details"] = hook.details
    return configuration
