"""Capacity other than Fargate, and the services' choice of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.attach import UtcTime
from infra.settings.clock_times import TimeZone, UnixCron
from infra.settings.faults import Fault, repeated
from infra.settings.model import ONCE, Model, Pattern, checked, resource_id
from infra.settings.names import DnsLabel

Architecture = Literal["arm64", "x86_64"]

# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html: letters, the generation, and
# then options, of which g is AWS Graviton. The first generation of Graviton has no g in its name.
_FAMILY: Final = re.compile(r"[a-z]+(?:-)?\d+(?P<options>[a-z0-9-]*)")

Kind = Literal["fargate", "ec2", "managed-instances", "external"]
"""What tasks run on; ECS accepts no strategy with several kinds."""
FARGATE: Final = ("FARGATE", "FARGATE_SPOT")
"""The capacity providers that every cluster has."""

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MOST_INSTANCES: Final = 5000
_MOST_PROVIDERS: Final = 20 - len(FARGATE)
# The ECS-optimized AMI of Amazon Linux 2023 has a root volume of 30 GiB, and no volume is smaller than the
# snapshot that it is made from.
_SMALLEST_DISK: Final = 30
_LARGEST_DISK: Final = 16384

# A role's name has 64 characters, of which the program's own part and Pulumi's random suffix take 40.
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


def _faults_of_strategy(lines: tuple[CapacityProvider, ...]) -> Iterator[Fault]:
    for fault in repeated((line.capacity_provider for line in lines), "capacity-provider"):
        yield replace(fault, allowed="each capacity provider once; add up the weights")
    for index in [index for index, line in enumerate(lines) if line.base][1:]:
        only = "only one capacity provider of a strategy may have a base"
        yield Fault((index, "base"), only, lines[index].base)
    if not any(line.weight for line in lines):
        yield Fault((), "at least one capacity provider with a weight above 0, otherwise no task can run")
    for index, line in enumerate(lines):
        if line.is_fargate != lines[0].is_fargate:
            mixed = "a provider of the same kind as the others: ECS mixes only FARGATE with FARGATE_SPOT"
            yield Fault((index, "capacity-provider"), mixed, line.capacity_provider)
            return


CapacityStrategy = Annotated[tuple[CapacityProvider, ...], checked(_faults_of_strategy)]


class InstanceSchedule(Model):
    """Bounds for the number of instances that apply from a point in time on, until the next one."""

    name: DnsLabel
    """Name of the action."""
    cron: UnixCron
    """When, as five fields of Unix cron."""
    min_instances: int = Field(ge=0, le=MOST_INSTANCES)
    """Fewest instances from then on."""
    max_instances: int = Field(ge=0, le=MOST_INSTANCES)
    """Most instances from then on."""

    def _rules(self) -> Iterator[Fault]:
        yield from self.ordered("min-instances", "max-instances")


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
    ami_id: Annotated[str, resource_id("an AMI", "ami")] | None = None
    """Fixed image with the ECS agent, instead of the newest `ami`; empty for that."""
    time_zone: TimeZone = "UTC"
    """Time zone of the schedule."""
    schedule: tuple[InstanceSchedule, ...] = ()
    """Bounds at set times. Instances with tasks are kept: let the services' own schedules go to 0 first."""

    @property
    def gpu(self) -> bool:
        """Whether tasks can have GPUs."""
        return self.ami == "al2023-gpu"

    def _rules(self) -> Iterator[Fault]:
        yield from self.ordered("min-instances", "max-instances")
        yield from _other_processors(self.architecture, self.instance_types)
        if self.gpu and self.architecture != "x86_64":
            only = "al2023, or the `architecture` x86_64: AWS has no image with GPU drivers for arm64"
            yield Fault(("ami",), only)
        for index, instance_type in enumerate(self.instance_types):
            if self.gpu and not re.match(r"(?:g|gr|p)\d", instance_type):
                yield Fault(
                    ("instance-types", index), "a type with a GPU, such as g5.xlarge: `ami` is al2023-gpu"
                )
        for fault in repeated((action.name for action in self.schedule), "name"):
            yield fault.below("schedule")


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
        yield from self.ordered("min-vcpus", "max-vcpus")
        yield from self.ordered("min-memory-mib", "max-memory-mib")
        yield from _other_processors(self.architecture, self.instance_types)
        if self.gpu and self.architecture != "x86_64":
            only = "false, or the `architecture` x86_64: ECS has no instances with GPUs for arm64"
            yield Fault(("gpu",), only)


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
    its creation. Changing it creates a new command; registered machines are kept."""

    @property
    def gpu(self) -> bool:
        """Whether tasks can have GPUs: unknown, the user passes `--enable-gpu` to the install script."""
        return True


Capacity = Annotated[Ec2Capacity | ManagedInstancesCapacity | ExternalCapacity, Field(discriminator="type")]
Capacities = Annotated[dict[CapacityName, Capacity], Field(max_length=_MOST_PROVIDERS)]


def architecture_of(instance_type: str) -> Architecture | None:
    """Return the processor of an instance type by its name; None for a pattern or another form of name."""
    family = instance_type.partition(".")[0]
    match = _FAMILY.fullmatch(family)
    if match is None:
        return None
    return "arm64" if family == "a1" or "g" in match["options"] else "x86_64"


def _other_processors(architecture: Architecture, types: Sequence[str]) -> Iterator[Fault]:
    for index, instance_type in enumerate(types):
        processor = architecture_of(instance_type)
        if processor not in (None, architecture):
            other = f"a type with {architecture}, the `architecture`; {instance_type} has {processor}"
            yield Fault(("instance-types", index), other)
