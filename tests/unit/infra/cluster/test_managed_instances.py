"""ECS Managed Instances: requirements, roles and permissions."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import ManagedInstancesCapacity
from tests.unit.infra.cluster.capacity import ATTACHED, PROVIDER, declare_capacity
from tests.unit.infra.fake_cloud import ACCOUNT
from tests.unit.infra.recorder import Graph, once

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


@once
def _own(**changes: Any) -> Graph:
    return declare_capacity("own", ManagedInstancesCapacity(**{"type": "managed-instances", **changes}))


def test_provider_has_the_configured_requirements_network_and_storage() -> None:
    provider = _own(min_vcpus=2, instance_types=("m7g.*",), storage_gib=100).one(
        PROVIDER, "cluster-capacity-own"
    )
    role = f"arn:aws:iam::{ACCOUNT}:role/cluster-capacity-own-infrastructure-1a2b3c4"

    assert provider.inputs == {
        "cluster": "cluster-1a2b3c4",
        "managedInstancesProvider": {
            "infrastructureRoleArn": role,
            "propagateTags": "CAPACITY_PROVIDER",
            "instanceLaunchTemplate": {
                "ec2InstanceProfileArn": (
                    f"arn:aws:iam::{ACCOUNT}:instance-profile/cluster-capacity-own-1a2b3c4"
                ),
                "capacityOptionType": "ON_DEMAND",
                "networkConfiguration": {
                    "subnets": ["subnet-1", "subnet-2"],
                    "securityGroups": ["sg-tasks"],
                },
                "storageConfiguration": {"storageSizeGib": 100},
                "instanceRequirements": {
                    "vcpuCount": {"min": 2, "max": 8},
                    "memoryMib": {"min": 1024, "max": 32768},
                    "cpuManufacturers": ["amazon-web-services"],
                    "burstablePerformance": "included",
                    "allowedInstanceTypes": ["m7g.*"],
                },
            },
        },
    }


@pytest.mark.parametrize(
    ("changes", "required"),
    [
        (
            {"architecture": "x86_64", "gpu": True},
            {
                "cpuManufacturers": ["intel", "amd"],
                "acceleratorTypes": ["gpu"],
                "acceleratorManufacturers": ["nvidia"],
                "acceleratorCount": {"min": 1},
            },
        ),
        ({}, {"cpuManufacturers": ["amazon-web-services"]}),
    ],
)
def test_processor_and_gpu_are_requirements(changes: dict[str, Any], required: dict[str, Any]) -> None:
    template = _own(**changes).one(PROVIDER).inputs["managedInstancesProvider"]["instanceLaunchTemplate"]
    shared = ("vcpuCount", "memoryMib", "burstablePerformance")

    assert {
        key: value for key, value in template["instanceRequirements"].items() if key not in shared
    } == required


def test_spot_is_configurable() -> None:
    template = _own(spot=True).one(PROVIDER).inputs["managedInstancesProvider"]["instanceLaunchTemplate"]

    assert template["capacityOptionType"] == "SPOT"


def test_ecs_may_pass_the_instance_role() -> None:
    """AWS's own policy allows it only for names that begin with ecsInstanceRole."""
    graph = _own()

    assert graph.statements("cluster-capacity-own-infrastructure") == {
        "PassInstanceRole": {
            "Sid": "PassInstanceRole",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": f"arn:aws:iam::{ACCOUNT}:role/cluster-capacity-own-instance-1a2b3c4",
            "Condition": {"StringLike": {"iam:PassedToService": "ec2.*"}},
        }
    }
    assert graph.trust("cluster-capacity-own-infrastructure")["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert graph.trust("cluster-capacity-own-instance")["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert {attachment.name: attachment.inputs["policyArn"] for attachment in graph.all(ATTACHMENT)} == {
        "cluster-capacity-own-infrastructure": (
            "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances"
        ),
        "cluster-capacity-own-instance": "arn:aws:iam::aws:policy/AmazonECSInstanceRolePolicyForManagedInstances",
    }


def test_ecs_keeps_its_permissions_until_the_last_instance_is_terminated() -> None:
    graph = _own()
    needs = {urn.rpartition("::")[2] for urn in graph.one(PROVIDER).dependencies}

    assert needs >= {
        "cluster",
        "network",
        "cluster-capacity-own-infrastructure",
        "cluster-capacity-own-instance",
    }


def test_attaching_a_provider_is_retried_until_it_is_active() -> None:
    """AWS refuses to attach it for half a minute after its creation."""
    attached = _own().one(ATTACHED)

    assert attached.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT", "cluster-capacity-own-1a2b3c4"]
    assert attached.hooks["on_error"]
