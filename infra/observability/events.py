"""ECS's events of failed deployments and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping

_TASKS: Final = "ECS Task State Change"
# The app ends with 0 on SIGTERM, and what does not know the signal with 143: both were asked to.
_ENDED_WELL: Final = (0, 143)


@dataclass(frozen=True, kw_only=True)
class EventsArgs:
    """What :class:`Events` need to know."""

    topic_arn: str
    place: str
    """Project and stack, for whoever reads the rule."""
    cluster_arn: pulumi.Input[str]


class Events(pulumi.ComponentResource):
    """Sends what ECS says of failures in one cluster to a topic.

    The topic's own policy has to let `events.amazonaws.com` publish.
    """

    def __init__(self, name: str, args: EventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Events", name, None, opts)

        cluster_arn = pulumi.Output.from_input(args.cluster_arn)
        for kind, (meaning, pattern) in _patterns(cluster_arn).items():
            rule = aws.cloudwatch.EventRule(
                f"{name}-{kind}",
                description=f"{args.place}: {meaning}",
                event_pattern=pulumi.Output.json_dumps({"source": ["aws.ecs"], **pattern}),
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.cloudwatch.EventTarget(
                f"{name}-{kind}",
                rule=rule.name,
                arn=args.topic_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _patterns(cluster_arn: pulumi.Output[str]) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Return what each rule is for and waits for.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    here = {"clusterArn": [cluster_arn]}
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
        "task-without-place": (
            "a task finds no place, or cannot be set up",
            {
                "detail-type": ["ECS Service Action"],
                "detail": {
                    **here,
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
            {
                "detail-type": [_TASKS],
                "detail": {**here, "lastStatus": ["STOPPED"], "stopCode": ["TaskFailedToStart"]},
            },
        ),
        "task-crashed": (
            "a container ended with an error, and its task with it",
            {
                "detail-type": [_TASKS],
                "detail": {
                    **here,
                    "lastStatus": ["STOPPED"],
                    "stopCode": ["EssentialContainerExited"],
                    "containers": {"exitCode": [{"anything-but": list(_ENDED_WELL)}]},
                },
            },
        ),
    }
