"""Application Auto Scaling, which MiniStack has not: the state alone knows of it, and nothing scales.

What the program asks for is still held against the form that AWS's own service model gives its calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from botocore.validate import ParamValidator

from local.resources.base import Handler, Properties, ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.resources.cloud import Cloud

_SERVICE = "application-autoscaling"
_SOURCE = "hashicorp/aws internal/service/appautoscaling: ForceNew"
_WHERE = ("resourceId", "scalableDimension", "serviceNamespace")
"""What names a scalable target."""


class Recorded(Handler):
    """A resource that exists in the state alone; `find` has nothing to look for."""

    operation: ClassVar[str]
    """AWS's call that makes it."""
    identity: ClassVar[tuple[str, ...]]
    """Inputs that the provider makes its id of."""

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        """Return the arguments of `operation`."""
        raise NotImplementedError

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Hold the call against AWS's form, and remember it."""
        del urn
        self._validate(cloud, inputs)
        return "/".join(str(inputs[key]) for key in self.identity)

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return what was asked for."""
        del id
        tags = {"tagsAll": inputs.get("tags")} if self.tagged else {}
        return {"region": cloud.region, **inputs, **tags}

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Hold the new call against AWS's form."""
        del id, old, changed
        self._validate(cloud, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Do nothing: the state forgets it."""

    def _validate(self, cloud: Cloud, inputs: Properties) -> None:
        operation = cloud.client(_SERVICE).meta.service_model.operation_model(self.operation)
        report = ParamValidator().validate(self.arguments(inputs), operation.input_shape)
        if report.has_errors():
            raise ResourceError(
                f"{self.token}: AWS would refuse {self.operation}: {report.generate_report()}"
            )


class Target(Recorded):
    """`aws:appautoscaling/target:Target`."""

    token = "aws:appautoscaling/target:Target"
    force_new = dict.fromkeys(_WHERE, _SOURCE)
    in_place = frozenset({"maxCapacity", "minCapacity", "roleArn", "suspendedState", "tags"})
    tagged = True
    operation = "RegisterScalableTarget"
    identity = ("resourceId",)

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        """Return the arguments of `RegisterScalableTarget`."""
        return _upper(inputs, (*_WHERE, "maxCapacity", "minCapacity", "roleArn", "suspendedState"))


class Policy(Recorded):
    """`aws:appautoscaling/policy:Policy`."""

    token = "aws:appautoscaling/policy:Policy"
    force_new = dict.fromkeys(("name", *_WHERE), _SOURCE)
    in_place = frozenset({"policyType", "targetTrackingScalingPolicyConfiguration"})
    name_property = "name"
    operation = "PutScalingPolicy"
    identity = ("serviceNamespace", "resourceId", "scalableDimension", "name")

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        """Return the arguments of `PutScalingPolicy`."""
        tracking = "targetTrackingScalingPolicyConfiguration"
        return {
            "PolicyName": inputs["name"],
            **_upper(inputs, (*_WHERE, "policyType")),
            "TargetTrackingScalingPolicyConfiguration": _tracking(inputs.get(tracking) or {}),
        }


class ScheduledAction(Recorded):
    """`aws:appautoscaling/scheduledAction:ScheduledAction`."""

    token = "aws:appautoscaling/scheduledAction:ScheduledAction"
    force_new = dict.fromkeys(("name", *_WHERE), _SOURCE)
    in_place = frozenset({"endTime", "scalableTargetAction", "schedule", "startTime", "timezone"})
    name_property = "name"
    operation = "PutScheduledAction"
    identity = ("name", "serviceNamespace", "resourceId")

    def arguments(self, inputs: Properties) -> dict[str, Any]:
        """Return the arguments of `PutScheduledAction`."""
        return {
            "ScheduledActionName": inputs["name"],
            **_upper(inputs, (*_WHERE, "schedule", "timezone", "scalableTargetAction")),
        }


def _upper(inputs: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {_capitalised(key): _all_upper(inputs[key]) for key in keys if inputs.get(key) is not None}


def _all_upper(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {_capitalised(key): _all_upper(item) for key, item in items if item is not None}
    if isinstance(value, list):
        return [_all_upper(item) for item in cast("list[Any]", value)]
    return value


def _capitalised(key: str) -> str:
    return key[:1].upper() + key[1:]


def _tracking(asked: Mapping[str, Any]) -> dict[str, Any]:
    form = _all_upper(dict(asked))
    if isinstance(form.get("TargetValue"), int):
        form["TargetValue"] = float(form["TargetValue"])
    return form
