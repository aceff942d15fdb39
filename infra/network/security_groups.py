"""Security groups of load balancers and tasks, and their rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partialmethod
from typing import TYPE_CHECKING, Final, Literal

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import EgressRule

Transport = Literal["tcp", "udp"]


@dataclass(frozen=True, kw_only=True)
class Door:
    """A port that is open to clients or, at the tasks, to a load balancer."""

    port: int
    last: int | None = None
    """The last port of a range that begins with it; None for the port alone."""
    protocol: Transport = "tcp"

    @property
    def name(self) -> str:
        """What tells it apart from others in the names of rules."""
        return f"{self.protocol}-{self.port}" if self.last is None else f"{self.protocol}-dynamic"


# Of Linux, from which Docker takes the port of a task that shares its instance's address:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
DYNAMIC: Final = Door(port=32768, last=65535)


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """What :class:`SecurityGroups` need to know."""

    vpc_id: pulumi.Input[str]
    container_ports: Sequence[int]
    """Ports of the tasks that the application load balancer reaches; the main service's first."""
    dynamic_ports: bool = False
    """Whether it reaches tasks by ports that Docker chooses, too."""
    public_ports: Sequence[int]
    """Ports of that load balancer: 80, and 443 with a certificate; none if the stack makes none."""
    allowed_cidrs: Sequence[str] = ()
    """Who reaches them; without, the world does."""
    test_port: int | None = None
    """Port of the load balancer's test listener, if there is one."""
    test_cidrs: Sequence[str] = ()
    """Who reaches it; nobody without."""
    existing_ids: Sequence[str] = ()
    """Groups of an application load balancer that is there already."""
    network_ports: Sequence[Door] = ()
    """Ports of the network load balancer; none if the stack makes none."""
    network_container_ports: Sequence[Door] = ()
    """Ports of the tasks that the network load balancer reaches."""
    network_cidrs: Sequence[str] = ()
    """Who reaches the network load balancer; without, the world does."""
    existing_network_ids: Sequence[str] = ()
    """Groups of a network load balancer that is there already."""
    egress: Sequence[EgressRule] = ()
    """What tasks may reach beside port 443."""
    ipv6: bool = False
    peer_ports: Sequence[int] = ()
    """Ports by which tasks reach tasks of other services."""
    dynamic_peer_ports: bool = False
    """Whether they do so by ports that Docker chooses, too."""


class SecurityGroups(pulumi.ComponentResource):
    """Clients reach the load balancers, the load balancers the tasks, and nothing else reaches either.

    Tasks reach each other only by the ports that services offer to each other.

    All services share the tasks' group: one for each would run into the 60 rules that a group can have.
    """

    load_balancer_id: pulumi.Output[str] | None
    """The application load balancer's; None if the stack makes none."""
    network_load_balancer_id: pulumi.Output[str] | None
    """The network load balancer's; None if the stack makes none."""
    tasks_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:SecurityGroups", name, None, opts)

        self._args = args
        self._tasks = aws.ec2.SecurityGroup(
            f"{name}-tasks",
            description="Tasks of all services: open to the load balancer",
            vpc_id=args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.load_balancer_id = self._application_load_balancer(name) if args.public_ports else None
        self.network_load_balancer_id = self._network_load_balancer(name) if args.network_ports else None
        for group in args.existing_ids:
            for port in args.container_ports:
                self._from_existing(name, group, Door(port=port))
            if args.dynamic_ports:
                self._from_existing(name, group, DYNAMIC)
        for group in args.existing_network_ids:
            for door in args.network_container_ports:
                self._from_existing(name, group, door)
        self._from_tasks(name)
        self._between_tasks(name)

        self.tasks_id = self._tasks.id
        self.register_outputs(
            {
                "load_balancer_id": self.load_balancer_id,
                "network_load_balancer_id": self.network_load_balancer_id,
                "tasks_id": self.tasks_id,
            }
        )

    def _application_load_balancer(self, name: str) -> pulumi.Output[str]:
        args = self._args
        prefix = f"{name}-load-balancer"
        group = aws.ec2.SecurityGroup(
            prefix,
            description="The load balancer: open to the world",
            vpc_id=args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for port in args.public_ports:
            self._from_clients(f"{prefix}-{port}", group.id, Door(port=port), args.allowed_cidrs)
        for cidr in args.test_cidrs:
            self._ingress(
                f"{prefix}-test-{_slug(cidr)}",
                group.id,
                Door(port=args.test_port or 0),
                "The test listener, before users see a version",
                cidr=cidr,
            )
        for port in args.container_ports:
            # The port is part of the name: with another one the new rules come before the old ones go, and
            # tasks that still serve on the old port are reached until the end.
            is_first = port == args.container_ports[0]
            self._egress(
                f"{prefix}-to-tasks-{port}",
                group.id,
                Door(port=port),
                "Requests and health checks to the tasks",
                group=self._tasks.id,
                alias=f"{prefix}-to-tasks" if is_first else None,
            )
            self._ingress(
                f"{name}-tasks-from-load-balancer-{port}",
                self._tasks.id,
                Door(port=port),
                "Requests and health checks from the load balancer",
                group=group.id,
                alias=f"{name}-tasks-from-load-balancer" if is_first else None,
            )
        if args.dynamic_ports:
            chosen = "Requests and health checks to ports that Docker chooses"
            self._egress(f"{prefix}-to-tasks-dynamic", group.id, DYNAMIC, chosen, group=self._tasks.id)
            self._ingress(
                f"{name}-tasks-from-load-balancer-dynamic", self._tasks.id, DYNAMIC, chosen, group=group.id
            )
        return group.id

    def _network_load_balancer(self, name: str) -> pulumi.Output[str]:
        # Without a group from the start it could never have one, and tasks would have to let in whoever
        # reaches it. A rule that names its group holds for clients' own addresses, too:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
        args = self._args
        prefix = f"{name}-network-load-balancer"
        group = aws.ec2.SecurityGroup(
            prefix,
            description="The network load balancer: open to its clients",
            vpc_id=args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for door in args.network_ports:
            self._from_clients(f"{prefix}-{door.name}", group.id, door, args.network_cidrs)
        for door in args.network_container_ports:
            self._egress(
                f"{prefix}-to-tasks-{door.name}",
                group.id,
                door,
                "Connections and health checks to the tasks",
                group=self._tasks.id,
            )
            self._ingress(
                f"{name}-tasks-from-network-load-balancer-{door.name}",
                self._tasks.id,
                door,
                "Connections and health checks from the network load balancer",
                group=group.id,
            )
        return group.id

    def _from_existing(self, name: str, group: str, door: Door) -> None:
        self._ingress(
            f"{name}-tasks-from-{group}-{door.name}",
            self._tasks.id,
            door,
            "Requests and health checks from an existing load balancer",
            group=group,
        )

    def _from_clients(self, name: str, group: pulumi.Output[str], door: Door, cidrs: Sequence[str]) -> None:
        who = {_slug(cidr): cidr for cidr in cidrs} or self._anywhere()
        for end, cidr in who.items():
            by = "Clients" if cidrs else "The world"
            self._ingress(f"{name}-{end}", group, door, f"{by}, port {door.port}", cidr=cidr)

    def _from_tasks(self, name: str) -> None:
        for family, cidr in self._anywhere().items():
            self._egress(
                f"{name}-tasks-443-{family}",
                self._tasks.id,
                Door(port=443),
                "HTTPS: image registry, logs, secrets and other APIs",
                cidr=cidr,
            )
        for rule in self._args.egress:
            self._egress(
                f"{name}-tasks-{rule.protocol}-{rule.port}-{_slug(rule.cidr)}",
                self._tasks.id,
                Door(port=rule.port, protocol=rule.protocol),
                rule.description,
                cidr=rule.cidr,
            )

    def _between_tasks(self, name: str) -> None:
        doors = {str(port): Door(port=port) for port in self._args.peer_ports}
        if self._args.dynamic_peer_ports:
            doors["dynamic"] = DYNAMIC
        for which, door in doors.items():
            for way, add in (("to", self._egress), ("from", self._ingress)):
                add(
                    f"{name}-tasks-{way}-peers-{which}",
                    self._tasks.id,
                    door,
                    "Other services of the stack",
                    group=self._tasks.id,
                )

    def _rule(
        self,
        kind: type[aws.vpc.SecurityGroupIngressRule | aws.vpc.SecurityGroupEgressRule],
        name: str,
        of: pulumi.Output[str],
        door: Door,
        description: str,
        *,
        cidr: str | None = None,
        group: pulumi.Input[str] | None = None,
        alias: str | None = None,
    ) -> None:
        kind(
            name,
            security_group_id=of,
            description=description,
            ip_protocol=door.protocol,
            from_port=door.port,
            to_port=door.last or door.port,
            cidr_ipv4=cidr if cidr and ":" not in cidr else None,
            cidr_ipv6=cidr if cidr and ":" in cidr else None,
            referenced_security_group_id=group,
            opts=self._options(alias),
        )

    _ingress = partialmethod(_rule, aws.vpc.SecurityGroupIngressRule)
    _egress = partialmethod(_rule, aws.vpc.SecurityGroupEgressRule)

    def _options(self, alias: str | None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=alias)] if alias else None)

    def _anywhere(self) -> dict[str, str]:
        return {"ipv4": "0.0.0.0/0"} | ({"ipv6": "::/0"} if self._args.ipv6 else {})


def _slug(cidr: str) -> str:
    return re.sub("[^0-9a-f]", "-", cidr.lower())
