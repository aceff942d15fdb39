"""ECS services: made, changed in place, and gone only when their containers are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError, ReadTimeoutError

from local.containers import clear_tasks
from local.resources import ecs_deployment
from local.resources import tags as tagging
from local.resources.aws_calls import call, code_of, explained
from local.resources.base import Diff, Handler, Properties, ResourceError
from local.resources.ecs import retag
from local.resources.shape import as_asked, strategy

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_SOURCE: Final = "hashicorp/aws internal/service/ecs/service.go: ForceNew"
_GONE: Final = frozenset(
    {"ServiceNotFoundException", "ClusterNotFoundException", "ServiceNotActiveException"}
)
_DELETE_SECONDS: Final = 90
_GRACE_SECONDS: Final = 10
"""How long the emulator may take to stop containers; it stops each within five seconds."""
_PAUSE_SECONDS: Final = 0.3
_DESCRIBE_AT_ONCE: Final = 10

_AT_CREATION: Final = {
    "name": "serviceName", "cluster": "cluster", "iamRole": "role", "launchType": "launchType",
    "schedulingStrategy": "schedulingStrategy", "deploymentController": "deploymentController",
}  # fmt: skip
"""Properties of the create call alone, with AWS's name for each."""
_PLAIN: Final = {
    "availabilityZoneRebalancing": "availabilityZoneRebalancing",
    "capacityProviderStrategies": "capacityProviderStrategy",
    "desiredCount": "desiredCount",
    "enableEcsManagedTags": "enableECSManagedTags",
    "enableExecuteCommand": "enableExecuteCommand",
    "healthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds",
    "orderedPlacementStrategies": "placementStrategy",
    "placementConstraints": "placementConstraints",
    "platformVersion": "platformVersion",
    "propagateTags": "propagateTags",
    "taskDefinition": "taskDefinition",
}
"""Properties that go to AWS as they are, with AWS's name for each."""
_DEPLOYMENT: Final = frozenset({
    "alarms", "deploymentCircuitBreaker", "deploymentConfiguration", "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
})  # fmt: skip
"""What AWS keeps in one `deploymentConfiguration`."""
_UNTOLD: Final[Properties] = {
    "availabilityZoneRebalancing": "ENABLED",
    "enableEcsManagedTags": False,
    "forceDelete": None,
    "forceNewDeployment": None,
    "orderedPlacementStrategies": None,
    "placementConstraints": None,
    "propagateTags": "NONE",
    "serviceRegistries": None,
    "sigintRollback": None,
    "triggers": None,
    "waitForSteadyState": False,
}
"""What the emulator does not tell, or does not change in an update, with what the provider has then."""
_SERVICE_LINKED_ROLE: Final = "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"


class Service(Handler):
    """A service; its id is its ARN."""

    token = "aws:ecs/service:Service"
    force_new = dict.fromkeys((*_AT_CREATION, "region"), _SOURCE)
    in_place = frozenset({
        *_PLAIN, *_DEPLOYMENT, "forceNewDeployment", "loadBalancers", "networkConfiguration",
        "serviceRegistries", "sigintRollback", "tags", "triggers", "waitForSteadyState",
    })  # fmt: skip
    settled_at_creation = frozenset({"forceDelete"})
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
        """Triggers count where a deployment is forced, and another capacity needs that.

        As hashicorp/aws internal/service/ecs/service.go, triggersCustomizeDiff and
        capacityProviderStrategyCustomizeDiff.

        Raises:
            ResourceError: another capacity provider strategy without `forceNewDeployment`.
        """
        difference = super().diff(old, new)
        forced = new.get("forceNewDeployment")
        if "capacityProviderStrategies" in difference.changed and not forced:
            raise ResourceError(
                "another `capacityProviderStrategies` needs a new deployment: set `forceNewDeployment`"
            )
        if not forced or (old.get("triggers") and not new.get("triggers")):
            changed = tuple(key for key in difference.changed if key != "triggers")
            return Diff(changed=changed, replace=difference.replace)
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
        """Create the service; its tasks start afterwards, unless `waitForSteadyState` waits for them.

        Raises:
            UnfinishedError: it is there, and not steady.
        """
        arguments = _arguments(inputs, frozenset(inputs) | _DEPLOYMENT, _AT_CREATION | _PLAIN)
        since = datetime.now(UTC)
        with explained(
            f"create ECS service {inputs['name']!r}", "A service of that name may be there already"
        ):
            created = cloud.client("ecs").create_service(
                tags=tagging.pairs(tagging.with_urn(inputs.get("tags"), urn), lower=True), **arguments
            )
        arn = str(created["service"]["serviceArn"])
        self._wait(cloud, arn, inputs, since=since, before=None)
        return arn

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the service as it is, or None."""
        live = _describe(cloud, id)
        if live is None:
            return None
        tags = tagging.visible(tagging.from_pairs(live.get("tags")))
        deployment: Properties = live.get("deploymentConfiguration") or {}
        return {
            **{key: default if inputs.get(key) is None else inputs[key] for key, default in _UNTOLD.items()},
            "alarms": as_asked(inputs.get("alarms"), deployment.get("alarms")),
            "arn": live["serviceArn"],
            "capacityProviderStrategies": _strategy_read(inputs, live),
            "cluster": _as_named(inputs.get("cluster"), str(live["clusterArn"])),
            "deploymentCircuitBreaker": as_asked(
                inputs.get("deploymentCircuitBreaker"), deployment.get("deploymentCircuitBreaker")
            ),
            "deploymentConfiguration": _deployment_read(inputs.get("deploymentConfiguration"), deployment),
            "deploymentController": live.get("deploymentController") or {"type": "ECS"},
            "deploymentMaximumPercent": deployment.get("maximumPercent", 200),
            "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent", 100),
            "desiredCount": live["desiredCount"],
            "enableExecuteCommand": live.get("enableExecuteCommand", False),
            "healthCheckGracePeriodSeconds": live.get("healthCheckGracePeriodSeconds", 0),
            "iamRole": live.get("roleArn") or inputs.get("iamRole") or _SERVICE_LINKED_ROLE,
            "launchType": live.get("launchType"),
            "loadBalancers": as_asked(
                inputs.get("loadBalancers"),
                [_rename(item, "loadBalancerName", "elbName") for item in live.get("loadBalancers", [])],
            ),
            "name": live["serviceName"],
            "networkConfiguration": _network_read(inputs.get("networkConfiguration"), live),
            "platformVersion": live.get("platformVersion") or inputs.get("platformVersion") or "LATEST",
            "region": cloud.region,
            "schedulingStrategy": live.get("schedulingStrategy", "REPLICA"),
            "tags": tags,
            "tagsAll": tags,
            "taskDefinition": _as_named(inputs.get("taskDefinition"), str(live["taskDefinition"])),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change the service, with a new deployment where `forceNewDeployment` asks for one.

        Raises:
            UnfinishedError: it is changed, and not steady.
        """
        with explained(f"update ECS service {new.get('name', id)!r}"):
            if "tags" in changed:
                retag(cloud, id, old, new)
            if set(changed) <= {"tags", *self.settled_at_creation}:
                return
            live = _describe(cloud, id)
            since = datetime.now(UTC)
            cloud.client("ecs").update_service(
                cluster=_cluster(new),
                service=id,
                forceNewDeployment=bool(new.get("forceNewDeployment", False)),
                **_arguments(new, frozenset(changed), _PLAIN),
            )
        before = None if live is None else ecs_deployment.completed_task_definition(live)
        self._wait(cloud, id, new, since=since, before=before)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Scale to none, delete, and wait until Docker has none of its containers."""
        ecs = cloud.client("ecs")
        cluster, name = _cluster_of(id), str(outputs.get("name") or id)
        tasks = _tasks(cloud, cluster, id)
        with explained(f"delete ECS service {name!r}"):
            for end in (
                lambda: ecs.update_service(cluster=cluster, service=id, desiredCount=0),
                lambda: ecs.delete_service(cluster=cluster, service=id, force=True),
            ):
                _patiently(end)
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

    @staticmethod
    def _wait(cloud: Cloud, arn: str, inputs: Properties, *, since: datetime, before: str | None) -> None:
        if inputs.get("waitForSteadyState"):
            ecs_deployment.wait_until_steady(
                cloud, arn, since=since, before=before, sigint_rollback=bool(inputs.get("sigintRollback"))
            )


def _patiently(end: Callable[[], Any]) -> None:
    """Call; a service that is gone is fine, and so is an answer that takes long.

    The emulator answers after it has stopped one container after the other; `delete` looks by itself.
    """
    try:
        end()
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
    found = call(
        cloud,
        "ecs",
        "describe_services",
        absent=_GONE,
        cluster=_cluster_of(arn),
        services=[arn],
        include=["TAGS"],
    )
    return next((service for service in found.get("services", []) if service["status"] == "ACTIVE"), None)


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


def _arguments(inputs: Properties, keys: frozenset[str], names: dict[str, str]) -> dict[str, Any]:
    """Return AWS's arguments for those of `keys` that are given, or were and have to be emptied.

    Args:
        inputs: what is asked for.
        keys: properties that the call is about.
        names: AWS's names of the properties that go to AWS as they are.
    """
    arguments: dict[str, Any] = {
        names[key]: inputs[key] for key in keys & names.keys() if inputs.get(key) not in (None, "")
    }
    if keys & _DEPLOYMENT:
        # The whole of it: AWS takes what is left out for a default.
        arguments["deploymentConfiguration"] = _deployment(inputs)
    if "capacityProviderStrategies" in keys:
        arguments.setdefault("capacityProviderStrategy", [])
    if "loadBalancers" in keys:
        balancers = cast("list[Properties]", inputs.get("loadBalancers") or [])
        arguments["loadBalancers"] = [_rename(item, "elbName", "loadBalancerName") for item in balancers]
    if "serviceRegistries" in keys and inputs.get("serviceRegistries"):
        arguments["serviceRegistries"] = [inputs["serviceRegistries"]]
    network: Properties | None = inputs.get("networkConfiguration")
    if "networkConfiguration" in keys and network:
        arguments["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
                "securityGroups": network.get("securityGroups") or [],
                "subnets": network["subnets"],
            }
        }
    return arguments


def _rename(item: Properties, old: str, new: str) -> Properties:
    return {(new if key == old else key): value for key, value in item.items() if value is not None}


def _deployment(inputs: Properties) -> Properties:
    asked = {
        "maximumPercent": inputs.get("deploymentMaximumPercent"),
        "minimumHealthyPercent": inputs.get("deploymentMinimumHealthyPercent"),
        "deploymentCircuitBreaker": inputs.get("deploymentCircuitBreaker"),
        "alarms": inputs.get("alarms"),
        **_with_minutes(inputs.get("deploymentConfiguration") or {}, int),
    }
    given = {key: value for key, value in asked.items() if value is not None}
    return {"maximumPercent": 200, "minimumHealthyPercent": 100} | given


def _deployment_read(asked: Properties | None, live: Properties) -> Properties:
    """Return what the provider calls `deploymentConfiguration`: AWS has more in it."""
    beside = {"maximumPercent", "minimumHealthyPercent", "deploymentCircuitBreaker", "alarms"}
    found = {key: value for key, value in live.items() if key not in beside}
    told = as_asked(asked, _with_minutes(found, str))
    return told or {"strategy": "ROLLING", "bakeTimeInMinutes": "0"}


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


def _network_read(asked: Properties | None, live: Properties) -> Properties | None:
    """Return the live network configuration as the program writes it."""
    configuration = cast("Properties", live.get("networkConfiguration") or {})
    network = cast("Properties", configuration.get("awsvpcConfiguration") or {})
    if not network:
        return None
    found: Properties = {
        "assignPublicIp": network.get("assignPublicIp") == "ENABLED",
        "securityGroups": network.get("securityGroups") or [],
        "subnets": network.get("subnets") or [],
    }
    complete = {"assignPublicIp": False, **(asked or {})}
    return asked if as_asked(complete, found) is complete else found


def _strategy_read(inputs: Properties, live: Properties) -> Any:
    """Return the live capacity provider strategy, as it was asked for where it means the same."""
    asked = inputs.get("capacityProviderStrategies")
    found: list[Properties] = live.get("capacityProviderStrategy") or []
    return asked if strategy(asked) == strategy(found) else found
