"""Target groups of load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.resources.aws_calls import call
from local.resources.base import Properties
from local.resources.elbv2 import Attribute, Elbv2Resource, attribute_outputs, attribute_pairs
from local.resources.shape import without_defaults

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_ATTRIBUTES = {
    "deregistrationDelay": Attribute("deregistration_delay.timeout_seconds", 300),
    "loadBalancingAlgorithmType": Attribute("load_balancing.algorithm.type", "round_robin"),
    "loadBalancingAnomalyMitigation": Attribute("load_balancing.algorithm.anomaly_mitigation", "off"),
    "loadBalancingCrossZoneEnabled": Attribute(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
    ),
    "slowStart": Attribute("slow_start.duration_seconds", 0),
}

_HEALTH_CHECK = {
    "enabled": ("HealthCheckEnabled", True),
    "healthyThreshold": ("HealthyThresholdCount", 3),
    "interval": ("HealthCheckIntervalSeconds", 30),
    "path": ("HealthCheckPath", "/"),
    "port": ("HealthCheckPort", "traffic-port"),
    "protocol": ("HealthCheckProtocol", "HTTP"),
    "timeout": ("HealthCheckTimeoutSeconds", 5),
    "unhealthyThreshold": ("UnhealthyThresholdCount", 3),
}
"""AWS's name of each property, and what the provider (thresholds) or AWS takes where it is left out."""

_MATCHER = "200"


class TargetGroup(Elbv2Resource):
    """`aws:lb/targetGroup:TargetGroup` of an application load balancer."""

    token = "aws:lb/targetGroup:TargetGroup"
    force_new = dict.fromkeys(
        ("ipAddressType", "name", "port", "protocol", "protocolVersion", "targetType", "vpcId"),
        "hashicorp/aws internal/service/elbv2/target_group.go: ForceNew",
    )
    in_place = frozenset({*_ATTRIBUTES, "healthCheck", "tags"})
    name_property = "name"
    name_max_length = 32
    describe, arns = "describe_target_groups", "TargetGroupArns"
    listed, key = "TargetGroups", "TargetGroupArn"
    absent = ("TargetGroupNotFound",)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it and set what is asked for."""
        optional = {
            "IpAddressType": inputs.get("ipAddressType"),
            "Port": inputs.get("port"),
            "Protocol": inputs.get("protocol"),
            "ProtocolVersion": inputs.get("protocolVersion"),
            "VpcId": inputs.get("vpcId"),
        }
        answer = call(
            cloud,
            "elbv2",
            "create_target_group",
            Name=inputs["name"],
            TargetType=inputs.get("targetType") or "instance",
            Tags=self.tag_argument(urn, inputs),
            **_health_check(inputs),
            **{name: value for name, value in optional.items() if value is not None},
        )
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
        self._set(cloud, arn, inputs, tuple(inputs))
        return arn

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it; MiniStack forgets protocol version and address type, so they are told as asked."""
        group = self.one(cloud, id)
        if group is None:
            return None
        attributes = call(cloud, "elbv2", "describe_target_group_attributes", TargetGroupArn=id)["Attributes"]
        check: Properties = {name: group[key] for name, (key, _) in _HEALTH_CHECK.items()}
        check["matcher"] = group["Matcher"]["HttpCode"]
        defaults = {**{name: default for name, (_, default) in _HEALTH_CHECK.items()}, "matcher": _MATCHER}
        return {
            "arn": id,
            "arnSuffix": id.rpartition(":")[2],
            "healthCheck": without_defaults(inputs.get("healthCheck"), check, defaults),
            "ipAddressType": inputs.get("ipAddressType") or "ipv4",
            "loadBalancerArns": group["LoadBalancerArns"],
            "name": group["TargetGroupName"],
            "port": group["Port"],
            "protocol": group["Protocol"],
            "protocolVersion": inputs.get("protocolVersion") or "HTTP1",
            "region": cloud.region,
            "targetType": group["TargetType"],
            "vpcId": group["VpcId"],
            **attribute_outputs(_ATTRIBUTES, attributes),
            **self.tag_outputs(cloud, id),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change health check, attributes and tags."""
        if "healthCheck" in changed:
            call(cloud, "elbv2", "modify_target_group", TargetGroupArn=id, **_health_check(new))
        self._set(cloud, id, new, changed)
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "elbv2", "delete_target_group", TargetGroupArn=id, absent=self.absent)

    def _set(self, cloud: Cloud, arn: str, inputs: Properties, names: tuple[str, ...]) -> None:
        if pairs := attribute_pairs(_ATTRIBUTES, inputs, names):
            call(cloud, "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=pairs)


def _health_check(inputs: Properties) -> dict[str, Any]:
    asked: Properties | None = inputs.get("healthCheck")
    if asked is None:
        return {}
    arguments = {
        key: default if asked.get(name) is None else asked[name]
        for name, (key, default) in _HEALTH_CHECK.items()
    }
    return {**arguments, "Matcher": {"HttpCode": asked.get("matcher") or _MATCHER}}
