"""EC2 instances of the stack's own: launch template, Auto Scaling group and capacity provider."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import grant
from infra.cluster.instance_role import agent_statements

if TYPE_CHECKING:
    from infra.cluster.place import Place
    from infra.settings import Ec2Capacity

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
_IMAGES: Final = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
_VARIANT: Final = {("al2023", "x86_64"): "", ("al2023", "arm64"): "/arm64", ("al2023-gpu", "x86_64"): "/gpu"}


@dataclass(frozen=True, kw_only=True)
class Ec2InstancesArgs:
    """What :class:`Ec2Instances` need to know."""

    settings: Ec2Capacity
    cluster_name: pulumi.Input[str]
    place: Place


class Ec2Instances(pulumi.ComponentResource):
    """As many EC2 instances as a cluster's tasks need, with encrypted disks and without IMDSv1.

    ECS makes the group larger and smaller, and lets tasks leave before an instance goes. A new image replaces
    one instance after the other.
    """

    provider_name: pulumi.Output[str]
    """By which a strategy names it."""

    def __init__(self, name: str, args: Ec2InstancesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Ec2Instances", name, None, opts)
        settings, place = args.settings, args.place

        role = place.account.make_role(
            f"{name}-instance",
            description="EC2: the ECS agent on the instances of a cluster",
            service="ec2.amazonaws.com",
            parent=self,
        )
        policy = grant(
            f"{name}-instance", role, agent_statements(place.account, args.cluster_name), parent=self
        )
        profile = aws.iam.InstanceProfile(
            name, role=role.name, path=place.account.role_path, opts=pulumi.ResourceOptions(parent=self)
        )
        template = self._template(name, args, profile)
        group = aws.autoscaling.Group(
            name,
            vpc_zone_identifiers=place.subnet_ids,
            min_size=settings.min_instances,
            max_size=settings.max_instances,
            mixed_instances_policy={
                "launch_template": {
                    # By number: with $Latest no refresh begins when the template changes.
                    "launch_template_specification": {
                        "launch_template_id": template.id,
                        "version": template.latest_version.apply(str),
                    },
                    "overrides": [{"instance_type": one} for one in settings.instance_types],
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
                    # A new instance is there before an old one goes, so that tasks have a place all the time.
                    "min_healthy_percentage": 100,
                    "max_healthy_percentage": 200,
                    # All with tasks are protected, and would be left out.
                    "scale_in_protected_instances": "Refresh",
                    "skip_matching": True,
                    "auto_rollback": True,
                },
            },
            capacity_rebalance=settings.on_demand_percent < 100,  # noqa: PLR2004 - per cent
            health_check_type="EC2",
            protect_from_scale_in=True,
            # A destroy does not wait for the group to become empty, which protected instances never leave:
            # https://github.com/hashicorp/terraform-provider-aws/issues/11409
            force_delete=True,
            # Services wait for their tasks anyway, and say why one did not start.
            wait_for_capacity_timeout="0",
            tags=[
                # ECS adds it by itself; each update would take it away.
                {"key": "AmazonECSManaged", "value": "true", "propagate_at_launch": True},
                *(
                    {"key": key, "value": value, "propagate_at_launch": True}
                    for key, value in sorted(place.tags.items())
                ),
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[policy, *place.prerequisites],
                # A scheduled action changes these very two: an update at night would wake up what sleeps.
                ignore_changes=["minSize", "maxSize"] if settings.schedule else None,
                hooks=place.hooks,
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
                # ECS decides how many there are; the default is 0.
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
            opts=pulumi.ResourceOptions(parent=self, hooks=place.hooks),
        )

        self.provider_name = provider.name
        self.register_outputs({"provider_name": self.provider_name})

    def _template(
        self, name: str, args: Ec2InstancesArgs, profile: aws.iam.InstanceProfile
    ) -> aws.ec2.LaunchTemplate:
        settings, place = args.settings, args.place
        return aws.ec2.LaunchTemplate(
            name,
            image_id=settings.ami_id or self._newest_image(settings),
            iam_instance_profile={"arn": profile.arn},
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                # No container behind Docker's bridge gets as far, and so none has the agent's role.
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
                    "associate_public_ip_address": str(place.assign_public_ip).lower(),
                    "security_groups": [place.security_group_id],
                    "delete_on_termination": "true",
                }
            ],
            # With the cluster's name in it the instances go before the cluster, which AWS deletes only empty.
            user_data=pulumi.Output.from_input(args.cluster_name).apply(
                lambda cluster: user_data(cluster, gpu=settings.gpu)
            ),
            update_default_version=True,
            tag_specifications=[
                {"resource_type": kind, "tags": {**place.tags, "Name": name}}
                for kind in ("instance", "volume")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _newest_image(self, settings: Ec2Capacity) -> pulumi.Output[str]:
        variant = _VARIANT[settings.ami, settings.architecture]
        # The other value would be a secret, and a preview would not show which image comes.
        return aws.ssm.get_parameter_output(
            name=f"{_IMAGES}{variant}/recommended/image_id", opts=pulumi.InvokeOptions(parent=self)
        ).insecure_value


def user_data(cluster_name: str, *, gpu: bool) -> str:
    """Return what an instance does when it starts, in base 64: it tells the ECS agent its cluster.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    settings = {
        "ECS_CLUSTER": cluster_name,
        # No task with an address of its own asks the instance for the agent's role.
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        # Tasks leave a Spot instance as soon as AWS says that it goes.
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        **({"ECS_ENABLE_GPU_SUPPORT": "true"} if gpu else {}),
    }
    lines = "".join(f"{key}={value}\n" for key, value in settings.items())
    return b64encode(f"#!/bin/bash\ncat >> /etc/ecs/ecs.config <<'END'\n{lines}END\n".encode()).decode()
