"""The volumes of a service's tasks, and what the app needs to use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.account import Account, Statement
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings, SharedFiles

_USER: Final = 1000
"""Owner of files where the container's user is a name, which EFS does not know."""


class TaskVolumes:
    """Volumes as a task definition names them, each with an access point where it is of EFS."""

    definitions: list[aws.ecs.TaskDefinitionVolumeArgsDict]
    statements: list[Statement]
    """What the task role may do with them."""

    def __init__(
        self, name: str, settings: ServiceSettings, platform: Platform, *, parent: pulumi.Resource
    ) -> None:
        """Declare what they need below the task definition's component."""
        self._name = name
        self._settings = settings
        self._platform = platform
        self._parent = parent
        self.definitions = []
        self.statements = []
        for volume, said in sorted(settings.volumes.items()):
            if said.efs:
                self._add_shared(volume, said.efs, read_only=said.read_only)
            elif said.ebs:
                self.definitions.append({"name": volume, "configure_at_launch": True})
            else:
                self.definitions.append({"name": volume})

    def _add_shared(self, volume: str, files: SharedFiles, *, read_only: bool) -> None:
        account = self._platform.account
        file_system_id = files.file_system_id or pulumi.Output.from_input(
            self._platform.file_system_ids
        ).apply(lambda ids: _known(ids, volume))
        access_point_id = files.access_point_id or self._access_point(volume, file_system_id).id
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
        words = "".join(part.capitalize() for part in volume.split("-"))
        self.statements.append(
            {
                "Sid": f"Mount{words}",
                "Effect": "Allow",
                "Action": actions,
                "Resource": _arn(account, "file-system", file_system_id),
                "Condition": {
                    "StringEquals": {
                        "elasticfilesystem:AccessPointArn": _arn(account, "access-point", access_point_id)
                    }
                },
            }
        )

    def _access_point(self, volume: str, file_system_id: pulumi.Input[str]) -> aws.efs.AccessPoint:
        user, _, group = self._settings.user.partition(":")
        uid = int(user) if user.isdecimal() else _USER
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


def _known(ids: Mapping[str, Any], volume: str) -> str:
    if volume not in ids:
        raise pulumi.RunError(
            f"volumes.{volume}.efs: the stack that this one attaches to has no volume {volume}; add it "
            "there, or name a `file-system-id`"
        )
    return str(ids[volume])


def _arn(account: Account, kind: str, name: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.format(
        "arn:{}:elasticfilesystem:{}:{}:{}/{}", account.partition, account.region, account.id, kind, name
    )
