"""Scheduled tasks of a service, started by EventBridge Scheduler."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant
from infra.service.compute import Compute

if TYPE_CHECKING:
    from infra.account import Account, Statement
    from infra.service.platform import Platform
    from infra.settings import Schedule, ServiceSettings

_FOURTEEN_DAYS: Final = 14 * 24 * 60 * 60
"""The longest that SQS keeps a message."""


@dataclass(frozen=True, kw_only=True)
class SchedulesArgs:
    """What :class:`Schedules` need to know."""

    schedules: Mapping[str, Schedule]
    container: str
    """The one whose command is another."""
    account: Account
    cluster_arn: pulumi.Input[str]
    family: str
    """Of the task definition: whatever revision it is, the role may start it."""
    role_arns: Sequence[pulumi.Input[str]]
    """The roles of the task, which the scheduler hands to ECS."""
    task: aws.scheduler.ScheduleTargetEcsParametersArgsDict
    """What starts, and where: all but how many."""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What a schedule waits for: the service's deployment, for it must not start a version that failed."""


class Schedules(pulumi.ComponentResource):
    """The schedules of one service, in a group of their own, with a role that may start its tasks alone.

    A start that AWS goes on to refuse ends in a queue. A deployment moves the schedules to the new revision
    once the service has it; one that fails leaves them where they are.
    """

    dead_letter_queue_url: pulumi.Output[str] | None
    """Where starts end that were given up; None where no schedule keeps them."""

    def __init__(self, name: str, args: SchedulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Schedules", name, None, opts)

        self._args = args
        group = aws.scheduler.ScheduleGroup(f"{name}-schedules", opts=pulumi.ResourceOptions(parent=self))
        keeps = any(schedule.dead_letters for schedule in args.schedules.values())
        queue = self._dead_letters(f"{name}-dead-letters") if keeps else None
        role = args.account.make_role(
            f"{name}-schedules",
            description="EventBridge Scheduler: starts the tasks of one service",
            service="scheduler.amazonaws.com",
            # Else the scheduler could be made to use it for somebody else's schedules. It has to be the
            # group, and not a schedule of it:
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
            condition={
                "StringEquals": {"aws:SourceAccount": args.account.id, "aws:SourceArn": group.arn},
            },
            parent=self,
        )
        policy = grant(f"{name}-schedules", role, self._statements(queue), parent=self)
        for key, schedule in args.schedules.items():
            self._schedule(f"{name}-{key}", schedule, group=group, role=role, queue=queue, policy=policy)

        self.dead_letter_queue_url = queue.url if queue else None
        self.register_outputs({"dead_letter_queue_url": self.dead_letter_queue_url})

    def _schedule(
        self,
        name: str,
        schedule: Schedule,
        *,
        group: aws.scheduler.ScheduleGroup,
        role: aws.iam.Role,
        queue: aws.sqs.Queue | None,
        policy: pulumi.Resource,
    ) -> None:
        args = self._args
        target: aws.scheduler.ScheduleTargetArgsDict = {
            "arn": args.cluster_arn,
            "role_arn": role.arn,
            "ecs_parameters": {**args.task, "task_count": schedule.count},
            "retry_policy": {
                "maximum_retry_attempts": schedule.retries,
                "maximum_event_age_in_seconds": schedule.max_age_seconds,
            },
        }
        if overrides := schedule.overrides(args.container):
            target["input"] = json.dumps(overrides)
        if queue is not None and schedule.dead_letters:
            target["dead_letter_config"] = {"arn": queue.arn}
        aws.scheduler.Schedule(
            name,
            group_name=group.name,
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.time_zone,
            flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": schedule.window_minutes}
            if schedule.window_minutes
            else {"mode": "OFF"},
            state="ENABLED" if schedule.enabled else "DISABLED",
            target=target,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, *args.prerequisites]),
        )

    def _dead_letters(self, name: str) -> aws.sqs.Queue:
        queue = aws.sqs.Queue(
            name,
            message_retention_seconds=_FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        only_encrypted = {
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
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [only_encrypted]}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return queue

    def _statements(self, queue: aws.sqs.Queue | None) -> list[Statement]:
        args, account = self._args, self._args.account
        here = pulumi.Output.format("arn:{}:ecs:{}:{}", account.partition, account.region, account.id)
        in_the_cluster = {"ArnEquals": {"ecs:cluster": args.cluster_arn}}
        # The cluster's name is the end of its ARN, and the beginning of its tasks'.
        tasks = pulumi.Output.from_input(args.cluster_arn).apply(
            lambda arn: arn.replace(":cluster/", ":task/", 1) + "/*"
        )
        statements: list[Statement] = [
            {
                **allow(
                    "Start", "ecs:RunTask", pulumi.Output.concat(here, f":task-definition/{args.family}:*")
                ),
                "Condition": in_the_cluster,
            },
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
            {
                **allow("TagNew", "ecs:TagResource", tasks),
                "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
            },
            {
                **allow("HandRoles", "iam:PassRole", list(args.role_arns)),
                "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            },
        ]
        if queue is not None:
            statements.append(allow("KeepDeadLetters", "sqs:SendMessage", queue.arn))
        return statements


def scheduled_task(
    settings: ServiceSettings, platform: Platform, task_definition_arn: pulumi.Input[str]
) -> aws.scheduler.ScheduleTargetEcsParametersArgsDict:
    """Return what starts, and where: as the service's own tasks do."""
    compute = Compute.of(settings, platform)
    where: aws.scheduler.ScheduleTargetEcsParametersArgsDict = {"task_definition_arn": task_definition_arn}
    if compute.launch_type is not None:
        where["launch_type"] = compute.launch_type
    if compute.capacity_provider_strategies is not None:
        where["capacity_provider_strategies"] = compute.capacity_provider_strategies
    if compute.platform_version is not None:
        where["platform_version"] = compute.platform_version
    if compute.network_configuration is not None:
        where["network_configuration"] = compute.network_configuration
    if compute.placement_constraints is not None:
        where["placement_constraints"] = compute.placement_constraints
    if compute.ordered_placement_strategies is not None:
        where["placement_strategies"] = compute.ordered_placement_strategies
    return {
        **where,
        "enable_execute_command": settings.execute_command,
        "enable_ecs_managed_tags": True,
        "propagate_tags": "TASK_DEFINITION",
    }
