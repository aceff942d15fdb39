"""The one output by which a stack lets others attach to it: what it says, and when one can attach."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi

from infra.service.platform import Attachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.image.app_image import AppImage
    from infra.settings import Settings

OUTPUT: Final = "attachment"
_CACHE_URL: Final = "cache_url"


def attachment_of(settings: Settings, base: Attachable, image: AppImage) -> pulumi.Output[Any]:
    """Return what a stack needs that attaches to this one."""
    return pulumi.Output.from_input({**_shared(settings), **base.attachable(), _CACHE_URL: image.cache_url})


class Base:
    """What another stack says of itself."""

    def __init__(self, name: str, settings: Settings, *, stack_prefix: str, parent: pulumi.Resource) -> None:
        """Read the output of a stack.

        Args:
            name: of the stack, alone or in full.
            settings: those of the stack that attaches.
            stack_prefix: `<organization>/<project>` of a stack that is named alone.
            parent: the component that reads it.
        """
        reference = pulumi.StackReference(
            "base",
            stack_name=name if "/" in name else f"{stack_prefix}/{name}",
            opts=pulumi.ResourceOptions(parent=parent),
        )
        self._said: pulumi.Output[Mapping[str, Any]] = reference.get_output(OUTPUT).apply(
            lambda found: _checked(found, settings, name)
        )
        self._has_zone = settings.load_balancer.domain is not None

    def attachable(self) -> dict[str, Any]:
        """Return what the two stacks share, by the names of :class:`Attachable`."""
        shared = {field.name: self._of(field.name) for field in fields(Attachable)}
        return shared if self._has_zone else {**shared, "zone_id": None}

    def cache_url(self) -> pulumi.Output[str | None]:
        """Return where the other stack keeps its build cache; None if it builds nothing."""
        return self._said.apply(lambda said: said.get(_CACHE_URL))

    def _of(self, key: str) -> pulumi.Output[Any]:
        return self._said.apply(lambda said: said[key])


def _shared(settings: Settings) -> dict[str, object]:
    """Return what both stacks have to say alike, by the names of the output."""
    return {
        "region": settings.provider.region,
        "container_port": settings.main.container_port,
        "domain": settings.load_balancer.domain,
    }


def _checked(found: object, settings: Settings, base: str) -> Mapping[str, Any]:
    """Return what a base says, if a stack can attach to it.

    Raises:
        pulumi.RunError: it cannot, and why.
    """
    if not isinstance(found, dict):
        raise pulumi.RunError(
            f"attach-to = {base}: that stack has no output `{OUTPUT}`; it is not up yet, was deployed by an "
            "older version of this program, or attaches to another stack itself: run `pulumi up` there first"
        )
    said = cast("dict[str, Any]", found)
    faults: list[str] = []
    for name, own in _shared(settings).items():
        theirs = said.get(name)
        if own != theirs:
            key = "aws:region" if name == "region" else name.replace("_", "-")
            shown = f"{theirs:g}" if isinstance(theirs, float) else theirs or "none"
            faults.append(f"{key} = {own}: {shown}, as {base} has it")
    if faults:
        lines = "".join(f"\n  - {fault}" for fault in faults)
        raise pulumi.RunError(f"This stack cannot attach to {base}:{lines}")
    return said
