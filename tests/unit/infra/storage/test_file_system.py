"""An EFS file system that services share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.settings import SharedFiles
from infra.storage.file_system import FileSystem, FileSystemArgs
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import Graph, declare, once

FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
TARGET = "aws:efs/mountTarget:MountTarget"


@once
def _declare(**settings: Any) -> Graph:
    def program() -> None:
        args = FileSystemArgs(
            settings=SharedFiles(**settings),
            vpc_id="vpc-1",
            subnets={"us-east-1a": "subnet-1", "us-east-1b": "subnet-2"},
            tasks_security_group_id="sg-tasks",
        )
        FileSystem("files-uploads", args, opts=child_options())

    return declare(program)


def test_file_system_is_encrypted_and_backed_up() -> None:
    graph = _declare()

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
def test_unused_files_move_to_cheaper_storage_after_the_configured_days(days: int, first: str | None) -> None:
    policies = _declare(infrequent_access_days=days).one(FILE_SYSTEM).inputs.get("lifecyclePolicies") or []

    assert [policy.get("transitionToIa") for policy in policies][:1] == ([first] if first else [])


def test_each_zone_has_a_mount_target_that_is_deleted_before_its_replacement() -> None:
    """EFS allows one in each zone."""
    targets = _declare().all(TARGET)

    assert {target.name: target.inputs["subnetId"] for target in targets} == {
        "files-uploads-us-east-1a": "subnet-1",
        "files-uploads-us-east-1b": "subnet-2",
    }
    assert all(target.delete_before_replace for target in targets)


def test_only_tasks_have_access_and_only_with_nfs() -> None:
    graph = _declare()
    ingress = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    egress = graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").inputs

    assert (ingress["fromPort"], ingress["toPort"], ingress["referencedSecurityGroupId"]) == (
        2049,
        2049,
        "sg-tasks",
    )
    assert (egress["securityGroupId"], egress["fromPort"], egress["toPort"]) == ("sg-tasks", 2049, 2049)


def test_access_without_tls_or_an_access_point_is_denied() -> None:
    assert {statement["Sid"]: statement["Condition"] for statement in _policy()} == {
        "OnlyWithTls": {"Bool": {"aws:SecureTransport": "false"}},
        "OnlyByAccessPoint": {"Null": {"elasticfilesystem:AccessPointArn": "true"}},
    }


def test_only_the_role_of_a_task_gives_access() -> None:
    """EFS accepts a client if its role or the file system's policy allows it, and `*` is any client."""
    assert {statement["Effect"] for statement in _policy()} == {"Deny"}


def _policy() -> list[dict[str, Any]]:
    text = _declare().one("aws:efs/fileSystemPolicy:FileSystemPolicy").inputs["policy"]
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements
