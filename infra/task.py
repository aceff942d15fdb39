"""What runs: containers, and the two roles that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.roles import make_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.image_reference import DeployableImage
    from infra.settings import Architecture, ServiceSettings

_CPU_ARCHITECTURE: Final[dict[Architecture, str]] = {"arm64": "ARM64", "x86_64": "X86_64"}
_EXEC_ACTIONS: Final = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account and region that a stack is in, for policies."""

    partition: pulumi.Input[str]
    region: str
    id: pulumi.Input[str]
    permissions_boundary: str | None
    """Policy that no role made here may exceed, by ARN."""
    role_path: str = "/"
    """Path of the roles of this stack, by which others' deployments are kept from them."""


@dataclass(frozen=True, kw_only=True)
class TaskDefinitionArgs:
    """What a :class:`TaskDefinition` needs to know."""

    settings: ServiceSettings
    family: str
    """Name of the revisions' family, the only name of a stack that AWS does not let us leave open."""
    environment: str
    """Name of the stack, for the app to show."""
    image: DeployableImage
    idle_timeout_seconds: int
    """How long the load balancer keeps idle connections; the app has to keep them longer."""
    log_group_name: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    account: Account


class TaskDefinition(pulumi.ComponentResource):
    """A Fargate task without root, capabilities or a file system to write to, whose roles may do the least.

    With ECS Exec the file system is writable, capabilities stay, and whoever runs a command does so as root.

    Revisions stay when a new one replaces them, because ECS rolls back to them.
    """

    arn: pulumi.Output[str]
    """Known only when both roles may do what the task needs."""
    task_role_arn: pulumi.Output[str]
    execution_role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: TaskDefinitionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:TaskDefinition", name, None, opts)
        settings = args.settings

        execution_role = self._role(
            f"{name}-execution", "ECS itself: pulls, logs, reads secrets", args.account
        )
        execution_policy = self._policy(f"{name}-execution", execution_role, _execution_statements(args))
        policies: list[pulumi.Resource] = [execution_policy]
        task_role = self._role(f"{name}-task", "The app's own permissions", args.account)
        if statements := _task_statements(settings):
            policies.append(self._policy(f"{name}-task", task_role, statements))

        definition = aws.ecs.TaskDefinition(
            name,
            family=args.family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(settings.cpu),
            memory=str(settings.memory),
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": _CPU_ARCHITECTURE[settings.architecture],
            },
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=pulumi.Output.json_dumps([_container(args)]),
            skip_destroy=True,
            # A task that starts before its roles may pull and log fails, and so may the deployment.
            opts=pulumi.ResourceOptions(parent=self, depends_on=policies),
        )

        self.arn = definition.arn
        self.task_role_arn = task_role.arn
        self.execution_role_arn = execution_role.arn
        self.register_outputs(
            {
                "arn": self.arn,
                "task_role_arn": self.task_role_arn,
                "execution_role_arn": self.execution_role_arn,
            },
        )

    def _role(self, name: str, description: str, account: Account) -> aws.iam.Role:
        return make_role(
            name,
            account,
            description=description,
            trust=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "sts:AssumeRole",
                            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                            # Else ECS could be made to use it for somebody else's tasks.
                            "Condition": {
                                "StringEquals": {"aws:SourceAccount": account.id},
                                "ArnLike": {
                                    "aws:SourceArn": pulumi.Output.format(
                                        "arn:{}:ecs:{}:{}:*",
                                        account.partition,
                                        account.region,
                                        account.id,
                                    ),
                                },
                            },
                        },
                    ],
                },
            ),
            parent=self,
        )

    def _policy(
        self,
        name: str,
        role: aws.iam.Role,
        statements: Sequence[Mapping[str, Any]],
    ) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _container(args: TaskDefinitionArgs) -> dict[str, Any]:
    settings = args.settings
    environment: dict[str, pulumi.Input[str]] = {
        **settings.environment,
        "PORT": str(settings.container_port),
        "ENVIRONMENT": args.environment,
        "SERVICE_NAME": settings.name,
        "IMAGE_VERSION": args.image.version,
        "IDLE_TIMEOUT_SECONDS": str(args.idle_timeout_seconds),
        "STOP_TIMEOUT_SECONDS": str(settings.stop_timeout_seconds),
    }
    container: dict[str, Any] = {
        "name": settings.name,
        "image": args.image.reference,
        "essential": True,
        "portMappings": [{"containerPort": settings.container_port, "protocol": "tcp"}],
        "user": settings.user,
        # The agent of ECS Exec writes to it, and does not start where it cannot:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
        "readonlyRootFilesystem": not settings.execute_command,
        "linuxParameters": {
            "initProcessEnabled": True,
            # Which of Docker's the agent needs nobody says, only that it works with all; raw sockets are
            # nothing that it uses: https://github.com/aws/containers-roadmap/issues/1360
            "capabilities": {"add": [], "drop": ["NET_RAW"] if settings.execute_command else ["ALL"]},
        },
        "stopTimeout": settings.stop_timeout_seconds,
        "environment": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": args.log_group_name,
                "awslogs-region": args.account.region,
                "awslogs-stream-prefix": settings.name,
            },
        },
    }
    # What is left out here AWS leaves out too: an empty value would show as a difference on every run.
    if settings.command:
        container["command"] = list(settings.command)
    if settings.secrets:
        container["secrets"] = [
            {"name": key, "valueFrom": arn} for key, arn in sorted(settings.secrets.items())
        ]
    if settings.health_check_command:
        container["healthCheck"] = {
            "command": list(settings.health_check_command),
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": min(settings.health_check_grace_period_seconds, 300),
        }
    return container


def _execution_statements(args: TaskDefinitionArgs) -> list[Mapping[str, Any]]:
    statements: list[Mapping[str, Any]] = [
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": pulumi.Output.concat(args.log_group_arn, ":log-stream:", args.settings.name, "/*"),
        },
    ]
    if args.image.repository_arn is not None:
        statements += [
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": args.image.repository_arn,
            },
            # The one action here that knows no resource: it logs in to the registry, not to a repository.
            {
                "Sid": "LogIn",
                "Effect": "Allow",
                "Action": "ecr:GetAuthorizationToken",
                "Resource": "*",
            },
        ]
    secrets = sorted(arn for arn in set(args.settings.secrets.values()) if ":secretsmanager:" in arn)
    parameters = sorted(arn for arn in set(args.settings.secrets.values()) if ":ssm:" in arn)
    if secrets:
        statements.append(
            {
                "Sid": "ReadSecrets",
                "Effect": "Allow",
                "Action": "secretsmanager:GetSecretValue",
                "Resource": sorted({_secret_arn(arn) for arn in secrets}),
            },
        )
    if parameters:
        statements.append(
            {
                "Sid": "ReadParameters",
                "Effect": "Allow",
                "Action": "ssm:GetParameters",
                "Resource": parameters,
            },
        )
    return statements


def _secret_arn(value_from: str) -> str:
    # `arn:aws:secretsmanager:region:account:secret:name` may go on with `:json-key:version-stage:version-id`.
    return ":".join(value_from.split(":")[:7])


def _task_statements(settings: ServiceSettings) -> list[Mapping[str, Any]]:
    statements = [_app_statement(statement) for statement in settings.task_role_statements]
    if settings.execute_command:
        # The agent has no other role than the app's, and its channels no names.
        statements.append(
            {
                "Sid": "ExecuteCommand",
                "Effect": "Allow",
                "Action": [f"ssmmessages:{action}" for action in _EXEC_ACTIONS],
                "Resource": "*",
            },
        )
    return statements


def _app_statement(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "Effect": "Allow",
        "Action": statement["actions"],
        "Resource": statement["resources"],
    }
