"""CloudWatch alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Handler, Properties
from local.resources.shape import as_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.resources.cloud import Cloud

_SOURCE = "hashicorp/aws internal/service/cloudwatch/metric_alarm.go: ForceNew"
_PLAIN = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""Properties that go to AWS as they are, with AWS's name for each."""
_OF_ONE_METRIC = frozenset(
    {"dimensions", "extendedStatistic", "metricName", "namespace", "period", "statistic"}
)
"""What an alarm about several metrics has not; the emulator makes something up."""
_UNTOLD = ("evaluateLowSampleCountPercentiles", "metricQueries")
"""What the emulator forgets; the state is believed instead."""


class MetricAlarm(Handler):
    """An alarm; its id is its name.

    MiniStack does not compute metric math, has no load balancer metrics, and its ECS listens to no alarm: an
    alarm changes its state here when somebody calls `set_alarm_state`.
    """

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    force_new = dict.fromkeys(("name",), _SOURCE)
    in_place = frozenset({*_PLAIN, *_UNTOLD, "dimensions", "tags"})
    name_property = "name"
    tagged = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag: the name has a random end."""
        del inputs
        pages = cloud.client("cloudwatch").get_paginator("describe_alarms").paginate()
        for alarm in (alarm for page in pages for alarm in page["MetricAlarms"]):
            name = str(alarm["AlarmName"])
            if not cloud.is_known(self.token, name) and tagging.carries(_tags(cloud, alarm), urn):
                return name
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        tags = tagging.pairs(tagging.with_urn(inputs.get("tags"), urn))
        call(cloud, "cloudwatch", "put_metric_alarm", Tags=tags, **_arguments(inputs))
        return str(inputs["name"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it, or None."""
        alarms = call(cloud, "cloudwatch", "describe_alarms", AlarmNames=[id])["MetricAlarms"]
        if not alarms:
            return None
        alarm: dict[str, Any] = alarms[0]
        tags = tagging.visible(_tags(cloud, alarm))
        dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions", [])}
        outputs: Properties = {
            **{key: as_asked(inputs.get(key), alarm.get(name)) for key, name in _PLAIN.items()},
            **{key: inputs.get(key) for key in _UNTOLD},
            "arn": alarm["AlarmArn"],
            "dimensions": as_asked(inputs.get("dimensions"), dimensions),
            "name": id,
            "region": cloud.region,
            "tags": tags,
            "tagsAll": tags,
        }
        absent = _OF_ONE_METRIC if inputs.get("metricQueries") else {"statistic"} - inputs.keys()
        return {key: value for key, value in outputs.items() if key not in absent}

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Put it again as a whole; tags have calls of their own."""
        if set(changed) - {"tags"}:
            call(cloud, "cloudwatch", "put_metric_alarm", **_arguments({**new, "name": id}))
        if "tags" in changed:
            to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
            if to_set:
                pairs = tagging.pairs(to_set)
                call(cloud, "cloudwatch", "tag_resource", ResourceARN=old["arn"], Tags=pairs)
            if to_remove:
                call(cloud, "cloudwatch", "untag_resource", ResourceARN=old["arn"], TagKeys=to_remove)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "cloudwatch", "delete_alarms", AlarmNames=[id], absent=("ResourceNotFound",))


def _tags(cloud: Cloud, alarm: Mapping[str, Any]) -> dict[str, str]:
    answer = call(
        cloud,
        "cloudwatch",
        "list_tags_for_resource",
        ResourceARN=alarm["AlarmArn"],
        absent=("ResourceNotFound", "ResourceNotFoundException"),
    )
    return tagging.from_pairs(answer.get("Tags"))


def _arguments(inputs: Properties) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        name: inputs[key] for key, name in _PLAIN.items() if inputs.get(key) is not None
    }
    if inputs.get("evaluateLowSampleCountPercentiles"):
        arguments["EvaluateLowSampleCountPercentile"] = inputs["evaluateLowSampleCountPercentiles"]
    if inputs.get("dimensions"):
        arguments["Dimensions"] = _dimensions(inputs["dimensions"])
    queries = cast("list[Properties]", inputs.get("metricQueries") or [])
    if queries:
        arguments["Metrics"] = [_query(query) for query in queries]
    return {"AlarmName": inputs["name"], **arguments}


def _query(query: Properties) -> dict[str, Any]:
    result: dict[str, Any] = {
        name: query[key]
        for key, name in (("id", "Id"), ("expression", "Expression"), ("label", "Label"))
        if query.get(key) is not None
    }
    result["ReturnData"] = bool(query.get("returnData"))
    if metric := cast("Properties", query.get("metric")):
        result["MetricStat"] = {
            "Metric": {
                "Namespace": metric["namespace"],
                "MetricName": metric["metricName"],
                "Dimensions": _dimensions(metric.get("dimensions") or {}),
            },
            "Period": metric["period"],
            "Stat": metric["stat"],
        }
    return result


def _dimensions(asked: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in asked.items()]
