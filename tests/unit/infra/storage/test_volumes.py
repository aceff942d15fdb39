"""The volumes of a service's tasks."""

from __future__ import annotations

import json
from typing import Any

from infra.service.service import Service
from infra.settings import SharedFiles, Volume
from infra.settings.storage import BlockStorage
from tests.unit.infra.factories import held, service_args, service_settings
from tests.unit.infra.fake_cloud import ACCOUNT
from tests.unit.infra.recorder import Graph, declare, once

DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"
SHARED = Volume(path="/data", efs=SharedFiles())
FILES = f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}"


@once
def _service(**settings: Any) -> Graph:
    args = service_args(service_settings(**settings))
    return declare(lambda: Service("web", args, opts=held()))


def _container(graph: Graph) -> dict[str, Any]:
    (container,) = json.loads(graph.one(DEFINITION).inputs["containerDefinitions"])
    return container


def test_shared_files_are_mounted_by_tls_and_iam_through_an_access_point_of_the_service() -> None:
    graph = _service(volumes={"uploads": SHARED})
    point = graph.one(ACCESS_POINT)

    assert _container(graph)["mountPoints"] == [
        {"sourceVolume": "uploads", "containerPath": "/data", "readOnly": False}
    ]
    assert point.inputs == {
        "fileSystemId": "fs-0123456789abcdef0",
        "posixUser": {"uid": 1000, "gid": 1000},
        "rootDirectory": {
            "path": "/uploads",
            "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0755"},
        },
    }
    (volume,) = graph.one(DEFINITION).inputs["volumes"]
    configuration = volume["efsVolumeConfiguration"]
    assert (volume["name"], configuration["fileSystemId"], configuration["transitEncryption"]) == (
        "uploads",
        "fs-0123456789abcdef0",
        "ENABLED",
    )
    assert configuration["authorizationConfig"]["iam"] == "ENABLED"


def test_the_app_may_mount_through_its_access_point_alone_and_write_unless_it_reads_only() -> None:
    for read_only, actions in (
        (False, ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]),
        (True, ["elasticfilesystem:ClientMount"]),
    ):
        files = SharedFiles(file_system_id="fs-11111111", access_point_id="fsap-22222222")
        graph = _service(volumes={"uploads": Volume(path="/data", efs=files, read_only=read_only)})
        (statement,) = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "web-task").inputs["policy"])[
            "Statement"
        ]

        assert statement == {
            "Sid": "MountUploads",
            "Effect": "Allow",
            "Action": actions,
            "Resource": f"{FILES}:file-system/fs-11111111",
            "Condition": {
                "StringEquals": {"elasticfilesystem:AccessPointArn": f"{FILES}:access-point/fsap-22222222"}
            },
        }


def test_a_copy_has_a_folder_of_its_own_in_the_same_file_system() -> None:
    graph = _service(volumes={"uploads": SHARED}, copy_name="alice")

    assert graph.one(ACCESS_POINT).inputs["rootDirectory"]["path"] == "/alice/uploads"


def test_scratch_space_needs_nothing_but_its_name() -> None:
    graph = _service(volumes={"cache": Volume(path="/cache")})

    assert graph.one(DEFINITION).inputs["volumes"] == [{"name": "cache"}]
    assert graph.all(ACCESS_POINT) == []


def test_a_block_volume_is_made_by_ecs_for_each_task_and_encrypted() -> None:
    block = BlockStorage(size_gib=50, iops=4000)
    graph = _service(volumes={"index": Volume(path="/index", ebs=block)})
    configuration = graph.one("aws:ecs/service:Service").inputs["volumeConfiguration"]
    role_arn = configuration["managedEbsVolume"].pop("roleArn")

    assert graph.one(DEFINITION).inputs["volumes"] == [{"name": "index", "configureAtLaunch": True}]
    assert configuration == {
        "name": "index",
        "managedEbsVolume": {
            "encrypted": True,
            "sizeInGb": 50,
            "volumeType": "gp3",
            "iops": 4000,
            "fileSystemType": "xfs",
            "tagSpecifications": [{"resourceType": "volume", "propagateTags": "SERVICE"}],
        },
    }
    assert "web-volumes" in role_arn


def test_more_disk_than_is_free_is_asked_for() -> None:
    inputs = _service(ephemeral_storage_gib=100).one(DEFINITION).inputs

    assert inputs["ephemeralStorage"] == {"sizeInGib": 100}
