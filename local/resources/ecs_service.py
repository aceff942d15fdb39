"""ECS services: made, changed in place, and gone only when their containers are."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Diff, Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.ecs import DEPLOYMENT, GONE, OWN, cluster_of, task_arns
from local.resources.row_handler import RowHandler

_DELETE_SECONDS: Final = 90
_GRACE_SECONDS: Final = 10
"""How long the emulator may take to stop containers; it stops each within five seconds."""
_PAUSE_SECONDS: Final = 0.3


class Service(RowHandler):
    """A service; its id is its ARN."""

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
        gone = GONE.split()
        listed = call(cloud, "ecs", "list_services", absent=gone, all_pages=True, cluster=cluster)
        for arn in listed.get("serviceArns", []):
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
        asked = {key: value for key, value in inputs.items() if key not in OWN.split()}
        arn = super().create(cloud, urn=urn, inputs=asked)
        _wait(cloud, arn, inputs, since=since)
        return arn

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return the service as it is, cluster and task definition by the names that were asked for."""
        network = item.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        network["assignPublicIp"] = network.get("assignPublicIp") == "ENABLED"
        outputs = super().outputs(cloud, identifier, item, inputs)
        for key in ("cluster", "taskDefinition"):
            if str(outputs[key]).endswith(f"/{inputs.get(key)}"):
                outputs[key] = inputs[key]
        return outputs

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change the service, with a new deployment where `forceNewDeployment` asks for one.

        Raises:
            UnfinishedError: it is changed, and not steady.
        """
        live = self.describe(cloud, id, new)
        keys = {*changed, "forceNewDeployment"}
        if keys & set(DEPLOYMENT.split()):
            keys.update(DEPLOYMENT.split())
        since = datetime.now(UTC)
        # Nothing else: what scales the service changed its count meanwhile.
        asked = {key: new.get(key) for key in {*keys, "tags"}}
        super().update(cloud, id=id, old=old, new=asked, changed=changed)
        if set(changed) - {"tags"}:
            _wait(cloud, id, new, since=since, before=live)

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
        from local.task_containers import clear_tasks

        self._call_patiently(cloud, "update_service", id, desiredCount=0)
        self._call_patiently(cloud, "delete_service", id, force=True)
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
                    f"ECS service {outputs.get('name') or id!r} is not gone after {_DELETE_SECONDS} s, "
                    f"{', '.join(remaining)} still exists: remove containers with `docker rm --force`, and "
                    f"run this again",
                )
            time.sleep(_PAUSE_SECONDS)

    def _call_patiently(self, cloud: Cloud, operation: str, identifier: str, **arguments: Any) -> None:
        """Call; an answer that takes long is fine: the emulator first stops one container after the other."""
        from botocore.exceptions import ReadTimeoutError

        try:
            self.call(
                cloud, operation, absent=True, cluster=cluster_of(identifier), service=identifier, **arguments
            )
        except ResourceError as error:
            if not isinstance(error.__cause__, ReadTimeoutError):
                raise


def _wait(
    cloud: Cloud, arn: str, inputs: Properties, *, since: datetime, before: Properties | None = None
) -> None:
    if inputs.get("waitForSteadyState"):
        from local.resources import ecs_deployment

        ecs_deployment.wait_until_steady(
            cloud, arn, since=since, before=before, sigint_rollback=bool(inputs.get("sigintRollback"))
        )
