"""Notifications of failed deployments and tasks, by ECS's events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping

_TASK_EVENTS: Final = "ECS Task State Change"
_STOPPED_ON_REQUEST: Final = (0, 143)
"""Exit codes after SIGTERM: of the app, and of a process that does not handle the signal."""


@dataclass(frozen=True, kw_only=True)
class EventsArgs:
    """Inputs of :class:`Events`."""

    topic_arn: str
    qualified_stack: str
    """Project and stack, such as node-on-ecs/prod, for the rules' descriptions."""
    cluster_arn: pulumi.Input[str]


class Events(pulumi.ComponentResource):
    """Sends ECS's events of failures in one cluster to a topic.

    The topic's policy has to allow `events.amazonaws.com` to publish.
    """

    def __init__(self, name: str, args: EventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Events", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        cluster_arn = pulumi.Output.from_input(args.cluster_arn)
        for kind, (description, pattern) in _patterns(cluster_arn).items():
            rule = aws.cloudwatch.EventRule(
                f"{name}-{kind}",
                description=f"{args.qualified_stack}: {description}",
                event_pattern=pulumi.Output.json_dumps({"source": ["aws.ecs"], **pattern}),
                opts=child,
            )
            aws.cloudwatch.EventTarget(f"{name}-{kind}", rule=rule.name, arn=args.topic_arn, opts=child)
        self.register_outputs({})


def _patterns(cluster_arn: pulumi.Output[str]) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Return the description and the event pattern of each rule.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    in_cluster = {"clusterArn": [cluster_arn]}
    stopped = {**in_cluster, "lastStatus": ["STOPPED"]}
    services = cluster_arn.apply(lambda arn: f"{arn.replace(':cluster/', ':service/')}/")
    return {
        "deployment-failed": (
            "a deployment failed",
            {
                "detail-type": ["ECS Deployment State Change"],
                "resources": [{"prefix": services}],
                "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            },
        ),
        "task-placement-failed": (
            "no capacity for a task, or its configuration failed",
            {
                "detail-type": ["ECS Service Action"],
                "detail": {
                    **in_cluster,
                    "eventName": [
                        "SERVICE_TASK_PLACEMENT_FAILURE",
                        "SERVICE_TASK_CONFIGURATION_FAILURE",
                        "SERVICE_TASK_START_IMPAIRED",
                    ],
                },
            },
        ),
        "task-not-started": (
            "a task did not start",
            {"detail-type": [_TASK_EVENTS], "detail": {**stopped, "stopCode": ["TaskFailedToStart"]}},
        ),
        "task-crashed": (
            "a container ended with an error, and its task with it",
            {
                "detail-type": [_TASK_EVENTS],
                "detail": {
                    **stopped,
                    "stopCode": ["EssentialContainerExited"],
                    "containers": {"exitCode": [{"anything-but": list(_STOPPED_ON_REQUEST)}]},
                },
            },
        ),
    }
