"""A stack with `attach-to`: its services run in another stack's cluster, behind its load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.account import Account
from infra.bootstrapped import resolve_bootstrap
from infra.environment.attachment import BaseStack
from infra.environment.services import Services
from infra.image.images import Images
from infra.rollout.rollout import Rollout
from infra.service.platform import Platform

if TYPE_CHECKING:
    from infra.environment.args import EnvironmentArgs


class AttachedService(pulumi.ComponentResource):
    """The app at its own host, in the cluster and behind the load balancer of a base stack.

    Both stacks are updated and deleted independently: they share no lock and no resource.
    """

    outputs: dict[str, pulumi.Output[Any]]
    """Stack outputs."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:AttachedService", name, None, opts)
        settings = resolve_bootstrap(args.settings, args.project, parent=self)
        attach = settings.attach
        if attach is None:
            raise ValueError(f"{name}: a stack without `attach-to` is an Environment")

        base = BaseStack(attach.base, settings, stack_prefix=args.stack_prefix, parent=self)
        images = Images(
            settings, stack_prefix=args.stack_prefix, base_cache_url=base.cache_url(), parent=self
        )
        logs = aws.cloudwatch.LogGroup(
            "logs",
            retention_in_days=settings.main.log_retention_days,
            kms_key_id=settings.observability.log_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        platform = Platform(
            **base.attachable(),
            account=Account.of(settings.provider, parent=self),
            project=args.project,
            stack=settings.stack,
            rollout=Rollout(settings.provider),
            namespaces=base.namespaces(),
            capacity=settings.cluster.capacity,
            provider_names=base.provider_names(),
            log_group_name=logs.name,
            log_group_arn=logs.arn,
        )
        services = Services(settings, platform, images, parent=self)

        self.outputs = {
            **services.outputs,
            **images.outputs,
            "attached_to": pulumi.Output.from_input(attach.base),
        }
        if attach.expires is not None:
            self.outputs["expires"] = pulumi.Output.from_input(attach.expires)
        self.register_outputs(self.outputs)
