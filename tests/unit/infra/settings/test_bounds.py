"""The bounds of every number, as AWS documents them or the program needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from infra.settings import Settings
from infra.settings.faults import resolved, schema_of
from tests.unit.infra.settings_fixtures import faults_of

TASKS: Final = (0, 5000)
PERCENT: Final = (0, 100)
DAY: Final = (0, 1440)
MANY: Final = 10**9

BOUNDS: Final = {
    "monthly-budget-usd": (0, MANY),
    "image.retained-images": (1, 10_000),
    "network.availability-zones": (2, 4),
    "network.egress.port": (1, 65535),
    "cluster.capacity-provider-strategy.weight": (0, 1000),
    "cluster.capacity-provider-strategy.base": (0, 100_000),
    "load-balancer.idle-timeout-seconds": (1, 4000),
    "main.memory": (1, 244 * 1024),
    "main.desired-count": TASKS,
    "main.container-port": (1024, 65535),
    "main.health-check-interval-seconds": (5, 300),
    "main.health-check-grace-period-seconds": (0, 2**31 - 1),
    "main.deregistration-delay-seconds": (0, 3600),
    "main.stop-timeout-seconds": (2, 120),
    "main.deployment-minimum-healthy-percent": PERCENT,
    # With 100, ECS refuses to balance tasks between zones.
    "main.deployment-maximum-percent": (101, 400),
    "main.rollout.canary-percent": (1, 99),
    "main.rollout.canary-minutes": DAY,
    "main.rollout.step-percent": (3, 100),
    "main.rollout.step-minutes": DAY,
    "main.rollout.bake-minutes": DAY,
    "main.rollout.hooks.timeout-minutes": (1, 20160),
    "main.alarms.error-percent": PERCENT,
    "main.alarms.minimum-requests": (1, MANY),
    "main.alarms.p99-milliseconds": (0, 4_000_000),
    "main.alarms.unhealthy-tasks": TASKS,
    "main.alarms.periods": (1, 60),
    # Of no tasks nothing is measured: only a schedule may go to 0.
    "main.autoscaling.min-count": (1, 5000),
    "main.autoscaling.max-count": (1, 5000),
    "main.autoscaling.cpu-percent": PERCENT,
    "main.autoscaling.memory-percent": PERCENT,
    "main.autoscaling.requests-per-target": (0, MANY),
    "main.autoscaling.scale-in-seconds": (0, 3600),
    "main.autoscaling.scale-out-seconds": (0, 3600),
    "main.autoscaling.schedule.min-count": TASKS,
    "main.autoscaling.schedule.max-count": TASKS,
    "main.migration.timeout-minutes": (1, 1440),
    "main.rollout-timeout-minutes": (1, 1440),
    "main.priority": (1, 50_000),
    "preview-stacks.maximum": (0, 99),
    "preview-stacks.lifetime-hours": (1, 8760),
}


def _numbers(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, tuple[int, int]]]:
    schema = resolved(schema, schema_of(Settings))
    if "minimum" in schema:
        yield path.removeprefix("."), (schema["minimum"], schema["maximum"])
    for name, inner in schema.get("properties", {}).items():
        yield from _numbers(inner, f"{path}.{name}")
    if "items" in schema:
        yield from _numbers(schema["items"], path)


def test_every_number_has_its_bounds() -> None:
    assert dict(_numbers(schema_of(Settings))) == BOUNDS


@pytest.mark.parametrize(
    "key",
    [path.removeprefix("main.") for path in BOUNDS if path.startswith("main.") and path.count(".") == 1],
)
def test_a_number_beyond_its_bounds_is_told_both(key: str) -> None:
    least, most = BOUNDS[f"main.{key}"]
    allowed = f", {least} or more" if most >= MANY else f" from {least} to {most}"
    if key != "priority":
        assert f"{key} = {least - 1}: a whole number{allowed}" in faults_of({key: least - 1})
        assert f"{key} = {most + 1}: a whole number{allowed}" in faults_of({key: most + 1})
