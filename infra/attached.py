"""A stack that attaches to another one: a service of its own at the other's cluster and load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.attachment import OUTPUT, checked
from infra.image import AppImage, AppImageArgs, BaseImages, Repository
from infra.place import Place
from infra.services import Services, ServicesArgs, account_of, docker_registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.environment import EnvironmentArgs
    from infra.settings import AttachSettings, Settings


class AttachedService(pulumi.ComponentResource):
    """The app at a host of its own, behind what another stack has made and goes on to own.

    Both are updated and deleted apart: no lock, and no resource, belongs to both.
    """

    outputs: dict[str, pulumi.Output[Any]]
    """What people, and whoever tidies up, want to know."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:AttachedService", name, None, opts)
        settings, attach = args.settings, args.settings.attach
        if attach is None:
            raise ValueError(f"{name}: a stack without `attach-to` is an Environment, and not attached")

        prefix = f"{args.organization}/{args.project}"
        base = _Base(settings, attach, prefix=prefix, parent=self)
        registry = docker_registry(settings, parent=self)
        image = AppImage(
            "app",
            AppImageArgs(
                settings=settings.image,
                architecture=settings.main.architecture,
                stack_prefix=prefix,
                registry=registry,
                base=base.images() if settings.image.image is None else None,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        logs = aws.cloudwatch.LogGroup(
            "logs",
            retention_in_days=settings.main.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        services = Services(
            ServicesArgs(
                settings=settings,
                project=args.project,
                place=base.place(logs),
                account=account_of(settings, parent=self),
                image=image.deployable,
                registry=registry,
            ),
            parent=self,
        )

        self.outputs = {
            **services.outputs,
            "image": image.reference,
            "attached_to": pulumi.Output.from_input(attach.base),
        }
        if attach.expires is not None:
            self.outputs["expires"] = pulumi.Output.from_input(attach.expires)
        self.register_outputs(self.outputs)


class _Base:
    """What the other stack tells of itself."""

    def __init__(
        self, settings: Settings, attach: AttachSettings, *, prefix: str, parent: pulumi.Resource
    ) -> None:
        self._settings = settings
        reference = pulumi.StackReference(
            "base",
            stack_name=attach.base if "/" in attach.base else f"{prefix}/{attach.base}",
            opts=pulumi.ResourceOptions(parent=parent),
        )
        told = reference.get_output(OUTPUT).apply(lambda found: checked(found, settings, attach.base))
        self._attachment: pulumi.Output[Mapping[str, Any]] = told

    def place(self, logs: aws.cloudwatch.LogGroup) -> Place:
        """Return where the service runs: all is the base's but the log group."""
        return Place(
            cluster_arn=self._of("cluster_arn"),
            cluster_name=self._of("cluster_name"),
            vpc_id=self._of("vpc_id"),
            subnet_ids=self._of("subnet_ids"),
            security_group_id=self._of("security_group_id"),
            assign_public_ip=self._of("assign_public_ip"),
            listener_arn=self._of("listener_arn"),
            load_balancer_arn_suffix=self._of("load_balancer_arn_suffix"),
            load_balancer_dns_name=self._of("load_balancer_dns_name"),
            load_balancer_zone_id=self._of("load_balancer_zone_id"),
            zone_id=self._of("zone_id") if self._settings.load_balancer.domain is not None else None,
            log_group_name=logs.name,
            log_group_arn=logs.arn,
        )

    def images(self) -> BaseImages:
        """Return where the base keeps its images."""
        repository = self._attachment.apply(lambda known: known["repository"])
        return BaseImages(
            repository=Repository(
                url=repository.apply(lambda known: known["url"]),
                arn=repository.apply(lambda known: known["arn"]),
                registry_id=repository.apply(lambda known: known["registry_id"]),
            ),
            cache_url=repository.apply(lambda known: known.get("cache_url")),
        )

    def _of(self, key: str) -> pulumi.Output[Any]:
        return self._attachment.apply(lambda known: known[key])
