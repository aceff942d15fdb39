"""What runs: containers, and the two roles that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant
from infra.service.compute import Compute
from infra.service.containers import app_container, registry_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.account import Account, Statement
    from infra.image.reference import DeployableImage
    from infra.service.platform import Platform
    from infra.settings import Architecture, ServiceSettings

_CPU_ARCHITECTURE: Final[dict[Architecture, str]] = {"arm64": "ARM64", "x86_64": "X86_64"}
_EXEC_ACTIONS: Final = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")


@dataclass(frozen=True, kw_only=True)
class TaskDefinitionArgs:
    """What a :class:`TaskDefinition` needs to know."""

    settings: ServiceSettings
    platform: Platform
    image: DeployableImage


class TaskDefinition(pulumi.ComponentResource):
    """A task without root, capabilities or a file system to write to, whose roles may do the least.

    With ECS Exec the file system is writable, capabilities stay, and whoever runs a command does so as root.

    Revisions stay when a new one replaces them, because ECS rolls back to them.
    """

    arn: pulumi.Output[str]
    """Known only when both roles may do what the task needs."""
    family: str
    """What all its revisions are called."""
    role_arns: Sequence[pulumi.Output[str]]
    """The roles that whoever starts a task hands to ECS."""

    def __init__(
        self, name: str, args: TaskDefinitionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:TaskDefinition", name, None, opts)
        settings, platform = args.settings, args.platform
        compute = Compute.of(settings, platform)

        execution_role = self._role(
            f"{name}-execution", "ECS itself: pulls, logs, reads secrets", platform.account
        )
        policies = [grant(f"{name}-execution", execution_role, _execution_statements(args), parent=self)]
        task_role = self._role(f"{name}-task", "The app's own permissions", platform.account)
        if statements := [*_task_statements(settings)]:
            policies.append(grant(f"{name}-task", task_role, statements, parent=self))

        # The only name of a stack that AWS does not let us leave open.
        self.family = f"{platform.project}-{platform.stack}-{settings.name}"
        definition = aws.ecs.TaskDefinition(
            name,
            family=self.family,
            requires_compatibilities=compute.compatibilities,
            network_mode=compute.network_mode,
            cpu=str(settings.cpu),
            memory=str(settings.memory),
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": _CPU_ARCHITECTURE[settings.architecture],
            },
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=pulumi.Output.json_dumps(
                [app_container(settings, args.image, platform, compute)]
            ),
            skip_destroy=True,
            # A task that starts before its roles may pull and log fails, and so may the deployment.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=policies,
                hooks=platform.rollout.of_task_definition(),
            ),
        )

        self.arn = definition.arn
        self.role_arns = [execution_role.arn, task_role.arn]
        self.register_outputs({"arn": self.arn})

    def _role(self, name: str, description: str, account: Account) -> aws.iam.Role:
        here = pulumi.Output.format("arn:{}:ecs:{}:{}:*", account.partition, account.region, account.id)
        return account.make_role(
            name,
            description=description,
            service="ecs-tasks.amazonaws.com",
            # Else ECS could be made to use it for somebody else's tasks.
            condition={
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {"aws:SourceArn": here},
            },
            parent=self,
        )


def _execution_statements(args: TaskDefinitionArgs) -> Iterator[Statement]:
    streams = pulumi.Output.concat(args.platform.log_group_arn, ":log-stream:", args.settings.name, "/*")
    yield allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], streams)
    if args.image.repository_arn is not None:
        yield allow(
            "Pull",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            args.image.repository_arn,
        )
        # The one action here that knows no resource: it logs in to the registry, not to a repository.
        yield allow("LogIn", "ecr:GetAuthorizationToken", "*")
    asked = [
        *args.settings.secrets.values(),
        *filter(None, [registry_credentials(args.settings, args.image)]),
    ]
    if secrets := sorted({_secret_arn(arn) for arn in asked if ":secretsmanager:" in arn}):
        yield allow("ReadSecrets", "secretsmanager:GetSecretValue", secrets)
    if parameters := sorted({_parameter_arn(arn) for arn in asked if ":ssm:" in arn}):
        yield allow("ReadParameters", "ssm:GetParameters", parameters)


def _secret_arn(value_from: str) -> str:
    # `arn:aws:secretsmanager:region:account:secret:name` may go on with `:json-key:version-stage:version-id`.
    return ":".join(value_from.split(":")[:7])


def _parameter_arn(value_from: str) -> str:
    # `arn:aws:ssm:region:account:parameter/name` may go on with `:version` or `:label`, which IAM ignores.
    return ":".join(value_from.split(":")[:6])


def _task_statements(settings: ServiceSettings) -> Iterator[Statement]:
    for own in settings.task_role_statements:
        yield {"Effect": "Allow", "Action": list(own.actions), "Resource": list(own.resources)}
    if settings.execute_command:
        # The agent has no other role than the app's, and its channels no names.
        yield allow("ExecuteCommand", [f"ssmmessages:{action}" for action in _EXEC_ACTIONS], "*")
