"""Reads the page's data from the emulator's ECS and from Docker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from local.docker import DockerError
from local.front_door.routes import STACK_TAG, NetworkListener, Routes
from local.front_door.rules import HOST_HEADER, PATH_PATTERN, values
from local.page.model import Deployment, Event, Overview, Service, Stack, State, Task
from local.resources.cloud import Cloud

Described = Mapping[str, Any]

_PAGE_SIZES: Final = {"list_clusters": 100, "list_services": 10, "list_tasks": 100}
"""What the calls that describe them accept: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""
_STOPPED_SHOWN: Final = 5
_JOBS_SHOWN: Final = 8
_EVENTS_SHOWN: Final = 12
_NO_STACK: Final = "no stack"


class Reader:
    """Reads from one emulator; each task definition is read once, since it never changes."""

    def __init__(self, cloud: Cloud, *, port: int) -> None:
        self._cloud = cloud
        self._port = port
        """The front door's."""
        self._definitions: dict[str, Described] = {}

    def read(self, routes: Routes, network: Mapping[NetworkListener, str]) -> Overview:
        """Read all stacks; `network` has the local URL of each network listener."""
        services: dict[str, list[Service]] = defaultdict(list)
        jobs: dict[str, list[Task]] = defaultdict(list)
        for cluster in self._clusters():
            owner = _stack_of(cluster.get("tags", ())) or _NO_STACK
            described = self._tasks(cluster["clusterArn"])
            with_containers = _with_containers({str(task["taskArn"]) for task in described})
            tasks = [task_of(task, with_containers) for task in described]
            jobs[owner] += [task for task in tasks if not task.group.startswith("service:")]
            for service in self._services(cluster["clusterArn"]):
                stack = _stack_of(service.get("tags", ())) or owner
                groups = _target_groups(service)
                addresses = {
                    *http_addresses(routes, groups, self._port),
                    *(address for listener, address in network.items() if listener.group in groups),
                }
                services[stack].append(
                    service_of(
                        service,
                        self._definition(service["taskDefinition"]),
                        [task for task in tasks if task.group == f"service:{service['serviceName']}"],
                        stack=stack,
                        addresses=sorted(addresses),
                    )
                )
        stacks = [
            Stack(
                name=name,
                services=sorted(services[name], key=lambda service: service.name),
                jobs=sorted(jobs[name], key=lambda task: task.created, reverse=True)[:_JOBS_SHOWN],
            )
            for name in sorted({*services, *(stack for stack, tasks in jobs.items() if tasks)})
        ]
        return Overview(stacks=stacks)

    def restart(self, task: Task) -> None:
        """Stop a task of a service; ECS starts another."""
        reason = "restarted from the page of the local AWS"
        self._ecs.stop_task(cluster=task.cluster, task=task.arn, reason=reason)

    def _clusters(self) -> Iterator[Described]:
        for arns in self._pages("list_clusters", "clusterArns"):
            yield from self._ecs.describe_clusters(clusters=arns, include=["TAGS"])["clusters"]

    def _services(self, cluster: str) -> Iterator[Described]:
        for arns in self._pages("list_services", "serviceArns", cluster=cluster):
            page = self._ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])
            yield from (service for service in page["services"] if service["status"] == "ACTIVE")

    def _tasks(self, cluster: str) -> Collection[Described]:
        # A task that stops between the two calls is in both lists.
        return {
            task["taskArn"]: task
            for status in ("RUNNING", "STOPPED")
            for arns in self._pages("list_tasks", "taskArns", cluster=cluster, desiredStatus=status)
            for task in self._ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
        }.values()

    def _pages(self, operation: str, key: str, **arguments: Any) -> Iterator[Sequence[str]]:
        paging = {"PageSize": _PAGE_SIZES[operation]}
        pages = self._ecs.get_paginator(operation).paginate(PaginationConfig=paging, **arguments)
        return (page[key] for page in pages if page[key])

    @property
    def _ecs(self) -> Any:
        return self._cloud.client("ecs")

    def _definition(self, arn: str) -> Described:
        if arn not in self._definitions:
            described = self._ecs.describe_task_definition(taskDefinition=arn)
            self._definitions[arn] = described["taskDefinition"]
        return self._definitions[arn]


def service_of(
    described: Described,
    definition: Described,
    tasks: Iterable[Task],
    *,
    stack: str,
    addresses: Sequence[str] = (),
) -> Service:
    """Return a service from DescribeServices; `tasks` include its stopped ones."""
    ordered = sorted(tasks, key=lambda task: task.created, reverse=True)
    live = [task for task in ordered if task.stopped is None]
    stopped = [task for task in ordered if task.stopped is not None]
    running = sum(task.state == State.RUNNING for task in live)
    state, note = _state(described, running, live, stopped)
    containers: Sequence[Described] = definition["containerDefinitions"]
    container = _own_container(str(described["serviceName"]), containers)
    options: Described = container.get("logConfiguration", {}).get("options", {})
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
        groups=_target_groups(described),
        deployments=deployments if len(deployments) > 1 or deployments[0].state != "completed" else (),
        tasks=live,
        stopped=stopped[:_STOPPED_SHOWN],
        events=_events(described, live, stopped),
    )


def task_of(described: Described, with_containers: Collection[str] | None) -> Task:
    """Return a task from DescribeTasks.

    `with_containers` has the ARNs of tasks with a running container; None if Docker does not answer.
    """
    arn, status = str(described["taskArn"]), described["lastStatus"]
    stopped = described.get("stoppedAt") if status == "STOPPED" else None
    if status == "STOPPED":
        state = State.FAILED if _has_failed(described) else State.STOPPED
    elif described["desiredStatus"] == "STOPPED":
        state = State.STOPPING
    elif status != "RUNNING":
        state = State.STARTING
    elif with_containers is not None and arn not in with_containers:
        state = State.NO_CONTAINER
    else:
        state = State.RUNNING
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
    """Yield the URLs on this machine that are forwarded to one of these target groups."""
    for host, route in routes.hosts.items():
        for rule in route.rules:
            if rule.actions[0].get("TargetGroupArn") not in groups:
                continue
            conditions = {condition["Field"]: values(condition) for condition in rule.conditions}
            if HOST_HEADER in conditions and not rule.names(host):
                continue
            path = conditions.get(PATH_PATTERN, ["/"])[0].rstrip("*")
            yield f"http://{host}.localhost:{port}{'' if path == '/' else path}"


def _state(
    described: Described, running: int, live: Sequence[Task], stopped: Sequence[Task]
) -> tuple[State, str]:
    """Return a service's state, and the reason if it is not steady."""
    deployments: Sequence[Described] = described["deployments"]
    primary = next(item for item in deployments if item["status"] == "PRIMARY")
    latest = max(deployments, key=lambda item: item["createdAt"])
    not_failed = [item for item in deployments if item.get("rolloutState") != "FAILED"]
    desired = int(described["desiredCount"])
    failed = (task for task in stopped if task.state == State.FAILED and task.created >= primary["createdAt"])
    why = next((f"task {task.short} stopped: {task.why}" for task in failed), "")
    if primary.get("rolloutState") == "IN_PROGRESS" or len(not_failed) > 1:
        return State.ROLLING_OUT, why
    if running < desired:
        if not why and any(task.state == State.NO_CONTAINER for task in live):
            why = "the container of a task is missing: restart the task"
        return (State.FAILING if why else State.STARTING), why
    if latest.get("rolloutState") == "FAILED":
        return State.ROLLED_BACK, str(latest.get("rolloutStateReason", ""))
    return (State.STOPPING if running > desired else State.STEADY), ""


def _deployments(described: Sequence[Described]) -> Iterator[Deployment]:
    for item in sorted(described, key=lambda item: item["createdAt"], reverse=True):
        state = str(item.get("rolloutState", "COMPLETED")).replace("_", " ").lower()
        if item["status"] != "PRIMARY" and state != "failed":
            state = "being replaced"
        yield Deployment(
            version=_end(item["taskDefinition"]),
            state=state,
            running=int(item["runningCount"]),
            desired=int(item["desiredCount"]),
            since=item["createdAt"],
            reason=str(item.get("rolloutStateReason", "")) if state == "failed" else "",
        )


def _events(described: Described, live: Sequence[Task], stopped: Sequence[Task]) -> Sequence[Event]:
    """Return ECS's events, and those that AWS would have and the emulator lacks."""
    events: list[Event] = []
    for task in (*live, *stopped):
        if task.stopped is not None:
            text = f"Task {task.short} stopped (version {task.revision}): {task.why}"
            events.append(Event(at=task.stopped, text=text, bad=task.state == State.FAILED))
        if task.started is not None:
            events.append(Event(at=task.started, text=f"Task {task.short} started (version {task.revision})"))
    events += [Event(at=item["createdAt"], text=str(item["message"])) for item in described.get("events", ())]
    for item in described["deployments"]:
        deployment = f"Deployment of version {_end(item['taskDefinition']).rpartition(':')[2]}"
        events.append(Event(at=item["createdAt"], text=f"{deployment} started"))
        if item.get("rolloutState") == "FAILED":
            reason = item.get("rolloutStateReason", "no reason given")
            events.append(Event(at=item["updatedAt"], text=f"{deployment} failed: {reason}", bad=True))
    # The emulator's times are whole seconds: within one second the order above is kept.
    return sorted(events, key=lambda event: event.at, reverse=True)[:_EVENTS_SHOWN]


def _own_container(service: str, containers: Sequence[Described]) -> Described:
    """Return the app's container: it has the service's name, to which Pulumi appends a random suffix."""
    named = (item for item in containers if service == item["name"] or service.startswith(f"{item['name']}-"))
    return max(named, key=lambda item: len(item["name"]), default=containers[0])


def _size(definition: Described) -> str:
    if not definition.get("cpu") or not definition.get("memory"):
        return ""
    return f"{int(definition['cpu']) / 1024:g} vCPU, {int(definition['memory']):,} MiB"


def _address(task: Described) -> str:
    details = (detail for attachment in task.get("attachments", ()) for detail in attachment["details"])
    return next((str(item["value"]) for item in details if item["name"] == "privateIPv4Address"), "")


def _has_failed(task: Described) -> bool:
    if task.get("stopCode") == "EssentialContainerExited":
        return any(container.get("exitCode") for container in task.get("containers", ()))
    return task.get("stopCode") == "TaskFailedToStart"


def _why_stopped(task: Described) -> str:
    parts = [str(task.get("stoppedReason") or "no reason given")]
    for container in task.get("containers", ()):
        if container.get("exitCode"):
            parts.append(f"{container['name']} exited with code {container['exitCode']}")
        if container.get("reason"):
            parts.append(f"{container['name']}: {container['reason']}")
    return "; ".join(parts)


def _with_containers(task_arns: Collection[str]) -> set[str] | None:
    from docker.errors import DockerException

    from local.task_containers import running_tasks

    try:
        return running_tasks(task_arns)
    except (DockerError, DockerException, OSError):
        return None


def _target_groups(service: Described) -> Sequence[str]:
    return [str(item["targetGroupArn"]) for item in service.get("loadBalancers", ())]


def _stack_of(tags: Iterable[Described]) -> str:
    return next((str(tag["value"]) for tag in tags if tag["key"] == STACK_TAG), "")


def _end(arn: Any) -> str:
    return str(arn).rpartition("/")[2]
