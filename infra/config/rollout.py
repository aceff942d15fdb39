"""Rules for how a new version takes over."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from infra.settings import RolloutHook, RolloutSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config.record import Record
    from infra.settings import Strategy

_KEY: Final = "rollout"
_STRATEGIES: Final[tuple[Strategy, ...]] = ("rolling", "canary", "linear", "blue-green")

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
_STAGES: Final = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
)
_STAGES_WITHOUT_PAUSE: Final = frozenset({"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"})
_HOOK_FIELDS: Final = ("stages", "lambda-arn", "details", "timeout-minutes", "on-timeout")
_ON_TIMEOUT: Final[tuple[Literal["rollback", "continue"], ...]] = ("rollback", "continue")
_LAMBDA_ARN: Final = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]+(?::\S+)?")
_LAMBDA_ARN_FORM: Final = "the ARN of a Lambda function (arn:aws:lambda:…:function:…)"
_DAY_IN_MINUTES: Final = 1440
_LONGEST_PAUSE: Final = 20160


def read_rollout(config: Record) -> RolloutSettings:
    """Read how the main service is rolled out."""
    return _read(config.section(_KEY))


def read_copys_rollout(entry: Record, config: Record, main: RolloutSettings) -> RolloutSettings:
    """Read how a copy is rolled out: rolling unless it says otherwise, then by the main service's numbers.

    Copies are for trying things: a second target group for each would halve how many there can be.
    """
    rolling = replace(main, strategy="rolling", two_target_groups=False, hooks=())
    if not entry.has(_KEY) or entry.faults.found_at(_KEY):
        return rolling
    defaults: Mapping[str, object] = {
        **config.section(_KEY).values,
        "strategy": "rolling",
        "two-target-groups": False,
        "hooks": [],
    }
    return _read(entry.section(_KEY, defaults=defaults))


def _read(entry: Record) -> RolloutSettings:
    strategy: Strategy = entry.choice("strategy", _STRATEGIES)
    rollout = RolloutSettings(
        strategy=strategy,
        two_target_groups=entry.flag("two-target-groups") or strategy != "rolling",
        canary_percent=entry.whole("canary-percent", 1, 99),
        canary_minutes=entry.whole("canary-minutes", 0, _DAY_IN_MINUTES),
        step_percent=entry.whole("step-percent", 3, 100),
        step_minutes=entry.whole("step-minutes", 0, _DAY_IN_MINUTES),
        bake_minutes=entry.whole("bake-minutes", 0, _DAY_IN_MINUTES),
        hooks=_read_hooks(entry),
    )
    _check_day(entry, rollout)
    if rollout.hooks and strategy == "rolling" and not entry.faults.found_at(entry.key("strategy")):
        entry.faults.add(
            entry.key("hooks"),
            f"{len(rollout.hooks)} hooks",
            "of use only with canary, linear or blue-green; a rolling deployment has no such stages",
        )
    return rollout


def _check_day(entry: Record, rollout: RolloutSettings) -> None:
    if entry.faults.found_at(entry.key("step-percent"), entry.key("step-minutes")):
        return
    if rollout.strategy == "linear" and rollout.shift_minutes > _DAY_IN_MINUTES:
        entry.faults.add(
            entry.key("step-minutes"),
            rollout.step_minutes,
            f"less, or a higher `step-percent`: with steps of {rollout.step_percent} % traffic would take "
            f"{rollout.shift_minutes} minutes to move, and ECS ends a stage after {_DAY_IN_MINUTES}",
        )


def _read_hooks(entry: Record) -> tuple[RolloutHook, ...]:
    hooks: list[RolloutHook] = []
    for hook in entry.records("hooks", _HOOK_FIELDS):
        lambda_arn = (
            hook.text("lambda-arn", allowed=_LAMBDA_ARN_FORM, pattern=_LAMBDA_ARN)
            if hook.has("lambda-arn")
            else None
        )
        hooks.append(
            RolloutHook(
                stages=_read_stages(hook, pauses=lambda_arn is None),
                lambda_arn=lambda_arn,
                details=hook.text("details", allowed="JSON, as text") if hook.has("details") else None,
                timeout_minutes=hook.whole("timeout-minutes", 1, _LONGEST_PAUSE)
                if hook.has("timeout-minutes")
                else 60,
                on_timeout=hook.choice("on-timeout", _ON_TIMEOUT) if hook.has("on-timeout") else "rollback",
            )
        )
        _check_fields(hook, pauses=lambda_arn is None)
    return tuple(hooks)


def _read_stages(hook: Record, *, pauses: bool) -> tuple[str, ...]:
    stages = hook.texts("stages", allowed=f"one of {', '.join(_STAGES)}", unique=True)
    for index, stage in enumerate(stages):
        where = f"{hook.key('stages')}[{index}]"
        if stage not in _STAGES:
            hook.faults.add(where, stage, f"one of {', '.join(_STAGES)}")
        elif pauses and stage in _STAGES_WITHOUT_PAUSE:
            hook.faults.add(where, stage, "a stage where ECS can pause; at this one it calls functions only")
    if not stages and not hook.faults.found_at(hook.key("stages")):
        hook.faults.add(hook.key("stages"), stages, "at least one")
    return stages


def _check_fields(hook: Record, *, pauses: bool) -> None:
    strangers = ("details",) if pauses else ("timeout-minutes", "on-timeout")
    for name in filter(hook.has, strangers):
        hook.faults.add(
            hook.key(name),
            hook.values[name],
            "of use only with a `lambda-arn`; without one the hook pauses the deployment"
            if pauses
            else "of use only for a pause, which has no `lambda-arn`; a function has its own timeout",
        )
