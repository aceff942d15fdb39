"""The volumes of a service's tasks, and the permissions to use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.account import Statement
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings, SharedFiles

_DEFAULT_UID: Final = 1000
"""Owner of files if the container's user is a name, which EFS does not know."""


class TaskVolumes:
    """The volumes of a task definition, with an access point for each EFS volume."""

    definitions: list[aws.ecs.TaskDefinitionVolumeArgsDict]
    statements: list[Statement]
    """Permissions for the task role."""

    def __init__(
        self, name: str, settings: ServiceSettings, platform: Platform, *, parent: pulumi.Resource
    ) -> None:
        """Declare the access points below the task definition's component."""
        self._name = name
        self._settings = settings
        self._platform = platform
        self._parent = parent
        self.definitions = []
        self.statements = []
        for volume_name, volume in sorted(settings.volumes.items()):
            if volume.efs:
                self._add_efs_volume(volume_name, volume.efs, read_only=volume.read_only)
            elif volume.ebs:
                self.definitions.append({"name": volume_name, "configure_at_launch": True})
            else:
                self.definitions.append({"name": volume_name})

    def _add_efs_volume(self, volume: str, efs: SharedFiles, *, read_only: bool) -> None:
        account = self._platform.account
        file_system_id = efs.file_system_id or pulumi.Output.from_input(self._platform.file_system_ids).apply(
            lambda ids: _file_system_id(ids, volume)
        )
        access_point_id = efs.access_point_id or self._access_point(volume, file_system_id).id
        self.definitions.append(
            {
                "name": volume,
                "efs_volume_configuration": {
                    "file_system_id": file_system_id,
                    "transit_encryption": "ENABLED",
                    "authorization_config": {"access_point_id": access_point_id, "iam": "ENABLED"},
                },
            }
        )
        actions = ["elasticfilesystem:ClientMount"]
        if not read_only:
            actions.append("elasticfilesystem:ClientWrite")
        file_system_arn = account.arn(
            "elasticfilesystem", pulumi.Output.concat("file-system/", file_system_id)
        )
        access_point_arn = account.arn(
            "elasticfilesystem", pulumi.Output.concat("access-point/", access_point_id)
        )
        sid = "Mount" + "".join(part.capitalize() for part in volume.split("-"))
        condition = {"StringEquals": {"elasticfilesystem:AccessPointArn": access_point_arn}}
        self.statements.append({**allow(sid, actions, file_system_arn), "Condition": condition})

    def _access_point(self, volume: str, file_system_id: pulumi.Input[str]) -> aws.efs.AccessPoint:
        user, _, group = self._settings.user.partition(":")
        uid = int(user) if user.isdecimal() else _DEFAULT_UID
        gid = int(group) if group.isdecimal() else uid
        folder = f"/{self._settings.copy_name}/{volume}" if self._settings.copy_name else f"/{volume}"
        return aws.efs.AccessPoint(
            f"{self._name}-{volume}",
            file_system_id=file_system_id,
            posix_user={"uid": uid, "gid": gid},
            root_directory={
                "path": folder,
                "creation_info": {"owner_uid": uid, "owner_gid": gid, "permissions": "0755"},
            },
            opts=pulumi.ResourceOptions(parent=self._parent),
        )


def _file_system_id(ids: Mapping[str, Any], volume: str) -> str:
    if volume not in ids:
        raise pulumi.RunError(
            f"volumes.{volume}.efs: the stack that this one attaches to has no volume {volume}; add it "
            "there, or set `file-system-id`"
        )
    return str(ids[volume])
