"""Follows deployments to their end, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.rollout.alarms import ringing_since_before
from infra.rollout.clock import REAL, Clock, pauses
from infra.rollout.evidence import evidence
from infra.rollout.look import Reader
from infra.rollout.verdict import Done, Failed, Judge

if TYPE_CHECKING:
    from infra.rollout.clients import Clients
    from infra.rollout.look import Deployment, Look, Target

_GOING_BACK_SECONDS: Final = 15 * 60
"""How long ECS may take to bring the version before back, when it was told to."""

_TOLD_AGAIN_SECONDS: Final = 10

Say = Callable[[str, str], None]
"""Called with a service's name and what there is to say of it."""


async def follow_all(
    clients: Clients, targets: Sequence[Target], say: Say, warn: Say, clock: Clock = REAL
) -> dict[str, list[str]]:
    """Follow services until each is decided.

    Args:
        clients: the account.
        targets: the services.
        say: told how far each is.
        warn: told what a person has to know though the service may make it.
        clock: what time limits are measured by.

    Returns:
        Why those failed that did, by their names: the reason, and then what AWS tells of it.
    """
    stories = await asyncio.gather(
        *(_Follower(clients, target, say, warn, clock).story() for target in targets)
    )
    return {target.name: story for target, story in zip(targets, stories, strict=True) if story}


class _Follower:
    def __init__(self, clients: Clients, target: Target, say: Say, warn: Say, clock: Clock) -> None:
        self._clients = clients
        self._target = target
        self._say = say
        self._warn = warn
        self._clock = clock
        self._reader = Reader(clients.get("ecs"), target, clock)
        self._judge = Judge(target)
        self._last: Deployment | None = None
        self._told = ("", 0.0)
        self._asked_for_alarms = False

    async def story(self) -> list[str]:
        try:
            reason = await self._reason()
            if reason is None:
                return []
            told = await self._go_back()
            seen = await asyncio.to_thread(self._evidence)
        except asyncio.CancelledError:
            # Ctrl-C: nobody would be there to end the deployment.
            await self._go_back()
            raise
        except (BotoCoreError, ClientError) as error:
            return [f"it could not be followed: {error}"]
        return [reason, *told, *seen]

    async def _reason(self) -> str | None:
        """Follow, and return why the service did not make it; None if it did."""
        began, paces = self._clock.now(), pauses()
        while True:
            verdict = self._judge.judge(await self._look(), self._clock.now())
            match verdict:
                case Done():
                    self._tell_of_sleep()
                    return None
                case Failed():
                    return verdict.reason
                case _:
                    self._tell(verdict.progress)
            await self._name_ringing_alarms()
            if self._clock.now() - began >= self._target.seconds:
                return f"it is not done after {self._target.seconds / 60:g} minutes: {verdict.progress}"
            await self._clock.sleep(min(next(paces), verdict.again_seconds))

    async def _go_back(self) -> list[str]:
        """End our deployment if nothing else would end it, and wait until the version before is back."""
        told = self._last
        if told is None or not told.reversible or told.id != self._judge.ours:
            return []
        self._tell("told to go back to the version before")
        try:
            await asyncio.to_thread(self._reader.go_back, told)
        except (BotoCoreError, ClientError) as error:
            return [f"it could not be told to go back, and goes on: {error}"]
        began, paces = self._clock.now(), pauses()
        while True:
            look = await self._look()
            if look is None or look.deployment.id != told.id or look.deployment.stage == "done":
                return []
            if look.deployment.stage == "failed":
                return [look.deployment.reason]
            if self._clock.now() - began >= _GOING_BACK_SECONDS:
                return [f"it was told to go back, and has not done so: {look.deployment.reason}"]
            await self._clock.sleep(next(paces))

    async def _name_ringing_alarms(self) -> None:
        """Warn, once, of alarms that ECS ignores because they rang when our deployment began."""
        ours = self._last
        if self._asked_for_alarms or ours is None or ours.stage != "under way" or ours.id != self._judge.ours:
            return
        self._asked_for_alarms = True
        cloudwatch = self._clients.get("cloudwatch")
        try:
            ringing = await asyncio.to_thread(
                ringing_since_before, cloudwatch, self._target.alarms, ours.since
            )
        except (BotoCoreError, ClientError) as error:
            # A deployment does not depend on it.
            self._warn(self._target.name, f"whether its alarms ring already could not be found out: {error}")
            return
        if ringing:
            self._warn(
                self._target.name,
                f"{', '.join(ringing)} rang before this deployment began: ECS will not take it back for "
                "what rings already. Look after it yourself.",
            )

    def _tell_of_sleep(self) -> None:
        if self._target.scheduled and self._last is not None and not self._last.wanted:
            self._warn(
                self._target.name,
                "sleeps by its schedule: it has 0 tasks until the next action, nobody is answered, and that "
                "this version works has not been seen. docs/strategies.md says how to wake it.",
            )

    def _evidence(self) -> list[str]:
        return evidence(self._clients, self._target, self._reader, self._last, self._clock)

    def _tell(self, progress: str) -> None:
        now = self._clock.now()
        if progress != self._told[0] or now - self._told[1] >= _TOLD_AGAIN_SECONDS:
            self._told = (progress, now)
            self._say(self._target.name, progress)

    async def _look(self) -> Look | None:
        look = await asyncio.to_thread(self._reader.look)
        self._last = look.deployment if look else None
        return look
