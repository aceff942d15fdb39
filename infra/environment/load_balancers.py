"""Load balancers of a stack, created or existing, with their security groups, zones and certificate."""

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
from infra.service.platform import SharedNetworkLoadBalancer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from infra.network.vpc import Network
    from infra.settings import ServiceSettings, Settings

_APPLICATION_FIELDS: Final = ("arn", "arn_suffix", "dns_name", "zone_id")


class LoadBalancers:
    """An application load balancer for HTTP services, a network load balancer for TCP and UDP services."""

    security: SecurityGroups
    zone_id: pulumi.Output[str] | None
    """Route 53 zone of the stack's names; None if the stack creates no records."""
    outputs: dict[str, pulumi.Output[Any]]
    """Stack outputs."""
    created_application: LoadBalancer | None
    """The application load balancer, if the stack creates one."""
    test_listener_arn: pulumi.Input[str] | None
    """Listener for versions that users do not see yet; None if no service shifts traffic."""

    def __init__(
        self, settings: Settings, network: Network, *, log_prefix: str, parent: pulumi.Resource
    ) -> None:
        """Declare the load balancers that the services need, or look up existing ones.

        Args:
            settings: the stack's.
            network: of the load balancers and tasks.
            log_prefix: of the load balancers' logs in their bucket.
            parent: the component that they belong to.
        """
        self._settings = settings
        self._network = network
        self._log_prefix = log_prefix
        self._parent = parent
        self._child = pulumi.ResourceOptions(parent=parent)
        self._http = [service for service in settings.services if service.exposure == "http"]
        self._tcp = [service for service in settings.services if service.exposure == "tcp"]
        self._terminates_tls = any(service.listener_protocol == "tls" for service in self._tcp)
        self.outputs = {}

        balancer, vpc_id = settings.load_balancer, settings.network.vpc_id
        network_arn = balancer.network_load_balancer.arn
        self._existing_listener = (
            existing_listener(balancer.listener_arn, vpc_id=vpc_id, parent=parent)
            if self._http and balancer.listener_arn
            else None
        )
        self._existing_network = (
            existing_load_balancer(network_arn, key="network-load-balancer.arn", vpc_id=vpc_id, parent=parent)
            if self._tcp and network_arn
            else None
        )
        self.security = self._security_groups()
        self.zone_id, self._alias_zone_ids = self._zones()
        self._certificate_arn = self._certificate()
        self.test_listener_arn = balancer.test_listener_arn
        self.created_application = None
        self._application = self._application_load_balancer()
        self._network_balancer = self._network_load_balancer()

    def platform_fields(self) -> dict[str, Any]:
        """Return the fields of :class:`Platform` about load balancers."""
        return {
            **self._application,
            "zone_id": self.zone_id,
            "alias_zone_ids": self._alias_zone_ids,
            "network_load_balancer": self._network_balancer,
            "https": self._existing_listener is None or self._existing_listener.https,
        }

    def _security_groups(self) -> SecurityGroups:
        settings, balancer = self._settings, self._settings.load_balancer
        has_domain = balancer.domain is not None
        listener, network = self._existing_listener, self._existing_network
        creates_application = self._http and listener is None
        creates_network = self._tcp and network is None
        test_listener = PortRange(first=test_port(has_certificate=has_domain))
        return SecurityGroups(
            "security",
            SecurityGroupsArgs(
                vpc_id=self._network.vpc_id,
                application=LoadBalancerPorts(
                    listeners=_ports([80, 443] if has_domain else [80]) if creates_application else (),
                    targets=_ports(settings.container_ports, dynamic=settings.has_dynamic_ports),
                    client_cidrs=balancer.allowed_cidrs,
                    existing_group_ids=sorted(listener.load_balancer.security_groups) if listener else (),
                ),
                network=LoadBalancerPorts(
                    listeners=[*_listener_ports(self._tcp)] if creates_network else (),
                    targets=[*dict.fromkeys(_task_ports(self._tcp))],
                    client_cidrs=balancer.network_load_balancer.allowed_cidrs,
                    existing_group_ids=sorted(network.security_groups) if network else (),
                ),
                test_listener=test_listener if settings.shifts_traffic else None,
                test_cidrs=balancer.test_cidrs,
                egress=settings.network.egress,
                ipv6=settings.network.ipv6,
                peers=_ports(settings.peer_ports, dynamic=settings.has_dynamic_peer_ports),
            ),
            opts=self._child,
        )

    def _zones(self) -> tuple[pulumi.Output[str] | None, Mapping[str, pulumi.Output[str]]]:
        """Return the Route 53 zone of the stack's names, and further zones by name."""
        balancer = self._settings.load_balancer
        if balancer.hosted_zone is None or not balancer.dns_records:
            return None, {}
        if balancer.hosted_zone_id:
            zone_id = pulumi.Output.from_input(balancer.hosted_zone_id)
        else:
            zone_id = self._find_zone(balancer.hosted_zone, private=balancer.private_zone)
        return zone_id, {name: self._find_zone(name, private=False) for name in balancer.alias_zones}

    def _find_zone(self, name: str, *, private: bool) -> pulumi.Output[str]:
        return aws.route53.get_zone_output(
            name=name, private_zone=private, opts=pulumi.InvokeOptions(parent=self._parent)
        ).zone_id

    def _certificate(self) -> pulumi.Input[str] | None:
        """Return the certificate for all names, existing or created; None without a domain."""
        balancer = self._settings.load_balancer
        if balancer.certificate_arn and self._existing_listener and balancer.listener_arn:
            aws.lb.ListenerCertificate(
                "certificate",
                listener_arn=balancer.listener_arn,
                certificate_arn=balancer.certificate_arn,
                # Another stack behind the listener may use the same certificate, which AWS lists once.
                opts=pulumi.ResourceOptions(parent=self._parent, retain_on_delete=True),
            )
        is_used = self._http or self._terminates_tls
        if not (balancer.makes_certificate and balancer.domain and self.zone_id and is_used):
            return balancer.certificate_arn
        names = self._settings.routing.certified
        zone_ids: dict[str, pulumi.Input[str]] = {}
        for name in names:
            host = name.removeprefix("*.")
            zone = balancer.zone_of(host) or ""
            if zone in self._alias_zone_ids:
                zone_ids[host] = self._alias_zone_ids[zone]
        return Certificate(
            "certificate",
            CertificateArgs(domain=balancer.domain, zone_id=self.zone_id, names=names, zone_ids=zone_ids),
            opts=self._child,
        ).arn

    def _application_load_balancer(self) -> dict[str, pulumi.Output[str]]:
        """Return the fields of :class:`Platform` about the application load balancer; empty without one."""
        settings = self._settings.load_balancer
        if self._existing_listener is not None:
            balancer: Any = self._existing_listener.load_balancer
            listener_arn: Any = settings.listener_arn
        elif self._http and self.security.load_balancer_id is not None:
            balancer = self._create_application(self.security.load_balancer_id)
            self.created_application = balancer
            listener_arn = balancer.listener_arn
            self.test_listener_arn = settings.test_listener_arn or balancer.test_listener_arn
        else:
            fields = ("listener_arn", *(f"load_balancer_{field}" for field in _APPLICATION_FIELDS))
            return dict.fromkeys(fields, pulumi.Output.from_input(""))
        found = {
            "listener_arn": pulumi.Output.from_input(listener_arn),
            **{
                f"load_balancer_{field}": pulumi.Output.from_input(getattr(balancer, field))
                for field in _APPLICATION_FIELDS
            },
        }
        self.outputs |= {field: value for field, value in found.items() if not field.endswith("_suffix")}
        return found

    def _create_application(self, security_group_id: pulumi.Output[str]) -> LoadBalancer:
        settings, network = self._settings, self._network
        balancer, observability = settings.load_balancer, settings.observability
        created = LoadBalancer(
            "load-balancer",
            LoadBalancerArgs(
                settings=balancer,
                # The provider would update the load balancer with subnets of the new VPC, which AWS refuses.
                network=settings.network.vpc_id or settings.network.cidr,
                subnet_ids=network.private_subnet_ids if balancer.internal else network.public_subnet_ids,
                security_group_id=security_group_id,
                certificate_arn=self._certificate_arn,
                test_listener=settings.shifts_traffic,
                ipv6=settings.network.ipv6,
                protect=settings.protect,
                log_bucket=observability.log_bucket,
                log_prefix=self._log_prefix,
                prerequisites=[network],
            ),
            opts=self._child,
        )
        if balancer.firewall.enabled:
            Firewall(
                "firewall",
                FirewallArgs(
                    settings=balancer.firewall,
                    load_balancer_arn=created.arn,
                    log_group_suffix=f"{settings.provider.tags['Project']}-{settings.stack}",
                    log_retention_days=settings.main.log_retention_days,
                    log_key_arn=observability.log_key_arn,
                ),
                opts=self._child,
            )
        return created

    def _network_load_balancer(self) -> SharedNetworkLoadBalancer | None:
        settings, network = self._settings, self._network
        balancer = settings.load_balancer.network_load_balancer
        own: Any = self._existing_network
        if self._tcp and self.security.network_load_balancer_id is not None:
            own = NetworkLoadBalancer(
                "network-load-balancer",
                NetworkLoadBalancerArgs(
                    settings=balancer,
                    subnet_ids=network.private_subnet_ids if balancer.internal else network.public_subnet_ids,
                    public_subnets=network.public_subnets,
                    security_group_id=self.security.network_load_balancer_id,
                    ipv6=settings.network.ipv6,
                    protect=settings.protect,
                    # AWS logs only connections whose TLS the load balancer terminates.
                    log_bucket=settings.observability.log_bucket if self._terminates_tls else None,
                    log_prefix=self._log_prefix,
                    prerequisites=[network],
                ),
                opts=self._child,
            )
            if balancer.fixed_addresses:
                self.outputs["fixed_addresses"] = own.addresses
        if own is None:
            return None
        self.outputs["network_load_balancer_arn"] = pulumi.Output.from_input(own.arn)
        self.outputs["network_load_balancer_dns_name"] = pulumi.Output.from_input(own.dns_name)
        return SharedNetworkLoadBalancer(
            arn=own.arn,
            arn_suffix=own.arn_suffix,
            dns_name=own.dns_name,
            zone_id=own.zone_id,
            tls_policy=settings.load_balancer.tls_policy,
            certificate_arn=self._certificate_arn,
        )


def _ports(numbers: Iterable[int], *, dynamic: bool = False) -> list[PortRange]:
    ports = [PortRange(first=number) for number in numbers]
    return [*ports, DYNAMIC] if dynamic else ports


def _listener_ports(services: list[ServiceSettings]) -> Iterator[PortRange]:
    for service in services:
        yield PortRange(first=service.port, protocol="udp" if service.listener_protocol == "udp" else "tcp")


def _task_ports(services: list[ServiceSettings]) -> Iterator[PortRange]:
    """Yield the task ports that the network load balancer reaches; UDP services have TCP health checks."""
    for service in services:
        udp = service.listener_protocol == "udp"
        if service.network_mode == "bridge":
            yield replace(DYNAMIC, protocol="udp") if udp else DYNAMIC
        else:
            yield PortRange(first=service.ingress[1], protocol="udp" if udp else "tcp")
        if service.health_check_port or udp or service.network_mode != "bridge":
            yield PortRange(first=service.health_check_port or service.ingress[1])
