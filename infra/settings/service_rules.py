"""Rules between several keys of one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.settings.fargate import MEMORY_BY_CPU, nearest_memory, sizes_for
from infra.settings.model import Fault
from infra.settings.sidecars import rules_of_sidecars
from infra.settings.variables import is_in_s3, rules_of_variables, size_of_variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.settings.service_keys import ServiceKeys
    from infra.settings.sidecars import Tmpfs

_ONLY_EC2: Final = "for others let `capacity-provider-strategy` name a `capacity` of type ec2"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
_LARGEST_DEFINITION: Final = 64 * 1024
_RESERVED: Final = 4 * 1024


def rules_of_service(service: ServiceKeys) -> Iterator[Fault]:
    """Yield what is wrong between several keys of one service."""
    if service.is_on_fargate:
        yield from _rules_of_fargate(service)
    if service.network_mode == "none":
        yield from _rules_without_a_network(service)
    yield from rules_of_variables(
        service.environment,
        service.environment_files,
        service.secrets,
        service.public_variables,
        # Most files of apps have it.
        same={"PORT": str(service.container_port)},
    )
    yield from rules_of_sidecars(
        service.name,
        service.depends_on,
        service.sidecars,
        app_has_health_check=bool(service.health_check_command),
    )
    yield from _rules_of_containers(service)
    yield from _rules_of_schedules(service)
    udp = service.exposure == "tcp" and service.listener_protocol == "udp"
    if udp and service.connect.enabled and service.connect.offers:
        tcp = "another protocol, or `connect.offers: false`: Service Connect knows TCP alone"
        yield Fault(tcp, ("listener-protocol",), "udp")
    yield from _rules_of_size(service)
    yield from _rules_of_deployment(service)


def _rules_of_size(service: ServiceKeys) -> Iterator[Fault]:
    containers = [service, *service.sidecars.values()]
    size = sum(size_of_variables(one.environment_files, one.environment, one.secrets) for one in containers)
    if size > _LARGEST_DEFINITION - _RESERVED:
        yield Fault(
            f"fewer or shorter ones: with `secrets` they take {size} bytes, and a task definition holds "
            f"{_LARGEST_DEFINITION}, of which {_RESERVED} are reserved for all else",
            ("environment",),
            f"{sum(len(one.environment) for one in containers)} variables",
        )


def _rules_of_deployment(service: ServiceKeys) -> Iterator[Fault]:
    count = service.desired_count
    if service.exposure != "http" and service.rollout.has_two_target_groups:
        # Behind a network load balancer ECS waits ten minutes at each shift, and changes listeners:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html
        key = "strategy" if service.rollout.strategy != "rolling" else "two-target-groups"
        value = getattr(service.rollout, key.replace("-", "_"))
        allowed = "rolling" if key == "strategy" else "false"
        only = f"{allowed}, or `exposure: http`: traffic moves between versions by listener rules"
        yield Fault(only, ("rollout", key), value)
    scaling = service.autoscaling
    if service.exposure != "http" and scaling.enabled and scaling.requests_per_target:
        none = "0, or `exposure: http`: only an application load balancer counts requests"
        yield Fault(none, ("autoscaling", "requests-per-target"), scaling.requests_per_target)
    if scaling.enabled and not scaling.min_count <= count <= scaling.max_count:
        bounds = f"from {scaling.min_count} to {scaling.max_count}, the bounds of `autoscaling`"
        yield Fault(bounds, ("desired-count",), count)
    else:
        yield from _stuck_deployments(service, scaling.counts if scaling.enabled else range(count, count + 1))
    keys, minutes = service.rollout.watched
    moves = service.rollout.strategy != "rolling"
    if service.alarms.enabled and moves and service.alarms.seconds > minutes * 60:
        yield Fault(
            f"less: {service.alarms.periods} periods of {service.alarms.period_seconds} seconds are longer "
            f"than the {minutes} minutes ({keys}) in which the {service.rollout.strategy} deployment of "
            f"{service.name} watches the new version",
            ("alarms", "periods"),
            service.alarms.periods,
        )


def _rules_without_a_network(service: ServiceKeys) -> Iterator[Fault]:
    path = ("network-mode",)
    if service.exposure != "none":
        unreachable = "another mode, or `exposure: none`: nothing reaches a container without a network"
        yield Fault(unreachable, path, "none")
    for key, needs in (
        ("discovery", service.discovery.enabled),
        ("execute-command", service.execute_command),
    ):
        if needs:
            yield Fault(f"another mode, or no `{key}`, which needs a network", path, "none")


def _rules_of_fargate(service: ServiceKeys) -> Iterator[Fault]:
    cpu, memory = service.cpu, service.memory
    if cpu not in MEMORY_BY_CPU:
        yield Fault(f"one of {', '.join(map(str, MEMORY_BY_CPU))}, for Fargate", ("cpu",), cpu)
    elif memory not in MEMORY_BY_CPU[cpu]:
        yield Fault(
            f"cpu {cpu} and memory {memory} are no Fargate size; with cpu {cpu} memory is "
            f"{sizes_for(cpu)}, the nearest is {nearest_memory(cpu, memory)}",
            ("memory",),
            memory,
        )
    if service.network_mode not in ("auto", "awsvpc"):
        yield Fault(f"awsvpc, or auto: {_ONLY_EC2}", ("network-mode",), service.network_mode)
    if service.gpus:
        yield Fault(f"0: Fargate has no GPUs; {_ONLY_EC2}", ("gpus",), service.gpus)
    for key in ("placement-strategies", "placement-constraints"):
        if items := getattr(service, key.replace("-", "_")):
            yield Fault(
                f"none: Fargate has no instances to choose; {_ONLY_EC2}", (key,), f"{len(items)} items"
            )
    yield from _rules_of_fargate_s_containers(service)


def _rules_of_fargate_s_containers(service: ServiceKeys) -> Iterator[Fault]:
    for name, one in service.sidecars.items():
        if one.log_router and one.log_router.config_file and is_in_s3(one.log_router.config_file):
            yield Fault(
                "a path in the container's image: on Fargate FireLens reads no file in S3",
                ("sidecars", name, "log-router", "config-file"),
                one.log_router.config_file,
            )
    for place, limits in _ulimits(service):
        for limit in limits:
            if limit != "nofile":
                only = f"nofile, which Fargate takes alone: {_ONLY_EC2}"
                yield Fault(only, (*place, limit), limits[limit])


def _ulimits(service: ServiceKeys) -> Iterator[tuple[tuple[str, ...], dict[str, int]]]:
    yield ("ulimits",), service.ulimits
    for name, one in service.sidecars.items():
        yield ("sidecars", name, "ulimits"), one.ulimits


def _rules_of_containers(service: ServiceKeys) -> Iterator[Fault]:
    if service.ingress_container is not None:
        proxy = service.sidecars.get(service.ingress_container)
        if proxy is None or proxy.port is None:
            yield Fault("a sidecar with a `port`", ("ingress-container",), service.ingress_container)
    if service.log_options and not any(one.log_router for one in service.sidecars.values()):
        needs = "of use only with a sidecar that has `log-router`"
        yield Fault(needs, ("log-options",), service.log_options)
    for name, one in service.sidecars.items():
        for volume in one.volumes:
            if volume not in service.volumes:
                there = f"one of `volumes`: {', '.join(service.volumes) or 'there are none'}"
                yield Fault(there, ("sidecars", name, "volumes"), volume)
    for what, most, said in (
        ("cpu", service.cpu, sum(one.cpu for one in service.sidecars.values())),
        (
            "memory",
            service.memory,
            sum(one.memory or one.memory_reservation or 0 for one in service.sidecars.values()),
        ),
    ):
        if said >= most:
            yield Fault(
                f"more than the {said} that `sidecars` take, so that something is left for the app",
                (what,),
                most,
            )
    yield from _rules_of_places(service)
    yield from _rules_of_ports(service)
    blocks = [name for name, one in service.volumes.items() if one.ebs]
    for name in blocks[1:]:
        one = f"one volume with `ebs` in a service; {blocks[0]} is one"
        yield Fault(one, ("volumes", name, "ebs"), name)


def _rules_of_places(service: ServiceKeys) -> Iterator[Fault]:
    """Yield volumes where something else is mounted: Docker takes one thing for each path."""
    containers: list[tuple[dict[tuple[str, ...], str], Tmpfs]] = [
        ({("volumes", name, "path"): one.path for name, one in service.volumes.items()}, service.tmpfs)
    ]
    for name, one in service.sidecars.items():
        places = {("sidecars", name, "volumes", volume): path for volume, path in one.volumes.items()}
        containers.append((places, one.tmpfs))
    for places, tmpfs in containers:
        taken = dict.fromkeys(tmpfs, "`tmpfs`, or `tmpfs` without it (`{}` has none)")
        for where, path in places.items():
            if other := taken.get(path):
                yield Fault(f"another path than one of {other}", where, path)
            taken.setdefault(path, f"`{'.'.join(where)}`")


def _rules_of_ports(service: ServiceKeys) -> Iterator[Fault]:
    """Yield ports that two containers of a task would listen on, which share one network but with bridge."""
    if service.network_mode == "bridge" or (service.network_mode == "auto" and not service.is_on_fargate):
        return
    taken = {service.container_port: "`container-port`"} if service.exposure != "none" else {}
    for name, one in service.sidecars.items():
        if one.port is None:
            continue
        if other := taken.get(one.port):
            yield Fault(
                f"another port than {other}: the containers of a task share its network",
                ("sidecars", name, "port"),
                one.port,
            )
        taken.setdefault(one.port, f"`sidecars.{name}.port`")


def _stuck_deployments(service: ServiceKeys, counts: range) -> Iterator[Fault]:
    """Yield percentages with which a deployment could neither stop an old task nor start a new one.

    ECS rounds the minimum up and the maximum down:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    minimum, maximum = service.deployment_minimum_healthy_percent, service.deployment_maximum_percent
    for count in counts:
        if count and -(-count * minimum // 100) >= count >= count * maximum // 100:
            yield Fault(
                f"{-(-100 * (count + 1) // count)} or more, or a lower "
                f"`deployment-minimum-healthy-percent`: with a minimum of {minimum} and a desired count "
                f"of {count} a deployment of {service.name} could neither stop an old task nor start a new "
                "one",
                ("deployment-maximum-percent",),
                maximum,
            )
            return


def _rules_of_schedules(service: ServiceKeys) -> Iterator[Fault]:
    blocks = [name for name, one in service.volumes.items() if one.ebs]
    if service.schedules and blocks:
        # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html has no volumes.
        none = f"none, or no `ebs` for {blocks[0]}: EventBridge Scheduler starts no task with such a volume"
        yield Fault(none, ("schedules",), ", ".join(service.schedules))
    for name, schedule in service.schedules.items():
        public = tuple(one for one in service.public_variables if one in schedule.environment)
        for fault in rules_of_variables(schedule.environment, (), service.secrets, public):
            yield Fault(fault.allowed, ("schedules", name, *fault.path), fault.value)
