"""The one output by which a stack lets others attach to it: what it says, and when one can attach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.image import AppImage
    from infra.place import Place
    from infra.settings import Settings

OUTPUT: Final = "attachment"


def attachment_of(
    settings: Settings, place: Place, image: AppImage, load_balancer_arn: pulumi.Output[str]
) -> pulumi.Output[Any]:
    """Return what a stack needs that attaches to this one."""
    repository = image.repository
    return pulumi.Output.from_input(
        {
            "region": settings.provider.region,
            "cluster_arn": place.cluster_arn,
            "cluster_name": place.cluster_name,
            "vpc_id": place.vpc_id,
            "subnet_ids": place.subnet_ids,
            "security_group_id": place.security_group_id,
            "assign_public_ip": place.assign_public_ip,
            "container_port": settings.main.container_port,
            "domain": settings.load_balancer.domain,
            "zone_id": place.zone_id,
            # Whoever makes attached stacks asks it how much room there is.
            "load_balancer_arn": load_balancer_arn,
            "load_balancer_arn_suffix": place.load_balancer_arn_suffix,
            "load_balancer_dns_name": place.load_balancer_dns_name,
            "load_balancer_zone_id": place.load_balancer_zone_id,
            "listener_arn": place.listener_arn,
            "repository": (
                {
                    "url": repository.url,
                    "arn": repository.arn,
                    "registry_id": repository.registry_id,
                    "cache_url": image.cache_url,
                }
                if repository is not None
                else None
            ),
        }
    )


def checked(found: object, settings: Settings, base: str) -> Mapping[str, Any]:
    """Return what a base says, if a stack can attach to it.

    Raises:
        pulumi.RunError: it cannot, and why.
    """
    if not isinstance(found, dict):
        raise pulumi.RunError(
            f"attach-to = {base}: that stack has no output `{OUTPUT}`; it is not up yet, was deployed by an "
            "older version of this program, or attaches to another stack itself: run `pulumi up` there first"
        )
    told = cast("dict[str, Any]", found)
    pairs = {
        "aws:region": (settings.provider.region, told.get("region")),
        "container-port": (settings.main.container_port, told.get("container_port")),
        "domain": (settings.load_balancer.domain, told.get("domain")),
    }
    faults = [
        f"{key} = {own}: {f'{theirs:g}' if isinstance(theirs, float) else theirs or 'none'}, as {base} has it"
        for key, (own, theirs) in pairs.items()
        if own != theirs
    ]
    if settings.image.image is None and told.get("repository") is None:
        faults.append(f"image is missing: {base} has no repository to build for; name an image")
    if faults:
        lines = "".join(f"\n  - {fault}" for fault in faults)
        raise pulumi.RunError(f"This stack cannot attach to {base}:{lines}")
    return told
