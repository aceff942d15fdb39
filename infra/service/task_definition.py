"""The task definition, with its execution role and task role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant
from infra.service.compute import Compute
from infra.service.containers import Containers, sidecars_of
from infra.service.secrets import SecretReferences
from infra.storage.task_volumes import TaskVolumes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.account import Account, Statement
    from infra.image.reference import DeployableImage
    from infra.service.platform import Platform
    from infra.settings import Architecture, ServiceSettings

_CPU_ARCHITECTURE: Final[dict[Architecture, str]] = {"arm64": "ARM64", "x86_64": "X86_64"}
_TRACE_ACTIONS: Final = (
    *("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"),
    "GetSamplingStatisticSummaries",
)
_METRICS_LOG_GROUP: Final = "/aws/ecs/application/metrics"
"""Where the collector's default configuration writes metrics, which CloudWatch reads from there."""
_METRICS_ACTIONS: Final = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
_EXEC_ACTIONS: Final = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")


@dataclass(frozen=True, kw_only=True)
class TaskDefinitionArgs:
    """What a :class:`TaskDefinition` needs to know."""

    settings: ServiceSettings
    platform: Platform
    images: Mapping[str, DeployableImage]
    """What each container runs, by its name."""


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
        secrets = SecretReferences(platform.account, parent=self)
        containers = Containers(settings, platform, args.images, secrets, compute).definitions()
        policies = [
            grant(f"{name}-execution", execution_role, _execution_statements(args, secrets), parent=self)
        ]
        task_role = self._role(f"{name}-task", "The app's own permissions", platform.account)
        volumes = TaskVolumes(name, settings, platform, parent=self)
        if statements := [*_task_statements(settings, platform), *volumes.statements]:
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
            container_definitions=pulumi.Output.json_dumps(containers),
            volumes=volumes.definitions or None,
            ephemeral_storage={"size_in_gib": settings.ephemeral_storage_gib}
            if settings.ephemeral_storage_gib
            else None,
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


def _execution_statements(args: TaskDefinitionArgs, secrets: SecretReferences) -> Iterator[Statement]:
    settings = args.settings
    streams = pulumi.Output.concat(args.platform.log_group_arn, ":log-stream:", settings.name, "/*")
    yield allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], streams)
    repositories: list[pulumi.Input[str]] = []
    for image in args.images.values():
        if image.repository_arn is not None and image.repository_arn not in repositories:
            repositories.append(image.repository_arn)
    if repositories:
        yield allow(
            "Pull",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repositories if len(repositories) > 1 else repositories[0],
        )
        # The one action here that knows no resource: it logs in to the registry, not to a repository.
        yield allow("LogIn", "ecr:GetAuthorizationToken", "*")
    containers = [settings, *sidecars_of(settings).values()]
    files = [file for one in containers for file in one.environment_files]
    yield from secrets.statements(kms_keys=settings.kms_keys, files=files)


def _task_statements(settings: ServiceSettings, platform: Platform) -> Iterator[Statement]:
    for own in settings.task_role_statements:
        yield {"Effect": "Allow", "Action": list(own.actions), "Resource": list(own.resources)}
    if settings.execute_command:
        # The agent has no other role than the app's, and its channels no names.
        yield allow("ExecuteCommand", [f"ssmmessages:{action}" for action in _EXEC_ACTIONS], "*")
    if settings.opentelemetry:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html
        yield allow("Trace", [f"xray:{action}" for action in _TRACE_ACTIONS], "*")
        account = platform.account
        group = pulumi.Output.format(
            "arn:{}:logs:{}:{}:log-group:{}",
            account.partition,
            account.region,
            account.id,
            _METRICS_LOG_GROUP,
        )
        actions = [f"logs:{action}" for action in _METRICS_ACTIONS]
        yield allow("WriteMetrics", actions, [group, pulumi.Output.concat(group, ":*")])
