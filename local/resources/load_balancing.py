"""Load balancers, target groups, listeners and their rules."""

from __future__ import annotations

import re
from typing import Any, Final

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

PROTOCOL_VERSION: Final = f"{tagging.OWN_PREFIX}protocol-version"
_ACTION_TYPES: Final = ("fixed-response", "forward", "redirect")


class WithArnSuffix(RowHandler):
    """`aws:lb/loadBalancer:LoadBalancer` and `aws:lb/targetGroup:TargetGroup`."""

    def complete_arguments(
        self, operation: str, arguments: dict[str, Any], inputs: Properties
    ) -> dict[str, Any]:
        """Add a load balancer's scheme and the subnets of its mappings.

        MiniStack does not support subnet mappings, with which a network load balancer has fixed addresses.
        """
        if operation == "create_load_balancer":
            arguments["Scheme"] = "internal" if inputs.get("internal") else "internet-facing"
        if mappings := arguments.get("SubnetMappings"):
            arguments["Subnets"] = [mapping["SubnetId"] for mapping in mappings]
        return arguments

    def tag_arguments(self, cloud: Cloud, urn: str, inputs: Properties) -> dict[str, Any]:
        """Store the protocol version in a tag: MiniStack drops it, and health checks depend on it."""
        version = inputs.get("protocolVersion")
        own = {PROTOCOL_VERSION: version} if version else {}
        return super().tag_arguments(cloud, urn, {**inputs, "tags": {**(inputs.get("tags") or {}), **own}})

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the part of its ARN that metrics use, and the VPC, which MiniStack does not return."""
        if zones := item.get("AvailabilityZones"):
            missing, ids = ("InvalidSubnetID.NotFound",), [zones[0]["SubnetId"]]
            answer = call(cloud, "ec2", "describe_subnets", ignored_codes=missing, SubnetIds=ids)
            item["VpcId"] = next((subnet["VpcId"] for subnet in answer.get("Subnets", ())), None)
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "arnSuffix": identifier.rpartition(":")[2].removeprefix("loadbalancer/")}


class _WithActions(RowHandler):
    """Has actions; MiniStack ignores the weights of a forward action, and returns one target group."""

    actions: str
    """Property with the actions."""

    def complete_arguments(
        self, operation: str, arguments: dict[str, Any], inputs: Properties
    ) -> dict[str, Any]:
        """Add the target group with the largest weight to each forward action.

        Raises:
            ResourceError: the emulator does not support the type of an action.
        """
        del operation, inputs
        for action in arguments.get(self.actions[0].upper() + self.actions[1:], ()):
            if action["Type"] not in _ACTION_TYPES:
                raise ResourceError(
                    f"{self.token}: action type {action['Type']!r} is not one that the local run supports: "
                    f"{', '.join(_ACTION_TYPES)}"
                )
            if forward := action.get("ForwardConfig"):
                action["TargetGroupArn"] = _heaviest(forward["TargetGroups"])
        return arguments

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return the configured weights, or those to which a deployment moved the traffic."""
        member = self.actions[0].upper() + self.actions[1:]
        configured_actions: list[Properties] = inputs.get(self.actions) or []
        for action, configured in zip(item[member], configured_actions, strict=False):
            forward: Properties = configured.get("forward") or {}
            configured_groups: list[Properties] = forward.get("targetGroups") or []
            groups = [
                {"TargetGroupArn": group["arn"], "Weight": int(group.get("weight") or 0)}
                for group in configured_groups
            ]
            target = action.get("TargetGroupArn")
            if target not in [group["TargetGroupArn"] for group in groups]:
                continue
            if _heaviest(groups) != target:
                groups = [
                    {**group, "Weight": 100 if group["TargetGroupArn"] == target else 0} for group in groups
                ]
            del action["TargetGroupArn"]
            action["ForwardConfig"] = {"TargetGroups": groups}
        return super().outputs(cloud, identifier, item, inputs)


def _heaviest(groups: list[dict[str, Any]]) -> str:
    return str(max(groups, key=lambda group: group["Weight"])["TargetGroupArn"])


class Listener(_WithActions):
    """`aws:lb/listener:Listener`."""

    actions = "defaultActions"


class ListenerRule(_WithActions):
    """`aws:lb/listenerRule:ListenerRule`; MiniStack stores its transforms, but does not apply them."""

    actions = "actions"

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new`.

        Raises:
            ResourceError: it has no priority, and the local run does not choose one.
        """
        if new.get("priority") is None:
            raise ResourceError(f"{self.token} {name!r} needs a `priority`, 1 to 50000")
        return super().prepare(cloud, name=name, old=old, new=new)

    def complete_arguments(
        self, operation: str, arguments: dict[str, Any], inputs: Properties
    ) -> dict[str, Any]:
        """Add the field of each condition: `host-header` for `HostHeaderConfig`."""
        for condition in arguments.get("Conditions", ()):
            (config,) = condition
            condition["Field"] = re.sub(r"(?<!^)(?=[A-Z])", "-", config.removesuffix("Config")).lower()
        if operation == "modify_rule" and not arguments.get("Transforms"):
            arguments = {**arguments, "ResetTransforms": True}
            arguments.pop("Transforms", None)
        return super().complete_arguments(operation, arguments, inputs)

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the listener from its ARN."""
        for condition in item["Conditions"]:
            # Both repeat the configuration.
            condition.pop("Field", None)
            condition.pop("Values", None)
        head, _, tail = identifier.partition(":listener-rule/")
        item["ListenerArn"] = f"{head}:listener/{tail.rpartition('/')[0]}"
        return super().outputs(cloud, identifier, item, inputs)
