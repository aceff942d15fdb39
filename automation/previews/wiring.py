"""Puts the stacks of pull requests together with the rest: settings of their bases, and who drives stacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from automation.previews.lifecycle import Limits, Previews
from local.engine.project import project_name
from local.home import ROOT

if TYPE_CHECKING:
    from automation.stacks.protocol import Stacks

# TODO: from infra.config.attach, with the settings of the base.
_KEYS_OF_THE_BASE: Final = (
    "availability-zones",
    "capacity-provider-strategy",
    "cidr",
    "container-insights",
    "egress",
    "idle-timeout-seconds",
    "ipv6",
    "multidev",
    "nat",
    "private-subnet-ids",
    "protect",
    "public-subnet-ids",
    "test-cidrs",
    "tls-policy",
    "vpc-id",
)


def previews_of(stacks: Stacks, say: Callable[[str], None]) -> Previews:
    """Return the stacks of pull requests among those that are driven."""

    def limits(base: str) -> Limits:
        del base
        return Limits(maximum=10, lifetime=timedelta(hours=72))

    def priority_of(stack: str) -> int:
        return stacks.settings(stack).main.priority

    return Previews(
        stacks=stacks,
        root=ROOT,
        project=project_name(ROOT),
        limits=limits,
        clients=lambda base: stacks.clients(stacks.settings(base)),
        keys_of_the_base=_KEYS_OF_THE_BASE,
        priority_of=priority_of,
        say=say,
    )
