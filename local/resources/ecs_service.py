"""ECS services; a service is deleted only when its containers are."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from local.resources.base import Diff, Names, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.ecs import DEPLOYMENT_PROPERTIES, PROVIDER_PROPERTIES, cluster_of, task_arns
from local.resources.row_handler import RowHandler

_DELETE_SECONDS: Final = 90
_GRACE_SECONDS: Final = 10
"""How long the emulator may take to stop containers; it stops each within five seconds."""
_PAUSE_SECONDS: Final = 0.3


class Service(RowHandler):
    """A service; its id is its ARN."""

    def diff(self, old: Properties, new: Properties) -> Diff:
        """Ignore triggers without a forced deployment, which another capacity requires.

        As hashicorp/aws internal/service/ecs/service.go, triggersCustomizeDiff and
        capacityProviderStrategyCustomizeDiff.

        Raises:
            ResourceError: another capacity provider strategy without `forceNewDeployment`.
        """
        difference = super().diff(old, new)
        forced = new.get("forceNewDeployment")
        if "capacityProviderStrategies" in difference.changed and not forced:
            raise ResourceError(
                "a change of `capacityProviderStrategies` requires a new deployment: set `forceNewDeployment`"
            )
        if forced and (new.get("triggers") or not old.get("triggers")):
            return difference
        changed = tuple(key for key in difference.changed if key != "triggers")
        return Diff(changed=changed, replace=difference.replace)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the service; its tasks start afterwards, unless `waitForSteadyState` waits for them.

        Raises:
            UnfinishedError: it was created, and is not steady.
        """
        since = datetime.now(UTC)
        sent = {key: value for key, value in inputs.items() if key not in PROVIDER_PROPERTIES.split()}
        arn = super().create(cloud, urn=urn, inputs=sent)
        _wait(cloud, arn, inputs, since=since)
        return arn

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return cluster and task definition by the names of the inputs."""
        network = item.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        network["assignPublicIp"] = network.get("assignPublicIp") == "ENABLED"
        outputs = super().outputs(cloud, identifier, item, inputs)
        for key in ("cluster", "taskDefinition"):
            if str(outputs[key]).endswith(f"/{inputs.get(key)}"):
                outputs[key] = inputs[key]
        return outputs

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change the service, with a new deployment where `forceNewDeployment` is set.

        Raises:
            UnfinishedError: it was changed, and is not steady.
        """
        live = self.describe(cloud, id, new)
        keys = {*changed, "forceNewDeployment"}
        if keys & set(DEPLOYMENT_PROPERTIES.split()):
            keys.update(DEPLOYMENT_PROPERTIES.split())
        since = datetime.now(UTC)
        # Nothing else: autoscaling may have changed the count since.
        sent = {key: new.get(key) for key in {*keys, "tags"}}
        super().update(cloud, id=id, old=old, new=sent, changed=changed)
        if set(changed) - {"tags"}:
            _wait(cloud, id, new, since=since, before=live)

    def identifying_arguments(self, cloud: Cloud, operation: str, identifier: str) -> dict[str, Any]:
        """Add the cluster."""
        return {
            **super().identifying_arguments(cloud, operation, identifier),
            "cluster": cluster_of(identifier),
        }

    def complete_arguments(
        self, operation: str, arguments: dict[str, Any], inputs: Properties
    ) -> dict[str, Any]:
        """Convert `assignPublicIp` to AWS's values."""
        del operation, inputs
        if network := arguments.get("networkConfiguration", {}).get("awsvpcConfiguration"):
            network["assignPublicIp"] = "ENABLED" if network.get("assignPublicIp") == "true" else "DISABLED"
        return arguments

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Scale to 0, delete, and wait until Docker has none of its containers."""
        from local.task_containers import clear_tasks

        self._call_ignoring_timeout(cloud, "update_service", id, desiredCount=0)
        self._call_ignoring_timeout(cloud, "delete_service", id, force=True)
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            # Listed each time: a task that crashes is replaced while the service is being deleted.
            tasks = {*task_arns(cloud, id, "RUNNING"), *task_arns(cloud, id, "STOPPED")}
            remaining = clear_tasks(tasks, running=waited > _GRACE_SECONDS)
            if self.describe(cloud, id, outputs) is not None:
                remaining.append("the service itself")
            if not remaining:
                return
            if waited > _DELETE_SECONDS:
                raise ResourceError(
                    f"ECS service {outputs.get('name') or id!r} is not deleted after {_DELETE_SECONDS} s, "
                    f"{', '.join(remaining)} still exists: remove containers with `docker rm --force`, and "
                    f"run this again",
                )
            time.sleep(_PAUSE_SECONDS)

    def _call_ignoring_timeout(self, cloud: Cloud, operation: str, identifier: str, **arguments: Any) -> None:
        """Call and ignore a timeout: the emulator stops one container after the other before it answers."""
        from botocore.exceptions import ReadTimeoutError

        try:
            self.call(
                cloud,
                operation,
                may_be_missing=True,
                cluster=cluster_of(identifier),
                service=identifier,
                **arguments,
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
