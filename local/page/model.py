"""Data of the page: stacks, services and tasks, without the secrets and variables of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """State of a service or a task, as the page shows it."""

    STEADY = "steady"
    ROLLING_OUT = "rolling out"
    STARTING = "starting"
    STOPPING = "stopping"
    FAILING = "failing"
    ROLLED_BACK = "rolled back"
    RUNNING = "running"
    NO_CONTAINER = "container missing"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def kind(self) -> str:
        """Its colour: `good`, `busy`, `bad` or `idle`."""
        match self:
            case State.STEADY | State.RUNNING:
                return "good"
            case State.ROLLING_OUT | State.STARTING | State.STOPPING:
                return "busy"
            case State.STOPPED:
                return "idle"
            case _:
                return "bad"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task of a service, or one that was started by a schedule or a command."""

    arn: str
    state: State
    version: str
    """Family and revision of its task definition."""
    created: datetime
    started: datetime | None = None
    stopped: datetime | None = None
    address: str = ""
    why: str = ""
    """Why it stopped."""
    group: str = ""
    """Service, family or schedule that started it."""

    @property
    def id(self) -> str:
        """The end of its ARN, which is part of the names of its log streams."""
        return self.arn.rpartition("/")[2]

    @property
    def revision(self) -> str:
        """Revision of its task definition."""
        return self.version.rpartition(":")[2]

    @property
    def short(self) -> str:
        """The first characters of its id, which people use as its name."""
        return self.id[:8]

    @property
    def cluster(self) -> str:
        """Name of its cluster."""
        return self.arn.rsplit("/", 2)[1]

    @property
    def can_be_restarted(self) -> bool:
        """Whether ECS starts another task if this one is stopped."""
        return self.group.startswith("service:") and self.state in {State.RUNNING, State.NO_CONTAINER}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployment of a service."""

    version: str
    state: str
    """`in progress`, `completed`, `failed` or `being replaced`."""
    running: int
    desired: int
    since: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event of a service."""

    at: datetime
    text: str
    bad: bool = False


@dataclass(frozen=True, kw_only=True)
class Service:
    """An ECS service."""

    stack: str
    name: str
    """Name of its container and its log streams."""
    ecs_name: str
    cluster: str
    state: State
    note: str = ""
    """Why it is not steady."""
    addresses: Sequence[str] = ()
    """URLs on this machine."""
    running: int = 0
    desired: int = 0
    version: str = ""
    image: str = ""
    """The start of its digest, or its name if it has none."""
    size: str = ""
    """CPU and memory."""
    log_group: str = ""
    groups: Sequence[str] = ()
    """ARNs of its target groups."""
    deployments: Sequence[Deployment] = ()
    """Deployments in progress or failed; the newest first."""
    tasks: Sequence[Task] = ()
    stopped: Sequence[Task] = ()
    """Tasks that stopped in the last hour; the latest first."""
    events: Sequence[Event] = ()
    """Events, the latest first."""

    @property
    def progress(self) -> Deployment | None:
        """The deployment in progress."""
        return next((item for item in self.deployments if item.state == "in progress"), None)

    @property
    def summary(self) -> str:
        """Its state in one line, which a screen reader reads out when it changes."""
        return f"{self.name} of {self.stack}: {self.state}, {self.running} of {count(self.desired, 'task')}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The services and jobs of a stack."""

    name: str
    services: Sequence[Service] = ()
    jobs: Sequence[Task] = ()
    """Tasks that a schedule or a command started; the latest first."""

    @property
    def summary(self) -> str:
        """Its state in a few words."""
        kinds = [service.state.kind for service in self.services]
        bad, busy = kinds.count("bad"), kinds.count("busy")
        parts = [count(len(kinds), "service")]
        parts += [f"{bad} failing"] if bad else []
        parts += [f"{busy} changing"] if busy else []
        parts += ["all steady"] if kinds and not bad + busy else []
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All stacks of the emulator."""

    stacks: Sequence[Stack] = ()

    @property
    def addresses_as_text(self) -> str:
        """The addresses of each stack's services, one a line."""
        lines: list[str] = []
        for stack in self.stacks:
            lines += [f"{stack.name}:", *(url for service in stack.services for url in service.addresses)]
        return "\n".join([*(lines or ["No stack runs: `make up` starts dev"]), ""])

    @property
    def services(self) -> Sequence[Service]:
        """The services of all stacks."""
        return [service for stack in self.stacks for service in stack.services]

    @property
    def groups(self) -> Mapping[str, tuple[str, str]]:
        """Stack and name of the service behind each target group, by the group's ARN."""
        return {group: (service.stack, service.name) for service in self.services for group in service.groups}

    def log_groups(self, stack: str = "") -> Mapping[str, str]:
        """Return the stack of each log group; only the groups of `stack` unless it is empty."""
        return {
            service.log_group: service.stack
            for service in self.services
            if service.log_group and stack in {"", service.stack}
        }

    def service(self, stack: str, name: str) -> Service | None:
        """Return a service by its stack and name."""
        return next((item for item in self.services if (item.stack, item.name) == (stack, name)), None)

    def task(self, arn: str) -> Task | None:
        """Return a running task of a service by its ARN."""
        return next((task for service in self.services for task in service.tasks if task.arn == arn), None)


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
