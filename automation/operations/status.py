"""How the services of a stack are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from infra.rollout.clock import REAL, Clock
from infra.rollout.look import Reader, Target

if TYPE_CHECKING:
    from automation.operations.place import Place
    from infra.rollout.look import Answer, Look

_EVENTS_SHOWN: Final = 3
_ASKED_AT_ONCE: Final = 4
_NAMED_AT_ONCE: Final = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""

_GONE: Final = "gone"


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """One service, at one moment."""

    name: str
    address: str
    state: str
    """`steady`, or what keeps it from being so."""
    since: datetime | None = None
    """When the deployment began that it is in, or has run since."""
    reason: str = ""
    running: int = 0
    desired: int = 0
    pending: int = 0
    task_definition: str = ""
    """Family and revision."""
    image: str = ""
    digest: str = ""
    """The image's, if the task definition names it."""
    alarms: tuple[str, ...] = ()
    """Those that ring, of all that would take a deployment back."""
    events: tuple[str, ...] = ()
    """What ECS told last, of a service that is not steady."""

    @property
    def steady(self) -> bool:
        """Whether it runs what was asked for last, in the number that was asked for."""
        return self.state == "steady"


def status_of(place: Place, clock: Clock = REAL) -> list[ServiceStatus]:
    """Return how each service of a stack is, by name."""

    def ask(name: str) -> ServiceStatus:
        return _status_of(place, name, clock)

    with ThreadPoolExecutor(_ASKED_AT_ONCE) as threads:
        return list(threads.map(ask, sorted(place.services)))


def as_json(statuses: Sequence[ServiceStatus]) -> dict[str, Any]:
    """Return what a program reads."""
    return {
        one.name: {
            **{key: value for key, value in asdict(one).items() if key != "name"},
            "since": one.since.astimezone(UTC).isoformat() if one.since else None,
            "steady": one.steady,
        }
        for one in statuses
    }


def as_lines(statuses: Sequence[ServiceStatus]) -> Iterator[str]:
    """Yield what a person reads."""
    width = max((len(one.name) for one in statuses), default=0)
    indent = " " * (width + 2)
    for one in statuses:
        since = f" since {one.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if one.since else ""
        pending = f" ({one.pending} more are starting)" if one.pending else ""
        yield f"{one.name:<{width}}  {one.running}/{one.desired} tasks{pending}, {one.state}{since}"
        yield f"{indent}{one.address}"
        if one.task_definition:
            yield f"{indent}{one.task_definition}, image {one.digest or one.image}"
        if one.reason:
            yield f"{indent}{one.reason}"
        if one.alarms:
            yield f"{indent}in alarm: {', '.join(one.alarms)}"
        for event in one.events:
            yield f"{indent}ECS: {event}"


def _status_of(place: Place, name: str, clock: Clock) -> ServiceStatus:
    ecs = place.clients.get("ecs")
    found = ecs.describe_services(cluster=place.cluster, services=[place.services[name]])
    service = next((one for one in found["services"] if one["status"] == "ACTIVE"), None)
    address = place.urls.get(name, "")
    if service is None:
        return ServiceStatus(
            name=name,
            address=address,
            state=_GONE,
            reason="ECS does not have this service any more: `up` makes it again",
        )
    arn: str = service["taskDefinition"]
    target = Target(
        name=name,
        cluster=place.cluster,
        service=place.services[name],
        task_definition=arn,
        log_group=place.log_group,
        seconds=0,
    )
    look = Reader(ecs, target, clock).look()
    image = _image(ecs, arn, name)
    state, reason = _state(service, look)
    return ServiceStatus(
        name=name,
        address=address,
        state=state,
        since=look.deployment.since if look else None,
        reason=reason,
        running=service["runningCount"],
        desired=service["desiredCount"],
        pending=service["pendingCount"],
        task_definition=arn.rpartition("/")[2],
        image=image,
        digest=image.partition("@")[2],
        alarms=_ringing(place, service),
        events=()
        if state == "steady"
        else tuple(event["message"] for event in service.get("events", [])[:_EVENTS_SHOWN]),
    )


def _state(service: Answer, look: Look | None) -> tuple[str, str]:
    """Return how a service is in a word or two, and why."""
    if look is None:
        return _GONE, ""
    deployment = look.deployment
    match deployment.stage:
        case "failed":
            return "failed", deployment.reason
        case "going back":
            return "going back", deployment.reason
        case "done":
            if service["runningCount"] == service["desiredCount"]:
                return "steady", ""
            crashes = len(look.crashed)
            ended = f"{crashes} tasks of this version ended by themselves in the last hour" if crashes else ""
            return "changing", ended
        case _:
            traffic = (
                "" if deployment.traffic is None else f"{deployment.traffic:g} % of the traffic reaches it"
            )
            return "being deployed", "; ".join(part for part in (traffic, deployment.pause) if part)


def _image(ecs: Any, task_definition: str, container: str) -> str:
    found = ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    containers = found["containerDefinitions"]
    return next((one["image"] for one in containers if one["name"] == container), containers[0]["image"])


def _ringing(place: Place, service: Answer) -> tuple[str, ...]:
    listened = service.get("deploymentConfiguration", {}).get("alarms", {})
    names: list[str] = listened.get("alarmNames", []) if listened.get("enable") else []
    if not names:
        return ()
    found = place.clients.get("cloudwatch").describe_alarms(
        AlarmNames=names[:_NAMED_AT_ONCE], AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue="ALARM"
    )
    alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
    return tuple(sorted(alarm["AlarmName"] for alarm in alarms))
