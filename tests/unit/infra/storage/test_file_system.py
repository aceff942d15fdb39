"""A file system that tasks share."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from infra.settings import SharedFiles
from infra.storage.file_system import FileSystem, FileSystemArgs
from tests.unit.infra.factories import held
from tests.unit.infra.recorder import Graph, declare, once

FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
TARGET = "aws:efs/mountTarget:MountTarget"


@once
def _files(**settings: Any) -> Graph:
    def program() -> None:
        args = FileSystemArgs(
            settings=SharedFiles(**settings),
            vpc_id="vpc-1",
            zones=["us-east-1a", "us-east-1b"],
            subnet_ids=pulumi.Output.from_input(["subnet-1", "subnet-2"]),
            tasks_security_group_id="sg-tasks",
        )
        FileSystem("files-uploads", args, opts=held())

    return declare(program)


def test_files_are_encrypted_and_backed_up() -> None:
    graph = _files()

    assert graph.one(FILE_SYSTEM).inputs == {
        "encrypted": True,
        "throughputMode": "elastic",
        "lifecyclePolicies": [
            {"transitionToIa": "AFTER_30_DAYS"},
            {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
        ],
    }
    assert graph.one("aws:efs/backupPolicy:BackupPolicy").inputs["backupPolicy"] == {"status": "ENABLED"}


@pytest.mark.parametrize(("days", "first"), [(0, None), (1, "AFTER_1_DAY"), (90, "AFTER_90_DAYS")])
def test_files_that_nobody_uses_move_to_cheaper_storage_when_the_settings_say(
    days: int, first: str | None
) -> None:
    policies = _files(infrequent_access_days=days).one(FILE_SYSTEM).inputs.get("lifecyclePolicies") or []

    assert [one.get("transitionToIa") for one in policies][:1] == ([first] if first else [])


def test_a_mount_target_leaves_its_zone_before_there_is_another() -> None:
    """A file system has one for each zone."""
    assert {one.delete_before_replace for one in _files().all(TARGET)} == {True}


def test_there_is_a_mount_target_in_each_zone() -> None:
    targets = {one.name: one.inputs["subnetId"] for one in _files().all(TARGET)}

    assert targets == {
        "files-uploads-us-east-1a": "subnet-1",
        "files-uploads-us-east-1b": "subnet-2",
    }


def test_tasks_alone_reach_it_and_by_nfs_alone() -> None:
    graph = _files()
    ingress = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    egress = graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").inputs

    assert (ingress["fromPort"], ingress["toPort"], ingress["referencedSecurityGroupId"]) == (
        2049,
        2049,
        "sg-tasks",
    )
    assert (egress["securityGroupId"], egress["fromPort"], egress["toPort"]) == ("sg-tasks", 2049, 2049)


def test_without_tls_or_an_access_point_nobody_gets_in() -> None:
    policy = json.loads(_files().one("aws:efs/fileSystemPolicy:FileSystemPolicy").inputs["policy"])
    denied = {one["Sid"]: one["Condition"] for one in policy["Statement"] if one["Effect"] == "Deny"}

    assert denied == {
        "TlsAlone": {"Bool": {"aws:SecureTransport": "false"}},
        "AccessPointsAlone": {"Null": {"elasticfilesystem:AccessPointArn": "true"}},
    }
