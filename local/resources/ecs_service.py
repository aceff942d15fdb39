"""ECS services: made, changed in place, and gone only when their containers are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from local.docker import clear_tasks
from local.resources import tags as tagging
from local.resources.base import Diff, Properties, ResourceError
from local.resources.ecs import retag
from local.resources.ecs_service_form import (
    DEPLOYMENT,
    PLAIN,
    arguments_of,
    balancer_of,
    deployment_of,
    network_of,
    strategy_of,
)
from local.resources.emulated import EmulatedResource
from local.resources.errors import code_of, explained
from local.resources.shape import as_asked, strategy

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_SOURCE = "hashicorp/aws internal/service/ecs/service.go: ForceNew"
_GONE: Final = frozenset(
    {"ServiceNotFoundException", "ClusterNotFoundException", "ServiceNotActiveException"}
)
_STEADY_SECONDS: Final = 600
_DELETE_SECONDS: Final = 90
_GRACE_SECONDS: Final = 10
"""How long the emulator may take to stop containers; it stops each within five seconds."""
_PAUSE_SECONDS: Final = 0.3
_DESCRIBE_AT_ONCE: Final = 10

_UNTOLD: Final = (
    "availabilityZoneRebalancing", "enableEcsManagedTags", "forceDelete", "forceNewDeployment",
    "orderedPlacementStrategies", "placementConstraints", "propagateTags", "serviceRegistries",
    "sigintRollback", "triggers", "waitForSteadyState",
)  # fmt: skip
"""What the emulator does not tell, or does not change in an update; the state is believed instead."""


class Service(EmulatedResource):
    """A service; its id is its ARN."""

    token = "aws:ecs/service:Service"
    force_new = dict.fromkeys(
        ("name", "cluster", "iamRole", "launchType", "schedulingStrategy", "deploymentController", "region"),
        _SOURCE,
    )
    in_place = frozenset({
        *PLAIN, *DEPLOYMENT, "capacityProviderStrategies", "forceNewDeployment", "loadBalancers",
        "networkConfiguration", "tags", "triggers",
    })  # fmt: skip
    settled_at_creation = frozenset({"forceDelete", "sigintRollback", "waitForSteadyState"})
    name_property = "name"
    tagged = True

    def same(self, key: str, old: Any, new: Any) -> bool:
        """A strategy means the same with weight and base 0 written out as without."""
        if key == "capacityProviderStrategies" and isinstance(old, list) and isinstance(new, list):
            try:
                return strategy(old) == strategy(new)
            except KeyError:
                return super().same(key, old, new)
        return super().same(key, old, new)

    def diff(self, old: Properties, new: Properties) -> Diff:
        """Another capacity provider strategy is a new service, unless a deployment is forced.

        As hashicorp/aws internal/service/ecs/service.go, capacityProviderStrategyCustomizeDiff.
        """
        difference = super().diff(old, new)
        key = "capacityProviderStrategies"
        in_place = new.get("forceNewDeployment") and bool(old.get(key)) == bool(new.get(key))
        if key in difference.changed and not in_place:
            return Diff(changed=difference.changed, replace=tuple(sorted({*difference.replace, key})))
        return difference

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag, among the services of its cluster."""
        cluster = _cluster(inputs)
        ecs = cloud.client("ecs")
        with explained(f"look for services of ECS cluster {cluster!r}"):
            try:
                pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
                arns = [str(arn) for page in pages for arn in page["serviceArns"]]
                unknown = [arn for arn in arns if not cloud.is_known(self.token, arn)]
                for start in range(0, len(unknown), _DESCRIBE_AT_ONCE):
                    described = ecs.describe_services(
                        cluster=cluster, services=unknown[start : start + _DESCRIBE_AT_ONCE], include=["TAGS"]
                    )
                    for service in described["services"]:
                        if tagging.carries(tagging.from_pairs(service.get("tags")), urn):
                            return str(service["serviceArn"])
            except ClientError as error:
                if code_of(error) not in _GONE:
                    raise
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the service; its tasks start afterwards, unless `waitForSteadyState` waits for them."""
        name = str(inputs["name"])
        arguments = arguments_of(
            inputs, PLAIN.keys() | DEPLOYMENT | {"loadBalancers", "networkConfiguration"}
        )
        for key in ("launchType", "schedulingStrategy", "deploymentController"):
            if inputs.get(key):
                arguments[key] = inputs[key]
        if inputs.get("iamRole"):
            arguments["role"] = inputs["iamRole"]
        if inputs.get("capacityProviderStrategies"):
            arguments["capacityProviderStrategy"] = inputs["capacityProviderStrategies"]
        with explained(f"create ECS service {name!r}", "A service of that name may be there already"):
            created = cloud.client("ecs").create_service(
                cluster=_cluster(inputs),
                serviceName=name,
                tags=tagging.pairs(tagging.with_urn(inputs.get("tags"), urn), lower=True),
                **arguments,
            )
        arn = str(created["service"]["serviceArn"])
        if inputs.get("waitForSteadyState"):
            _wait_until_steady(cloud, arn)
        return arn

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the service as it is, or None."""
        live = _describe(cloud, id)
        if live is None:
            return None
        tags = tagging.visible(tagging.from_pairs(live.get("tags")))
        deployment: Properties = live.get("deploymentConfiguration") or {}
        outputs: Properties = {key: inputs.get(key) for key in _UNTOLD}
        outputs |= {
            "alarms": as_asked(inputs.get("alarms"), deployment.get("alarms")),
            "arn": live["serviceArn"],
            "capacityProviderStrategies": strategy_of(inputs, live),
            "cluster": _as_named(inputs.get("cluster"), str(live["clusterArn"])),
            "deploymentCircuitBreaker": as_asked(
                inputs.get("deploymentCircuitBreaker"), deployment.get("deploymentCircuitBreaker")
            ),
            "deploymentConfiguration": deployment_of(inputs.get("deploymentConfiguration"), deployment),
            "deploymentController": live.get("deploymentController") or {"type": "ECS"},
            "deploymentMaximumPercent": deployment.get("maximumPercent", 200),
            "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent", 100),
            "desiredCount": live["desiredCount"],
            "enableExecuteCommand": live.get("enableExecuteCommand", False),
            "healthCheckGracePeriodSeconds": live.get("healthCheckGracePeriodSeconds", 0),
            "iamRole": live.get("roleArn") or inputs.get("iamRole"),
            "launchType": live.get("launchType"),
            "loadBalancers": as_asked(
                inputs.get("loadBalancers"), [balancer_of(item) for item in live.get("loadBalancers", [])]
            ),
            "name": live["serviceName"],
            "networkConfiguration": network_of(
                inputs.get("networkConfiguration"), live.get("networkConfiguration")
            ),
            "platformVersion": live.get("platformVersion") or inputs.get("platformVersion") or "LATEST",
            "region": cloud.region,
            "schedulingStrategy": live.get("schedulingStrategy", "REPLICA"),
            "tags": tags,
            "tagsAll": tags,
            "taskDefinition": _as_named(inputs.get("taskDefinition"), str(live["taskDefinition"])),
        }
        return outputs

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change the service, with a new deployment where `forceNewDeployment` asks for one."""
        with explained(f"update ECS service {new.get('name', id)!r}"):
            if "tags" in changed:
                retag(cloud, id, old, new)
            if set(changed) <= {"tags", *self.settled_at_creation}:
                return
            cloud.client("ecs").update_service(
                cluster=_cluster(new),
                service=id,
                forceNewDeployment=bool(new.get("forceNewDeployment", False)),
                **arguments_of(new, frozenset(changed)),
            )
        if new.get("waitForSteadyState"):
            _wait_until_steady(cloud, id)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Scale to none, delete, and wait until Docker has none of its containers."""
        ecs = cloud.client("ecs")
        cluster, name = _cluster_of(id), str(outputs.get("name") or id)
        tasks = _tasks(cloud, cluster, id)
        with explained(f"delete ECS service {name!r}"):
            for call in (
                lambda: ecs.update_service(cluster=cluster, service=id, desiredCount=0),
                lambda: ecs.delete_service(cluster=cluster, service=id, force=True),
            ):
                _patiently(call)
        begin = time.monotonic()
        while True:
            waited = time.monotonic() - begin
            remaining = [*clear_tasks(tasks, running=waited > _GRACE_SECONDS), *_still_there(cloud, id)]
            if not remaining:
                return
            if waited > _DELETE_SECONDS:
                raise ResourceError(
                    f"ECS service {name!r} is not gone after {_DELETE_SECONDS} s, {', '.join(remaining)} "
                    f"is there still: remove containers with `docker rm --force`, and run this again",
                )
            time.sleep(_PAUSE_SECONDS)


def _patiently(call: Callable[[], Any]) -> None:
    """Call; a service that is gone is fine, and so is an answer that takes long.

    The emulator answers after it has stopped one container after the other; `delete` looks by itself.
    """
    try:
        call()
    except ReadTimeoutError:
        pass
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise


def _cluster(inputs: Properties) -> str:
    return str(inputs.get("cluster") or "default")


def _cluster_of(arn: str) -> str:
    """Return the cluster's name in a service's ARN."""
    return arn.partition(":service/")[2].partition("/")[0]


def _as_named(asked: Any, live: str) -> str:
    """Return `asked` where it is a shorter name of the ARN `live` (`family:2`, a cluster's name)."""
    return asked if isinstance(asked, str) and live.endswith(f"/{asked}") else live


def _describe(cloud: Cloud, arn: str) -> Properties | None:
    with explained(f"read ECS service {arn}"):
        try:
            found = cloud.client("ecs").describe_services(
                cluster=_cluster_of(arn), services=[arn], include=["TAGS"]
            )["services"]
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise
    return next((service for service in found if service["status"] == "ACTIVE"), None)


def _still_there(cloud: Cloud, arn: str) -> Iterable[str]:
    return () if _describe(cloud, arn) is None else ("the service itself",)


def _tasks(cloud: Cloud, cluster: str, arn: str) -> set[str]:
    """Return the ARNs of the service's tasks, stopping ones too: their containers may be there still."""
    arns: set[str] = set()
    with explained(f"list the tasks of ECS service {arn}"):
        try:
            for status in ("RUNNING", "STOPPED"):
                pages = (
                    cloud.client("ecs")
                    .get_paginator("list_tasks")
                    .paginate(cluster=cluster, serviceName=arn.rpartition("/")[2], desiredStatus=status)
                )
                arns.update(str(task) for page in pages for task in page["taskArns"])
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise
    return arns


def _wait_until_steady(cloud: Cloud, arn: str) -> None:
    deadline = time.monotonic() + _STEADY_SECONDS
    while True:
        live = _describe(cloud, arn)
        if live is None:
            raise ResourceError(f"ECS service {arn} went away while its tasks were starting")
        deployments = live["deployments"]
        primary = deployments[0]
        if primary.get("rolloutState") == "FAILED" or any(
            item.get("rolloutState") == "FAILED" for item in deployments
        ):
            reason = primary.get("rolloutStateReason") or "see its events"
            raise ResourceError(f"the deployment of ECS service {live['serviceName']!r} failed: {reason}")
        settled = len(deployments) == 1 and primary.get("rolloutState") == "COMPLETED"
        if settled and live["runningCount"] == live["desiredCount"]:
            return
        if time.monotonic() > deadline:
            raise ResourceError(
                f"ECS service {live['serviceName']!r} is not steady after {_STEADY_SECONDS} s: "
                f"{live['runningCount']} of {live['desiredCount']} tasks run; see `make logs`",
            )
        time.sleep(_PAUSE_SECONDS)
