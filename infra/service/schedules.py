"""Scheduled tasks of a service, started by EventBridge Scheduler."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant, policy_document

if TYPE_CHECKING:
    from infra.account import Statement
    from infra.service.compute import Compute
    from infra.service.platform import Platform
    from infra.service.task_definition import TaskDefinition
    from infra.settings import ServiceSettings

_FOURTEEN_DAYS: Final = 14 * 24 * 60 * 60
"""The longest retention of SQS, in seconds."""


class Schedules(pulumi.ComponentResource):
    """The schedules of one service in their own group, with a role that may only start that service's tasks.

    A start that AWS refuses after all retries ends in a queue. The schedules use a new task definition only
    once the service has been deployed with it: a version whose deployment failed is never started.
    """

    dead_letter_queue_url: pulumi.Output[str] | None
    """Queue of starts that failed; None if no schedule has `dead-letters`."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        platform: Platform,
        task: TaskDefinition,
        compute: Compute,
        *,
        after: aws.ecs.Service,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs:infra:Schedules", name, None, opts)
        account = platform.account

        group = aws.scheduler.ScheduleGroup(f"{name}-schedules", opts=pulumi.ResourceOptions(parent=self))
        has_queue = any(schedule.dead_letters for schedule in settings.schedules.values())
        queue = self._dead_letter_queue(f"{name}-dead-letters") if has_queue else None
        role = account.make_role(
            f"{name}-schedules",
            description="EventBridge Scheduler: starts the tasks of one service",
            service="scheduler.amazonaws.com",
            # Against confused deputies: another account's schedules must not use the role. AWS wants the ARN
            # of the group here, not of a schedule:
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
            condition={"StringEquals": {"aws:SourceAccount": account.id, "aws:SourceArn": group.arn}},
            parent=self,
        )
        statements = _run_task_statements(platform, task)
        if queue:
            statements.append(allow("KeepDeadLetters", "sqs:SendMessage", queue.arn))
        policy = grant(f"{name}-schedules", role, statements, parent=self)
        for key, schedule in settings.schedules.items():
            window = schedule.window_minutes
            target: aws.scheduler.ScheduleTargetArgsDict = {
                "arn": platform.cluster_arn,
                "role_arn": role.arn,
                "ecs_parameters": _ecs_parameters(settings, compute, task, count=schedule.count),
                "retry_policy": {
                    "maximum_retry_attempts": schedule.retries,
                    "maximum_event_age_in_seconds": schedule.max_age_seconds,
                },
            }
            if overrides := schedule.overrides(settings.name):
                target["input"] = json.dumps(overrides)
            if queue and schedule.dead_letters:
                target["dead_letter_config"] = {"arn": queue.arn}
            aws.scheduler.Schedule(
                f"{name}-{key}",
                group_name=group.name,
                schedule_expression=schedule.expression,
                schedule_expression_timezone=schedule.time_zone,
                flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": window}
                if window
                else {"mode": "OFF"},
                state="ENABLED" if schedule.enabled else "DISABLED",
                target=target,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, after]),
            )

        self.dead_letter_queue_url = queue.url if queue else None
        self.register_outputs({"dead_letter_queue_url": self.dead_letter_queue_url})

    def _dead_letter_queue(self, name: str) -> aws.sqs.Queue:
        queue = aws.sqs.Queue(
            name,
            message_retention_seconds=_FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        tls_only = {
            "Sid": "OnlyEncrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=policy_document([tls_only]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return queue


def _run_task_statements(platform: Platform, task: TaskDefinition) -> list[Statement]:
    """Allow to start tasks of one family, in any revision, in one cluster."""
    # The ARN of a task has the cluster's name where the ARN of the cluster has it.
    tasks = pulumi.Output.from_input(platform.cluster_arn).apply(
        lambda arn: arn.replace(":cluster/", ":task/", 1) + "/*"
    )
    return [
        {
            **allow("Start", "ecs:RunTask", platform.account.arn("ecs", f"task-definition/{task.family}:*")),
            "Condition": {"ArnEquals": {"ecs:cluster": platform.cluster_arn}},
        },
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
        {
            **allow("TagNew", "ecs:TagResource", tasks),
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        {
            **allow("PassTaskRoles", "iam:PassRole", list(task.role_arns)),
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
    ]


def _ecs_parameters(settings: ServiceSettings, compute: Compute, task: TaskDefinition, *, count: int) -> Any:
    """Return the ECS parameters of a schedule: tasks run where the service's own do."""
    parameters = {
        "task_definition_arn": task.arn,
        "task_count": count,
        "launch_type": compute.launch_type,
        "capacity_provider_strategies": compute.capacity_provider_strategies,
        "platform_version": compute.platform_version,
        "network_configuration": compute.network_configuration,
        "placement_constraints": compute.placement_constraints,
        "placement_strategies": compute.ordered_placement_strategies,
        "enable_execute_command": settings.execute_command,
        "enable_ecs_managed_tags": True,
        "propagate_tags": "TASK_DEFINITION",
    }
    return {name: value for name, value in parameters.items() if value is not None}
