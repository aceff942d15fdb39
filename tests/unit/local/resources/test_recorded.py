"""Types that MiniStack lacks are validated against AWS's service model."""

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
def test_valid_inputs_are_recorded_with_the_providers_id(
    handler: Handler, inputs: dict[str, Any], identifier: str
) -> None:
    """Nothing listens at the endpoint: no call is made."""
    assert handler.create(CLOUD, urn="urn", inputs=inputs) == identifier
    outputs = handler.read(CLOUD, id=identifier, inputs=inputs)
    assert outputs is not None
    assert outputs.items() >= inputs.items()


@pytest.mark.parametrize(
    ("handler", "inputs", "message"),
    [
        (
            TARGET,
            {**WHERE, "minCapacity": "one"},
            "minCapacity: 'one' is not valid: AWS requires type integer",
        ),
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
def test_invalid_inputs_are_refused(handler: Handler, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        handler.create(CLOUD, urn="urn", inputs=inputs)


def test_a_change_is_validated_too() -> None:
    old = {**WHERE, "minCapacity": 1, "maxCapacity": 4}

    with pytest.raises(ResourceError, match="maxCapacity: 'many' is not valid: AWS requires type integer"):
        TARGET.update(CLOUD, id="id", old=old, new={**old, "maxCapacity": "many"}, changed=("maxCapacity",))
