"""Scheduled tasks: how often they run, and what they use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from automation.cost.cron import UnknownScheduleError, moments
from automation.cost.placement import shares
from automation.cost.resources import Resource, block_of, blocks_of
from automation.cost.usage import Context, Usage, fargate

_MONTHS: Final = 12
_HOURS_OF_YEAR: Final = 365 * 24
_MINUTES_OF_HOUR: Final = 60
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 24 * 60}


def schedule(resource: Resource, context: Context) -> Iterator[Usage]:
    """Yield what a schedule is billed for, with the tasks on Fargate that it starts."""
    if resource.properties.get("state") == "DISABLED":
        return
    expression = str(resource.properties.get("scheduleExpression"))
    zone = str(resource.properties.get("scheduleExpressionTimezone") or "UTC")
    what = "starts"
    try:
        starts = starts_of_year(expression, zone) / _MONTHS
    except UnknownScheduleError:
        # Too much can be looked into.
        starts, what = _HOURS_OF_YEAR / _MONTHS, f"starts, each hour: {expression} is not understood here"
    yield Usage("schedule-invocations", starts / 1e6, "Schedules", what, ())
    ecs = block_of(resource.block("target"), "ecsParameters")
    definition = context.stack.by_arn(ecs.get("taskDefinitionArn"))
    tasks = int(ecs.get("taskCount") or 1)
    hours = starts * context.assumed.job_minutes / _MINUTES_OF_HOUR
    strategy = blocks_of(ecs.get("capacityProviderStrategies")) or [
        {"capacityProvider": ecs.get("launchType") or "EC2", "weight": 1}
    ]
    if definition is None:
        return
    assumes = ("job_minutes",)
    for name, share in shares(tasks, strategy).items():
        yield from fargate(definition, share * hours, name, group="Schedules", assumes=assumes)
    if block_of(ecs, "networkConfiguration").get("assignPublicIp"):
        address = "an address for each scheduled task"
        yield Usage("public-ipv4", tasks * hours, "Public IPv4", address, assumes)


def starts_of_year(expression: str, time_zone: str) -> float:
    """Return how often a schedule runs in a year.

    Raises:
        UnknownScheduleError: it is not understood.
    """
    if expression.startswith("at("):
        return 0
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if rate and int(rate[1]):
        return _HOURS_OF_YEAR * _MINUTES_OF_HOUR / (int(rate[1]) * _MINUTES[rate[2]])
    return len(moments(expression, time_zone))
