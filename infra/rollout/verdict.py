"""Decides, look by look, whether a service has come to run what it should."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from infra.rollout.look import Deployment, Look, Target

STAYS_UP_SECONDS: Final = 3
"""How long all tasks must have been running: one that ends at once runs for a moment, too."""

_LAG_SECONDS: Final = 15
"""How long ECS's lists may take to show what was asked for."""


@dataclass(frozen=True)
class Waiting:
    """Not decided yet."""

    progress: str
    again_seconds: float = math.inf
    """When it may be decided, if that is sooner than the next look would be."""


@dataclass(frozen=True)
class Done:
    """The service runs what it should."""


@dataclass(frozen=True)
class Failed:
    """The service does not, and will not."""

    reason: str


Verdict = Waiting | Done | Failed


class Judge:
    """Follows one service; it remembers what it saw before."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.ours: str | None = None
        """The deployment that was asked for, as soon as it was seen."""
        self._strange_since: float | None = None
        self._was_under_way = False
        self._crashed_before: frozenset[str] | None = None
        self._seen_since: dict[str, float] = {}
        self._baking: tuple[tuple[str, float | None], float] = (("", None), 0.0)

    def judge(self, look: Look | None, now: float) -> Verdict:
        """Decide by one more look.

        Args:
            look: what is to see, or None where there is no such service.
            now: seconds on a clock that only goes forward.
        """
        stranger = self._stranger(look)
        if look is None or stranger:
            # An answer may be older than the update that it follows.
            if self._strange_since is None:
                self._strange_since = now
            return Failed(stranger) if now - self._strange_since >= _LAG_SECONDS else Waiting("not begun yet")
        deployment = look.deployment
        self._strange_since = None
        if deployment.stage == "not begun":
            return Waiting("not begun yet")
        self.ours = deployment.id
        self._was_under_way = self._was_under_way or deployment.stage == "under way"
        if deployment.stage == "failed":
            return Failed(deployment.reason)
        if deployment.stage == "going back":
            return Waiting(f"goes back: {deployment.reason}")
        return self._judge_tasks(look, now)

    def _stranger(self, look: Look | None) -> str:
        """Return why what is seen is not the deployment that was asked for; empty if it is."""
        if look is None:
            return "ECS does not have this service any more"
        seen = look.deployment
        if seen.task_definition != self._target.task_definition:
            return (
                f"another deployment took its place: ECS was told to run {_short(seen.task_definition)} "
                f"instead of {_short(self._target.task_definition)}"
            )
        if self._was_under_way and seen.id != self.ours:
            return "another deployment took its place: ECS was told to deploy the same version once more"
        return ""

    def _judge_tasks(self, look: Look, now: float) -> Verdict:
        deployment = look.deployment
        if self._crashed_before is None:
            # An unchanged service may have lost a task long ago; an update is judged from its first task on.
            self._crashed_before = look.crashed if deployment.stage == "done" else frozenset()
        crashes = len(look.crashed - self._crashed_before)
        if not deployment.watched and crashes >= _too_many(deployment.wanted):
            return Failed(f"its tasks keep restarting: {crashes} of them ended while this was watched")
        self._seen_since = {task.arn: self._seen_since.get(task.arn, now) for task in look.running}
        if deployment.stage == "done" and len(look.running) >= deployment.wanted:
            ages = sorted(
                (max(task.age, now - self._seen_since[task.arn]) for task in look.running), reverse=True
            )
            left = STAYS_UP_SECONDS - min(ages[: deployment.wanted], default=STAYS_UP_SECONDS)
            if left <= 0:
                return Done()
            return Waiting(
                f"{deployment.wanted} tasks run the new version, and have to stay up for a moment",
                again_seconds=left,
            )
        return Waiting(self._progress(deployment, crashes, now))

    def _progress(self, deployment: Deployment, crashes: int, now: float) -> str:
        parts = [f"{deployment.running} of {deployment.wanted} tasks run the new version"]
        if deployment.traffic is not None:
            parts.append(f"{deployment.traffic:g} % of the traffic")
        if deployment.bake_minutes:
            here = (deployment.lifecycle, deployment.traffic)
            if self._baking[0] != here:
                self._baking = (here, now)
            left = deployment.bake_minutes - (now - self._baking[1]) / 60
            parts.append(f"bakes for {max(0, math.ceil(left))} min more")
        if deployment.pause:
            parts.append(deployment.pause)
        if crashes:
            parts.append(f"{crashes} ended by themselves")
        return ", ".join(parts)


def _too_many(wanted: int) -> int:
    """As many as ECS's own circuit breaker takes for a failure."""
    return min(200, max(3, math.ceil(wanted / 2)))


def _short(task_definition: str) -> str:
    return task_definition.rpartition("/")[2]
