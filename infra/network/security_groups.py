"""Who may talk to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import EgressRule

# Of Linux, from which Docker takes the port of a task that shares its instance's address:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
_DYNAMIC_PORTS: Final = range(32768, 65536)


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """What :class:`SecurityGroups` need to know."""

    vpc_id: pulumi.Input[str]
    container_ports: Sequence[int]
    """Ports of the tasks that the load balancer reaches; the main service's first."""
    dynamic_ports: bool = False
    """Whether the load balancer reaches tasks by ports that Docker chooses, too."""
    public_ports: Sequence[int]
    """Ports of the load balancer that are open to the world: 80, and 443 with a certificate."""
    test_port: int | None = None
    """Port of the load balancer's test listener, if there is one."""
    test_cidrs: Sequence[str] = ()
    """Who reaches it; nobody without."""
    egress: Sequence[EgressRule] = ()
    """What tasks may reach beside port 443."""
    ipv6: bool = False
    peer_ports: Sequence[int] = ()
    """Ports by which tasks reach tasks of other services."""
    dynamic_peer_ports: bool = False
    """Whether they do so by ports that Docker chooses, too."""


class SecurityGroups(pulumi.ComponentResource):
    """The world reaches the load balancer, the load balancer the tasks, and nothing else reaches either.

    Tasks reach each other only by the ports that services offer to each other.

    All services share the tasks' group: one for each would run into the 60 rules that a group can have.
    """

    load_balancer_id: pulumi.Output[str]
    tasks_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:SecurityGroups", name, None, opts)

        self._load_balancer = aws.ec2.SecurityGroup(
            f"{name}-load-balancer",
            description="The load balancer: open to the world",
            vpc_id=args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._tasks = aws.ec2.SecurityGroup(
            f"{name}-tasks",
            description="Tasks of all services: open to the load balancer",
            vpc_id=args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._from_the_world(name, args)
        self._from_testers(name, args)
        for port in args.container_ports:
            self._from_load_balancer_to_tasks(name, port, is_first=port == args.container_ports[0])
        if args.dynamic_ports:
            self._to_ports_that_docker_chooses(name)
        self._from_tasks(name, args)
        self._between_tasks(name, args)

        self.load_balancer_id = self._load_balancer.id
        self.tasks_id = self._tasks.id
        self.register_outputs({"load_balancer_id": self.load_balancer_id, "tasks_id": self.tasks_id})

    def _from_the_world(self, name: str, args: SecurityGroupsArgs) -> None:
        for port in args.public_ports:
            for family, cidr in _anywhere(ipv6=args.ipv6).items():
                aws.vpc.SecurityGroupIngressRule(
                    f"{name}-load-balancer-{port}-{family}",
                    security_group_id=self._load_balancer.id,
                    description=f"The world, port {port}",
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=cidr if family == "ipv4" else None,
                    cidr_ipv6=cidr if family == "ipv6" else None,
                    opts=pulumi.ResourceOptions(parent=self),
                )

    def _from_testers(self, name: str, args: SecurityGroupsArgs) -> None:
        for cidr in args.test_cidrs:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-load-balancer-test-{re.sub('[^0-9]', '-', cidr)}",
                security_group_id=self._load_balancer.id,
                description="The test listener, before users see a version",
                ip_protocol="tcp",
                from_port=args.test_port,
                to_port=args.test_port,
                cidr_ipv4=cidr,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _from_load_balancer_to_tasks(self, name: str, port: int, *, is_first: bool) -> None:
        # The port is part of the name: with another one the new rules come before the old ones go, and tasks
        # that still serve on the old port are reached until the end.
        def options(old: str) -> pulumi.ResourceOptions:
            aliases = [pulumi.Alias(name=old)] if is_first else None
            return pulumi.ResourceOptions(parent=self, aliases=aliases)

        aws.vpc.SecurityGroupEgressRule(
            f"{name}-load-balancer-to-tasks-{port}",
            security_group_id=self._load_balancer.id,
            description="Requests and health checks to the tasks",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=self._tasks.id,
            opts=options(f"{name}-load-balancer-to-tasks"),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-tasks-from-load-balancer-{port}",
            security_group_id=self._tasks.id,
            description="Requests and health checks from the load balancer",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=self._load_balancer.id,
            opts=options(f"{name}-tasks-from-load-balancer"),
        )

    def _to_ports_that_docker_chooses(self, name: str) -> None:
        shared: dict[str, Any] = {
            "description": "Requests and health checks to ports that Docker chooses",
            "ip_protocol": "tcp",
            "from_port": _DYNAMIC_PORTS[0],
            "to_port": _DYNAMIC_PORTS[-1],
            "opts": pulumi.ResourceOptions(parent=self),
        }
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-load-balancer-to-tasks-dynamic",
            security_group_id=self._load_balancer.id,
            referenced_security_group_id=self._tasks.id,
            **shared,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-tasks-from-load-balancer-dynamic",
            security_group_id=self._tasks.id,
            referenced_security_group_id=self._load_balancer.id,
            **shared,
        )

    def _from_tasks(self, name: str, args: SecurityGroupsArgs) -> None:
        for family, cidr in _anywhere(ipv6=args.ipv6).items():
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-tasks-443-{family}",
                security_group_id=self._tasks.id,
                description="HTTPS: image registry, logs, secrets and other APIs",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=cidr if family == "ipv4" else None,
                cidr_ipv6=cidr if family == "ipv6" else None,
                opts=pulumi.ResourceOptions(parent=self),
            )
        for rule in args.egress:
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-tasks-{rule.protocol}-{rule.port}-{re.sub('[^0-9a-f]', '-', rule.cidr.lower())}",
                security_group_id=self._tasks.id,
                description=rule.description,
                ip_protocol=rule.protocol,
                from_port=rule.port,
                to_port=rule.port,
                cidr_ipv4=rule.cidr,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _between_tasks(self, name: str, args: SecurityGroupsArgs) -> None:
        reached = {str(port): (port, port) for port in args.peer_ports}
        if args.dynamic_peer_ports:
            reached["dynamic"] = (_DYNAMIC_PORTS[0], _DYNAMIC_PORTS[-1])
        for which, (first, last) in reached.items():
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-tasks-to-peers-{which}",
                security_group_id=self._tasks.id,
                description="Other services of the stack",
                ip_protocol="tcp",
                from_port=first,
                to_port=last,
                referenced_security_group_id=self._tasks.id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-tasks-from-peers-{which}",
                security_group_id=self._tasks.id,
                description="Other services of the stack",
                ip_protocol="tcp",
                from_port=first,
                to_port=last,
                referenced_security_group_id=self._tasks.id,
                opts=pulumi.ResourceOptions(parent=self),
            )


def _anywhere(*, ipv6: bool) -> dict[str, str]:
    return {"ipv4": "0.0.0.0/0"} | ({"ipv6": "::/0"} if ipv6 else {})
