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

_STAGES: Final[dict[str, Stage]] = {
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    # The others are in progress.
    "STOP_REQUESTED": "rolling back",
    "ROLLBACK_REQUESTED": "rolling back",
    "ROLLBACK_IN_PROGRESS": "rolling back",
    "SUCCESSFUL": "completed",
    "STOPPED": "failed",
    "ROLLBACK_SUCCESSFUL": "failed",
    "ROLLBACK_FAILED": "failed",
}
_ROLLING_BACK: Final = "ECS is rolling it back"
_ROLLED_BACK: Final = "ECS rolled it back"
_GAVE_UP: Final = "ECS gave up, and could not roll it back"
_ENDINGS: Final = {
    "STOPPED": "the deployment was stopped",
    "ROLLBACK_SUCCESSFUL": _ROLLED_BACK,
    "ROLLBACK_FAILED": _GAVE_UP,
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
    """Return the latest deployment of a service, of which `describe_services` answers what is `described`."""
    deployments: Sequence[Answer] = described["deployments"]
    primary = next(one for one in deployments if one.get("status") == "PRIMARY")
    found = _latest_service_deployment(ecs, service, min(one["createdAt"] for one in deployments))
    if found is None:
        return _by_rollout_state(deployments, primary)
    stage = _STAGES.get(found["status"], "in progress")
    if stage == "completed" and primary.get("rolloutState") == "IN_PROGRESS":
        # The one before: the latest is not listed yet.
        stage = "in progress"
    told = found.get("rollback", {}).get("reason") or found.get("statusReason")
    alarms = ", ".join(found.get("alarms", {}).get("triggeredAlarmNames", []))
    reasons = [_ENDINGS.get(found["status"], _ROLLING_BACK), told, alarms and f"alarms: {alarms}"]
    return Deployment(
        stage=stage,
        since=found["createdAt"],
        reason=": ".join(filter(None, reasons)) if stage in ("rolling back", "failed") else "",
        progress="; ".join(_progress(found)),
    )


def _latest_service_deployment(ecs: Any, service: Version, oldest: datetime) -> Answer | None:
    """Return the latest of the service-deployment API; None where it has none or may not be asked."""
    question: dict[str, Any] = {
        "cluster": service.cluster,
        "service": service.service,
        # Without a limit in time this would read everything that was ever deployed.
        "createdAt": {"after": oldest - _LONGEST_DEPLOYMENT},
    }
    briefs: list[Any] = []
    while True:
        try:
            page = ecs.list_service_deployments(**question)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "AccessDeniedException":
                return None
            raise
        briefs += page["serviceDeployments"]
        if not page.get("nextToken"):
            break
        question["nextToken"] = page["nextToken"]
    if not briefs:
        return None
    arn = max(briefs, key=lambda brief: brief["createdAt"])["serviceDeploymentArn"]
    answer = ecs.describe_service_deployments(serviceDeploymentArns=[arn])
    return next(iter(answer["serviceDeployments"]), None)


def _progress(found: Answer) -> Iterator[str]:
    traffic = found["targetServiceRevision"].get("requestedProductionTrafficWeight")
    if traffic is not None and found.get("deploymentConfiguration", {}).get("strategy") != "ROLLING":
        yield f"{traffic:g} % of the traffic reaches the new version"
    for hook in found.get("lifecycleHookDetails", []):
        if hook.get("status") == "AWAITING_ACTION":
            text = f"paused at {found.get('lifecycleStage')} by hook {hook.get('hookId', '(without an id)')}"
            if "expiresAt" in hook:
                action = hook.get("timeoutAction", "ROLLBACK").lower()
                text += f", {action} at {hook['expiresAt'].astimezone(UTC):%H:%M} UTC unless continued"
            yield text


def _by_rollout_state(deployments: Sequence[Answer], primary: Answer) -> Deployment:
    """Judge by `deployments`: a failed one stays in that list beside the one that it was rolled back to."""
    latest = max(deployments, key=lambda one: one["createdAt"])
    in_progress = primary.get("rolloutState", "COMPLETED") == "IN_PROGRESS"
    if latest.get("rolloutState") != "FAILED":
        return Deployment(stage="in progress" if in_progress else "completed", since=primary["createdAt"])
    ending = _GAVE_UP if latest is primary else _ROLLING_BACK if in_progress else _ROLLED_BACK
    return Deployment(
        stage="rolling back" if in_progress else "failed",
        since=latest["createdAt"],
        reason=": ".join(filter(None, (ending, latest.get("rolloutStateReason")))),
    )


def counts(running: int, desired: int) -> str:
    """Return running and desired tasks, such as `1/2 tasks`."""
    return f"{running}/{desired} {'task' if desired == 1 else 'tasks'}"
