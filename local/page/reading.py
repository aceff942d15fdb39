"""Reads what the page shows from the emulator's ECS and from Docker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from local.docker import DockerError
from local.front_door.routes import NetworkListener, Routes
from local.front_door.rules import HOST_HEADER, PATH_PATTERN, values
from local.page.model import Deployment, Event, Overview, Service, Stack, State, Task
from local.resources.cloud import Cloud

Answer = Mapping[str, Any]

_SERVICES_AT_ONCE: Final = 10
_AT_ONCE: Final = 100
"""Tasks and clusters: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
_STOPPED_SHOWN: Final = 5
_JOBS_SHOWN: Final = 8
_EVENTS_SHOWN: Final = 12
_STACK_TAG: Final = "Stack"
_NO_STACK: Final = "no stack"


class Reader:
    """Reads from one emulator; task definitions never change, so each is asked for once."""

    def __init__(self, cloud: Cloud, *, port: int) -> None:
        self._cloud = cloud
        self._port = port
        """The front door's."""
        self._definitions: dict[str, Answer] = {}

    def read(self, routes: Routes, network: Mapping[NetworkListener, str]) -> Overview:
        """Return all stacks as they are now.

        Args:
            routes: of application load balancers.
            network: the address on this machine of each listener of a network load balancer.
        """
        services: dict[str, list[Service]] = defaultdict(list)
        jobs: dict[str, list[Task]] = defaultdict(list)
        for cluster in self._clusters():
            owner = _stack_of(cluster.get("tags", ())) or _NO_STACK
            described = list(self._tasks(cluster["clusterArn"]))
            containers = _with_containers({str(one["taskArn"]) for one in described})
            tasks = [task_of(one, containers) for one in described]
            names: dict[str, str] = {}
            for one in self._services(cluster["clusterArn"]):
                definition = self._definition(one["taskDefinition"])
                stack = names[f"service:{one['serviceName']}"] = _stack_of(one.get("tags", ())) or owner
                own = [task for task in tasks if task.group == f"service:{one['serviceName']}"]
                groups = [found["targetGroupArn"] for found in one.get("loadBalancers", ())]
                addresses = sorted(
                    {
                        *http_addresses(routes, groups, self._port),
                        *(address for listener, address in network.items() if listener.group in groups),
                    }
                )
                services[stack].append(service_of(one, definition, own, stack=stack, addresses=addresses))
            for task in tasks:
                if not task.group.startswith("service:"):
                    jobs[owner].append(task)
        stacks = [
            Stack(
                name=name,
                services=sorted(services[name], key=lambda one: one.name),
                jobs=sorted(jobs[name], key=lambda one: one.created, reverse=True)[:_JOBS_SHOWN],
            )
            for name in sorted(services.keys() | jobs.keys())
        ]
        return Overview(stacks=stacks)

    def restart(self, task: Task) -> None:
        """Stop a task of a service; ECS starts another."""
        reason = "restarted from the page of the local AWS"
        self._cloud.client("ecs").stop_task(cluster=task.cluster, task=task.arn, reason=reason)

    def _clusters(self) -> Iterator[Answer]:
        ecs = self._cloud.client("ecs")
        for some in _parts(_pages(ecs, "list_clusters", "clusterArns"), _AT_ONCE):
            yield from ecs.describe_clusters(clusters=some, include=["TAGS"])["clusters"]

    def _services(self, cluster: str) -> Iterator[Answer]:
        ecs = self._cloud.client("ecs")
        for some in _parts(_pages(ecs, "list_services", "serviceArns", cluster=cluster), _SERVICES_AT_ONCE):
            found = ecs.describe_services(cluster=cluster, services=some, include=["TAGS"])["services"]
            yield from (one for one in found if one["status"] == "ACTIVE")

    def _tasks(self, cluster: str) -> Iterator[Answer]:
        ecs = self._cloud.client("ecs")
        # A task that stops in the meantime is in both lists.
        arns = {
            arn: None
            for status in ("RUNNING", "STOPPED")
            for arn in _pages(ecs, "list_tasks", "taskArns", cluster=cluster, desiredStatus=status)
        }
        for some in _parts([*arns], _AT_ONCE):
            yield from ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]

    def _definition(self, arn: str) -> Answer:
        if arn not in self._definitions:
            found = self._cloud.client("ecs").describe_task_definition(taskDefinition=arn)
            self._definitions[arn] = found["taskDefinition"]
        return self._definitions[arn]


def service_of(
    described: Answer, definition: Answer, tasks: Iterable[Task], *, stack: str, addresses: Sequence[str] = ()
) -> Service:
    """Return a service from what ECS answers.

    Args:
        described: by DescribeServices.
        definition: its task definition.
        tasks: its own, those that have stopped too.
        stack: its name.
        addresses: where it is found.
    """
    ordered = sorted(tasks, key=lambda one: one.created, reverse=True)
    live = [task for task in ordered if task.stopped is None]
    stopped = [task for task in ordered if task.stopped is not None]
    running = sum(task.state == State.RUNNING for task in live)
    state, note = _state(described, running, live, stopped)
    containers: Sequence[Answer] = definition["containerDefinitions"]
    container = _own_container(str(described["serviceName"]), containers)
    options: Answer = container.get("logConfiguration", {}).get("options", {})
    image = str(container["image"])
    deployments = list(_deployments(described["deployments"]))
    return Service(
        stack=stack,
        name=str(container["name"]),
        ecs_name=str(described["serviceName"]),
        cluster=_end(described["clusterArn"]),
        state=state,
        note=note,
        addresses=tuple(addresses),
        running=running,
        desired=int(described["desiredCount"]),
        version=_end(described["taskDefinition"]),
        image=image.partition("@sha256:")[2][:12] or image,
        size=_size(definition),
        log_group=str(options.get("awslogs-group", "")),
        groups=tuple(one["targetGroupArn"] for one in described.get("loadBalancers", ())),
        deployments=deployments if len(deployments) > 1 or deployments[0].state != "completed" else (),
        tasks=live,
        stopped=stopped[:_STOPPED_SHOWN],
        events=_events(described, live, stopped),
    )


def task_of(described: Answer, with_containers: Collection[str] | None) -> Task:
    """Return a task from what ECS answers.

    Args:
        described: by DescribeTasks.
        with_containers: tasks of which a container runs; None where Docker does not answer.
    """
    arn, status = str(described["taskArn"]), described["lastStatus"]
    stopped = described.get("stoppedAt") if status == "STOPPED" else None
    if status == "STOPPED":
        state = State.FAILED if _went_wrong(described) else State.STOPPED
    elif described["desiredStatus"] == "STOPPED":
        state = State.STOPPING
    elif status != "RUNNING":
        state = State.STARTING
    else:
        gone = with_containers is not None and arn not in with_containers
        state = State.GONE if gone else State.RUNNING
    created = described["createdAt"]
    return Task(
        arn=arn,
        state=state,
        version=_end(described["taskDefinitionArn"]),
        created=created,
        started=described.get("startedAt"),
        stopped=stopped or (created if status == "STOPPED" else None),
        address=_address(described),
        why=_why_stopped(described) if status == "STOPPED" else "",
        group=str(described.get("group") or f"family:{_end(described['taskDefinitionArn'])}"),
    )


def http_addresses(routes: Routes, groups: Collection[str], port: int) -> Iterator[str]:
    """Yield the addresses for a browser whose requests are forwarded to one of these target groups."""
    for host, route in routes.hosts.items():
        for rule in route.rules:
            if rule.actions[0].get("TargetGroupArn") not in groups:
                continue
            asked = {condition["Field"]: values(condition) for condition in rule.conditions}
            if HOST_HEADER in asked and not rule.names(host):
                continue
            path = asked.get(PATH_PATTERN, ["/"])[0].rstrip("*")
            yield f"http://{host}.localhost:{port}{'' if path == '/' else path}"


def _state(
    described: Answer, running: int, live: Sequence[Task], stopped: Sequence[Task]
) -> tuple[State, str]:
    """Return a service's state and why it is not steady."""
    deployments: Sequence[Answer] = described["deployments"]
    primary = next(one for one in deployments if one["status"] == "PRIMARY")
    latest = max(deployments, key=lambda one: one["createdAt"])
    going = [one for one in deployments if one.get("rolloutState") != "FAILED"]
    desired = int(described["desiredCount"])
    failed = (task for task in stopped if task.state == State.FAILED and task.created >= primary["createdAt"])
    why = next((f"task {task.short} stopped: {task.why}" for task in failed), "")
    if primary.get("rolloutState") == "IN_PROGRESS" or len(going) > 1:
        return State.ROLLING_OUT, why
    if running < desired:
        if not why and any(task.state == State.GONE for task in live):
            why = "the container of a task is gone: restart the task"
        return (State.FAILING if why else State.STARTING), why
    if latest.get("rolloutState") == "FAILED":
        return State.ROLLED_BACK, str(latest.get("rolloutStateReason", ""))
    if running > desired:
        return State.STOPPING, ""
    return (State.STEADY if desired else State.ASLEEP), ""


def _deployments(found: Sequence[Answer]) -> Iterator[Deployment]:
    for one in sorted(found, key=lambda one: one["createdAt"], reverse=True):
        state = str(one.get("rolloutState", "COMPLETED")).replace("_", " ").lower()
        if one["status"] != "PRIMARY" and state != "failed":
            state = "being replaced"
        yield Deployment(
            version=_end(one["taskDefinition"]),
            state=state,
            running=int(one["runningCount"]),
            desired=int(one["desiredCount"]),
            since=one["createdAt"],
            reason=str(one.get("rolloutStateReason", "")) if state == "failed" else "",
        )


def _events(described: Answer, live: Sequence[Task], stopped: Sequence[Task]) -> Sequence[Event]:
    """Return what ECS says, and what it does not: the emulator tells less than AWS."""
    events: list[Event] = []
    for task in (*live, *stopped):
        if task.stopped is not None:
            text = f"Task {task.short} stopped (version {task.revision}): {task.why}"
            events.append(Event(at=task.stopped, text=text, bad=task.state == State.FAILED))
        if task.started is not None:
            events.append(Event(at=task.started, text=f"Task {task.short} started (version {task.revision})"))
    events += [Event(at=one["createdAt"], text=str(one["message"])) for one in described.get("events", ())]
    for one in described["deployments"]:
        version = f"version {_end(one['taskDefinition']).rpartition(':')[2]}"
        events.append(Event(at=one["createdAt"], text=f"Deployment of {version} began"))
        if one.get("rolloutState") == "FAILED":
            reason = one.get("rolloutStateReason", "no reason given")
            events.append(
                Event(at=one["updatedAt"], text=f"Deployment of {version} failed: {reason}", bad=True)
            )
    # The emulator tells whole seconds: of one, the last that happens stays first.
    return sorted(events, key=lambda one: one.at, reverse=True)[:_EVENTS_SHOWN]


def _own_container(service: str, containers: Sequence[Answer]) -> Answer:
    """Return the container that is the app: it has the service's name, which Pulumi gives a random end."""
    named = (one for one in containers if service == one["name"] or service.startswith(f"{one['name']}-"))
    return max(named, key=lambda one: len(one["name"]), default=containers[0])


def _size(definition: Answer) -> str:
    if not definition.get("cpu") or not definition.get("memory"):
        return ""
    return f"{int(definition['cpu']) / 1024:g} vCPU, {int(definition['memory']):,} MiB"


def _address(task: Answer) -> str:
    details = (detail for one in task.get("attachments", ()) for detail in one["details"])
    return next((str(one["value"]) for one in details if one["name"] == "privateIPv4Address"), "")


def _went_wrong(task: Answer) -> bool:
    if task.get("stopCode") == "EssentialContainerExited":
        return any(one.get("exitCode") for one in task.get("containers", ()))
    return task.get("stopCode") == "TaskFailedToStart"


def _why_stopped(task: Answer) -> str:
    parts = [str(task.get("stoppedReason") or "no reason given")]
    for one in task.get("containers", ()):
        if one.get("exitCode"):
            parts.append(f"{one['name']} exited with code {one['exitCode']}")
        if one.get("reason"):
            parts.append(f"{one['name']}: {one['reason']}")
    return "; ".join(parts)


def _with_containers(task_arns: Collection[str]) -> set[str] | None:
    from docker.errors import DockerException

    from local.task_containers import running_tasks

    try:
        return running_tasks(task_arns)
    except (DockerError, DockerException, OSError):
        return None


def _stack_of(tags: Iterable[Answer]) -> str:
    return next((str(tag["value"]) for tag in tags if tag["key"] == _STACK_TAG), "")


def _end(arn: Any) -> str:
    return str(arn).rpartition("/")[2]


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> list[str]:
    return [str(arn) for page in client.get_paginator(operation).paginate(**arguments) for arn in page[key]]


def _parts(arns: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(arns), size):
        yield arns[start : start + size]
