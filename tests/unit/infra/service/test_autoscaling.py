"""Autoscaling: bounds, targets and schedule."""

from __future__ import annotations

from typing import Any

from infra.service.autoscaling import Autoscaling, AutoscalingArgs
from infra.settings import ScheduledCapacity
from tests.unit.infra.factories import LOAD_BALANCER, autoscaling_settings, child_options
from tests.unit.infra.recorder import Graph, declare, once

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"
MORNING = ScheduledCapacity(name="morning", cron="0 8 ? * MON-FRI *", min_count=1, max_count=4)
EVENING = ScheduledCapacity(name="evening", cron="0 19 ? * MON-FRI *", min_count=0, max_count=0)


@once
def _declare(groups: tuple[str, ...] = (BLUE,), **changes: Any) -> Graph:
    args = AutoscalingArgs(
        settings=autoscaling_settings(**changes),
        cluster_name="cluster",
        service_name="web-1a2b3c4",
        target_groups=groups,
        load_balancer=LOAD_BALANCER,
    )
    return declare(lambda: Autoscaling("web", args, opts=child_options()))


def _tracking(graph: Graph, name: str) -> dict[str, Any]:
    policy = graph.one(POLICY, name).inputs
    assert policy["policyType"] == "TargetTrackingScaling"
    return policy["targetTrackingScalingPolicyConfiguration"]


def test_count_stays_within_its_bounds() -> None:
    target = _declare(min_count=2, max_count=7).one(TARGET, "web")

    assert target.inputs == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/cluster/web-1a2b3c4",
        "minCapacity": 2,
        "maxCapacity": 7,
    }
    assert target.ignore_changes == ()


def test_policies_track_cpu_and_memory() -> None:
    graph = _declare(cpu_percent=50, memory_percent=80, scale_in_seconds=600, scale_out_seconds=30)

    for name, percent, metric in (("web-cpu", 50, "CPU"), ("web-memory", 80, "Memory")):
        assert _tracking(graph, name) == {
            "targetValue": percent,
            "predefinedMetricSpecification": {
                "predefinedMetricType": f"ECSServiceAverage{metric}Utilization"
            },
            "scaleInCooldown": 600,
            "scaleOutCooldown": 30,
        }


def test_target_of_zero_has_no_policy() -> None:
    assert _declare(cpu_percent=0).names(POLICY) == ["web-memory"]


def test_policy_tracks_requests_of_the_target_group() -> None:
    tracking = _tracking(_declare(requests_per_target=500), "web-requests")

    assert tracking["targetValue"] == 500
    assert tracking["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ALBRequestCountPerTarget",
        "resourceLabel": f"{LOAD_BALANCER}/{BLUE}",
    }


def test_policy_adds_requests_of_both_target_groups() -> None:
    """AWS's predefined metric is of one group, which has no users after a deployment."""
    tracking = _tracking(_declare((BLUE, GREEN), requests_per_target=500), "web-requests")
    *groups, total = tracking["customizedMetricSpecification"]["metrics"]

    assert "predefinedMetricSpecification" not in tracking
    assert total == {"id": "total", "expression": "FILL(group0, 0) + FILL(group1, 0)", "returnData": True}
    assert groups == [
        {
            "id": f"group{number}",
            "returnData": False,
            "metricStat": {
                "stat": "Sum",
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metricName": "RequestCountPerTarget",
                    "dimensions": [
                        {"name": "LoadBalancer", "value": LOAD_BALANCER},
                        {"name": "TargetGroup", "value": group},
                    ],
                },
            },
        }
        for number, group in enumerate((BLUE, GREEN))
    ]


def test_schedule_uses_its_time_zone() -> None:
    graph = _declare(schedule=(MORNING, EVENING), time_zone="Europe/Berlin")
    evening = graph.one(SCHEDULED, "web-evening").inputs

    assert graph.names(SCHEDULED) == ["web-evening", "web-morning"]
    assert evening["schedule"] == "cron(0 19 ? * MON-FRI *)"
    assert evening["timezone"] == "Europe/Berlin"
    assert evening["scalableTargetAction"] == {"minCapacity": 0, "maxCapacity": 0}
    assert evening["resourceId"] == "service/cluster/web-1a2b3c4"


def test_updates_keep_the_bounds_that_a_scheduled_action_has_set() -> None:
    """Else an update at night would start tasks again."""
    assert _declare(schedule=(EVENING,)).one(TARGET).ignore_changes == ("minCapacity", "maxCapacity")


def test_bounds_are_set_again_when_the_schedule_is_removed() -> None:
    """The state has the bounds from before the schedule; AWS may have those of the night, without tasks."""
    with_schedule, without = _declare(schedule=(EVENING,)).one(TARGET), _declare().one(TARGET)

    assert with_schedule.replacement_trigger != without.replacement_trigger
    # AWS has one target for each service: to delete the old one last would delete the new one.
    assert without.delete_before_replace


def test_policies_and_actions_depend_on_the_target() -> None:
    graph = _declare(schedule=(EVENING,))
    target = graph.one(TARGET).urn

    assert all(target in resource.dependencies for resource in [*graph.all(POLICY), *graph.all(SCHEDULED)])
