"""Autoscaling lives in the state alone; its form is held against AWS's own service model."""

from __future__ import annotations

from typing import Any

import pytest

from local.resources.base import Handler, ResourceError
from local.resources.cloud import Cloud
from local.resources.registry import HANDLERS

CLOUD = Cloud("http://127.0.0.1:1")
TARGET = HANDLERS["aws:appautoscaling/target:Target"]
POLICY = HANDLERS["aws:appautoscaling/policy:Policy"]
SCHEDULED_ACTION = HANDLERS["aws:appautoscaling/scheduledAction:ScheduledAction"]
WHERE = {
    "resourceId": "service/cluster/web",
    "scalableDimension": "ecs:service:DesiredCount",
    "serviceNamespace": "ecs",
}
TRACKING = {
    "targetValue": 60,
    "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


@pytest.mark.parametrize(
    ("handler", "inputs", "identifier"),
    [
        (TARGET, {**WHERE, "minCapacity": 1, "maxCapacity": 4}, "service/cluster/web"),
        (
            POLICY,
            {**WHERE, "name": "cpu", "policyType": "TargetTrackingScaling",
             "targetTrackingScalingPolicyConfiguration": TRACKING},
            "ecs/service/cluster/web/ecs:service:DesiredCount/cpu",
        ),
        (
            SCHEDULED_ACTION,
            {**WHERE, "name": "evening", "schedule": "cron(0 19 ? * MON-FRI *)", "timezone": "UTC",
             "scalableTargetAction": {"minCapacity": 0, "maxCapacity": 0}},
            "evening/ecs/service/cluster/web",
        ),
    ],
)  # fmt: skip
def test_what_aws_would_take_is_remembered_under_the_provider_s_id(
    handler: Handler, inputs: dict[str, Any], identifier: str
) -> None:
    """Nothing listens at the cloud's address: no call is made."""
    assert handler.create(CLOUD, urn="urn", inputs=inputs) == identifier
    outputs = handler.read(CLOUD, id=identifier, inputs=inputs)
    assert outputs is not None
    assert outputs.items() >= inputs.items()


@pytest.mark.parametrize(
    ("handler", "inputs", "says"),
    [
        (TARGET, {**WHERE, "minCapacity": "one"}, "minCapacity: 'one' is no integer"),
        (TARGET, {"resourceId": "service/cluster/web"}, "ServiceNamespace"),
        (
            POLICY,
            {**WHERE, "name": "cpu", "targetTrackingScalingPolicyConfiguration": {"target": 60}},
            "targetTrackingScalingPolicyConfiguration.target",
        ),
        (
            SCHEDULED_ACTION,
            {**WHERE, "name": "evening", "scalableTargetAction": {"min": 0}},
            "scalableTargetAction.min",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused(handler: Handler, inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(ResourceError, match=says):
        handler.create(CLOUD, urn="urn", inputs=inputs)


def test_a_change_is_held_against_the_form_too() -> None:
    old = {**WHERE, "minCapacity": 1, "maxCapacity": 4}

    with pytest.raises(ResourceError, match="maxCapacity: 'many' is no integer"):
        TARGET.update(CLOUD, id="id", old=old, new={**old, "maxCapacity": "many"}, changed=("maxCapacity",))


def test_another_service_is_another_target() -> None:
    old = {**WHERE, "minCapacity": 1, "maxCapacity": 4}

    assert TARGET.diff(old, {**old, "resourceId": "service/cluster/other"}).replace == ("resourceId",)
    assert TARGET.diff(old, {**old, "maxCapacity": 9}).replace == ()
