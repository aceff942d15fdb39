"""Roles that ECS uses in a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi

from infra.account import allow, grant

if TYPE_CHECKING:
    from infra.account import Account
    from infra.settings import RolloutSettings

_POLICY: Final = "AmazonECSInfrastructureRolePolicyForLoadBalancers"
# Without a condition, as in AWS's guide: it is not documented whether ECS sends the ARN of the service.
_ECS: Final = "ecs.amazonaws.com"


class InfrastructureRole(pulumi.ComponentResource):
    """The role with which ECS registers tasks in two target groups and changes the listener rules."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, account: Account, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:InfrastructureRole", name, None, opts)

        role = account.make_role(
            name,
            description="ECS: moves traffic between the target groups of a service",
            service=_ECS,
            parent=self,
        )
        account.attach_aws_policy(name, role, _POLICY, parent=self)

        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


class HookRole(pulumi.ComponentResource):
    """The role with which ECS calls the Lambda functions of a service's deployment hooks, and no others."""

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        rollout: RolloutSettings,
        account: Account,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs:infra:HookRole", name, None, opts)

        role = account.make_role(
            f"{name}-hooks",
            description="ECS: calls the functions that a deployment waits for",
            service=_ECS,
            parent=self,
        )
        functions = sorted({hook.lambda_arn for hook in rollout.hooks if hook.lambda_arn})
        grant(f"{name}-hooks", role, [allow("Call", "lambda:InvokeFunction", functions)], parent=self)

        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
