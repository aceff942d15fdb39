"""Flow logs of the VPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant

if TYPE_CHECKING:
    from infra.account import Account


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Inputs of :class:`FlowLogs`."""

    account: Account
    vpc_id: pulumi.Input[str]
    bucket: str | None
    """Bucket of the logs; None for a log group."""
    prefix: str
    """Prefix of the objects in the bucket."""
    retention_days: int
    """Days after which the log group deletes its logs."""
    key_arn: str | None
    """KMS key of the log group."""


class FlowLogs(pulumi.ComponentResource):
    """All connections of the VPC, accepted and rejected, aggregated over ten minutes."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:FlowLogs", name, None, opts)

        prerequisites: list[pulumi.Resource] = []
        destination: dict[str, Any] = {
            "log_destination_type": "s3",
            "log_destination": pulumi.Output.concat(
                "arn:", args.account.partition, f":s3:::{args.bucket}/{args.prefix}/"
            ),
        }
        if args.bucket is None:
            group = aws.cloudwatch.LogGroup(
                name,
                retention_in_days=args.retention_days,
                kms_key_id=args.key_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
            role = args.account.make_role(
                name,
                description="VPC flow logs: writes to one log group",
                service="vpc-flow-logs.amazonaws.com",
                condition={"StringEquals": {"aws:SourceAccount": args.account.id}},
                parent=self,
            )
            statements = [
                allow(
                    "Write",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    pulumi.Output.concat(group.arn, ":*"),
                ),
                # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
                allow("DescribeLogs", ["logs:DescribeLogGroups", "logs:DescribeLogStreams"], "*"),
            ]
            prerequisites = [grant(name, role, statements, parent=self)]
            destination = {
                "log_destination_type": "cloud-watch-logs",
                "log_destination": group.arn,
                "iam_role_arn": role.arn,
            }
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            **destination,
            opts=pulumi.ResourceOptions(parent=self, depends_on=prerequisites),
        )
        self.register_outputs({})
