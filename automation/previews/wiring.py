"""Puts the stacks of pull requests together with the rest: settings of their bases, and who drives stacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.previews.lifecycle import Limits, Previews
from infra.settings import KEYS_OF_THE_BASE
from local.engine.project import project_name
from local.home import ROOT

if TYPE_CHECKING:
    from automation.stacks.protocol import Stacks


def previews_of(stacks: Stacks, say: Callable[[str], None]) -> Previews:
    """Return the stacks of pull requests among those that are driven."""

    def limits(base: str) -> Limits:
        allowed = stacks.settings(base).preview_stacks
        return Limits(maximum=allowed.maximum, lifetime=timedelta(hours=allowed.lifetime_hours))

    def priority_of(stack: str) -> int:
        return stacks.settings(stack).main.priority

    return Previews(
        stacks=stacks,
        root=ROOT,
        project=project_name(ROOT),
        limits=limits,
        clients=lambda base: stacks.clients(stacks.settings(base)),
        keys_of_the_base=KEYS_OF_THE_BASE,
        priority_of=priority_of,
        say=say,
    )
