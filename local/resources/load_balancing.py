"""What rows cannot say of load balancers, target groups, listeners and their rules."""

from __future__ import annotations

import re
from typing import Any, Final

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.row_handler import RowHandler

PROTOCOL_VERSION: Final = f"{tagging.OWN_PREFIX}protocol-version"
_KINDS: Final = ("fixed-response", "forward", "redirect")


class WithArnSuffix(RowHandler):
    """`aws:lb/loadBalancer:LoadBalancer` and `aws:lb/targetGroup:TargetGroup`."""

    def complete(self, operation: str, arguments: dict[str, Any], inputs: Properties) -> dict[str, Any]:
        """Say by its scheme whether a load balancer is internal, and its subnets a second time.

        MiniStack knows no mappings of subnets, with which a network load balancer has fixed addresses.
        """
        if operation == "create_load_balancer":
            arguments["Scheme"] = "internal" if inputs.get("internal") else "internet-facing"
        if mappings := arguments.get("SubnetMappings"):
            arguments["Subnets"] = [mapping["SubnetId"] for mapping in mappings]
        return arguments

    def tag_arguments(self, cloud: Cloud, urn: str, inputs: Properties) -> dict[str, Any]:
        """Keep the version of the protocol by a tag: MiniStack forgets it, and health checks go by it."""
        version = inputs.get("protocolVersion")
        own = {PROTOCOL_VERSION: version} if version else {}
        return super().tag_arguments(cloud, urn, {**inputs, "tags": {**(inputs.get("tags") or {}), **own}})

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add the part of its ARN that metrics have, and the VPC that MiniStack does not look for."""
        if zones := item.get("AvailabilityZones"):
            asked: dict[str, Any] = {"SubnetIds": [zones[0]["SubnetId"]]}
            gone = ("InvalidSubnetID.NotFound",)
            found = call(cloud, "ec2", "describe_subnets", absent=gone, **asked)
            item["VpcId"] = next((subnet["VpcId"] for subnet in found.get("Subnets", ())), None)
        outputs = super().outputs(cloud, identifier, item, inputs)
        return {**outputs, "arnSuffix": identifier.rpartition(":")[2].removeprefix("loadbalancer/")}


class _WithActions(RowHandler):
    """Has actions; MiniStack ignores the weights of a forward, and returns one target group."""

    actions: str
    """The property that holds them."""

    def complete(self, operation: str, arguments: dict[str, Any], inputs: Properties) -> dict[str, Any]:
        """Name the heaviest target group beside the weights.

        Raises:
            ResourceError: a kind of action that the emulator does not do.
        """
        del operation, inputs
        for action in arguments.get(self.actions[0].upper() + self.actions[1:], ()):
            if action["Type"] not in _KINDS:
                raise ResourceError(
                    f"{self.token}: action type {action['Type']!r}; the local run does {', '.join(_KINDS)}"
                )
            if forward := action.get("ForwardConfig"):
                action["TargetGroupArn"] = _heaviest(forward["TargetGroups"])
        return arguments

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return weights as they were asked for, or as a deployment moved them."""
        member = self.actions[0].upper() + self.actions[1:]
        forms: list[Properties] = inputs.get(self.actions) or []
        for action, asked in zip(item[member], forms, strict=False):
            forward: Properties = asked.get("forward") or {}
            asked_groups: list[Properties] = forward.get("targetGroups") or []
            groups = [
                {"TargetGroupArn": group["arn"], "Weight": int(group.get("weight") or 0)}
                for group in asked_groups
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
    """`aws:lb/listenerRule:ListenerRule`; MiniStack keeps its transforms, but does not apply them."""

    actions = "actions"

    def fill(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new`.

        Raises:
            ResourceError: it has no priority; the local run chooses none.
        """
        if new.get("priority") is None:
            raise ResourceError(f"{self.token} {name!r} needs a `priority`, 1 to 50000")
        return super().fill(cloud, name=name, old=old, new=new)

    def complete(self, operation: str, arguments: dict[str, Any], inputs: Properties) -> dict[str, Any]:
        """Name the field of each condition: `HostHeaderConfig` is about `host-header`."""
        for condition in arguments.get("Conditions", ()):
            (config,) = condition
            condition["Field"] = re.sub(r"(?<!^)(?=[A-Z])", "-", config.removesuffix("Config")).lower()
        if operation == "modify_rule" and not arguments.get("Transforms"):
            arguments = {**arguments, "ResetTransforms": True}
            arguments.pop("Transforms", None)
        return super().complete(operation, arguments, inputs)

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Add its listener, which its ARN names."""
        for condition in item["Conditions"]:
            # Both repeat what the configuration says.
            condition.pop("Field", None)
            condition.pop("Values", None)
        head, _, tail = identifier.partition(":listener-rule/")
        item["ListenerArn"] = f"{head}:listener/{tail.rpartition('/')[0]}"
        return super().outputs(cloud, identifier, item, inputs)
