"""An EFS file system that all services with its volume share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.account import policy_document
from infra.settings.storage import NFS_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.account import Statement
    from infra.settings import SharedFiles


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    """Inputs of a :class:`FileSystem`."""

    settings: SharedFiles
    vpc_id: pulumi.Input[str]
    subnets: Mapping[str, pulumi.Input[str]]
    """One of the tasks' subnets for each Availability Zone, by the zone's name."""
    tasks_security_group_id: pulumi.Input[str]
    protect: bool = False
    """Refuse to delete the file system and its files."""


class FileSystem(pulumi.ComponentResource):
    """An encrypted file system with backups, reachable from tasks in every zone, only with TLS and IAM."""

    id: pulumi.Output[str]
    """Known once tasks can mount it."""

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
            policy=policy_document(_access_statements(self._file_system.arn)),
            opts=child,
        )
        group = self._security_group(name, args)
        targets = [
            aws.efs.MountTarget(
                f"{name}-{zone}",
                file_system_id=self._file_system.id,
                subnet_id=subnet_id,
                security_groups=[group.id],
                # AWS allows one for each zone (MountTargetConflict), and another `nat` moves it to another
                # subnet.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            for zone, subnet_id in args.subnets.items()
        ]

        ready = pulumi.Output.all(policy.id, *[target.id for target in targets])
        self.id = pulumi.Output.all(self._file_system.id, ready).apply(lambda values: str(values[0]))
        self.register_outputs({"id": self.id})

    def _security_group(self, name: str, args: FileSystemArgs) -> aws.ec2.SecurityGroup:
        child = pulumi.ResourceOptions(parent=self)
        nfs: Any = {"ip_protocol": "tcp", "from_port": NFS_PORT, "to_port": NFS_PORT}
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
            **nfs,
            referenced_security_group_id=args.tasks_security_group_id,
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-tasks-to-files",
            security_group_id=args.tasks_security_group_id,
            description="NFS to the file system",
            **nfs,
            referenced_security_group_id=group.id,
            opts=child,
        )
        return group


def _lifecycle(days: int) -> list[aws.efs.FileSystemLifecyclePolicyArgsDict]:
    """Move unused files to cheaper storage, and back at their first use."""
    if days == 0:
        return []
    unit = "DAY" if days == 1 else "DAYS"
    return [
        {"transition_to_ia": f"AFTER_{days}_{unit}"},
        {"transition_to_primary_storage_class": "AFTER_1_ACCESS"},
    ]


def _access_statements(arn: pulumi.Output[str]) -> list[Statement]:
    """Deny access without TLS or an access point, whatever a role allows.

    No statement allows access, because it would be enough without a role:
    https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
    """
    return [
        {
            "Sid": "OnlyWithTls",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "OnlyByAccessPoint",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "elasticfilesystem:ClientMount",
            "Resource": arn,
            "Condition": {"Null": {"elasticfilesystem:AccessPointArn": "true"}},
        },
    ]
