"""What the page shows: the emulator at one moment, without secrets and variables of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """How a service, or a task, is."""

    STEADY = "steady"
    ROLLING_OUT = "rolling out"
    STARTING = "starting"
    STOPPING = "stopping"
    ASLEEP = "scaled to 0"
    FAILING = "failing"
    ROLLED_BACK = "rolled back"
    RUNNING = "running"
    GONE = "container gone"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def kind(self) -> str:
        """How it is coloured: `good`, `busy`, `bad` or `idle`."""
        match self:
            case State.STEADY | State.RUNNING:
                return "good"
            case State.ROLLING_OUT | State.STARTING | State.STOPPING:
                return "busy"
            case State.FAILING | State.ROLLED_BACK | State.GONE | State.FAILED:
                return "bad"
            case State.ASLEEP | State.STOPPED:
                return "idle"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task, of a service or on its own."""

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
        """The end of its ARN, by which log streams name it."""
        return self.arn.rpartition("/")[2]

    @property
    def revision(self) -> str:
        """Of its task definition."""
        return self.version.rpartition(":")[2]

    @property
    def short(self) -> str:
        """What people call it by."""
        return self.id[:8]

    @property
    def cluster(self) -> str:
        """Name of its cluster."""
        return self.arn.rsplit("/", 2)[1]

    @property
    def can_be_restarted(self) -> bool:
        """Whether it may be stopped, because ECS starts another one."""
        return self.group.startswith("service:") and self.state in {State.RUNNING, State.GONE}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A version on its way in or out of a service."""

    version: str
    state: str
    """`in progress`, `completed`, `failed` or `being replaced`."""
    running: int
    desired: int
    since: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a service."""

    at: datetime
    text: str
    bad: bool = False


@dataclass(frozen=True, kw_only=True)
class Service:
    """An ECS service."""

    stack: str
    name: str
    """The container's and the log streams' name."""
    ecs_name: str
    cluster: str
    state: State
    note: str = ""
    """Why it is not steady."""
    addresses: Sequence[str] = ()
    """For a browser on this machine."""
    running: int = 0
    desired: int = 0
    version: str = ""
    image: str = ""
    """Its digest, or its name where there is none."""
    size: str = ""
    """CPU and memory."""
    log_group: str = ""
    groups: Sequence[str] = ()
    """ARNs of its target groups."""
    deployments: Sequence[Deployment] = ()
    """Those under way, or that failed; the newest first."""
    tasks: Sequence[Task] = ()
    stopped: Sequence[Task] = ()
    """Those that stopped in the last hour, the latest first."""
    events: Sequence[Event] = ()
    """The latest first."""

    @property
    def progress(self) -> Deployment | None:
        """The deployment that is under way."""
        return next((one for one in self.deployments if one.state == "in progress"), None)

    @property
    def summary(self) -> str:
        """What a screen reader says when it changes."""
        return f"{self.name} of {self.stack}: {self.state}, {self.running} of {count(self.desired, 'task')}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What belongs to a stack."""

    name: str
    services: Sequence[Service] = ()
    jobs: Sequence[Task] = ()
    """Tasks that no service has: those of a schedule, or started by hand; the latest first."""

    @property
    def summary(self) -> str:
        """How it is, in a few words."""
        kinds = [one.state.kind for one in self.services]
        bad, busy = kinds.count("bad"), kinds.count("busy")
        parts = [count(len(kinds), "service")]
        parts += [f"{bad} failing"] if bad else []
        parts += [f"{busy} changing"] if busy else []
        parts += ["all steady"] if kinds and not bad + busy else []
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All stacks at one moment."""

    stacks: Sequence[Stack] = ()

    @property
    def services(self) -> Sequence[Service]:
        """Those of all stacks."""
        return [service for stack in self.stacks for service in stack.services]

    @property
    def groups(self) -> Mapping[str, tuple[str, str]]:
        """Stack and name of the service behind each target group, by the group's ARN."""
        return {group: (one.stack, one.name) for one in self.services for group in one.groups}

    def log_groups(self, stack: str = "") -> Mapping[str, str]:
        """Return the stack of each log group, of one stack if named."""
        return {
            one.log_group: one.stack for one in self.services if one.log_group and stack in {"", one.stack}
        }

    def stack(self, name: str) -> Stack | None:
        """Return a stack by its name."""
        return next((one for one in self.stacks if one.name == name), None)

    def service(self, stack: str, name: str) -> Service | None:
        """Return a service by the names of its stack and of itself."""
        found = self.stack(stack)
        return next((one for one in found.services if one.name == name), None) if found else None

    def task(self, arn: str) -> Task | None:
        """Return a running task of a service by its ARN."""
        return next((task for one in self.services for task in one.tasks if task.arn == arn), None)


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
