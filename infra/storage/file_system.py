"""An EFS file system of the stack, for all services that name its volume."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.settings.storage import NFS_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import SharedFiles


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    """What a :class:`FileSystem` needs to know."""

    settings: SharedFiles
    vpc_id: pulumi.Input[str]
    zones: Sequence[str]
    """What its mount targets are named by; one for each of `subnet_ids`, in the same order."""
    subnet_ids: pulumi.Output[list[str]]
    """The tasks' subnets, one in each zone."""
    tasks_security_group_id: pulumi.Input[str]
    protect: bool = False
    """Refuse to delete it, and the files in it."""


class FileSystem(pulumi.ComponentResource):
    """Encrypted files that tasks in every zone reach, by TLS and IAM alone, and that are backed up."""

    id: pulumi.Output[str]
    """Known only when tasks can mount it."""

    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:FileSystem", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)

        self._file_system = aws.efs.FileSystem(
            name,
            encrypted=True,
            throughput_mode=settings.throughput_mode,
            lifecycle_policies=_lifecycle(settings.infrequent_access_days),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.efs.BackupPolicy(
            name,
            file_system_id=self._file_system.id,
            backup_policy={"status": "ENABLED" if settings.backup else "DISABLED"},
            opts=child,
        )
        policy = aws.efs.FileSystemPolicy(
            name,
            file_system_id=self._file_system.id,
            policy=self._file_system.arn.apply(_by_access_points_and_tls),
            opts=child,
        )
        group = self._security_group(name, args)
        targets = [
            aws.efs.MountTarget(
                f"{name}-{zone}",
                file_system_id=self._file_system.id,
                subnet_id=args.subnet_ids.apply(lambda ids, index=index: ids[index]),
                security_groups=[group.id],
                # A file system has one for each zone: with another `nat` it is in another subnet, and can be
                # made only once the old one is gone (MountTargetConflict).
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            for index, zone in enumerate(args.zones)
        ]

        ready = pulumi.Output.all(policy.id, *[target.id for target in targets])
        self.id = pulumi.Output.all(self._file_system.id, ready).apply(lambda known: str(known[0]))
        self.register_outputs({"id": self.id})

    def _security_group(self, name: str, args: FileSystemArgs) -> aws.ec2.SecurityGroup:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            name,
            description="The file system: open to tasks",
            vpc_id=args.vpc_id,
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-tasks",
            security_group_id=group.id,
            description="NFS from the tasks",
            ip_protocol="tcp",
            from_port=NFS_PORT,
            to_port=NFS_PORT,
            referenced_security_group_id=args.tasks_security_group_id,
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-tasks-to-files",
            security_group_id=args.tasks_security_group_id,
            description="NFS to the file system",
            ip_protocol="tcp",
            from_port=NFS_PORT,
            to_port=NFS_PORT,
            referenced_security_group_id=group.id,
            opts=child,
        )
        return group


def _lifecycle(days: int) -> list[aws.efs.FileSystemLifecyclePolicyArgsDict]:
    """Return when files move to cheaper storage, and that they come back with the first use."""
    if days == 0:
        return []
    unit = "DAY" if days == 1 else "DAYS"
    return [
        {"transition_to_ia": f"AFTER_{days}_{unit}"},
        {"transition_to_primary_storage_class": "AFTER_1_ACCESS"},
    ]


def _by_access_points_and_tls(arn: str) -> str:
    # Whoever has no access point, or speaks plainly, gets nothing, whatever a role allows.
    # https://docs.aws.amazon.com/efs/latest/ug/access-control-block-public-access.html
    statements = [
        {
            "Sid": "ThroughMountTargets",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": arn,
            "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
        },
        {
            "Sid": "TlsAlone",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "AccessPointsAlone",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "elasticfilesystem:ClientMount",
            "Resource": arn,
            "Condition": {"Null": {"elasticfilesystem:AccessPointArn": "true"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
