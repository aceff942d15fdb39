"""The load balancers of a stack: an application load balancer with its listeners, and a network one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.settings import LoadBalancerSettings, NetworkLoadBalancerSettings

_NOT_FOUND: Final[aws.lb.ListenerDefaultActionArgsDict] = {
    "type": "fixed-response",
    "fixed_response": {
        "content_type": "text/plain",
        "message_body": "404: no service answers to this host and path.\n",
        "status_code": "404",
    },
}
_REDIRECT_TO_HTTPS: Final[aws.lb.ListenerDefaultActionArgsDict] = {
    "type": "redirect",
    "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"},
}


def test_port(*, has_certificate: bool) -> int:
    """Return the port of the test listener."""
    return 8443 if has_certificate else 8080


@dataclass(frozen=True, kw_only=True)
class _BalancerArgs:
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    ipv6: bool = False
    protect: bool = False
    log_bucket: str | None = None
    """Bucket for logs of requests and connections; network load balancers log only what they decrypt."""
    log_prefix: str = ""
    prerequisites: Sequence[pulumi.Resource] = ()
    """Resources that its addresses need for its entire life: the internet gateway, routes."""

    @property
    def address_type(self) -> str:
        return "dualstack" if self.ipv6 else "ipv4"

    @property
    def logs(self) -> Any:
        """The `access_logs`; None without a bucket, which the provider requires for disabled logs, too."""
        if self.log_bucket is None:
            return None
        return {"bucket": self.log_bucket, "prefix": self.log_prefix, "enabled": True}

    def options(self, parent: pulumi.Resource, **more: Any) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=parent, protect=self.protect, depends_on=list(self.prerequisites), **more
        )


class _Balancer(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """The end of the ARN, which is the load balancer's name in metrics."""
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""

    def _register(self, load_balancer: aws.lb.LoadBalancer, **outputs: Any) -> None:
        self.arn = load_balancer.arn
        self.arn_suffix = load_balancer.arn_suffix
        self.dns_name = load_balancer.dns_name
        self.zone_id = load_balancer.zone_id
        self.register_outputs(
            {
                "arn": self.arn,
                "arn_suffix": self.arn_suffix,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                **outputs,
            }
        )


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs(_BalancerArgs):
    """Inputs of :class:`LoadBalancer`."""

    settings: LoadBalancerSettings
    network: str
    """The VPC's id or range: another one replaces the load balancer."""
    certificate_arn: pulumi.Input[str] | None = None
    """With a certificate, services are served by HTTPS and HTTP redirects there; without, by HTTP."""
    test_listener: bool = False
    """Whether there is a second listener, on `test_port`, for versions that users do not see yet."""


class LoadBalancer(_Balancer):
    """An application load balancer that answers 404 until a service adds a rule to its listener."""

    listener_arn: pulumi.Output[str]
    """The listener to which services add their rules."""
    test_listener_arn: pulumi.Output[str] | None
    """The listener for versions that users do not see yet, if there is one."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:LoadBalancer", name, None, opts)

        load_balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="application",
            internal=args.settings.internal,
            ip_address_type=args.address_type,
            subnets=args.subnet_ids,
            security_groups=[args.security_group_id],
            idle_timeout=args.settings.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            access_logs=args.logs,
            connection_logs=args.logs,
            enable_deletion_protection=args.protect,
            opts=args.options(self, replacement_trigger=args.network),
        )
        encrypted = args.certificate_arn is not None
        protocol = "HTTPS" if encrypted else "HTTP"

        def listener(suffix: str, port: int) -> aws.lb.Listener:
            return aws.lb.Listener(
                f"{name}-{suffix}",
                load_balancer_arn=load_balancer.arn,
                port=port,
                protocol=protocol,
                # The provider's default, ELBSecurityPolicy-2016-08, allows TLS 1.0.
                ssl_policy=args.settings.tls_policy if encrypted else None,
                certificate_arn=args.certificate_arn,
                routing_http_response_strict_transport_security_header_value=args.settings.hsts,
                default_actions=[_NOT_FOUND],
                # Without a certificate the provider would keep the test listener's TLS policy, which AWS
                # refuses for HTTP (terraform-provider-aws#1851).
                opts=pulumi.ResourceOptions(parent=self, replacement_trigger=protocol),
            )

        if encrypted:
            aws.lb.Listener(
                f"{name}-http",
                load_balancer_arn=load_balancer.arn,
                port=80,
                protocol="HTTP",
                default_actions=[_REDIRECT_TO_HTTPS],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.listener_arn = (listener("https", 443) if encrypted else listener("http", 80)).arn
        self.test_listener_arn = (
            listener("test", test_port(has_certificate=encrypted)).arn if args.test_listener else None
        )
        self._register(
            load_balancer, listener_arn=self.listener_arn, test_listener_arn=self.test_listener_arn
        )


@dataclass(frozen=True, kw_only=True)
class NetworkLoadBalancerArgs(_BalancerArgs):
    """Inputs of :class:`NetworkLoadBalancer`."""

    settings: NetworkLoadBalancerSettings
    public_subnets: Mapping[str, pulumi.Input[str]]
    """Ids of the public subnets by zone, each of which has an address if addresses are fixed."""


class NetworkLoadBalancer(_Balancer):
    """A load balancer for TCP, TLS and UDP; each service adds its own listener to it."""

    addresses: pulumi.Output[list[str]]
    """Fixed addresses; empty without any."""

    def __init__(
        self, name: str, args: NetworkLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:NetworkLoadBalancer", name, None, opts)

        addresses = {
            zone: aws.ec2.Eip(f"{name}-{zone}", domain="vpc", opts=args.options(self))
            for zone in (args.public_subnets if args.settings.fixed_addresses else ())
        }
        mappings: list[aws.lb.LoadBalancerSubnetMappingArgsDict] = [
            {"subnet_id": args.public_subnets[zone], "allocation_id": address.allocation_id}
            for zone, address in addresses.items()
        ]
        load_balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="network",
            internal=args.settings.internal,
            ip_address_type=args.address_type,
            subnets=None if mappings else args.subnet_ids,
            subnet_mappings=mappings or None,
            security_groups=[args.security_group_id],
            # By default clients reach only the tasks in their zone, and there may be none.
            enable_cross_zone_load_balancing=True,
            access_logs=args.logs,
            enable_deletion_protection=args.protect,
            opts=args.options(
                self,
                # An Elastic IP address belongs to one load balancer at a time.
                delete_before_replace=bool(mappings),
                # Without mappings the provider keeps the old ones, and the addresses could not be released.
                replacement_trigger="fixed" if mappings else "assigned by AWS",
            ),
        )

        self.addresses = pulumi.Output.all(*[address.public_ip for address in addresses.values()]).apply(
            lambda addresses: list(map(str, addresses))
        )
        self._register(load_balancer, addresses=self.addresses)
