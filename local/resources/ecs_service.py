"""ECS services: made, changed in place, and gone only when their containers are."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from local.docker import clear_tasks
from local.resources import ecs_deployment
from local.resources import tags as tagging
from local.resources.aws_calls import code_of, explained
from local.resources.base import Diff, Properties, ResourceError
from local.resources.ecs import GONE, cluster_of, task_arns
from local.resources.row import Change, Row, Tags
from local.resources.row_handler import RowHandler

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_DEPLOYMENT: Final = (
    "alarms deploymentCircuitBreaker deploymentConfiguration deploymentMaximumPercent "
    "deploymentMinimumHealthyPercent"
)
"""What AWS keeps in one `deploymentConfiguration`, and takes a default for where it is left out."""
_OWN: Final = "forceNewDeployment sigintRollback triggers waitForSteadyState"
"""Properties of the provider and of the update call."""
_UNTOLD: Final = (
    "availabilityZoneRebalancing enableEcsManagedTags orderedPlacementStrategies placementConstraints "
    "propagateTags serviceRegistries"
)
_STRATEGY: Final = (
    "bakeTimeInMinutes", "canaryConfiguration", "lifecycleHooks", "linearConfiguration", "strategy",
)  # fmt: skip
_ROW: Final = Row(
    "aws:ecs/service:Service",
    "ecs",
    source="ecs/service.go",
    create="create_service",
    read="describe_services",
    delete="delete_service",
    by="service|services",
    items="services[?status=='ACTIVE']",
    id="service.serviceArn",
    absent=GONE,
    name="name",
    tags=Tags(
        "", "tag_resource", "untag_resource", "resourceArn", answer="tags", argument="tags", keys="tagKeys"
    ),
    replace="cluster deploymentController iamRole launchType name schedulingStrategy",
    changes=(
        Change(
            "update_service",
            "capacityProviderStrategies desiredCount enableExecuteCommand healthCheckGracePeriodSeconds "
            "loadBalancers networkConfiguration platformVersion taskDefinition "
            f"{_UNTOLD} {_DEPLOYMENT} {_OWN}",
        ),
    ),
    settled="forceDelete",
    names={
        "alarms": "deploymentConfiguration.alarms",
        "cluster": "cluster|clusterArn",
        "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
        "deploymentConfiguration": ".",
        **{f"deploymentConfiguration.{key}": f"deploymentConfiguration.{key}" for key in _STRATEGY},
        "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
        "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
        "iamRole": "role|roleArn",
        "loadBalancers.elbName": "loadBalancerName",
        "name": "serviceName",
        "networkConfiguration": "networkConfiguration.awsvpcConfiguration",
        "orderedPlacementStrategies": "placementStrategy",
    },
    sets="alarms capacityProviderStrategies loadBalancers networkConfiguration placementConstraints",
    arguments={"describe_services": {"include": ["TAGS"]}},
    defaults={
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "enableEcsManagedTags": False,
        "enableExecuteCommand": False,
        "networkConfiguration.assignPublicIp": False,
        "schedulingStrategy": "REPLICA",
        "waitForSteadyState": False,
    },
    forgotten=f"{_UNTOLD} {_OWN}",
    outputs={"arn": "serviceArn"},
)
_COMPUTED: Final[Properties] = {
    "availabilityZoneRebalancing": "ENABLED",
    "deploymentConfiguration": {"strategy": "ROLLING", "bakeTimeInMinutes": "0"},
    "iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
    "platformVersion": "LATEST",
    "propagateTags": "NONE",
}
"""What ECS decides where it is not asked, and the emulator does not tell."""
_DELETE_SECONDS: Final = 90
_GRACE_SECONDS: Final = 10
"""How long the emulator may take to stop containers; it stops each within five seconds."""
_PAUSE_SECONDS: Final = 0.3


class Service(RowHandler):
    """A service; its id is its ARN."""

    # Autoscaling changes it behind the program's back, and without autoscaling the program has the say again.
    compared_with_outputs = frozenset({"desiredCount"})

    def __init__(self) -> None:
        super().__init__(_ROW)

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
        if forced and (new.get("triggers") or not old.get("triggers")):
            return difference
        changed = tuple(key for key in difference.changed if key != "triggers")
        return Diff(changed=changed, replace=difference.replace)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag, among the services of its cluster."""
        cluster = inputs.get("cluster") or "default"
        for arn in self.call(cloud, "list_services", absent=True, cluster=cluster).get("serviceArns", []):
            item = None if cloud.is_known(self.token, arn) else self.describe(cloud, arn, inputs)
            if item is not None and tagging.carries(tagging.from_pairs(item["tags"]), urn):
                return str(arn)
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the service; its tasks start afterwards, unless `waitForSteadyState` waits for them.

        Raises:
            UnfinishedError: it is there, and not steady.
        """
        since = datetime.now(UTC)
        asked = {key: value for key, value in inputs.items() if key not in _OWN.split()}
        arn = super().create(cloud, urn=urn, inputs=asked)
        _wait(cloud, arn, inputs, since=since, before=None)
        return arn

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return the service as it is, cluster and task definition by the names that were asked for."""
        network = item.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        network["assignPublicIp"] = network.get("assignPublicIp") == "ENABLED"
        outputs = super().outputs(cloud, identifier, item, inputs)
        for key, default in _COMPUTED.items():
            outputs[key] = outputs[key] or default
        for key in ("cluster", "taskDefinition"):
            if str(outputs[key]).endswith(f"/{inputs.get(key)}"):
                outputs[key] = inputs[key]
        return outputs

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change the service, with a new deployment where `forceNewDeployment` asks for one.

        Raises:
            UnfinishedError: it is changed, and not steady.
        """
        live = self.describe(cloud, id, new)
        keys = {*changed, "forceNewDeployment"}
        if keys & set(_DEPLOYMENT.split()):
            keys.update(_DEPLOYMENT.split())
        since = datetime.now(UTC)
        # Nothing else: what scales the service changed its count meanwhile.
        asked = {key: new.get(key) for key in {*keys, "tags"}}
        super().update(cloud, id=id, old=old, new=asked, changed=changed)
        if set(changed) - {"tags"}:
            before = ecs_deployment.completed_task_definition(live) if live else None
            _wait(cloud, id, new, since=since, before=before)

    def identity(self, cloud: Cloud, operation: str, identifier: str) -> dict[str, Any]:
        """Name the cluster, too."""
        return {**super().identity(cloud, operation, identifier), "cluster": cluster_of(identifier)}

    def complete(self, operation: str, arguments: dict[str, Any], inputs: Properties) -> dict[str, Any]:
        """Spell as AWS does whether tasks have a public address."""
        del operation, inputs
        if network := arguments.get("networkConfiguration", {}).get("awsvpcConfiguration"):
            network["assignPublicIp"] = "ENABLED" if network.get("assignPublicIp") == "true" else "DISABLED"
        return arguments

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Scale to none, delete, and wait until Docker has none of its containers."""
        ecs, name = cloud.client("ecs"), str(outputs.get("name") or id)
        named = {"cluster": cluster_of(id), "service": id}
        with explained(f"delete ECS service {name!r}"):
            _patiently(lambda: ecs.update_service(**named, desiredCount=0))
            _patiently(lambda: ecs.delete_service(**named, force=True))
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            # Asked each time: one that crashes is started again while the service is deleted.
            tasks = {*task_arns(cloud, id, "RUNNING"), *task_arns(cloud, id, "STOPPED")}
            remaining = clear_tasks(tasks, running=waited > _GRACE_SECONDS)
            if self.describe(cloud, id, outputs) is not None:
                remaining.append("the service itself")
            if not remaining:
                return
            if waited > _DELETE_SECONDS:
                raise ResourceError(
                    f"ECS service {name!r} is not gone after {_DELETE_SECONDS} s, {', '.join(remaining)} "
                    f"is there still: remove containers with `docker rm --force`, and run this again",
                )
            time.sleep(_PAUSE_SECONDS)


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
        if code_of(error) not in GONE.split():
            raise
