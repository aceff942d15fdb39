"""Flow logs of the VPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant

if TYPE_CHECKING:
    from infra.account import Account

_SERVICE = "vpc-flow-logs.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """What :class:`FlowLogs` need to know."""

    account: Account
    vpc_id: pulumi.Input[str]
    to: Literal["bucket", "log-group"]
    bucket: str | None
    prefix: str
    """Of the objects in the bucket."""
    retention_days: int
    key_arn: str | None
    """For the log group."""

    def __post_init__(self) -> None:
        if self.to == "bucket" and self.bucket is None:
            raise ValueError("flow logs go to a bucket, got bucket None")


class FlowLogs(pulumi.ComponentResource):
    """All connections of the VPC, taken and refused ones, ten minutes at a time."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        if args.to == "bucket":
            aws.ec2.FlowLog(
                name,
                vpc_id=args.vpc_id,
                traffic_type="ALL",
                log_destination_type="s3",
                log_destination=pulumi.Output.concat(
                    "arn:", args.account.partition, f":s3:::{args.bucket}/{args.prefix}/"
                ),
                opts=child,
            )
        else:
            self._to_log_group(name, args)
        self.register_outputs({})

    def _to_log_group(self, name: str, args: FlowLogsArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            name, retention_in_days=args.retention_days, kms_key_id=args.key_arn, opts=child
        )
        role = args.account.make_role(
            name,
            description="VPC flow logs: writes to one log group",
            service=_SERVICE,
            condition={"StringEquals": {"aws:SourceAccount": args.account.id}},
            parent=self,
        )
        policy = grant(
            name,
            role,
            [
                allow(
                    "Write",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    pulumi.Output.concat(group.arn, ":*"),
                ),
                # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
                allow("Look", ["logs:DescribeLogGroups", "logs:DescribeLogStreams"], "*"),
            ],
            parent=self,
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
