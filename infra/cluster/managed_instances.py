"""ECS Managed Instances: requirements for the instances, and ECS's roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant

if TYPE_CHECKING:
    from infra.cluster.capacity import InstanceArgs
    from infra.settings import Architecture, ManagedInstancesCapacity

# AWS's own policies, because ECS needs more permissions with every feature:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html
_INFRASTRUCTURE_POLICY: Final = "AmazonECSInfrastructureRolePolicyForManagedInstances"
_INSTANCE_POLICY: Final = "AmazonECSInstanceRolePolicyForManagedInstances"
_MANUFACTURERS: Final[dict[Architecture, list[str]]] = {
    "arm64": ["amazon-web-services"],
    "x86_64": ["intel", "amd"],
}


class ManagedInstances(pulumi.ComponentResource):
    """EC2 instances that ECS starts for tasks, patches, replaces and terminates."""

    provider_name: pulumi.Output[str]
    """Name in capacity provider strategies."""

    def __init__(
        self,
        name: str,
        settings: ManagedInstancesCapacity,
        cluster_name: pulumi.Input[str],
        args: InstanceArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs:infra:ManagedInstances", name, None, opts)
        account = args.account

        instance_role = account.make_role(
            f"{name}-instance",
            description="EC2: the ECS agent on managed instances",
            service="ec2.amazonaws.com",
            parent=self,
        )
        instance_policy = account.attach_aws_policy(
            f"{name}-instance", instance_role, _INSTANCE_POLICY, parent=self
        )
        profile = aws.iam.InstanceProfile(
            name,
            role=instance_role.name,
            path=account.role_path,
            opts=pulumi.ResourceOptions(parent=self),
        )
        infrastructure_role = account.make_role(
            f"{name}-infrastructure",
            description="ECS: starts, patches and ends managed instances",
            service="ecs.amazonaws.com",
            parent=self,
        )
        infrastructure_policy = account.attach_aws_policy(
            f"{name}-infrastructure", infrastructure_role, _INFRASTRUCTURE_POLICY, parent=self
        )
        # AWS's policy only lets ECS pass roles whose names begin with ecsInstanceRole:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html
        pass_role = {
            **allow("PassInstanceRole", "iam:PassRole", instance_role.arn),
            "Condition": {"StringLike": {"iam:PassedToService": "ec2.*"}},
        }
        pass_role_policy = grant(f"{name}-infrastructure", infrastructure_role, [pass_role], parent=self)
        provider = aws.ecs.CapacityProvider(
            name,
            # Unlike the provider of an Auto Scaling group it belongs to one cluster.
            cluster=cluster_name,
            managed_instances_provider={
                "infrastructure_role_arn": infrastructure_role.arn,
                "propagate_tags": "CAPACITY_PROVIDER",
                "instance_launch_template": {
                    "ec2_instance_profile_arn": profile.arn,
                    "capacity_option_type": "SPOT" if settings.spot else "ON_DEMAND",
                    "network_configuration": {
                        "subnets": args.subnet_ids,
                        "security_groups": [args.security_group_id],
                    },
                    "storage_configuration": {"storage_size_gib": settings.storage_gib},
                    "instance_requirements": _instance_requirements(settings),
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # ECS needs its permissions until the last instance is terminated.
                depends_on=[pass_role_policy, instance_policy, infrastructure_policy, *args.prerequisites],
                hooks=args.hooks,
            ),
        )

        self.provider_name = provider.name
        self.register_outputs({"provider_name": self.provider_name})


def _instance_requirements(
    settings: ManagedInstancesCapacity,
) -> aws.ecs.CapacityProviderManagedInstancesProviderInstanceLaunchTemplateInstanceRequirementsArgsDict:
    requirements: (
        aws.ecs.CapacityProviderManagedInstancesProviderInstanceLaunchTemplateInstanceRequirementsArgsDict
    )
    requirements = {
        "vcpu_count": {"min": settings.min_vcpus, "max": settings.max_vcpus},
        "memory_mib": {"min": settings.min_memory_mib, "max": settings.max_memory_mib},
        "cpu_manufacturers": _MANUFACTURERS[settings.architecture],
        "burstable_performance": "included",
    }
    if settings.instance_types:
        requirements["allowed_instance_types"] = list(settings.instance_types)
    if settings.gpu:
        requirements["accelerator_types"] = ["gpu"]
        requirements["accelerator_manufacturers"] = ["nvidia"]
        requirements["accelerator_count"] = {"min": 1}
    return requirements
