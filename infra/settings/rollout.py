"""Deployment strategies, hooks, and the alarms that roll a deployment back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import ONCE, Model, Pattern, Word, arn

Strategy = Literal["rolling", "canary", "linear", "blue-green"]
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
Stage = Literal[
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
]
_STAGES_WITHOUT_PAUSE: Final = ("TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")
_DAY_IN_MINUTES: Final = 1440

_Function = Annotated[
    str,
    arn("a Lambda function", "lambda", r"function:[A-Za-z0-9-_]+(?::\S+)?", ":function:…"),
]


_AlarmName = Annotated[str, Pattern("the name of an alarm, 1 to 255 characters", r"[^\x00-\x1f]{1,255}")]


class RolloutHook(Model):
    """A Lambda function or a person's approval that a deployment waits for at some of its stages."""

    stages: Annotated[tuple[Stage, ...], Field(min_length=1), ONCE]
    """Stages at which it waits."""
    lambda_arn: _Function | None = None
    """Function that ECS calls; without one the deployment pauses."""
    details: Word | None = None
    """What the function gets, as JSON."""
    timeout_minutes: int = Field(default=60, ge=1, le=20160)
    """How long a pause may last."""
    on_timeout: Literal["rollback", "continue"] = "rollback"
    """What happens if nobody has decided by then."""

    def _rules(self) -> Iterator[Fault]:
        if self.lambda_arn is None:
            alone = "only valid with a `lambda-arn`; without one the hook pauses the deployment"
            yield from self.refuse(alone, "details")
            for index, stage in enumerate(self.stages):
                if stage in _STAGES_WITHOUT_PAUSE:
                    calls = "a stage where ECS can pause; at this one it calls functions only"
                    yield Fault(("stages", index), calls)
        else:
            pause = "only valid for a pause, which has no `lambda-arn`; a function has its own timeout"
            for field in sorted({"timeout_minutes", "on_timeout"} & self.model_fields_set):
                yield Fault((field.replace("_", "-"),), pause)


class RolloutSettings(Model):
    """How a new version replaces the old one."""

    strategy: Strategy = "rolling"
    """How traffic moves to a new version."""
    two_target_groups: bool = False
    """Whether a service with the rolling strategy has a second target group, for a change of strategy; the
    other strategies always have two."""
    canary_percent: int = Field(default=25, ge=1, le=99)
    """Percent of the requests that go to a canary."""
    canary_minutes: int = Field(default=10, ge=0, le=_DAY_IN_MINUTES)
    """Minutes for which a canary has that share."""
    step_percent: int = Field(default=20, ge=3, le=100)
    """Percent of the requests that each linear step shifts."""
    step_minutes: int = Field(default=5, ge=0, le=_DAY_IN_MINUTES)
    """Minutes of each linear step."""
    bake_minutes: int = Field(default=5, ge=0, le=_DAY_IN_MINUTES)
    """Minutes for which the old tasks are kept after all traffic has shifted."""
    hooks: tuple[RolloutHook, ...] = ()
    """Hooks: what a deployment waits for at its stages."""

    @property
    def has_two_target_groups(self) -> bool:
        """Whether there is a second target group, as there always is with a strategy that shifts traffic."""
        return self.two_target_groups or self.strategy != "rolling"

    @property
    def shift_minutes(self) -> int:
        """How long requests go to both versions."""
        if self.strategy == "canary":
            return self.canary_minutes
        if self.strategy == "linear":
            # After the last step only the bake time follows.
            return (-(-100 // self.step_percent) - 1) * self.step_minutes
        return 0

    @property
    def planned_minutes(self) -> int:
        """How long a deployment waits by its settings, in addition to the time to start and stop tasks."""
        if self.strategy == "rolling":
            return 0
        pauses = sum(hook.timeout_minutes * len(hook.stages) for hook in self.hooks if not hook.lambda_arn)
        return self.shift_minutes + self.bake_minutes + pauses

    @property
    def watched(self) -> tuple[str, int]:
        """The keys and minutes for which users test a version while a rollback is immediate."""
        if self.strategy == "canary":
            return "`rollout.canary-minutes`", self.canary_minutes
        if self.strategy == "linear":
            keys = "`rollout.step-minutes` for each step and `rollout.bake-minutes`"
            return keys, self.shift_minutes + self.bake_minutes
        return "`rollout.bake-minutes`", self.bake_minutes

    def _rules(self) -> Iterator[Fault]:
        if self.shift_minutes > _DAY_IN_MINUTES:
            yield Fault(
                ("step-minutes",),
                f"less, or a higher `step-percent`: with steps of {self.step_percent} % traffic would take "
                f"{self.shift_minutes} minutes to move, and ECS ends a stage after {_DAY_IN_MINUTES}",
            )
        if self.strategy == "rolling":
            only = "only valid with canary, linear or blue-green; a rolling deployment has no such stages"
            yield from self.refuse(only, "hooks")


class AlarmSettings(Model):
    """Alarms that roll a deployment back; a threshold of 0 is none."""

    enabled: bool = True
    """Whether there are alarms."""
    error_percent: int = Field(default=5, ge=0, le=100)
    """Percent of the requests that may fail."""
    minimum_requests: int = Field(default=20, ge=1, le=10**9)
    """Fewest requests in a period for which the share of errors counts."""
    p99_milliseconds: int = Field(default=2000, ge=0, le=4_000_000)
    """99th percentile of the response time."""
    unhealthy_tasks: int = Field(default=1, ge=0, le=5000)
    """Tasks that fail their health checks."""
    # Load balancers publish their metrics once a minute.
    period_seconds: Literal[60, 120, 180, 240, 300] = 60
    """Length of a period."""
    periods: int = Field(default=3, ge=1, le=60)
    """Periods in a row until an alarm goes off."""
    extra: Annotated[tuple[_AlarmName, ...], ONCE] = ()
    """Names of alarms of your own."""

    @property
    def seconds(self) -> int:
        """How long an alarm takes to go off."""
        return self.period_seconds * self.periods

    def _rules(self) -> Iterator[Fault]:
        if self.enabled and not any(
            (self.error_percent, self.p99_milliseconds, self.unhealthy_tasks, self.extra)
        ):
            left = "false, or a threshold above 0, or a name in `extra`: there is no alarm left"
            yield Fault(("enabled",), left)
