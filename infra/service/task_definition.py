"""The task definition, with its execution role and task role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant
from infra.service.containers import Containers, sidecars_of
from infra.service.secrets import SecretReferences
from infra.storage.task_volumes import TaskVolumes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.account import Account, Statement
    from infra.image.reference import DeployableImage
    from infra.service.compute import Compute
    from infra.service.platform import Platform
    from infra.settings import Architecture, ServiceSettings

_CPU_ARCHITECTURE: Final[dict[Architecture, str]] = {"arm64": "ARM64", "x86_64": "X86_64"}
_TRACE_ACTIONS: Final = (
    *("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"),
    "GetSamplingStatisticSummaries",
)
_METRICS_LOG_GROUP: Final = "/aws/ecs/application/metrics"
"""The collector's default configuration writes metrics there, from where CloudWatch reads them."""
_METRICS_ACTIONS: Final = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
_EXEC_ACTIONS: Final = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")


class TaskDefinition(pulumi.ComponentResource):
    """A task without root, capabilities or a writable file system, whose roles have minimal permissions.

    With ECS Exec the file system is writable, capabilities are kept, and commands run as root.

    Old revisions are kept, because ECS rolls back to them.
    """

    arn: pulumi.Output[str]
    """Known once both roles have their permissions."""
    family: str
    """Name that all revisions share."""
    role_arns: Sequence[pulumi.Output[str]]
    """The roles that a caller of RunTask must be allowed to pass."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        platform: Platform,
        images: Mapping[str, DeployableImage],
        *,
        compute: Compute,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs:infra:TaskDefinition", name, None, opts)

        execution_role = self._role(
            f"{name}-execution", "ECS itself: pulls, logs, reads secrets", platform.account
        )
        secrets = SecretReferences(platform.account, parent=self)
        containers = Containers(settings, platform, images, secrets, compute).definitions()
        statements = _execution_statements(settings, platform, images, secrets)
        policies = [grant(f"{name}-execution", execution_role, statements, parent=self)]
        task_role = self._role(f"{name}-task", "The app's own permissions", platform.account)
        volumes = TaskVolumes(name, settings, platform, parent=self)
        if statements := [*_task_statements(settings, platform), *volumes.statements]:
            policies.append(grant(f"{name}-task", task_role, statements, parent=self))

        # A family cannot be auto-named.
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
            # A task fails if it starts before its roles may pull and log.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=policies,
                hooks=platform.rollout.retries,
            ),
        )

        self.arn = definition.arn
        self.role_arns = [execution_role.arn, task_role.arn]
        self.register_outputs({"arn": self.arn})

    def _role(self, name: str, description: str, account: Account) -> aws.iam.Role:
        return account.make_role(
            name,
            description=description,
            service="ecs-tasks.amazonaws.com",
            # Against confused deputies: another account's tasks must not use the role.
            condition={
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {"aws:SourceArn": account.arn("ecs", "*")},
            },
            parent=self,
        )


def _execution_statements(
    settings: ServiceSettings,
    platform: Platform,
    images: Mapping[str, DeployableImage],
    secrets: SecretReferences,
) -> Iterator[Statement]:
    streams = pulumi.Output.concat(platform.log_group_arn, ":log-stream:", settings.name, "/*")
    yield allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], streams)
    repositories: list[pulumi.Input[str]] = []
    for image in images.values():
        if image.repository_arn is not None and image.repository_arn not in repositories:
            repositories.append(image.repository_arn)
    if repositories:
        yield allow(
            "Pull",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repositories if len(repositories) > 1 else repositories[0],
        )
        # It has no resource: it logs in to the registry, not to a repository.
        yield allow("LogIn", "ecr:GetAuthorizationToken", "*")
    containers = [settings, *sidecars_of(settings).values()]
    files = [file for container in containers for file in container.environment_files]
    yield from secrets.statements(kms_keys=settings.kms_keys, files=files)


def _task_statements(settings: ServiceSettings, platform: Platform) -> Iterator[Statement]:
    for statement in settings.task_role_statements:
        yield {"Effect": "Allow", "Action": list(statement.actions), "Resource": list(statement.resources)}
    if settings.execute_command:
        # The agent uses the app's role, and its channels have no ARNs.
        yield allow("ExecuteCommand", [f"ssmmessages:{action}" for action in _EXEC_ACTIONS], "*")
    if settings.opentelemetry:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html
        yield allow("Trace", [f"xray:{action}" for action in _TRACE_ACTIONS], "*")
        group = platform.account.arn("logs", f"log-group:{_METRICS_LOG_GROUP}")
        actions = [f"logs:{action}" for action in _METRICS_ACTIONS]
        yield allow("WriteMetrics", actions, [group, pulumi.Output.concat(group, ":*")])
