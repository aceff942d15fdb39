"""The application load balancer of a stack, and its listeners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.settings import LoadBalancerSettings

_NOT_FOUND: Final[aws.lb.ListenerDefaultActionArgsDict] = {
    "type": "fixed-response",
    "fixed_response": {
        "content_type": "text/plain",
        "message_body": "404: no service answers to this host and path.\n",
        "status_code": "404",
    },
}


def test_port(*, has_certificate: bool) -> int:
    """Return the port of the test listener."""
    return 8443 if has_certificate else 8080


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What a :class:`LoadBalancer` needs to know."""

    settings: LoadBalancerSettings
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    certificate_arn: pulumi.Input[str] | None = None
    """With it the services are served by HTTPS, and HTTP leads there; without it by HTTP."""
    test_listener: bool = False
    """Whether there is a second listener, at `test_port`, for versions that users do not see yet."""
    ipv6: bool = False
    protect: bool = False
    log_bucket: str | None = None
    """Gets a line for each request and each connection."""
    log_prefix: str = ""
    prerequisites: Sequence[pulumi.Resource] = ()
    """What its addresses need as long as it lives: the internet gateway, routes."""


class LoadBalancer(pulumi.ComponentResource):
    """A load balancer that answers 404 until a service adds a rule to its listener."""

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """End of the ARN, as metrics name a load balancer."""
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    listener_arn: pulumi.Output[str]
    """The listener that services add their rules to."""
    test_listener_arn: pulumi.Output[str] | None
    """The one for versions that users do not see yet, if there is one."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:LoadBalancer", name, None, opts)

        # Off, the provider wants a bucket, too.
        logs: Any = (
            {"bucket": args.log_bucket, "prefix": args.log_prefix, "enabled": True}
            if args.log_bucket
            else None
        )
        load_balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="application",
            internal=args.settings.internal,
            ip_address_type="dualstack" if args.ipv6 else "ipv4",
            subnets=args.subnet_ids,
            security_groups=[args.security_group_id],
            idle_timeout=args.settings.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            access_logs=logs,
            connection_logs=logs,
            enable_deletion_protection=args.protect,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect, depends_on=list(args.prerequisites)
            ),
        )
        self._load_balancer = load_balancer
        self._args = args
        if args.certificate_arn is None:
            listener = self._serve(f"{name}-http", 80)
        else:
            listener = self._serve(f"{name}-https", 443)
            aws.lb.Listener(
                f"{name}-http",
                load_balancer_arn=load_balancer.arn,
                port=80,
                protocol="HTTP",
                default_actions=[
                    {
                        "type": "redirect",
                        "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"},
                    },
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.test_listener_arn = None
        if args.test_listener:
            port = test_port(has_certificate=args.certificate_arn is not None)
            self.test_listener_arn = self._serve(f"{name}-test", port).arn

        self.arn = load_balancer.arn
        self.arn_suffix = load_balancer.arn_suffix
        self.dns_name = load_balancer.dns_name
        self.zone_id = load_balancer.zone_id
        self.listener_arn = listener.arn
        self.register_outputs(
            {
                "arn": self.arn,
                "arn_suffix": self.arn_suffix,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "listener_arn": self.listener_arn,
                "test_listener_arn": self.test_listener_arn,
            },
        )

    def _serve(self, name: str, port: int) -> aws.lb.Listener:
        encrypted = self._args.certificate_arn is not None
        return aws.lb.Listener(
            name,
            load_balancer_arn=self._load_balancer.arn,
            port=port,
            protocol="HTTPS" if encrypted else "HTTP",
            # The provider's default, ELBSecurityPolicy-2016-08, still speaks TLS 1.0.
            ssl_policy=self._args.settings.tls_policy if encrypted else None,
            certificate_arn=self._args.certificate_arn,
            routing_http_response_strict_transport_security_header_value=self._args.settings.hsts,
            default_actions=[_NOT_FOUND],
            opts=pulumi.ResourceOptions(parent=self),
        )
