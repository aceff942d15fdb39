"""A service's latest deployment, as ECS reports it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from infra.rollout.evidence import Answer, Version

Stage = Literal["in progress", "rolling back", "completed", "failed"]

_ROLLING_BACK: Final = "ECS is rolling it back"
_ROLLED_BACK: Final = "ECS rolled it back"
_GAVE_UP: Final = "ECS gave up, and could not roll it back"
_STAGES: Final[dict[str, tuple[Stage, str]]] = {
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    # All other statuses are in progress.
    "STOP_REQUESTED": ("rolling back", _ROLLING_BACK),
    "ROLLBACK_REQUESTED": ("rolling back", _ROLLING_BACK),
    "ROLLBACK_IN_PROGRESS": ("rolling back", _ROLLING_BACK),
    "SUCCESSFUL": ("completed", ""),
    "STOPPED": ("failed", "the deployment was stopped"),
    "ROLLBACK_SUCCESSFUL": ("failed", _ROLLED_BACK),
    "ROLLBACK_FAILED": ("failed", _GAVE_UP),
}
_LONGEST_DEPLOYMENT: Final = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The latest deployment of a service."""

    stage: Stage
    since: datetime
    reason: str = ""
    """How and why it failed, or is rolled back."""
    progress: str = ""
    """What it waits for."""


def latest_deployment(ecs: Any, service: Version, described: Answer) -> Deployment:
    """Return the latest deployment of a service that `describe_services` describes so."""
    deployments: Sequence[Answer] = described["deployments"]
    primary = next(deployment for deployment in deployments if deployment.get("status") == "PRIMARY")
    oldest = min(deployment["createdAt"] for deployment in deployments)
    latest = _latest_service_deployment(ecs, service, oldest)
    if latest is None:
        return _by_rollout_state(deployments, primary)
    stage, ending = _STAGES.get(latest["status"], ("in progress", ""))
    if stage == "completed" and primary.get("rolloutState") == "IN_PROGRESS":
        # This is the previous deployment: the latest is not listed yet.
        stage = "in progress"
    alarms = ", ".join(latest.get("alarms", {}).get("triggeredAlarmNames", []))
    reason = latest.get("rollback", {}).get("reason") or latest.get("statusReason")
    return Deployment(
        stage=stage,
        since=latest["createdAt"],
        reason=_joined(ending, reason, alarms and f"alarms: {alarms}") if ending else "",
        progress="; ".join(_progress(latest)),
    )


def _latest_service_deployment(ecs: Any, service: Version, oldest: datetime) -> Answer | None:
    """Return the latest service deployment; None if none is listed, or the role may not list them."""
    request: dict[str, Any] = {
        "cluster": service.cluster,
        "service": service.service,
        # Else all deployments of the service would be listed.
        "createdAt": {"after": oldest - _LONGEST_DEPLOYMENT},
    }
    listed: list[Answer] = []
    while True:
        try:
            page = ecs.list_service_deployments(**request)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "AccessDeniedException":
                return None
            raise
        listed += page["serviceDeployments"]
        if not page.get("nextToken"):
            break
        request["nextToken"] = page["nextToken"]
    if not listed:
        return None
    arn = max(listed, key=lambda deployment: deployment["createdAt"])["serviceDeploymentArn"]
    answer = ecs.describe_service_deployments(serviceDeploymentArns=[arn])
    return next(iter(answer["serviceDeployments"]), None)


def _progress(deployment: Answer) -> Iterator[str]:
    traffic = deployment["targetServiceRevision"].get("requestedProductionTrafficWeight")
    strategy = deployment.get("deploymentConfiguration", {}).get("strategy")
    if traffic is not None and strategy != "ROLLING":
        yield f"{traffic:g} % of the traffic reaches the new version"
    for hook in deployment.get("lifecycleHookDetails", []):
        if hook.get("status") == "AWAITING_ACTION":
            id_ = hook.get("hookId", "(without an id)")
            text = f"paused at {deployment.get('lifecycleStage')} by hook {id_}"
            if "expiresAt" in hook:
                action = hook.get("timeoutAction", "ROLLBACK").lower()
                text += f", {action} at {hook['expiresAt'].astimezone(UTC):%H:%M} UTC unless continued"
            yield text


def _by_rollout_state(deployments: Sequence[Answer], primary: Answer) -> Deployment:
    """Judge by `rolloutState`: a failed deployment stays listed beside the one it was rolled back to."""
    latest = max(deployments, key=lambda deployment: deployment["createdAt"])
    in_progress = primary.get("rolloutState", "COMPLETED") == "IN_PROGRESS"
    if latest.get("rolloutState") != "FAILED":
        return Deployment(stage="in progress" if in_progress else "completed", since=primary["createdAt"])
    ending = _GAVE_UP if latest is primary else _ROLLING_BACK if in_progress else _ROLLED_BACK
    return Deployment(
        stage="rolling back" if in_progress else "failed",
        since=latest["createdAt"],
        reason=_joined(ending, latest.get("rolloutStateReason")),
    )


def _joined(*parts: str | None) -> str:
    return ": ".join(filter(None, parts))


def count_of_tasks(running: int, desired: int) -> str:
    """Return running and desired tasks, such as `1/2 tasks`."""
    return f"{running}/{desired} {'task' if desired == 1 else 'tasks'}"
