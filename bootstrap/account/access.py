"""Roles of GitHub's jobs, which they assume without stored keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account import deployments, tasks
from account.actions import load_actions
from account.resource_policies import state_permissions
from account.statements import (
    LARGEST_INLINE_POLICIES,
    LARGEST_MANAGED_POLICY,
    LARGEST_TRUST_POLICY,
    Statement,
    policy_text,
)
from account.trust import AUDIENCE, GITHUB, trust_statements

if TYPE_CHECKING:
    from account.account import Account
    from account.settings import Settings, StackSettings
    from account.state import State

_DEPLOYMENT_SECONDS: Final = 2 * 60 * 60
"""A canary deployment with its pauses takes longer than AWS's default of an hour."""
_PREVIEW_SECONDS: Final = 60 * 60


class Access(pulumi.ComponentResource):
    """A deploy role for each stack, and a read-only role for previews.

    No role can change the resources of bootstrap, extend its permissions by another role, or access the roles
    of other stacks.
    """

    deploy_role_arns: pulumi.Output[Any]
    """Deploy roles by stack."""
    preview_role_arn: pulumi.Output[str]
    tasks_boundary_arns: pulumi.Output[Any]
    """Permissions boundaries that the roles of a stack must have, by stack."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        account: Account,
        *,
        state: State,
        repository_arn: str | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs-bootstrap:account:Access", name, None, opts)
        self._settings, self._account, self._state = settings, account, state
        self._actions = load_actions()

        self._provider_arn = self._github_provider()
        self._boundary = self._policy(
            "boundary",
            deployments.boundary(
                account,
                self._actions.of_deployments,
                bucket=state.bucket,
                key_arn=state.key_arn,
                provider_arn=self._provider_arn,
                repository_arn=repository_arn,
            ),
        )
        shared = deployments.shared_permissions(account, self._actions.of_deployments, self._actions.owned)
        self._shared = {
            part: self._policy(f"deploy-{part}", statements) for part, statements in shared.items()
        }
        tasks_boundaries = {stack.name: self._tasks_boundary(stack) for stack in settings.stacks}
        roles = {
            stack.name: self._deploy_role(stack, tasks_boundaries[stack.name]) for stack in settings.stacks
        }
        preview = self._preview_role()

        self.deploy_role_arns = _arns(roles)
        self.preview_role_arn = preview.arn
        self.tasks_boundary_arns = _arns(tasks_boundaries)
        self.register_outputs(
            {
                "deploy_role_arns": self.deploy_role_arns,
                "preview_role_arn": self.preview_role_arn,
                "tasks_boundary_arns": self.tasks_boundary_arns,
            }
        )

    def _github_provider(self) -> pulumi.Output[str]:
        if self._settings.oidc_provider_arn is not None:
            return pulumi.Output.from_input(self._settings.oidc_provider_arn)
        return aws.iam.OpenIdConnectProvider(
            "github",
            url=f"https://{GITHUB}",
            client_id_lists=[AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _tasks_boundary(self, stack: StackSettings) -> aws.iam.Policy:
        statements = tasks.boundary(
            self._account, stack, bucket=self._state.bucket, key_arn=self._state.key_arn
        )
        return self._policy(f"tasks-{stack.name}", statements, f"`task-role-statements` of {stack.name}")

    def _deploy_role(self, stack: StackSettings, tasks_boundary: aws.iam.Policy) -> aws.iam.Role:
        name = f"deploy-{stack.name}"
        role = self._role(
            name,
            f"GitHub: deploys {stack.name}",
            [f"environment:{environment}" for environment in stack.environments],
            branch=stack.branch,
            seconds=_DEPLOYMENT_SECONDS,
            shorten=f"`environments` of {stack.name}",
        )
        stack_permissions = deployments.stack_permissions(
            self._account, stack, self._actions.of_deployments, tasks_boundary=tasks_boundary.arn
        )
        self._inline(
            name,
            role,
            [*self._state_permissions(stack.patterns), *stack_permissions],
            f"`domains` of {stack.name}",
        )
        own = self._policy(
            f"own-{stack.name}", deployments.tagged_permissions(self._account, stack, self._actions.owned)
        )
        for part, policy in {**self._shared, "own": own}.items():
            self._attach(f"{name}-{part}", role, policy)
        return role

    def _preview_role(self) -> aws.iam.Role:
        role = self._role(
            "preview",
            "GitHub: reads, and changes nothing",
            self._settings.read_only_subjects,
            seconds=_PREVIEW_SECONDS,
            shorten="`read-only-subjects`",
        )
        self._inline("preview", role, self._state_permissions())
        reading = self._policy(
            "preview", deployments.read_permissions(self._account, self._actions.of_previews)
        )
        self._attach("preview", role, reading)
        return role

    def _state_permissions(self, writes: Sequence[str] = ()) -> Iterable[Statement]:
        return state_permissions(self._account, self._state.bucket, self._state.key_arn, writes)

    def _role(
        self,
        name: str,
        description: str,
        subjects: Sequence[str],
        *,
        seconds: int,
        shorten: str,
        branch: str | None = None,
    ) -> aws.iam.Role:
        # A fixed name, which workflows use.
        statements = trust_statements(self._settings, self._provider_arn, subjects, branch=branch)
        return aws.iam.Role(
            name,
            name=self._full_name(name),
            path=self._account.iam_path,
            description=description,
            assume_role_policy=policy_text(
                self._full_name(name), statements, limit=LARGEST_TRUST_POLICY, shorten=shorten
            ),
            permissions_boundary=self._boundary.arn,
            max_session_duration=seconds,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _policy(self, name: str, statements: Iterable[Statement], shorten: str = "names") -> aws.iam.Policy:
        full_name = self._full_name(name)
        return aws.iam.Policy(
            name,
            name=full_name,
            path=self._account.iam_path,
            policy=policy_text(full_name, statements, limit=LARGEST_MANAGED_POLICY, shorten=shorten),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _inline(
        self, name: str, role: aws.iam.Role, statements: Iterable[Statement], shorten: str = "names"
    ) -> None:
        text = policy_text(self._full_name(name), statements, limit=LARGEST_INLINE_POLICIES, shorten=shorten)
        aws.iam.RolePolicy(name, role=role.name, policy=text, opts=pulumi.ResourceOptions(parent=self))

    def _full_name(self, name: str) -> str:
        return f"{self._account.project}-{name}"

    def _attach(self, name: str, role: aws.iam.Role, policy: aws.iam.Policy) -> None:
        aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=pulumi.ResourceOptions(parent=self)
        )


def _arns(resources: Mapping[str, aws.iam.Role | aws.iam.Policy]) -> pulumi.Output[Any]:
    return pulumi.Output.from_input({name: resource.arn for name, resource in resources.items()})
