"""EC2 instances: launch template, Auto Scaling group and capacity provider."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import grant
from infra.cluster.agent_role import agent_statements

if TYPE_CHECKING:
    from infra.cluster.capacity import InstanceArgs
    from infra.settings import Ec2Capacity

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
_IMAGES: Final = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
_VARIANT: Final = {("al2023", "x86_64"): "", ("al2023", "arm64"): "/arm64", ("al2023-gpu", "x86_64"): "/gpu"}


class Ec2Instances(pulumi.ComponentResource):
    """As many EC2 instances as a cluster's tasks need, with encrypted disks and without IMDSv1.

    ECS scales the group, and drains an instance before it is terminated. A new image replaces the instances
    one by one.
    """

    provider_name: pulumi.Output[str]
    """Name in capacity provider strategies."""

    def __init__(
        self,
        name: str,
        settings: Ec2Capacity,
        cluster_name: pulumi.Input[str],
        args: InstanceArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs:infra:Ec2Instances", name, None, opts)
        account = args.account

        role = account.make_role(
            f"{name}-instance",
            description="EC2: the ECS agent on the instances of a cluster",
            service="ec2.amazonaws.com",
            parent=self,
        )
        policy = grant(f"{name}-instance", role, agent_statements(account, cluster_name), parent=self)
        profile = aws.iam.InstanceProfile(
            name, role=role.name, path=account.role_path, opts=pulumi.ResourceOptions(parent=self)
        )
        template = self._launch_template(name, settings, cluster_name, args, profile)
        group = aws.autoscaling.Group(
            name,
            vpc_zone_identifiers=args.subnet_ids,
            min_size=settings.min_instances,
            max_size=settings.max_instances,
            mixed_instances_policy={
                "launch_template": {
                    # A number: with $Latest a changed template starts no instance refresh.
                    "launch_template_specification": {
                        "launch_template_id": template.id,
                        "version": template.latest_version.apply(str),
                    },
                    "overrides": [
                        {"instance_type": instance_type} for instance_type in settings.instance_types
                    ],
                },
                "instances_distribution": {
                    "on_demand_allocation_strategy": "lowest-price",
                    "on_demand_base_capacity": settings.on_demand_base,
                    "on_demand_percentage_above_base_capacity": settings.on_demand_percent,
                    "spot_allocation_strategy": "price-capacity-optimized",
                },
            },
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    # Start new instances before old ones are terminated, so that tasks always have room.
                    "min_healthy_percentage": 100,
                    "max_healthy_percentage": 200,
                    # Instances with tasks are protected; the default leaves them out.
                    "scale_in_protected_instances": "Refresh",
                    "skip_matching": True,
                    # No auto_rollback: the provider changes the group before the refresh, so that AWS would
                    # return to the same new template (terraform-provider-aws#34189).
                },
            },
            capacity_rebalance=settings.on_demand_percent < 100,  # noqa: PLR2004 - per cent
            health_check_type="EC2",
            protect_from_scale_in=True,
            # Else a destroy waits for an empty group, which protected instances never leave:
            # https://github.com/hashicorp/terraform-provider-aws/issues/11409
            force_delete=True,
            # Services wait for their tasks anyway, and report why one did not start.
            wait_for_capacity_timeout="0",
            tags=[
                # ECS adds this tag; without it here each update would remove it.
                {"key": "AmazonECSManaged", "value": "true", "propagate_at_launch": True},
                *(
                    {"key": key, "value": value, "propagate_at_launch": True}
                    for key, value in sorted(args.tags.items())
                ),
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[policy, *args.prerequisites],
                # Scheduled actions change these two: an update at night must not start instances again.
                ignore_changes=["minSize", "maxSize"] if settings.schedule else None,
                hooks=args.hooks,
            ),
        )
        for action in settings.schedule:
            aws.autoscaling.Schedule(
                f"{name}-{action.name}",
                autoscaling_group_name=group.name,
                scheduled_action_name=action.name,
                recurrence=action.cron,
                time_zone=settings.time_zone,
                min_size=action.min_instances,
                max_size=action.max_instances,
                # -1 leaves the count to ECS; the default is 0.
                desired_capacity=-1,
                opts=pulumi.ResourceOptions(parent=self),
            )
        provider = aws.ecs.CapacityProvider(
            name,
            auto_scaling_group_provider={
                "auto_scaling_group_arn": group.arn,
                "managed_scaling": {
                    "status": "ENABLED",
                    "target_capacity": settings.target_capacity_percent,
                },
                "managed_termination_protection": "ENABLED",
                "managed_draining": "ENABLED",
            },
            opts=pulumi.ResourceOptions(parent=self, hooks=args.hooks),
        )

        self.provider_name = provider.name
        self.register_outputs({"provider_name": self.provider_name})

    def _launch_template(
        self,
        name: str,
        settings: Ec2Capacity,
        cluster_name: pulumi.Input[str],
        args: InstanceArgs,
        profile: aws.iam.InstanceProfile,
    ) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            name,
            image_id=settings.ami_id or self._latest_image(settings),
            iam_instance_profile={"arn": profile.arn},
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # Containers behind Docker's bridge are two hops away and cannot get the agent's role.
                "http_put_response_hop_limit": 1,
            },
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "volume_type": "gp3",
                        "volume_size": settings.disk_gib,
                        "delete_on_termination": "true",
                    },
                }
            ],
            network_interfaces=[
                {
                    "device_index": 0,
                    "associate_public_ip_address": str(args.assign_public_ip).lower(),
                    "security_groups": [args.security_group_id],
                    "delete_on_termination": "true",
                }
            ],
            # The reference to the cluster deletes instances first: AWS only deletes an empty cluster.
            user_data=pulumi.Output.from_input(cluster_name).apply(
                lambda cluster: user_data(cluster, gpu=settings.gpu)
            ),
            update_default_version=True,
            tag_specifications=[
                {"resource_type": kind, "tags": {**args.tags, "Name": name}}
                for kind in ("instance", "volume")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _latest_image(self, settings: Ec2Capacity) -> pulumi.Output[str]:
        variant = _VARIANT[settings.ami, settings.architecture]
        # `value` is a secret, so a preview would not show which image is used.
        return aws.ssm.get_parameter_output(
            name=f"{_IMAGES}{variant}/recommended/image_id", opts=pulumi.InvokeOptions(parent=self)
        ).insecure_value


def user_data(cluster_name: str, *, gpu: bool) -> str:
    """Return the start script of an instance, in base 64: it configures the ECS agent.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    settings = {
        "ECS_CLUSTER": cluster_name,
        # Tasks in awsvpc mode cannot get the agent's role from the instance's metadata.
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        # Drain a Spot instance at its interruption notice.
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        **({"ECS_ENABLE_GPU_SUPPORT": "true"} if gpu else {}),
    }
    lines = "".join(f"{key}={value}\n" for key, value in settings.items())
    return b64encode(f"#!/bin/bash\ncat >> /etc/ecs/ecs.config <<'END'\n{lines}END\n".encode()).decode()
