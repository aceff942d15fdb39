"""Autoscaling: bounds, targets and the schedule."""

from __future__ import annotations

from typing import Any

from infra.service.autoscaling import Autoscaling, AutoscalingArgs
from infra.settings import ScheduledCapacity
from tests.unit.infra.factories import LOAD_BALANCER, autoscaling_settings, held
from tests.unit.infra.recorder import Graph, declare, once

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULED = "aws:appautoscaling/scheduledAction:ScheduledAction"
BLUE, GREEN = "targetgroup/web/0123", "targetgroup/web-green/4567"
MORNING = ScheduledCapacity(name="morning", cron="0 8 ? * MON-FRI *", min_count=1, max_count=4)
EVENING = ScheduledCapacity(name="evening", cron="0 19 ? * MON-FRI *", min_count=0, max_count=0)


@once
def _graph(groups: tuple[str, ...] = (BLUE,), **changes: Any) -> Graph:
    args = AutoscalingArgs(
        settings=autoscaling_settings(**changes),
        cluster_name="cluster",
        service_name="web-1a2b3c4",
        target_groups=groups,
        load_balancer=LOAD_BALANCER,
    )
    return declare(lambda: Autoscaling("web", args, opts=held()))


def _tracked(graph: Graph, name: str) -> dict[str, Any]:
    policy = graph.one(POLICY, name).inputs
    assert policy["policyType"] == "TargetTrackingScaling"
    return policy["targetTrackingScalingPolicyConfiguration"]


def test_the_count_of_the_service_stays_within_its_bounds() -> None:
    target = _graph(min_count=2, max_count=7).one(TARGET, "web")

    assert target.inputs == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/cluster/web-1a2b3c4",
        "minCapacity": 2,
        "maxCapacity": 7,
    }
    assert target.ignore_changes == ()


def test_cpu_and_memory_of_the_service_are_kept_at_their_targets() -> None:
    graph = _graph(cpu_percent=50, memory_percent=80, scale_in_seconds=600, scale_out_seconds=30)

    assert _tracked(graph, "web-cpu") == {
        "targetValue": 50,
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "scaleInCooldown": 600,
        "scaleOutCooldown": 30,
    }
    memory = _tracked(graph, "web-memory")
    assert memory["targetValue"] == 80
    assert memory["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ECSServiceAverageMemoryUtilization"
    }


def test_a_target_of_zero_is_no_policy() -> None:
    assert _graph(cpu_percent=0).names(POLICY) == ["web-memory"]


def test_requests_are_those_of_the_target_group() -> None:
    tracked = _tracked(_graph(requests_per_target=500), "web-requests")

    assert tracked["targetValue"] == 500
    assert tracked["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ALBRequestCountPerTarget",
        "resourceLabel": f"{LOAD_BALANCER}/{BLUE}",
    }


def test_requests_are_those_of_both_target_groups_where_there_are_two() -> None:
    """The metric that AWS has ready names one group, from which users are gone after a deployment."""
    tracked = _tracked(_graph((BLUE, GREEN), requests_per_target=500), "web-requests")
    blue, green, total = tracked["customizedMetricSpecification"]["metrics"]

    assert "predefinedMetricSpecification" not in tracked
    assert total == {"id": "total", "expression": "FILL(group0, 0) + FILL(group1, 0)", "returnData": True}
    assert [metric["metricStat"]["metric"]["metricName"] for metric in (blue, green)] == [
        "RequestCountPerTarget",
        "RequestCountPerTarget",
    ]
    assert blue["metricStat"]["metric"]["dimensions"] == [
        {"name": "LoadBalancer", "value": LOAD_BALANCER},
        {"name": "TargetGroup", "value": BLUE},
    ]
    assert green["metricStat"]["metric"]["dimensions"][1]["value"] == GREEN
    assert [metric["returnData"] for metric in (blue, green)] == [False, False]


def test_the_office_closes_in_its_own_time_zone() -> None:
    graph = _graph(schedule=(MORNING, EVENING), time_zone="Europe/Berlin")

    assert graph.names(SCHEDULED) == ["web-evening", "web-morning"]
    evening = graph.one(SCHEDULED, "web-evening").inputs
    assert evening["schedule"] == "cron(0 19 ? * MON-FRI *)"
    assert evening["timezone"] == "Europe/Berlin"
    assert evening["scalableTargetAction"] == {"minCapacity": 0, "maxCapacity": 0}
    assert evening["resourceId"] == "service/cluster/web-1a2b3c4"


def test_with_a_schedule_the_bounds_are_the_schedules() -> None:
    """An action changes the very bounds of the target: an update at night must not wake up what sleeps."""
    target = _graph(schedule=(EVENING,)).one(TARGET)

    assert target.ignore_changes == ("minCapacity", "maxCapacity")


def test_policies_and_actions_wait_for_the_target() -> None:
    graph = _graph(schedule=(EVENING,))
    target = graph.one(TARGET).urn

    assert all(target in resource.dependencies for resource in [*graph.all(POLICY), *graph.all(SCHEDULED)])
