"""EC2 capacity: launch template, Auto Scaling group, capacity provider."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from infra.cluster.ec2_instances import user_data
from infra.settings import Ec2Capacity
from infra.settings.capacity import InstanceSchedule
from tests.unit.infra.cluster.capacity import ATTACHED, PROFILE, PROVIDER, TAGS, declare_capacity
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph, once

GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
IMAGES = "aws:ssm/getParameter:getParameter"
CLUSTER = "cluster-1a2b3c4"


@once
def _pool(*, public: bool = False, **changes: Any) -> Graph:
    settings = Ec2Capacity(**{"type": "ec2", "instance_types": ("t4g.small", "t4g.medium"), **changes})
    return declare_capacity("pool", settings, public=public)


def test_instance_has_an_encrypted_disk_no_imdsv1_and_no_public_address() -> None:
    template = _pool(disk_gib=50).one(TEMPLATE, "cluster-capacity-pool")

    assert template.inputs == {
        "imageId": "ami-from-/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
        "iamInstanceProfile": {
            "arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/cluster-capacity-pool-1a2b3c4"
        },
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "encrypted": "true",
                    "volumeType": "gp3",
                    "volumeSize": 50,
                    "deleteOnTermination": "true",
                },
            }
        ],
        "networkInterfaces": [
            {
                "deviceIndex": 0,
                "associatePublicIpAddress": "false",
                "securityGroups": ["sg-tasks"],
                "deleteOnTermination": "true",
            }
        ],
        "userData": user_data(CLUSTER, gpu=False),
        "updateDefaultVersion": True,
        "tagSpecifications": [
            {"resourceType": "instance", "tags": {**TAGS, "Name": "cluster-capacity-pool"}},
            {"resourceType": "volume", "tags": {**TAGS, "Name": "cluster-capacity-pool"}},
        ],
    }


def test_instance_without_nat_has_a_public_address() -> None:
    (interface,) = _pool(public=True).one(TEMPLATE).inputs["networkInterfaces"]

    assert interface["associatePublicIpAddress"] == "true"


def test_start_script_configures_the_ecs_agent() -> None:
    assert b64decode(user_data("some-cluster", gpu=True)).decode() == (
        "#!/bin/bash\n"
        "cat >> /etc/ecs/ecs.config <<'END'\n"
        "ECS_CLUSTER=some-cluster\n"
        "ECS_AWSVPC_BLOCK_IMDS=true\n"
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n"
        "ECS_ENABLE_GPU_SUPPORT=true\n"
        "END\n"
    )


@pytest.mark.parametrize(
    ("changes", "image"),
    [
        ({"architecture": "x86_64", "instance_types": ("m7i.large",)}, ""),
        (
            {"architecture": "x86_64", "instance_types": ("g5.xlarge",), "ami": "al2023-gpu"},
            "/gpu",
        ),
    ],
)
def test_image_depends_on_processor_and_gpu(changes: dict[str, Any], image: str) -> None:
    (call,) = _pool(**changes).calls(IMAGES)

    name = f"/aws/service/ecs/optimized-ami/amazon-linux-2023{image}/recommended/image_id"
    assert call.arguments == {"name": name}


def test_fixed_image_is_not_looked_up() -> None:
    graph = _pool(ami_id="ami-0123456789abcdef0")

    assert graph.calls(IMAGES) == []
    assert graph.one(TEMPLATE).inputs["imageId"] == "ami-0123456789abcdef0"


def test_group_mixes_instance_types_on_demand_and_spot() -> None:
    group = _pool(on_demand_base=1, on_demand_percent=25).one(GROUP, "cluster-capacity-pool")

    assert group.inputs["mixedInstancesPolicy"] == {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": "cluster-capacity-pool-id", "version": "7"},
            "overrides": [{"instanceType": "t4g.small"}, {"instanceType": "t4g.medium"}],
        },
        "instancesDistribution": {
            "onDemandAllocationStrategy": "lowest-price",
            "onDemandBaseCapacity": 1,
            "onDemandPercentageAboveBaseCapacity": 25,
            "spotAllocationStrategy": "price-capacity-optimized",
        },
    }
    assert group.inputs["capacityRebalance"] is True
    assert (group.inputs["minSize"], group.inputs["maxSize"]) == (1, 4)
    assert group.inputs["vpcZoneIdentifiers"] == ["subnet-1", "subnet-2"]
    # ECS sets the count.
    assert "desiredCapacity" not in group.inputs


def test_new_image_replaces_protected_instances_one_by_one_without_a_rollback() -> None:
    """The provider has changed the group before the refresh: AWS would return to the same image, again and again."""
    group = _pool().one(GROUP)

    assert group.inputs["protectFromScaleIn"] is True
    assert group.inputs["instanceRefresh"] == {
        "strategy": "Rolling",
        "preferences": {
            "minHealthyPercentage": 100,
            "maxHealthyPercentage": 200,
            "scaleInProtectedInstances": "Refresh",
            "skipMatching": True,
        },
    }


def test_a_group_hands_its_tags_on_and_keeps_the_one_that_ecs_sets() -> None:
    """The provider's default tags reach neither groups nor their instances."""
    tags = _pool().one(GROUP).inputs["tags"]

    assert tags == [
        {"key": "AmazonECSManaged", "value": "true", "propagateAtLaunch": True},
        {"key": "Project", "value": "node-on-ecs", "propagateAtLaunch": True},
        {"key": "Stack", "value": "dev", "propagateAtLaunch": True},
    ]


def test_ecs_scales_the_group_and_drains_instances() -> None:
    graph = _pool(target_capacity_percent=80)
    provider = graph.one(PROVIDER, "cluster-capacity-pool")

    assert provider.inputs == {
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup/cluster-capacity-pool-1a2b3c4",
            "managedScaling": {"status": "ENABLED", "targetCapacity": 80},
            "managedTerminationProtection": "ENABLED",
            "managedDraining": "ENABLED",
        }
    }
    assert graph.one(ATTACHED).inputs["capacityProviders"] == [
        "FARGATE",
        "FARGATE_SPOT",
        "cluster-capacity-pool-1a2b3c4",
    ]
    assert graph.one(ATTACHED).inputs["defaultCapacityProviderStrategies"] == [
        {"capacityProvider": "cluster-capacity-pool-1a2b3c4", "weight": 1, "base": 0}
    ]


def test_destroy_deletes_instances_before_the_cluster_without_waiting_for_an_empty_group() -> None:
    """AWS does not delete a cluster with instances, nor scales protected ones in."""
    graph = _pool()
    group, template = graph.one(GROUP), graph.one(TEMPLATE)
    cluster = graph.one("aws:ecs/cluster:Cluster")

    assert group.inputs["forceDelete"] is True
    assert cluster.urn in template.dependencies
    assert template.urn in group.dependencies
    assert group.urn in graph.one(PROVIDER).dependencies
    assert graph.one(PROVIDER).urn in graph.one(ATTACHED).dependencies


def test_instances_start_after_network_and_permissions() -> None:
    graph = _pool()
    dependencies = graph.one(GROUP).dependencies

    assert {urn.rpartition("::")[2] for urn in dependencies} >= {"network", "cluster-capacity-pool-instance"}
    assert graph.one(PROVIDER).hooks["on_error"] == graph.one(ATTACHED).hooks["on_error"]


def test_updates_keep_the_bounds_that_a_scheduled_action_has_set() -> None:
    evening = InstanceSchedule(name="evening", cron="0 20 * * MON-FRI", min_instances=0, max_instances=6)
    graph = _pool(schedule=(evening,), time_zone="Europe/Berlin")

    assert graph.one("aws:autoscaling/schedule:Schedule", "cluster-capacity-pool-evening").inputs == {
        "autoscalingGroupName": "cluster-capacity-pool-1a2b3c4",
        "scheduledActionName": "evening",
        "recurrence": "0 20 * * MON-FRI",
        "timeZone": "Europe/Berlin",
        "minSize": 0,
        "maxSize": 6,
        "desiredCapacity": -1,
    }
    assert graph.one(GROUP).ignore_changes == ("minSize", "maxSize")
    assert _pool().one(GROUP).ignore_changes == ()


def test_agent_may_only_act_for_its_own_cluster() -> None:
    graph = _pool()
    statements = graph.statements("cluster-capacity-pool-instance")
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}"

    assert graph.trust("cluster-capacity-pool-instance")["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert {sid for sid, statement in statements.items() if statement["Resource"] == "*"} == {"Find"}
    assert statements["Register"]["Resource"] == cluster
    assert statements["Report"]["Resource"] == [
        cluster,
        f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/{CLUSTER}/*",
    ]
    assert graph.one(PROFILE).inputs == {
        "role": "cluster-capacity-pool-instance-1a2b3c4",
        "path": "/node-on-ecs-test/",
    }
