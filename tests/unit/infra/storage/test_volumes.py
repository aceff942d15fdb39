"""The volumes of a service's tasks."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import SharedFiles, Volume
from infra.settings.storage import BlockStorage
from tests.unit.infra.factories import declare_service
from tests.unit.infra.fake_cloud import ACCOUNT

DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"
EFS_VOLUME = Volume(path="/data", efs=SharedFiles())
EFS = f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}"


def test_efs_volume_is_mounted_with_tls_and_iam_through_the_service_s_access_point() -> None:
    graph = declare_service(volumes={"uploads": EFS_VOLUME})

    assert graph.containers("web")["web"]["mountPoints"] == [
        {"sourceVolume": "uploads", "containerPath": "/data", "readOnly": False}
    ]
    assert graph.one(ACCESS_POINT).inputs == {
        "fileSystemId": "fs-0123456789abcdef0",
        "posixUser": {"uid": 1000, "gid": 1000},
        "rootDirectory": {
            "path": "/uploads",
            "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0755"},
        },
    }
    assert graph.one(DEFINITION).inputs["volumes"] == [
        {
            "name": "uploads",
            "efsVolumeConfiguration": {
                "fileSystemId": "fs-0123456789abcdef0",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "web-uploads-id", "iam": "ENABLED"},
            },
        }
    ]


@pytest.mark.parametrize(
    ("read_only", "actions"),
    [
        (False, ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]),
        (True, ["elasticfilesystem:ClientMount"]),
    ],
    ids=["read and write", "read only"],
)
def test_app_may_mount_only_through_its_access_point(*, read_only: bool, actions: list[str]) -> None:
    files = SharedFiles(file_system_id="fs-11111111", access_point_id="fsap-22222222")
    graph = declare_service(volumes={"uploads": Volume(path="/data", efs=files, read_only=read_only)})

    assert graph.statements("web-task") == {
        "MountUploads": {
            "Sid": "MountUploads",
            "Effect": "Allow",
            "Action": actions,
            "Resource": f"{EFS}:file-system/fs-11111111",
            "Condition": {
                "StringEquals": {"elasticfilesystem:AccessPointArn": f"{EFS}:access-point/fsap-22222222"}
            },
        }
    }


def test_copy_has_its_own_folder_in_the_file_system() -> None:
    graph = declare_service(volumes={"uploads": EFS_VOLUME}, copy_name="alice")

    assert graph.one(ACCESS_POINT).inputs["rootDirectory"]["path"] == "/alice/uploads"


def test_scratch_volume_has_only_a_name() -> None:
    graph = declare_service(volumes={"cache": Volume(path="/cache")})

    assert graph.one(DEFINITION).inputs["volumes"] == [{"name": "cache"}]
    assert graph.all(ACCESS_POINT) == []


def test_ebs_volume_is_encrypted_and_created_for_each_task() -> None:
    block = BlockStorage(size_gib=50, iops=4000)
    graph = declare_service(volumes={"index": Volume(path="/index", ebs=block)})
    configuration: dict[str, Any] = graph.one("aws:ecs/service:Service").inputs["volumeConfiguration"]
    volume = configuration["managedEbsVolume"]

    assert graph.one(DEFINITION).inputs["volumes"] == [{"name": "index", "configureAtLaunch": True}]
    assert configuration["name"] == "index"
    assert volume == {
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/web-volumes-1a2b3c4",
        "encrypted": True,
        "sizeInGb": 50,
        "volumeType": "gp3",
        "iops": 4000,
        "fileSystemType": "xfs",
        "tagSpecifications": [{"resourceType": "volume", "propagateTags": "SERVICE"}],
    }
