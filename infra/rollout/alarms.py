"""Alarms that a deployment is to be taken back for, and that cannot do so because they ring already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


def ringing_since_before(cloudwatch: Any, names: Sequence[str], began: datetime) -> list[str]:
    """Return which alarms went off before a deployment began: for all of its time ECS ignores them.

    Args:
        cloudwatch: the client.
        names: of the alarms that the deployment listens to.
        began: when the deployment did.
    """
    if not names:
        return []
    found = cloudwatch.describe_alarms(
        AlarmNames=list(names),
        # Without it composite alarms are left out.
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        StateValue="ALARM",
        MaxRecords=100,
    )
    alarms = cast(
        "list[Mapping[str, Any]]", [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
    )
    return sorted(alarm["AlarmName"] for alarm in alarms if _went_off_at(alarm, began) <= began)


def _went_off_at(alarm: Mapping[str, Any], otherwise: datetime) -> datetime:
    return alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp") or otherwise
