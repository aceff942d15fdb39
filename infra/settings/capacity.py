"""Capacity beside Fargate, and the services' choice of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.architecture import Architecture, architecture_of
from infra.settings.attach import UtcTime
from infra.settings.clock_times import TimeZone
from infra.settings.model import ONCE, Allowed, Fault, Model, Pattern, check, repeated
from infra.settings.names import DnsLabel

Kind = Literal["fargate", "ec2", "managed-instances", "external"]
"""What tasks run on. ECS takes no strategy with several of them."""
FARGATE: Final = ("FARGATE", "FARGATE_SPOT")
"""Every cluster has these two."""

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MOST_INSTANCES: Final = 5000
_MOST_PROVIDERS: Final = 20 - len(FARGATE)
# The ECS-optimized AMI of Amazon Linux 2023 has a root volume of 30 GiB, and no volume is smaller than the
# snapshot that it is made from.
_SMALLEST_DISK: Final = 30
_LARGEST_DISK: Final = 16384

# Of the 64 characters of a role's name ours and Pulumi's random end take 40.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
_NAME: Final = r"(?!aws|ecs|fargate)[a-z][a-z0-9-]{0,22}[a-z0-9]"
CapacityName = Annotated[
    str,
    Pattern(
        "2 to 24 lowercase letters, digits and hyphens, that begin with a letter and not with aws, ecs or "
        "fargate",
        _NAME,
    ),
]
_InstanceType = Annotated[
    str, Pattern("an EC2 instance type such as t4g.medium", r"[a-z][a-z0-9-]*\d[a-z0-9-]*\.[a-z0-9-]+")
]
_InstancePattern = Annotated[
    str,
    Pattern("an EC2 instance type or a pattern of types, such as m7g.large or m7g.*", r"[a-z0-9.*-]{1,30}"),
]

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
_CRON_FIELDS: Final[tuple[tuple[range, Sequence[str]], ...]] = (
    (range(60), ()),
    (range(24), ()),
    (range(1, 32), ()),
    (range(1, 13), _MONTHS),
    (range(8), _DAYS),
)
_CRON_PART: Final = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/[1-9]\d*)?")


def _unix_cron(text: str) -> str:
    fields = text.split(" ")
    if len(fields) != len(_CRON_FIELDS):
        raise ValueError(text)
    for field, (numbers, names) in zip(fields, _CRON_FIELDS, strict=True):
        for part in field.split(","):
            found = _CRON_PART.fullmatch(part)
            ends = [end for end in found.groups() if end not in (None, "*")] if found else [part]
            if not all(end.upper() in names or (end.isdecimal() and int(end) in numbers) for end in ends):
                raise ValueError(text)
    return text


class CapacityProvider(Model):
    """One line of a capacity provider strategy.

    Ranges and rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """

    capacity_provider: Annotated[
        str, Pattern("FARGATE, FARGATE_SPOT or a name of `capacity`", rf"FARGATE|FARGATE_SPOT|{_NAME}")
    ]
    """Where tasks run: FARGATE, FARGATE_SPOT or a name of `capacity`."""
    weight: int = Field(ge=0, le=1000)
    """Share of the tasks beyond the base."""
    base: int = Field(default=0, ge=0, le=100_000)
    """How many tasks it gets first; at most one provider has a base."""

    @property
    def is_fargate(self) -> bool:
        """Whether it is one of the two that every cluster has."""
        return self.capacity_provider in FARGATE


def _strategy(lines: tuple[CapacityProvider, ...]) -> tuple[CapacityProvider, ...]:
    check(_faults_of(lines))
    return lines


def _faults_of(lines: tuple[CapacityProvider, ...]) -> Iterator[Fault]:
    """Yield what ECS would refuse of a strategy, whatever its names stand for."""
    for fault in repeated((line.capacity_provider for line in lines), "capacity-provider"):
        yield Fault("each capacity provider once; add up the weights", fault.path, fault.value)
    for index in [index for index, line in enumerate(lines) if line.base][1:]:
        only = "only one capacity provider of a strategy may have a base"
        yield Fault(only, (index, "base"), lines[index].base)
    if not any(line.weight for line in lines):
        yield Fault("at least one capacity provider with a weight above 0, else no task has a place")
    for index, line in enumerate(lines):
        if line.is_fargate != lines[0].is_fargate:
            mixed = "a provider of the same kind as the others: ECS mixes FARGATE with FARGATE_SPOT alone"
            yield Fault(mixed, (index, "capacity-provider"), line.capacity_provider)
            return


CapacityStrategy = Annotated[tuple[CapacityProvider, ...], AfterValidator(_strategy)]


class InstanceSchedule(Model):
    """Bounds for the number of instances that hold from a point in time on, until the next one."""

    name: DnsLabel
    """Name of the action."""
    cron: Annotated[
        str,
        AfterValidator(_unix_cron),
        Allowed("five fields, minute hour day-of-month month day-of-week: 0 20 * * MON-FRI"),
    ]
    """When, as five fields of Unix cron."""
    min_instances: int = Field(ge=0, le=MOST_INSTANCES)
    """Fewest instances from then on."""
    max_instances: int = Field(ge=0, le=MOST_INSTANCES)
    """Most instances from then on."""

    def _rules(self) -> Iterator[Fault]:
        yield from _without_room(self.min_instances, self.max_instances)


class Ec2Capacity(Model):
    """EC2 instances of the account, of which ECS keeps as many as the tasks need."""

    type: Literal["ec2"]
    """EC2 instances that you choose and that this program updates."""
    architecture: Architecture = "arm64"
    """Processor of the instances, and so of the services on them."""
    instance_types: Annotated[tuple[_InstanceType, ...], Field(min_length=1, max_length=40), ONCE]
    """Instance types, of which AWS takes the cheapest that is available; best several of the same size."""
    min_instances: int = Field(default=1, ge=0, le=MOST_INSTANCES)
    """Fewest instances; with 0 the first task waits for its instance, about two minutes."""
    max_instances: int = Field(default=4, ge=1, le=MOST_INSTANCES)
    """Most instances."""
    on_demand_base: int = Field(default=0, ge=0, le=MOST_INSTANCES)
    """Number of instances that are on demand before Spot is used."""
    on_demand_percent: int = Field(default=100, ge=0, le=100)
    """Percent of the instances beyond that base that are on demand; the others are Spot."""
    target_capacity_percent: int = Field(default=100, ge=1, le=100)
    """Percent of the instances that tasks should fill; less keeps room for new tasks to start at once."""
    disk_gib: int = Field(default=30, ge=_SMALLEST_DISK, le=_LARGEST_DISK)
    """Size of each instance's encrypted disk in GiB."""
    ami: Literal["al2023", "al2023-gpu"] = "al2023"
    """ECS-optimized image of Amazon Linux 2023, the newest at each update; al2023-gpu has NVIDIA's
    drivers."""
    ami_id: (
        Annotated[
            str,
            Pattern("the id of an AMI, such as ami-0123456789abcdef0", r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?"),
        ]
        | None
    ) = None
    """Fixed image with the ECS agent, instead of the newest `ami`; empty for that."""
    time_zone: TimeZone = "UTC"
    """Time zone of the schedule."""
    schedule: tuple[InstanceSchedule, ...] = ()
    """Bounds at set times. Instances with tasks stay: let the services' own schedules go to 0 first."""

    @property
    def gpu(self) -> bool:
        """Whether tasks can have GPUs."""
        return self.ami == "al2023-gpu"

    def _rules(self) -> Iterator[Fault]:
        yield from _without_room(self.min_instances, self.max_instances)
        yield from _of_another_processor(self.architecture, self.instance_types)
        if self.gpu and self.architecture != "x86_64":
            only = "al2023, or the `architecture` x86_64: AWS has no image with GPU drivers for arm64"
            yield Fault(only, ("ami",), self.ami)
        for index, instance_type in enumerate(self.instance_types):
            if self.gpu and not re.match(r"(?:g|gr|p)\d", instance_type):
                with_one = "a type with a GPU, such as g5.xlarge, for `ami` is al2023-gpu"
                yield Fault(with_one, ("instance-types", index), instance_type)
        for fault in repeated((action.name for action in self.schedule), "name"):
            yield Fault(fault.allowed, ("schedule", *fault.path), fault.value)


class ManagedInstancesCapacity(Model):
    """EC2 instances that ECS chooses, starts, patches and replaces in the account."""

    type: Literal["managed-instances"]
    """EC2 instances that ECS chooses, patches and replaces."""
    architecture: Architecture = "arm64"
    """Processor of the instances, and so of the services on them."""
    min_vcpus: int = Field(default=1, ge=1, le=448)
    """Fewest vCPUs of an instance."""
    max_vcpus: int = Field(default=8, ge=1, le=448)
    """Most vCPUs of an instance; several tasks share one."""
    min_memory_mib: int = Field(default=1024, ge=512, le=24 * 1024**2)
    """Least memory of an instance in MiB."""
    max_memory_mib: int = Field(default=32768, ge=512, le=24 * 1024**2)
    """Most memory of an instance in MiB."""
    instance_types: Annotated[tuple[_InstancePattern, ...], Field(max_length=400), ONCE] = ()
    """Instance types, also as patterns, to which the choice is limited; empty for all."""
    spot: bool = False
    """Whether they are Spot instances, which AWS may take back after two minutes."""
    gpu: bool = False
    """Whether they have NVIDIA GPUs, for services with `gpus`."""
    storage_gib: int = Field(default=80, ge=_SMALLEST_DISK, le=_LARGEST_DISK)
    """Size of each instance's data volume in GiB."""

    def _rules(self) -> Iterator[Fault]:
        for least, most in (("min_vcpus", "max_vcpus"), ("min_memory_mib", "max_memory_mib")):
            if getattr(self, least) > getattr(self, most):
                at_most = f"at most the `{most.replace('_', '-')}`, {getattr(self, most)}"
                yield Fault(at_most, (least.replace("_", "-"),), getattr(self, least))
        yield from _of_another_processor(self.architecture, self.instance_types)
        if self.gpu and self.architecture != "x86_64":
            only = "false, or the `architecture` x86_64: ECS has no instances with GPUs for arm64"
            yield Fault(only, ("gpu",), True)


class ExternalCapacity(Model):
    """Machines outside AWS (ECS Anywhere), which register by a command and cost by the hour."""

    type: Literal["external"]
    """Machines of your own outside AWS, by ECS Anywhere."""
    architecture: Architecture = "arm64"
    """Processor of the machines, and so of the services on them."""
    machines: int = Field(default=1, ge=1, le=1000)
    """Number of machines that the registration command may register."""
    expires: UtcTime | None = None
    """Time in UTC at which the registration command expires, at most 30 days ahead; empty for 24 hours after
    its creation. Changing it creates a new command; registered machines stay."""

    @property
    def gpu(self) -> bool:
        """Whether tasks can have GPUs; the install script takes `--enable-gpu`, which nobody tells us."""
        return True


Capacity = Annotated[Ec2Capacity | ManagedInstancesCapacity | ExternalCapacity, Field(discriminator="type")]
Capacities = Annotated[dict[CapacityName, Capacity], Field(max_length=_MOST_PROVIDERS)]


def _without_room(fewest: int, most: int) -> Iterator[Fault]:
    if fewest > most:
        yield Fault(f"at most the `max-instances`, {most}", ("min-instances",), fewest)


def _of_another_processor(architecture: Architecture, types: Sequence[str]) -> Iterator[Fault]:
    for index, instance_type in enumerate(types):
        told = architecture_of(instance_type)
        if told not in (None, architecture):
            other = f"a type with {architecture}, which is the `architecture`; {instance_type} has {told}"
            yield Fault(other, ("instance-types", index), instance_type)
