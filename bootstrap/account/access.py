"""Who may deploy: GitHub's jobs, by roles that they take without a stored key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account import deployments, tasks
from account.actions import load_actions
from account.resource_policies import state_of
from account.statements import (
    LARGEST_INLINE_POLICIES,
    LARGEST_MANAGED_POLICY,
    LARGEST_TRUST_POLICY,
    Statement,
    policy_text,
)
from account.trust import AUDIENCE, GITHUB, trust

if TYPE_CHECKING:
    from account.place import Place
    from account.settings import Settings, StackSettings
    from account.state import State

_DEPLOYMENT_SECONDS: Final = 2 * 60 * 60
"""A canary with its pauses takes longer than the hour that AWS gives by itself."""
_PREVIEW_SECONDS: Final = 60 * 60


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What :class:`Access` needs to know."""

    settings: Settings
    place: Place
    state: State
    repository_arn: str | None


class Access(pulumi.ComponentResource):
    """A deploy role for each stack and one that only reads.

    None can change what is made here, have a role do what it may not do itself, or reach other stacks' roles.
    """

    deploy_role_arns: pulumi.Output[Any]
    """By stack."""
    preview_role_arn: pulumi.Output[str]
    tasks_boundary_arns: pulumi.Output[Any]
    """Boundary that the roles of a stack must have, by stack."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs-bootstrap:account:Access", name, None, opts)
        self._settings, self._place, self._state = args.settings, args.place, args.state
        self._actions = load_actions()

        self._provider_arn = self._github()
        self._boundary = self._policy(
            "boundary",
            deployments.boundary(
                args.place,
                self._actions.of_deployments,
                bucket=args.state.bucket,
                key_arn=args.state.key_arn,
                provider_arn=self._provider_arn,
                repository_arn=args.repository_arn,
            ),
        )
        shared = deployments.shared_by_stacks(args.place, self._actions.of_deployments, self._actions.owned)
        self._shared = {part: self._policy(f"deploy-{part}", what) for part, what in shared.items()}
        tasks_boundaries = {stack.name: self._tasks_boundary(stack) for stack in args.settings.stacks}
        roles = {
            stack.name: self._deploy_role(stack, tasks_boundaries[stack.name])
            for stack in args.settings.stacks
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
            },
        )

    def _github(self) -> pulumi.Output[str]:
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
            self._place, stack, bucket=self._state.bucket, key_arn=self._state.key_arn
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
        of_stack = deployments.of_stack(
            self._place, stack, self._actions.of_deployments, tasks_boundary=tasks_boundary.arn
        )
        self._inline(name, role, [*self._state_of(stack.patterns), *of_stack], f"`domains` of {stack.name}")
        own = self._policy(
            f"own-{stack.name}", deployments.own_things(self._place, stack, self._actions.owned)
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
        self._inline("preview", role, self._state_of())
        reading = self._policy("preview", deployments.reading(self._place, self._actions.of_previews))
        self._attach("preview", role, reading)
        return role

    def _state_of(self, writes: Sequence[str] = ()) -> Iterable[Statement]:
        return state_of(self._place, self._state.bucket, self._state.key_arn, writes)

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
        # By name: workflows name it.
        full_name = f"{self._place.project}-{name}"
        statements = trust(self._settings, self._provider_arn, subjects, branch=branch)
        return aws.iam.Role(
            name,
            name=full_name,
            path=self._place.iam_path,
            description=description,
            assume_role_policy=policy_text(
                full_name, statements, limit=LARGEST_TRUST_POLICY, shorten=shorten
            ),
            permissions_boundary=self._boundary.arn,
            max_session_duration=seconds,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _policy(self, name: str, statements: Iterable[Statement], shorten: str = "names") -> aws.iam.Policy:
        full_name = f"{self._place.project}-{name}"
        return aws.iam.Policy(
            name,
            name=full_name,
            path=self._place.iam_path,
            policy=policy_text(full_name, statements, limit=LARGEST_MANAGED_POLICY, shorten=shorten),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _inline(
        self, name: str, role: aws.iam.Role, statements: Iterable[Statement], shorten: str = "names"
    ) -> None:
        full_name = f"{self._place.project}-{name}"
        aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=policy_text(full_name, statements, limit=LARGEST_INLINE_POLICIES, shorten=shorten),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _attach(self, name: str, role: aws.iam.Role, policy: aws.iam.Policy) -> None:
        aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=pulumi.ResourceOptions(parent=self)
        )


def _arns(made: Mapping[str, aws.iam.Role | aws.iam.Policy]) -> pulumi.Output[Any]:
    return pulumi.Output.from_input({name: one.arn for name, one in made.items()})
