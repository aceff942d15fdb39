"""Who may deploy: GitHub's jobs, by roles that they take without a stored key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account import policies
from account.actions import load_actions

if TYPE_CHECKING:
    from account.place import Place
    from account.settings import AccessSettings, StackSettings
    from account.state import State

_DEPLOYMENT_SECONDS: Final = 2 * 60 * 60
"""A canary with its pauses takes longer than the hour that AWS gives by itself."""
_PREVIEW_SECONDS: Final = 60 * 60


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What :class:`Access` needs to know."""

    settings: AccessSettings
    place: Place
    state: State
    repository_arn: str | None


class Access(pulumi.ComponentResource):
    """A deploy role for each stack and one that only looks; none can reach what is made here, or grow."""

    deploy_role_arns: pulumi.Output[Any]
    """By stack."""
    preview_role_arn: pulumi.Output[str]
    tasks_boundary_arn: pulumi.Output[str]
    """Boundary for the roles that stacks make."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs-bootstrap:account:Access", name, None, opts)
        self._args = args
        self._place = args.place
        state, actions = args.state, load_actions()

        self._provider_arn = self._github()
        tasks_boundary = self._policy(
            "tasks-boundary", policies.boundary_of_tasks(args.place, state.bucket, state.key_arn)
        )
        self._boundary = self._policy(
            "boundary",
            policies.boundary_of_deployments(
                args.place,
                actions.of_deployments,
                bucket=state.bucket,
                key_arn=state.key_arn,
                provider_arn=self._provider_arn,
                repository_arn=args.repository_arn,
            ),
        )
        required = tasks_boundary.arn if args.settings.require_boundary else None
        shared = {
            part: self._policy(f"deploy-{part}", policies.allowed(args.place, of_part, boundary=required))
            for part, of_part in _parts(actions.of_deployments).items()
        }
        roles = {stack.name: self._deploy_role(stack, shared) for stack in args.settings.stacks}
        preview = self._preview_role(
            self._policy("preview", policies.allowed(args.place, actions.of_previews))
        )

        self.deploy_role_arns = pulumi.Output.from_input({stack: role.arn for stack, role in roles.items()})
        self.preview_role_arn = preview.arn
        self.tasks_boundary_arn = tasks_boundary.arn
        self.register_outputs(
            {
                "deploy_role_arns": self.deploy_role_arns,
                "preview_role_arn": self.preview_role_arn,
                "tasks_boundary_arn": self.tasks_boundary_arn,
            },
        )

    def _github(self) -> pulumi.Output[str]:
        if self._args.settings.oidc_provider_arn is not None:
            return pulumi.Output.from_input(self._args.settings.oidc_provider_arn)
        return aws.iam.OpenIdConnectProvider(
            "github",
            url=f"https://{policies.GITHUB}",
            client_id_lists=["sts.amazonaws.com"],
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _deploy_role(self, stack: StackSettings, shared: Mapping[str, aws.iam.Policy]) -> aws.iam.Role:
        name = f"deploy-{stack.name}"
        subjects = [f"environment:{environment}" for environment in stack.environments]
        role = self._role(name, f"GitHub: deploys {stack.name}", subjects, _DEPLOYMENT_SECONDS)
        state = self._args.state
        self._inline(
            name,
            role,
            [
                *policies.state_of(self._place, state.bucket, state.key_arn, stack.patterns),
                policies.not_of_other_stacks(self._place, stack),
            ],
        )
        for part, policy in shared.items():
            self._attach(f"{name}-{part}", role, policy)
        return role

    def _preview_role(self, looks: aws.iam.Policy) -> aws.iam.Role:
        subjects = self._args.settings.read_only_subjects
        role = self._role("preview", "GitHub: looks, and changes nothing", subjects, _PREVIEW_SECONDS)
        state = self._args.state
        self._inline("preview", role, policies.state_of(self._place, state.bucket, state.key_arn))
        self._attach("preview", role, looks)
        return role

    def _role(self, name: str, description: str, subjects: Iterable[str], seconds: int) -> aws.iam.Role:
        trust = policies.trust(self._args.settings, self._provider_arn, list(subjects))
        return aws.iam.Role(
            name,
            # By name: workflows name it.
            name=f"{self._place.project}-{name}",
            path=self._place.iam_path,
            description=description,
            assume_role_policy=pulumi.Output.json_dumps(trust),
            permissions_boundary=self._boundary.arn,
            max_session_duration=seconds,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _policy(self, name: str, statements: Iterable[dict[str, Any]]) -> aws.iam.Policy:
        return aws.iam.Policy(
            name,
            name=f"{self._place.project}-{name}",
            path=self._place.iam_path,
            policy=pulumi.Output.json_dumps(policies.document(statements)),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _inline(self, name: str, role: aws.iam.Role, statements: Iterable[dict[str, Any]]) -> None:
        aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=pulumi.Output.json_dumps(policies.document(statements)),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _attach(self, name: str, role: aws.iam.Role, policy: aws.iam.Policy) -> None:
        aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=pulumi.ResourceOptions(parent=self)
        )


def _parts(actions: Iterable[str]) -> dict[str, list[str]]:
    """Return actions in parts, each small enough for a policy: 6,144 characters."""
    parts: dict[str, list[str]] = {"network": [], "services": [], "account": []}
    for action in sorted(actions):
        service = action.partition(":")[0]
        part = {"ec2": "network", "elasticloadbalancing": "network", "iam": "account", "route53": "account"}
        parts[part.get(service, "services")].append(action)
    return parts
