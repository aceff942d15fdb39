"""Listeners, their rules, and the actions that both have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.resources.aws_calls import call
from local.resources.base import Properties, ResourceError
from local.resources.elbv2 import Elbv2Resource
from local.resources.shape import as_asked, without_defaults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.resources.cloud import Cloud

_REDIRECT = {
    "host": ("Host", "#{host}"),
    "path": ("Path", "/#{path}"),
    "port": ("Port", "#{port}"),
    "protocol": ("Protocol", "#{protocol}"),
    "query": ("Query", "#{query}"),
    "statusCode": ("StatusCode", None),
}
_FIXED_RESPONSE = {
    "contentType": ("ContentType", None),
    "messageBody": ("MessageBody", ""),
    "statusCode": ("StatusCode", "200"),
}
"""AWS's name of each property, and AWS's default."""

_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}
_TRANSFORMS = {
    "hostHeaderRewriteConfig": "HostHeaderRewriteConfig",
    "urlRewriteConfig": "UrlRewriteConfig",
}


def _to_aws(action: Properties) -> dict[str, Any]:
    result: dict[str, Any] = {"Type": action["type"]}
    if action.get("order") is not None:
        result["Order"] = action["order"]
    if action.get("targetGroupArn"):
        result["TargetGroupArn"] = action["targetGroupArn"]
    if forward := action.get("forward"):
        groups = [
            {"TargetGroupArn": group["arn"], "Weight": 1 if group.get("weight") is None else group["weight"]}
            for group in forward["targetGroups"]
        ]
        # MiniStack follows no weights: it is told the heaviest group, beside what AWS wants to know.
        result["TargetGroupArn"] = max(groups, key=lambda group: group["Weight"])["TargetGroupArn"]
        result["ForwardConfig"] = {"TargetGroups": groups}
    for name, key, table in (
        ("redirect", "RedirectConfig", _REDIRECT),
        ("fixedResponse", "FixedResponseConfig", _FIXED_RESPONSE),
    ):
        if given := action.get(name):
            values = {part: given.get(property_) for property_, (part, _) in table.items()}
            result[key] = {part: value for part, value in values.items() if value is not None}
    return result


def _from_aws(action: dict[str, Any], asked: Properties) -> Properties:
    result: Properties = {"type": action["Type"]}
    if asked.get("order") is not None:
        result["order"] = action.get("Order")
    target = action.get("TargetGroupArn")
    forward: Properties = asked.get("forward") or {}
    if target and target == _to_aws(asked).get("TargetGroupArn") and forward:
        result["forward"] = forward
    elif any(group["arn"] == target for group in forward.get("targetGroups", [])):
        # As on AWS after a deployment that moved traffic.
        result["forward"] = {
            **forward,
            "targetGroups": [
                {**group, "weight": 100 if group["arn"] == target else 0} for group in forward["targetGroups"]
            ],
        }
    elif target:
        result["targetGroupArn"] = target
    for name, key, table in (
        ("redirect", "RedirectConfig", _REDIRECT),
        ("fixedResponse", "FixedResponseConfig", _FIXED_RESPONSE),
    ):
        if told := action.get(key):
            live = {property_: told.get(part) for property_, (part, _) in table.items()}
            defaults = {property_: default for property_, (_, default) in table.items()}
            result[name] = without_defaults(asked.get(name), live, defaults)
    return result


def to_aws_actions(actions: Sequence[Properties]) -> list[dict[str, Any]]:
    """Return actions as AWS takes them.

    Raises:
        ResourceError: a kind of action that the emulator does not do.
    """
    for action in actions:
        if action["type"] not in {"fixed-response", "forward", "redirect"}:
            raise ResourceError(
                f"action type {action['type']!r}: the local run does fixed-response, forward and redirect",
            )
    return [_to_aws(action) for action in actions]


def from_aws_actions(
    actions: Sequence[dict[str, Any]], asked: Sequence[Properties] | None
) -> list[Properties]:
    """Return live actions in the form in which they were `asked`."""
    forms = list(asked or [])
    forms += [{"type": action["Type"]} for action in actions[len(forms) :]]
    return [_from_aws(action, form) for action, form in zip(actions, forms, strict=False)]


class Listener(Elbv2Resource):
    """`aws:lb/listener:Listener`."""

    token = "aws:lb/listener:Listener"
    force_new = dict.fromkeys(
        ("loadBalancerArn",),
        "hashicorp/aws internal/service/elbv2/listener.go: ForceNew",
    )
    in_place = frozenset({"certificateArn", "defaultActions", "port", "protocol", "sslPolicy", "tags"})
    describe, arns, listed, key = "describe_listeners", "ListenerArns", "Listeners", "ListenerArn"
    absent = ("ListenerNotFound", "LoadBalancerNotFound")

    def siblings(self, inputs: Properties) -> dict[str, Any]:
        """It belongs to its load balancer."""
        return {"LoadBalancerArn": inputs["loadBalancerArn"]}

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        answer = call(
            cloud,
            "elbv2",
            "create_listener",
            LoadBalancerArn=inputs["loadBalancerArn"],
            Tags=self.tag_argument(urn, inputs),
            **self._arguments(inputs),
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it."""
        listener = self.one(cloud, id)
        if listener is None:
            return None
        certificates: list[dict[str, Any]] = listener.get("Certificates") or [{}]
        return {
            "arn": id,
            "certificateArn": certificates[0].get("CertificateArn"),
            "defaultActions": from_aws_actions(listener["DefaultActions"], inputs.get("defaultActions")),
            "loadBalancerArn": listener["LoadBalancerArn"],
            "port": listener["Port"],
            "protocol": listener["Protocol"],
            "region": cloud.region,
            "sslPolicy": listener.get("SslPolicy"),
            **self.tag_outputs(cloud, id),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change everything but its load balancer."""
        if set(changed) - {"tags"}:
            call(cloud, "elbv2", "modify_listener", ListenerArn=id, **self._arguments(new))
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it with its rules."""
        del outputs
        call(cloud, "elbv2", "delete_listener", ListenerArn=id, absent=self.absent)

    def _arguments(self, inputs: Properties) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "DefaultActions": to_aws_actions(inputs["defaultActions"]),
            "Port": inputs.get("port"),
            "Protocol": inputs.get("protocol"),
            "SslPolicy": inputs.get("sslPolicy"),
        }
        if inputs.get("certificateArn"):
            arguments["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
        return {name: value for name, value in arguments.items() if value is not None}


class ListenerRule(Elbv2Resource):
    """`aws:lb/listenerRule:ListenerRule`; MiniStack keeps its transforms, but does not apply them."""

    token = "aws:lb/listenerRule:ListenerRule"
    force_new = dict.fromkeys(
        ("listenerArn",),
        "hashicorp/aws internal/service/elbv2/listener_rule.go: ForceNew",
    )
    in_place = frozenset({"actions", "conditions", "priority", "tags", "transforms"})
    describe, arns, listed, key = "describe_rules", "RuleArns", "Rules", "RuleArn"
    absent = ("ListenerNotFound", "RuleNotFound")

    def check(
        self,
        cloud: Cloud,
        *,
        name: str,
        old: Properties | None,
        new: Properties,
        random_hex: str,
    ) -> Properties:
        """Return `new` with default tags.

        Raises:
            ResourceError: it has no priority; the local run chooses none.
        """
        if new.get("priority") is None:
            raise ResourceError(f"{self.token} {name!r} needs a `priority`, 1 to 50000")
        return super().check(cloud, name=name, old=old, new=new, random_hex=random_hex)

    def siblings(self, inputs: Properties) -> dict[str, Any]:
        """It belongs to its listener."""
        return {"ListenerArn": inputs["listenerArn"]}

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it."""
        transforms = _to_aws_transforms(inputs)
        optional: dict[str, Any] = {"Transforms": transforms} if transforms else {}
        answer = call(
            cloud,
            "elbv2",
            "create_rule",
            ListenerArn=inputs["listenerArn"],
            Priority=inputs["priority"],
            Conditions=_to_aws_conditions(inputs),
            Actions=to_aws_actions(inputs["actions"]),
            Tags=self.tag_argument(urn, inputs),
            **optional,
        )
        return str(answer["Rules"][0]["RuleArn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it."""
        rule = self.one(cloud, id)
        if rule is None:
            return None
        head, _, tail = id.partition(":listener-rule/")
        conditions = [_from_aws_condition(condition) for condition in rule["Conditions"]]
        transforms = [_from_aws_transform(transform) for transform in rule.get("Transforms", [])]
        return {
            "actions": from_aws_actions(rule["Actions"], inputs.get("actions")),
            "arn": id,
            "conditions": as_asked(inputs.get("conditions"), conditions),
            "listenerArn": f"{head}:listener/{tail.rpartition('/')[0]}",
            "priority": int(rule["Priority"]),
            "region": cloud.region,
            "transforms": as_asked(inputs.get("transforms"), transforms),
            **self.tag_outputs(cloud, id),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change everything but its listener."""
        if "priority" in changed:
            priorities = [{"RuleArn": id, "Priority": new["priority"]}]
            call(cloud, "elbv2", "set_rule_priorities", RulePriorities=priorities)
        arguments: dict[str, Any] = {}
        if "actions" in changed:
            arguments["Actions"] = to_aws_actions(new["actions"])
        if "conditions" in changed:
            arguments["Conditions"] = _to_aws_conditions(new)
        if "transforms" in changed:
            transforms = _to_aws_transforms(new)
            arguments.update({"Transforms": transforms} if transforms else {"ResetTransforms": True})
        if arguments:
            call(cloud, "elbv2", "modify_rule", RuleArn=id, **arguments)
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "elbv2", "delete_rule", RuleArn=id, absent=self.absent)


def _to_aws_conditions(inputs: Properties) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for condition in cast("list[Properties]", inputs["conditions"]):
        for name, given in condition.items():
            if given is None:
                continue
            if name not in _CONDITIONS:
                raise ResourceError(
                    f"condition {name!r}: the local run knows {', '.join(_CONDITIONS)}; use one of these",
                )
            field, key = _CONDITIONS[name]
            result.append({"Field": field, key: {"Values": given["values"]}})
    return result


def _from_aws_condition(condition: dict[str, Any]) -> Properties:
    for name, (field, key) in _CONDITIONS.items():
        if condition["Field"] == field:
            return {name: {"values": condition.get(key, {}).get("Values") or condition.get("Values", [])}}
    return {condition["Field"]: {"values": condition.get("Values", [])}}


def _to_aws_transforms(inputs: Properties) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    for transform in cast("list[Properties]", inputs.get("transforms") or []):
        item: dict[str, Any] = {"Type": transform["type"]}
        for name, key in _TRANSFORMS.items():
            if given := transform.get(name):
                rewrite = given["rewrite"]
                item[key] = {"Rewrites": [{"Regex": rewrite["regex"], "Replace": rewrite["replace"]}]}
        result.append(item)
    return result


def _from_aws_transform(transform: dict[str, Any]) -> Properties:
    result: Properties = {"type": transform["Type"]}
    for name, key in _TRANSFORMS.items():
        if told := transform.get(key):
            rewrite = told["Rewrites"][0]
            result[name] = {"rewrite": {"regex": rewrite["Regex"], "replace": rewrite["Replace"]}}
    return result
