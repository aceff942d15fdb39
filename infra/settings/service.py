"""One service: the stack's main one, one of `services`, or a copy; and the rules between its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

from infra.settings.fargate import MEMORY_BY_CPU, nearest_memory, sizes_for
from infra.settings.faults import Fault, FaultsError
from infra.settings.service_keys import ServiceKeys
from infra.settings.sidecars import Tmpfs
from infra.settings.variables import faults_of_variables, is_in_s3, size_of_variables

_ONLY_EC2: Final = "others need a `capacity` of type ec2 in `capacity-provider-strategy`"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
_LARGEST_DEFINITION: Final = 64 * 1024
_RESERVED: Final = 4 * 1024


class ServiceSettings(ServiceKeys):
    """One service: the stack's main one, one of `services`, or a copy."""

    def _rules(self) -> Iterator[Fault]:
        yield from super()._rules()
        if self.is_on_fargate:
            yield from self._rules_of_fargate()
        if self.network_mode == "none":
            yield from self._rules_without_network()
        yield from self._rules_of_variables()
        yield from self._rules_of_dependencies()
        yield from self._rules_of_containers()
        yield from self._rules_of_volumes()
        yield from self._rules_of_deployment()

    def _rules_of_fargate(self) -> Iterator[Fault]:
        cpu, memory = self.cpu, self.memory
        if cpu not in MEMORY_BY_CPU:
            yield Fault(("cpu",), f"one of {', '.join(map(str, MEMORY_BY_CPU))}, for Fargate")
        elif memory not in MEMORY_BY_CPU[cpu]:
            sizes = f"with cpu {cpu} memory is {sizes_for(cpu)}, the nearest is {nearest_memory(cpu, memory)}"
            yield Fault(("memory",), f"cpu {cpu} and memory {memory} are not a Fargate size; {sizes}")
        if self.network_mode not in ("auto", "awsvpc"):
            yield Fault(("network-mode",), f"awsvpc, or auto; {_ONLY_EC2}")
        yield from self.refuse("0: Fargate has no GPUs; use `capacity` of type ec2 for them", "gpus")
        no_instances = "none: Fargate has no instances to choose; `capacity` of type ec2 has"
        yield from self.refuse(no_instances, "placement-strategies", "placement-constraints")
        for name, sidecar in self.sidecars.items():
            if sidecar.log_router and is_in_s3(sidecar.log_router.config_file or ""):
                path = ("sidecars", name, "log-router", "config-file")
                yield Fault(path, "a path in the container's image: on Fargate FireLens reads no file in S3")
        ulimits = {(): self.ulimits} | {
            ("sidecars", name): one.ulimits for name, one in self.sidecars.items()
        }
        for path, limits in ulimits.items():
            for limit in (limit for limit in limits if limit != "nofile"):
                yield Fault((*path, "ulimits", limit), f"nofile, the only one on Fargate; {_ONLY_EC2}")

    def _rules_without_network(self) -> Iterator[Fault]:
        path = ("network-mode",)
        if self.exposure != "none":
            yield Fault(
                path, "another mode, or `exposure: none`: nothing reaches a container without a network"
            )
        needed = {"discovery": self.discovery.enabled, "execute-command": self.execute_command}
        for key in (key for key, is_on in needed.items() if is_on):
            yield Fault(path, f"another mode, or no `{key}`, which needs a network")

    def _rules_of_variables(self) -> Iterator[Fault]:
        yield from faults_of_variables(
            self.environment,
            self.environment_files,
            self.secrets,
            self.public_variables,
            # Most apps' files have it.
            fixed={"PORT": str(self.container_port)},
        )
        for name, schedule in self.schedules.items():
            public = tuple(public for public in self.public_variables if public in schedule.environment)
            for fault in faults_of_variables(schedule.environment, (), self.secrets, public):
                yield fault.below("schedules", name)
        yield from self._rules_of_size()

    def _rules_of_size(self) -> Iterator[Fault]:
        containers = [self, *self.sidecars.values()]
        try:
            size = sum(size_of_variables(one.variables, one.secrets) for one in containers)
        except FaultsError:
            # An unreadable file is reported already.
            return
        if size > _LARGEST_DEFINITION - _RESERVED:
            yield Fault(
                ("environment",),
                f"fewer or shorter ones: with `secrets` they take {size} bytes, and a task definition has at "
                f"most {_LARGEST_DEFINITION}, of which {_RESERVED} are reserved for everything else",
                f"{sum(len(one.environment) for one in containers)} variables",
            )

    def _rules_of_dependencies(self) -> Iterator[Fault]:
        if self.name in self.sidecars:
            yield Fault(("sidecars", self.name), "another name than the service's own container", self.name)
            return
        containers = {**self.sidecars, self.name: self}
        for name, container in containers.items():
            path = () if container is self else ("sidecars", name)
            for other, condition in container.depends_on.items():
                if other == name or other not in containers:
                    others = ", ".join(key for key in containers if key != name) or "no other"
                    yield Fault((*path, "depends-on"), f"containers of the task: {others}", other)
                elif condition == "healthy" and not containers[other].health_check_command:
                    check = f"start, or a `health-check-command` for {other}, which has none"
                    yield Fault((*path, "depends-on", other), check)
                elif condition in ("complete", "success") and (
                    other == self.name or self.sidecars[other].essential
                ):
                    ends = f"start or healthy, or `essential: false` for {other}: its end ends the task"
                    yield Fault((*path, "depends-on", other), ends)
        try:
            TopologicalSorter({name: one.depends_on for name, one in containers.items()}).prepare()
        except CycleError as error:
            cycle: list[str] = error.args[1]
            if len(set(cycle)) > 1:
                shown = " → ".join(reversed(cycle))
                yield Fault(("sidecars",), "no cycle, or the task never starts", shown)

    def _rules_of_containers(self) -> Iterator[Fault]:
        ingress = self.sidecars.get(self.ingress_container or "")
        if self.ingress_container is not None and (ingress is None or ingress.port is None):
            yield Fault(("ingress-container",), "a sidecar with a `port`")
        routers = [name for name, sidecar in self.sidecars.items() if sidecar.log_router]
        for name in routers[1:]:
            only = f"one log router in a task; {routers[0]} is one"
            yield Fault(("sidecars", name, "log-router"), only, True)
        if not routers:
            yield from self.refuse("only valid with a sidecar that has `log-router`", "log-options")
        reserved = {
            "cpu": sum(sidecar.cpu for sidecar in self.sidecars.values()),
            "memory": sum(one.memory or one.memory_reservation or 0 for one in self.sidecars.values()),
        }
        for key, amount in reserved.items():
            if amount >= (self.cpu if key == "cpu" else self.memory):
                left = "so that something is left for the app"
                yield Fault((key,), f"more than the {amount} that `sidecars` take, {left}")
        # With bridge each container has a network of its own.
        if self.network_mode == "bridge" or (self.network_mode == "auto" and not self.is_on_fargate):
            return
        ports = {self.container_port: "`container-port`"} if self.exposure != "none" else {}
        for name, sidecar in self.sidecars.items():
            if sidecar.port is None:
                continue
            if other := ports.get(sidecar.port):
                shared = f"another port than {other}: the containers of a task share its network"
                yield Fault(("sidecars", name, "port"), shared)
            ports.setdefault(sidecar.port, f"`sidecars.{name}.port`")

    def _rules_of_volumes(self) -> Iterator[Fault]:
        block_storage = [name for name, volume in self.volumes.items() if volume.ebs]
        for name in block_storage[1:]:
            only = f"one volume with `ebs` in a service; {block_storage[0]} is one"
            yield Fault(("volumes", name, "ebs"), only, name)
        if block_storage:
            # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html has no volumes.
            starts = "EventBridge Scheduler starts no task with such a volume"
            yield from self.refuse(f"none, or no `ebs` for {block_storage[0]}: {starts}", "schedules")
        mounts = {("volumes", name, "path"): volume.path for name, volume in self.volumes.items()}
        yield from _repeated_mounts(mounts, self.tmpfs)
        for name, sidecar in self.sidecars.items():
            for volume in sidecar.volumes:
                if volume not in self.volumes:
                    known = f"one of `volumes`: {', '.join(self.volumes) or 'there are none'}"
                    yield Fault(("sidecars", name, "volumes"), known, volume)
            mounts = {("sidecars", name, "volumes", volume): path for volume, path in sidecar.volumes.items()}
            yield from _repeated_mounts(mounts, sidecar.tmpfs)

    def _rules_of_deployment(self) -> Iterator[Fault]:
        scaling, rollout, alarms = self.autoscaling, self.rollout, self.alarms
        is_udp = self.exposure == "tcp" and self.listener_protocol == "udp"
        if is_udp and self.connect.enabled and self.connect.offers:
            tcp = "another protocol, or `connect.offers: false`: Service Connect supports only TCP"
            yield Fault(("listener-protocol",), tcp)
        if self.exposure != "http" and rollout.has_two_target_groups:
            # Behind a network load balancer ECS waits ten minutes at each shift, and changes listeners:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html
            key, allowed = ("strategy", "rolling")
            if rollout.strategy == "rolling":
                key, allowed = ("two-target-groups", "false")
            only = f"{allowed}, or `exposure: http`: traffic moves between versions by listener rules"
            yield Fault(("rollout", key), only)
        if self.exposure != "http" and scaling.enabled and scaling.requests_per_target:
            none = "0, or `exposure: http`: only an application load balancer counts requests"
            yield Fault(("autoscaling", "requests-per-target"), none)
        if scaling.enabled and not scaling.min_count <= self.desired_count <= scaling.max_count:
            bounds = f"from {scaling.min_count} to {scaling.max_count}, the bounds of `autoscaling`"
            yield Fault(("desired-count",), bounds)
        else:
            yield from self._stuck_deployments()
        keys, minutes = rollout.watched
        if alarms.enabled and rollout.strategy != "rolling" and alarms.seconds > minutes * 60:
            yield Fault(
                ("alarms", "periods"),
                f"less: {alarms.periods} periods of {alarms.period_seconds} seconds are longer than the "
                f"{minutes} minutes ({keys}) in which the {rollout.strategy} deployment of {self.name} "
                "watches the new version",
            )

    def _stuck_deployments(self) -> Iterator[Fault]:
        """Yield percentages with which a deployment could neither stop an old task nor start a new one.

        ECS rounds the minimum up and the maximum down:
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
        """
        minimum, maximum = self.deployment_minimum_healthy_percent, self.deployment_maximum_percent
        for count in self.counts:
            if count and -(-count * minimum // 100) >= count >= count * maximum // 100:
                yield Fault(
                    ("deployment-maximum-percent",),
                    f"{-(-100 * (count + 1) // count)} or more, or a lower "
                    f"`deployment-minimum-healthy-percent`: with a minimum of {minimum} and a desired count "
                    f"of {count} a deployment of {self.name} could neither stop an old task nor start a new "
                    "one",
                )
                return


def _repeated_mounts(mounts: Mapping[tuple[str, ...], str], tmpfs: Tmpfs) -> Iterator[Fault]:
    """Yield volumes where something else is mounted: Docker accepts one mount for each path."""
    mounted = dict.fromkeys(tmpfs, "`tmpfs`, or `tmpfs` without it (`{}` has none)")
    for path, folder in mounts.items():
        if other := mounted.get(folder):
            yield Fault(path, f"another path than one of {other}")
        mounted.setdefault(folder, f"`{'.'.join(path)}`")
