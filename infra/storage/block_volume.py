"""The EBS volume that ECS creates for each of a service's tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi_aws as aws

    from infra.account import Account
    from infra.settings import ServiceSettings

_POLICY: Final = "service-role/AmazonECSInfrastructureRolePolicyForVolumes"


@dataclass(frozen=True, kw_only=True)
class BlockVolume:
    """An encrypted volume for each task, created and deleted with the task."""

    configuration: aws.ecs.ServiceVolumeConfigurationArgsDict
    prerequisites: Sequence[pulumi.Resource]
    """Resources that must exist before the service."""


def block_volume(
    name: str, settings: ServiceSettings, account: Account, *, parent: pulumi.Resource
) -> BlockVolume | None:
    """Declare the role for a service's EBS volume; None if it has no such volume."""
    ebs_volumes = [(name, volume.ebs) for name, volume in settings.volumes.items() if volume.ebs]
    if not ebs_volumes:
        return None
    # ECS allows one for each service.
    ((volume_name, ebs),) = ebs_volumes
    role = account.make_role(
        f"{name}-volumes",
        description="ECS: creates, attaches and deletes the volumes of tasks",
        service="ecs.amazonaws.com",
        parent=parent,
    )
    attachment = account.attach_aws_policy(f"{name}-volumes", role, _POLICY, parent=parent)
    disk: aws.ecs.ServiceVolumeConfigurationManagedEbsVolumeArgsDict = {
        "role_arn": role.arn,
        "encrypted": True,
        "size_in_gb": ebs.size_gib,
        "volume_type": ebs.type,
        "file_system_type": ebs.file_system,
        "tag_specifications": [{"resource_type": "volume", "propagate_tags": "SERVICE"}],
    }
    if ebs.iops is not None:
        disk["iops"] = ebs.iops
    if ebs.throughput is not None:
        disk["throughput"] = ebs.throughput
    if ebs.snapshot_id is not None:
        disk["snapshot_id"] = ebs.snapshot_id
    return BlockVolume(
        configuration={"name": volume_name, "managed_ebs_volume": disk},
        prerequisites=[role, attachment],
    )
