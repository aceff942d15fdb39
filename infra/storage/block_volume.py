"""The EBS volume that ECS makes for each of a service's tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.account import Account
    from infra.settings import ServiceSettings

_POLICY: Final = "policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes"


def has_block_volume(settings: ServiceSettings) -> bool:
    """Whether one of the service's volumes is of EBS."""
    return any(one.ebs for one in settings.volumes.values())


class BlockVolume:
    """A volume for each task, encrypted, made and deleted with it."""

    configuration: aws.ecs.ServiceVolumeConfigurationArgsDict
    prerequisites: Sequence[pulumi.Resource]
    """What has to be there before the service."""

    def __init__(
        self, name: str, settings: ServiceSettings, account: Account, *, parent: pulumi.Resource
    ) -> None:
        """Declare what it needs below the service's component."""
        volume, block = next((volume, one.ebs) for volume, one in settings.volumes.items() if one.ebs)
        role = account.make_role(
            f"{name}-volumes",
            description="ECS: makes, attaches and deletes the volumes of tasks",
            service="ecs.amazonaws.com",
            parent=parent,
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-volumes",
            role=role.name,
            policy_arn=pulumi.Output.format("arn:{}:iam::aws:{}", account.partition, _POLICY),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        disk: aws.ecs.ServiceVolumeConfigurationManagedEbsVolumeArgsDict = {
            "role_arn": role.arn,
            "encrypted": True,
            "size_in_gb": block.size_gib,
            "volume_type": block.type,
            "file_system_type": block.file_system,
            "tag_specifications": [{"resource_type": "volume", "propagate_tags": "SERVICE"}],
        }
        if block.iops is not None:
            disk["iops"] = block.iops
        if block.throughput is not None:
            disk["throughput"] = block.throughput
        if block.snapshot_id is not None:
            disk["snapshot_id"] = block.snapshot_id
        self.configuration = {"name": volume, "managed_ebs_volume": disk}
        self.prerequisites = [role, attachment]
