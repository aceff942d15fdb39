"""Load balancers of a stack, created or existing, with their names and certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.network.dns import Certificate, CertificateArgs
from infra.network.existing import existing_listener, existing_load_balancer
from infra.network.firewall import Firewall, FirewallArgs
from infra.network.load_balancer import (
    LoadBalancer,
    LoadBalancerArgs,
    NetworkLoadBalancer,
    NetworkLoadBalancerArgs,
    test_port,
)
from infra.network.security_groups import (
    DYNAMIC,
    LoadBalancerPorts,
    PortRange,
    SecurityGroups,
    SecurityGroupsArgs,
)
from infra.service.platform import ListeningBalancer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.network.existing import ExistingListener, ExistingLoadBalancer
    from infra.network.vpc import Network
    from infra.settings import ServiceSettings, Settings

_NONE: Final = ("listener_arn", "arn", "arn_suffix", "dns_name", "zone_id")


class Entrances:
    """An application load balancer if a service speaks HTTP, a network one if a service speaks TCP or UDP."""

    security: SecurityGroups
    zone_id: pulumi.Output[str] | None
    """Route 53 zone of the stack's names; None if none are made there."""
    alias_zone_ids: Mapping[str, pulumi.Output[str]]
    """Further zones, by name."""
    outputs: dict[str, pulumi.Output[Any]]
    """What people, and other programs, want to know of the load balancers."""
    test_listener_arn: pulumi.Input[str] | None
    """Where versions answer before users see them; None if no service has such versions."""

    def __init__(
        self, settings: Settings, network: Network, *, log_prefix: str = "", parent: pulumi.Resource
    ) -> None:
        """Declare or look up what the services need.

        Args:
            settings: of the stack.
            network: where it is.
            log_prefix: of the load balancer's logs in their bucket.
            parent: the component that it belongs to.
        """
        self._settings = settings
        self._network = network
        self._log_prefix = log_prefix
        self._parent = parent
        self._http = [one for one in settings.services if one.exposure == "http"]
        self._tcp = [one for one in settings.services if one.exposure == "tcp"]
        balancer = settings.load_balancer
        listener_arn, network_arn = balancer.listener_arn, balancer.network_load_balancer.arn
        vpc_id = settings.network.vpc_id
        self._listener: ExistingListener | None = None
        if self._http and listener_arn:
            self._listener = existing_listener(listener_arn, vpc_id=vpc_id, parent=parent)
        self._existing_network: ExistingLoadBalancer | None = None
        if self._tcp and network_arn:
            self._existing_network = existing_load_balancer(
                network_arn, key="network-load-balancer.arn", vpc_id=vpc_id, parent=parent
            )
        self._decrypts_tcp = any(one.listener_protocol == "tls" for one in self._tcp)
        self.security = self._security()
        self.zone_id, self.alias_zone_ids = self._zones()
        self._certificate_arn = self._certificate()
        self._application = self._application_load_balancer()
        self._listening = self._network_load_balancer()
        self.test_listener_arn = balancer.test_listener_arn or self._application["test_listener_arn"]

    def of_platform(self) -> dict[str, Any]:
        """Return what services have to know, by the names of :class:`Platform`."""
        application = self._application
        return {
            "listener_arn": application["listener_arn"],
            "load_balancer_arn": application["arn"],
            "load_balancer_arn_suffix": application["arn_suffix"],
            "load_balancer_dns_name": application["dns_name"],
            "load_balancer_zone_id": application["zone_id"],
            "zone_id": self.zone_id,
            "alias_zone_ids": self.alias_zone_ids,
            "network_load_balancer": self._listening,
            "https": self._listener is None or self._listener.https,
        }

    def _security(self) -> SecurityGroups:
        settings, balancer = self._settings, self._settings.load_balancer
        has_domain = balancer.domain is not None
        ports = [80, 443] if has_domain else [80]
        test_listener = PortRange(first=test_port(has_certificate=has_domain))
        targets = [PortRange(first=port) for port in settings.container_ports]
        peers = [PortRange(first=port) for port in settings.peer_ports]
        return SecurityGroups(
            "security",
            SecurityGroupsArgs(
                vpc_id=self._network.vpc_id,
                application=LoadBalancerPorts(
                    listeners=[PortRange(first=port) for port in ports] if self._makes_application else (),
                    targets=[*targets, DYNAMIC] if settings.has_dynamic_ports else targets,
                    client_cidrs=balancer.allowed_cidrs,
                    existing_group_ids=self._listener.load_balancer.security_group_ids
                    if self._listener
                    else (),
                ),
                network=LoadBalancerPorts(
                    listeners=list(_listeners(self._tcp)) if self._makes_network else (),
                    targets=list(dict.fromkeys(_targets(self._tcp))),
                    client_cidrs=balancer.network_load_balancer.allowed_cidrs,
                    existing_group_ids=self._existing_network.security_group_ids
                    if self._existing_network
                    else (),
                ),
                test_listener=test_listener if settings.shifts_traffic else None,
                test_cidrs=balancer.test_cidrs,
                egress=settings.network.egress,
                ipv6=settings.network.ipv6,
                peers=[*peers, DYNAMIC] if settings.has_dynamic_peer_ports else peers,
            ),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    @property
    def _makes_application(self) -> bool:
        return bool(self._http) and self._listener is None

    @property
    def _makes_network(self) -> bool:
        return bool(self._tcp) and self._existing_network is None

    def _zones(self) -> tuple[pulumi.Output[str] | None, Mapping[str, pulumi.Output[str]]]:
        balancer = self._settings.load_balancer
        if balancer.hosted_zone is None or not balancer.dns_records:
            return None, {}
        if balancer.hosted_zone_id:
            own = pulumi.Output.from_input(balancer.hosted_zone_id)
        else:
            own = self._zone(balancer.hosted_zone, private=balancer.private_zone)
        return own, {name: self._zone(name, private=False) for name in balancer.alias_zones}

    def _zone(self, name: str, *, private: bool) -> pulumi.Output[str]:
        return aws.route53.get_zone_output(
            name=name, private_zone=private, opts=pulumi.InvokeOptions(parent=self._parent)
        ).zone_id

    def _certificate(self) -> pulumi.Input[str] | None:
        """Return the certificate for all names: one's own, or one that is made; None without a domain."""
        balancer = self._settings.load_balancer
        if balancer.certificate_arn and self._listener and balancer.listener_arn:
            aws.lb.ListenerCertificate(
                "certificate",
                listener_arn=balancer.listener_arn,
                certificate_arn=balancer.certificate_arn,
                opts=pulumi.ResourceOptions(parent=self._parent),
            )
        decrypts = self._http or self._decrypts_tcp
        if not (balancer.makes_certificate and balancer.domain and self.zone_id and decrypts):
            return balancer.certificate_arn
        names = self._settings.routing.certified
        elsewhere: dict[str, pulumi.Input[str]] = {}
        for name in names:
            host = name.removeprefix("*.")
            zone = balancer.zone_of(host) or ""
            if zone in self.alias_zone_ids:
                elsewhere[host] = self.alias_zone_ids[zone]
        return Certificate(
            "certificate",
            CertificateArgs(domain=balancer.domain, zone_id=self.zone_id, names=names, zone_ids=elsewhere),
            opts=pulumi.ResourceOptions(parent=self._parent),
        ).arn

    def _application_load_balancer(self) -> dict[str, Any]:
        settings, balancer = self._settings, self._settings.load_balancer
        self.outputs = {}
        if self._listener is not None:
            existing = self._listener.load_balancer
            found = {
                "listener_arn": balancer.listener_arn,
                "arn": existing.arn,
                "arn_suffix": existing.arn_suffix,
                "dns_name": existing.dns_name,
                "zone_id": existing.zone_id,
            }
            parts: dict[str, Any] = {name: pulumi.Output.from_input(value) for name, value in found.items()}
            parts["test_listener_arn"] = None
        elif self._http and self.security.load_balancer_id is not None:
            network = self._network
            made = LoadBalancer(
                "load-balancer",
                LoadBalancerArgs(
                    settings=balancer,
                    subnet_ids=network.private_subnet_ids if balancer.internal else network.public_subnet_ids,
                    security_group_id=self.security.load_balancer_id,
                    certificate_arn=self._certificate_arn,
                    test_listener=settings.shifts_traffic,
                    ipv6=settings.network.ipv6,
                    protect=settings.protect,
                    log_bucket=settings.observability.log_bucket,
                    log_prefix=self._log_prefix,
                    prerequisites=[network],
                ),
                opts=pulumi.ResourceOptions(parent=self._parent),
            )
            parts = {name: getattr(made, name) for name in (*_NONE, "test_listener_arn")}
            if balancer.firewall.enabled:
                Firewall(
                    "firewall",
                    FirewallArgs(
                        settings=balancer.firewall,
                        load_balancer_arn=made.arn,
                        qualified_stack=f"{settings.provider.tags['Project']}-{settings.environment}",
                        log_retention_days=settings.main.log_retention_days,
                        log_key_arn=settings.observability.log_key_arn,
                    ),
                    opts=pulumi.ResourceOptions(parent=self._parent),
                )
        else:
            # No service asks for them.
            return {
                **dict.fromkeys(_NONE, pulumi.Output.from_input("")),
                "test_listener_arn": None,
            }
        self.outputs = {
            "load_balancer_arn": parts["arn"],
            "load_balancer_dns_name": parts["dns_name"],
            "load_balancer_zone_id": parts["zone_id"],
            "listener_arn": parts["listener_arn"],
        }
        return parts

    def _network_load_balancer(self) -> ListeningBalancer | None:
        settings, balancer = self._settings, self._settings.load_balancer
        network = self._network
        own: Any = self._existing_network
        if self._tcp and self.security.network_load_balancer_id is not None:
            internal = balancer.network_load_balancer.internal
            own = NetworkLoadBalancer(
                "network-load-balancer",
                NetworkLoadBalancerArgs(
                    settings=balancer.network_load_balancer,
                    subnet_ids=network.private_subnet_ids if internal else network.public_subnet_ids,
                    public_subnets=network.public_subnets,
                    security_group_id=self.security.network_load_balancer_id,
                    ipv6=settings.network.ipv6,
                    protect=settings.protect,
                    log_bucket=settings.observability.log_bucket if self._decrypts_tcp else None,
                    log_prefix=self._log_prefix,
                    prerequisites=[network],
                ),
                opts=pulumi.ResourceOptions(parent=self._parent),
            )
            if balancer.network_load_balancer.fixed_addresses:
                self.outputs["fixed_addresses"] = own.addresses
        if own is None:
            return None
        self.outputs["network_load_balancer_arn"] = pulumi.Output.from_input(own.arn)
        self.outputs["network_load_balancer_dns_name"] = pulumi.Output.from_input(own.dns_name)
        return ListeningBalancer(
            arn=own.arn,
            arn_suffix=own.arn_suffix,
            dns_name=own.dns_name,
            zone_id=own.zone_id,
            tls_policy=balancer.tls_policy,
            certificate_arn=self._certificate_arn,
        )


def _listeners(services: list[ServiceSettings]) -> Iterator[PortRange]:
    for service in services:
        yield PortRange(first=service.port, protocol="udp" if service.listener_protocol == "udp" else "tcp")


def _targets(services: list[ServiceSettings]) -> Iterator[PortRange]:
    """Yield the ports of tasks that the load balancer connects to; health checks always use TCP."""
    for service in services:
        udp = service.listener_protocol == "udp"
        if service.network_mode == "bridge":
            yield replace(DYNAMIC, protocol="udp") if udp else DYNAMIC
        else:
            yield PortRange(first=service.ingress[1], protocol="udp" if udp else "tcp")
        if service.health_check_port or udp or service.network_mode != "bridge":
            yield PortRange(first=service.health_check_port or service.ingress[1])
