"""A service as the program writes it, and as ECS does: the way there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from local.resources.base import Properties
from local.resources.shape import as_asked, strategy

PLAIN: Final = {
    "availabilityZoneRebalancing": "availabilityZoneRebalancing",
    "enableEcsManagedTags": "enableECSManagedTags",
    "enableExecuteCommand": "enableExecuteCommand",
    "healthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds",
    "placementConstraints": "placementConstraints",
    "orderedPlacementStrategies": "placementStrategy",
    "platformVersion": "platformVersion",
    "propagateTags": "propagateTags",
    "taskDefinition": "taskDefinition",
    "desiredCount": "desiredCount",
    "serviceRegistries": "serviceRegistries",
}
"""Properties that go to AWS as they are, with AWS's name for each."""
DEPLOYMENT: Final = frozenset({
    "alarms", "deploymentCircuitBreaker", "deploymentConfiguration", "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
})  # fmt: skip


def arguments_of(inputs: Properties, keys: Iterable[str]) -> dict[str, Any]:
    """Return AWS's arguments for those of `keys` that are given, or were and have to be emptied."""
    wanted = set(keys)
    arguments: dict[str, Any] = {
        PLAIN[key]: inputs[key] for key in wanted & PLAIN.keys() if inputs.get(key) is not None
    }
    if wanted & DEPLOYMENT:
        # The whole of it: AWS takes what is left out for a default.
        arguments["deploymentConfiguration"] = _deployment(inputs)
    if "capacityProviderStrategies" in wanted:
        arguments["capacityProviderStrategy"] = inputs.get("capacityProviderStrategies") or []
    if "loadBalancers" in wanted:
        balancers = cast("list[Properties]", inputs.get("loadBalancers") or [])
        arguments["loadBalancers"] = [_balancer(balancer) for balancer in balancers]
    if "networkConfiguration" in wanted and inputs.get("networkConfiguration"):
        network = cast("Properties", inputs["networkConfiguration"])
        arguments["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
                "securityGroups": network.get("securityGroups") or [],
                "subnets": network["subnets"],
            }
        }
    return arguments


def _balancer(asked: Properties) -> Properties:
    balancer = {key: value for key, value in asked.items() if value is not None}
    if "elbName" in balancer:
        balancer["loadBalancerName"] = balancer.pop("elbName")
    return balancer


def balancer_of(live: Properties) -> Properties:
    """Return a load balancer of a live service as the program writes it."""
    balancer = dict(live)
    if "loadBalancerName" in balancer:
        balancer["elbName"] = balancer.pop("loadBalancerName")
    return balancer


def network_of(asked: Properties | None, live: Properties | None) -> Properties | None:
    """Return the live network configuration as the program writes it."""
    network = cast("Properties", (live or {}).get("awsvpcConfiguration") or {})
    if not network:
        return None
    found: Properties = {
        "assignPublicIp": network.get("assignPublicIp") == "ENABLED",
        "securityGroups": network.get("securityGroups") or [],
        "subnets": network.get("subnets") or [],
    }
    complete = {"assignPublicIp": False, **(asked or {})}
    return asked if as_asked(complete, found) is complete else found


def strategy_of(inputs: Properties, live: Properties) -> Any:
    """Return the live capacity provider strategy, as it was asked for where it means the same."""
    asked = inputs.get("capacityProviderStrategies")
    found: list[Properties] = live.get("capacityProviderStrategy") or []
    return asked if strategy(asked) == strategy(found) else found


def _deployment(inputs: Properties) -> Properties:
    configuration: Properties = {
        "maximumPercent": _or_default(inputs.get("deploymentMaximumPercent"), 200),
        "minimumHealthyPercent": _or_default(inputs.get("deploymentMinimumHealthyPercent"), 100),
    }
    if inputs.get("deploymentCircuitBreaker"):
        configuration["deploymentCircuitBreaker"] = inputs["deploymentCircuitBreaker"]
    if inputs.get("alarms"):
        configuration["alarms"] = inputs["alarms"]
    configuration |= _with_minutes(inputs.get("deploymentConfiguration") or {}, int)
    return configuration


def _or_default(value: int | None, default: int) -> int:
    return default if value is None else value


def deployment_of(asked: Properties | None, live: Properties) -> Properties | None:
    """Return what the program calls `deploymentConfiguration`: AWS has more in it."""
    beside = {"maximumPercent", "minimumHealthyPercent", "deploymentCircuitBreaker", "alarms"}
    found = {key: value for key, value in live.items() if key not in beside}
    return as_asked(asked, _with_minutes(found, str)) or None


def _with_minutes(value: Any, convert: Callable[[Any], Any]) -> Any:
    """Return `value` with every `...InMinutes` converted: the provider has texts where AWS has numbers."""
    if isinstance(value, dict):
        return {
            key: convert(item)
            if key.endswith("InMinutes") and item is not None
            else _with_minutes(item, convert)
            for key, item in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list):
        return [_with_minutes(item, convert) for item in cast("list[Any]", value)]
    return value
