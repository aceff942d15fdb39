"""Security groups of load balancers and tasks, and their rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partialmethod
from typing import TYPE_CHECKING, Final, Literal

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import EgressRule

Transport = Literal["tcp", "udp"]


@dataclass(frozen=True, kw_only=True)
class PortRange:
    """A port, or a range of ports, that a rule opens."""

    first: int
    last: int | None = None
    """The last port of a range; None for a single port."""
    protocol: Transport = "tcp"

    @property
    def number(self) -> str:
        """The port in names of rules: its number, or `dynamic`."""
        return str(self.first) if self.last is None else "dynamic"

    @property
    def name(self) -> str:
        """The port in names of rules with its protocol."""
        return f"{self.protocol}-{self.number}"


_FAMILIES: Final = {"0.0.0.0/0": "ipv4", "::/0": "ipv6"}
"""The names of the entire internet."""
# Linux's range of ephemeral ports, from which Docker chooses the host port of a task in bridge mode:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
DYNAMIC: Final = PortRange(first=32768, last=65535)


@dataclass(frozen=True, kw_only=True)
class LoadBalancerPorts:
    """The ports of a load balancer."""

    listeners: Sequence[PortRange] = ()
    """Ports that are open to clients; none if the stack creates no such load balancer."""
    targets: Sequence[PortRange] = ()
    """Ports of tasks that the load balancer connects to; the main service's first."""
    client_cidrs: Sequence[str] = ()
    """CIDR blocks of clients; the entire internet if empty."""
    existing_group_ids: Sequence[str] = ()
    """Security groups of an existing load balancer."""


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """Inputs of :class:`SecurityGroups`."""

    vpc_id: pulumi.Input[str]
    application: LoadBalancerPorts = field(default_factory=LoadBalancerPorts)
    network: LoadBalancerPorts = field(default_factory=LoadBalancerPorts)
    test_listener: PortRange | None = None
    """The port of the application load balancer's test listener, if it has one."""
    test_cidrs: Sequence[str] = ()
    """CIDR blocks of the test listener's clients; without any it is closed."""
    egress: Sequence[EgressRule] = ()
    """Destinations of tasks other than port 443."""
    ipv6: bool = False
    peers: Sequence[PortRange] = ()
    """Ports by which tasks connect to tasks of other services."""


class SecurityGroups(pulumi.ComponentResource):
    """Clients can connect to the load balancers only, and load balancers to the tasks only.

    Tasks can connect to each other only by the ports of services that other services use. All services share
    one group for tasks: one for each service would exceed the limit of 60 rules for a group.
    """

    load_balancer_id: pulumi.Output[str] | None
    """Group of the application load balancer; None if the stack creates none."""
    network_load_balancer_id: pulumi.Output[str] | None
    """Group of the network load balancer; None if the stack creates none."""
    tasks_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:SecurityGroups", name, None, opts)

        self._name = name
        self._args = args
        self._anywhere = [cidr for cidr in _FAMILIES if args.ipv6 or cidr != "::/0"]
        self.tasks_id = self._group("tasks", "Tasks of all services: open to the load balancer")
        self.load_balancer_id = self._application_load_balancer() if args.application.listeners else None
        self.network_load_balancer_id = self._network_load_balancer() if args.network.listeners else None
        from_existing = [
            (group_id, port)
            for ports in (args.application, args.network)
            for group_id in ports.existing_group_ids
            for port in ports.targets
        ]
        # Two load balancers may have the same group.
        for group_id, port in dict.fromkeys(from_existing):
            description = "Requests and health checks from an existing load balancer"
            self._ingress(
                f"tasks-from-{group_id}-{port.name}", self.tasks_id, port, description, peer=group_id
            )
        self._egress_of_tasks()
        for port in args.peers:
            for direction, add_rule in (("to", self._egress), ("from", self._ingress)):
                rule = f"tasks-{direction}-peers-{port.number}"
                add_rule(rule, self.tasks_id, port, "Other services of the stack", peer=self.tasks_id)

        self.register_outputs(
            {
                "load_balancer_id": self.load_balancer_id,
                "network_load_balancer_id": self.network_load_balancer_id,
                "tasks_id": self.tasks_id,
            }
        )

    def _application_load_balancer(self) -> pulumi.Output[str]:
        args, ports = self._args, self._args.application
        group_id = self._group("load-balancer", "The load balancer: open to the world")
        for port in ports.listeners:
            self._from_clients(f"load-balancer-{port.number}", group_id, port, ports.client_cidrs)
        if args.test_listener:
            description = "The test listener, before users see a version"
            for cidr in args.test_cidrs:
                rule = f"load-balancer-test-{_slug(cidr)}"
                self._ingress(rule, group_id, args.test_listener, description, peer=cidr)
        for port in ports.targets:
            traffic = "Requests and health checks"
            purposes = (f"{traffic} to the tasks", f"{traffic} from the load balancer")
            if port.last is not None:
                purposes = (f"{traffic} to ports that Docker chooses",) * 2
            self._open_tasks("load-balancer", port.number, group_id, port, purposes)
        return group_id

    def _network_load_balancer(self) -> pulumi.Output[str]:
        # A network load balancer can have a group only from its creation on. A rule that refers to the group
        # also matches connections that keep the client's address:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
        ports, name = self._args.network, "network-load-balancer"
        group_id = self._group(name, "The network load balancer: open to its clients")
        traffic = "Connections and health checks"
        purposes = (f"{traffic} to the tasks", f"{traffic} from the network load balancer")
        for port in ports.listeners:
            self._from_clients(f"{name}-{port.name}", group_id, port, ports.client_cidrs)
        for port in ports.targets:
            self._open_tasks(name, port.name, group_id, port, purposes)
        return group_id

    def _open_tasks(
        self,
        load_balancer: str,
        suffix: str,
        group_id: pulumi.Output[str],
        port: PortRange,
        purposes: Sequence[str],
    ) -> None:
        # The port is in the names, so that another port creates new rules before it deletes the old ones, and
        # tasks on the old port stay reachable.
        for add_rule, own_id, name, purpose, peer in (
            (self._egress, group_id, f"{load_balancer}-to-tasks", purposes[0], self.tasks_id),
            (self._ingress, self.tasks_id, f"tasks-from-{load_balancer}", purposes[1], group_id),
        ):
            add_rule(f"{name}-{suffix}", own_id, port, purpose, peer=peer)

    def _from_clients(
        self, prefix: str, group_id: pulumi.Output[str], port: PortRange, cidrs: Sequence[str]
    ) -> None:
        clients = "Clients" if cidrs else "The world"
        for cidr in cidrs or self._anywhere:
            rule = f"{prefix}-{_slug(cidr)}"
            self._ingress(rule, group_id, port, f"{clients}, port {port.first}", peer=cidr)

    def _egress_of_tasks(self) -> None:
        https, purpose = PortRange(first=443), "HTTPS: image registry, logs, secrets and other APIs"
        for cidr in self._anywhere:
            self._egress(f"tasks-443-{_slug(cidr)}", self.tasks_id, https, purpose, peer=cidr)
        for rule in self._args.egress:
            port = PortRange(first=rule.port, protocol=rule.protocol)
            name = f"tasks-{port.name}-{_slug(rule.cidr)}"
            self._egress(name, self.tasks_id, port, rule.description, peer=rule.cidr)

    def _group(self, suffix: str, description: str) -> pulumi.Output[str]:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{suffix}",
            description=description,
            vpc_id=self._args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        ).id

    def _rule(
        self,
        type_: type[aws.vpc.SecurityGroupIngressRule | aws.vpc.SecurityGroupEgressRule],
        suffix: str,
        group_id: pulumi.Output[str],
        port: PortRange,
        description: str,
        *,
        peer: str | pulumi.Output[str],
    ) -> None:
        """Add a rule to a group; `peer` is the other side, a CIDR block or the id of a group."""
        cidr = peer if isinstance(peer, str) and "/" in peer else None
        type_(
            f"{self._name}-{suffix}",
            security_group_id=group_id,
            description=description,
            ip_protocol=port.protocol,
            from_port=port.first,
            to_port=port.last or port.first,
            cidr_ipv4=cidr if cidr and ":" not in cidr else None,
            cidr_ipv6=cidr if cidr and ":" in cidr else None,
            referenced_security_group_id=None if cidr else peer,
            opts=pulumi.ResourceOptions(parent=self),
        )

    _ingress = partialmethod(_rule, aws.vpc.SecurityGroupIngressRule)
    _egress = partialmethod(_rule, aws.vpc.SecurityGroupEgressRule)


def _slug(cidr: str) -> str:
    """Return a CIDR block as a part of names.

    The entire internet has one name, whether it is configured or the default: AWS refuses a new rule that is
    like one that is still there.
    """
    return _FAMILIES.get(cidr) or re.sub("[^0-9a-f]", "-", cidr.lower())
