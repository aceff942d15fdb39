"""ECS Managed Instances: requirements for the instances, and ECS's roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant

if TYPE_CHECKING:
    from infra.cluster.place import Place
    from infra.settings import Architecture, ManagedInstancesCapacity

# What ECS needs to manage instances grows with ECS, so that a list here would be wrong in time:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html
_INFRASTRUCTURE: Final = "policy/AmazonECSInfrastructureRolePolicyForManagedInstances"
_INSTANCE: Final = "policy/AmazonECSInstanceRolePolicyForManagedInstances"
_MANUFACTURERS: Final[dict[Architecture, list[str]]] = {
    "arm64": ["amazon-web-services"],
    "x86_64": ["intel", "amd"],
}


@dataclass(frozen=True, kw_only=True)
class ManagedInstancesArgs:
    """What :class:`ManagedInstances` need to know."""

    settings: ManagedInstancesCapacity
    cluster_name: pulumi.Input[str]
    place: Place


class ManagedInstances(pulumi.ComponentResource):
    """EC2 instances of the account that ECS starts for tasks, patches, replaces and ends."""

    provider_name: pulumi.Output[str]
    """By which a strategy names it."""

    def __init__(
        self, name: str, args: ManagedInstancesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:ManagedInstances", name, None, opts)
        settings, place = args.settings, args.place

        instance = self._role(
            f"{name}-instance",
            place,
            "EC2: the ECS agent on managed instances",
            "ec2.amazonaws.com",
            _INSTANCE,
        )
        profile = aws.iam.InstanceProfile(
            name, role=instance.name, path=place.account.role_path, opts=pulumi.ResourceOptions(parent=self)
        )
        infrastructure = self._role(
            f"{name}-infrastructure",
            place,
            "ECS: starts, patches and ends managed instances",
            "ecs.amazonaws.com",
            _INFRASTRUCTURE,
        )
        # AWS's policy lets ECS pass roles whose names begin with ecsInstanceRole alone:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
        passing = grant(
            f"{name}-infrastructure",
            infrastructure,
            [
                {
                    **allow("PassInstanceRole", "iam:PassRole", instance.arn),
                    "Condition": {"StringLike": {"iam:PassedToService": "ec2.*"}},
                }
            ],
            parent=self,
        )
        provider = aws.ecs.CapacityProvider(
            name,
            # Unlike those of Auto Scaling groups it belongs to one cluster, and so it goes before that.
            cluster=args.cluster_name,
            managed_instances_provider={
                "infrastructure_role_arn": infrastructure.arn,
                "propagate_tags": "CAPACITY_PROVIDER",
                "instance_launch_template": {
                    "ec2_instance_profile_arn": profile.arn,
                    "capacity_option_type": "SPOT" if settings.spot else "ON_DEMAND",
                    "network_configuration": {
                        "subnets": place.subnet_ids,
                        "security_groups": [place.security_group_id],
                    },
                    "storage_configuration": {"storage_size_gib": settings.storage_gib},
                    "instance_requirements": instance_requirements(settings),
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[passing, *self._attachments, *place.prerequisites],
                hooks=place.hooks,
            ),
        )

        self.provider_name = provider.name
        self.register_outputs({"provider_name": self.provider_name})

    def _role(self, name: str, place: Place, description: str, service: str, policy: str) -> aws.iam.Role:
        role = place.account.make_role(name, description=description, service=service, parent=self)
        attachment = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=pulumi.Output.format("arn:{}:iam::aws:{}", place.account.partition, policy),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._attachments = [*getattr(self, "_attachments", ()), attachment]
        return role


def instance_requirements(
    settings: ManagedInstancesCapacity,
) -> aws.ecs.CapacityProviderManagedInstancesProviderInstanceLaunchTemplateInstanceRequirementsArgsDict:
    """Return what an instance must be like for ECS to choose it."""
    found: aws.ecs.CapacityProviderManagedInstancesProviderInstanceLaunchTemplateInstanceRequirementsArgsDict
    found = {
        "vcpu_count": {"min": settings.min_vcpus, "max": settings.max_vcpus},
        "memory_mib": {"min": settings.min_memory_mib, "max": settings.max_memory_mib},
        "cpu_manufacturers": _MANUFACTURERS[settings.architecture],
        "burstable_performance": "included",
    }
    if settings.instance_types:
        found["allowed_instance_types"] = list(settings.instance_types)
    if settings.gpu:
        found["accelerator_types"] = ["gpu"]
        found["accelerator_manufacturers"] = ["nvidia"]
        found["accelerator_count"] = {"min": 1}
    return found
