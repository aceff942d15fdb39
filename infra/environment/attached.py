"""A stack with `attach-to`: its own service in the base's cluster, behind the base's load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.bootstrapped import with_bootstrapped
from infra.environment.attachment import Base
from infra.environment.services import Services, own_parts
from infra.image.images import Images
from infra.service.platform import Platform

if TYPE_CHECKING:
    from infra.environment.services import EnvironmentArgs


class AttachedService(pulumi.ComponentResource):
    """The app at a host of its own, behind what another stack has made and goes on to own.

    Both are updated and deleted apart: no lock, and no resource, belongs to both.
    """

    outputs: dict[str, pulumi.Output[Any]]
    """What people, and the clean-up of expired stacks, want to know."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:AttachedService", name, None, opts)
        args = with_bootstrapped(args, parent=self)
        settings, attach = args.settings, args.settings.attach
        if attach is None:
            raise ValueError(f"{name}: a stack without `attach-to` is an Environment, and not attached")

        base = Base(attach.base, settings, stack_prefix=args.stack_prefix, parent=self)
        images = Images(
            settings, stack_prefix=args.stack_prefix, base_cache_url=base.cache_url(), parent=self
        )
        logs = aws.cloudwatch.LogGroup(
            "logs",
            retention_in_days=settings.main.log_retention_days,
            kms_key_id=settings.observability.log_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        services = Services(
            settings,
            Platform(
                **base.attachable(),
                **own_parts(args, parent=self),
                namespaces=base.namespaces(),
                capacity=settings.cluster.capacity,
                provider_names=base.provider_names(),
                log_group_name=logs.name,
                log_group_arn=logs.arn,
            ),
            images,
            parent=self,
        )

        self.outputs = {
            **services.outputs,
            **images.outputs,
            "attached_to": pulumi.Output.from_input(attach.base),
        }
        if attach.expires is not None:
            self.outputs["expires"] = pulumi.Output.from_input(attach.expires)
        self.register_outputs(self.outputs)
