"""From the network load balancer to a service's tasks: listener and target group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.service.target_groups import target_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.service.platform import Platform
    from infra.service.target_groups import TargetType
    from infra.settings import ServiceSettings


class TcpTraffic:
    """What leads from the network load balancer to a service: a listener, and a target group."""

    target_groups: Mapping[str, aws.lb.TargetGroup]
    """By the names that alarms about them begin with."""
    load_balancers: Sequence[aws.ecs.ServiceLoadBalancerArgsDict]
    """As the ECS service wants them."""
    prerequisites: Sequence[pulumi.Resource]
    """What has to be there before the service: ECS refuses a target group that no listener leads to."""

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        platform: Platform,
        *,
        target_type: TargetType = "ip",
        parent: pulumi.Resource,
    ) -> None:
        """Declare it below the service's component.

        Raises:
            ValueError: there is no network load balancer.
        """
        balancer = platform.network_load_balancer
        if balancer is None:
            raise ValueError(f"{name} has exposure tcp and needs a network_load_balancer, got None")
        group = target_group(name, settings, vpc_id=platform.vpc_id, target_type=target_type, parent=parent)
        decrypts = settings.listener_protocol == "tls"
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=settings.port,
            protocol=settings.listener_protocol.upper(),
            ssl_policy=balancer.tls_policy if decrypts else None,
            certificate_arn=balancer.certificate_arn if decrypts else None,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            # As with rules: a target group belongs to one load balancer at a time.
            opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
        )
        container, port = settings.ingress
        self.target_groups = {name: group}
        self.load_balancers = [
            {
                "target_group_arn": group.arn,
                "container_name": container,
                "container_port": port,
            }
        ]
        self.prerequisites = [listener]
