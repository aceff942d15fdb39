"""Target groups and their health checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import ListenerProtocol, ServiceSettings
    from infra.settings.traffic import ProtocolVersion

TargetType = Literal["ip", "instance"]
"""Targets by the tasks' addresses, or by instance and port."""

# With tls the load balancer decrypts, and tasks receive TCP.
_TARGET_PROTOCOL: Final[dict[ListenerProtocol, str]] = {"tcp": "TCP", "tls": "TCP", "udp": "UDP"}
_VERSION: Final[dict[ProtocolVersion, str]] = {"http1": "HTTP1", "http2": "HTTP2", "grpc": "GRPC"}


def target_group(
    name: str,
    settings: ServiceSettings,
    *,
    vpc_id: pulumi.Input[str],
    target_type: TargetType = "ip",
    parent: pulumi.Resource,
) -> aws.lb.TargetGroup:
    """Declare a target group for the service's tasks."""
    http, udp = settings.exposure == "http", settings.listener_protocol == "udp"
    return aws.lb.TargetGroup(
        name,
        vpc_id=vpc_id,
        target_type=target_type,
        protocol="HTTP" if http else _TARGET_PROTOCOL[settings.listener_protocol],
        protocol_version=_VERSION[settings.protocol_version] if http else None,
        # ECS registers each task with its own port, so this default is never used. The container's port here
        # would replace the group whenever it changes.
        port=80,
        deregistration_delay=settings.deregistration_delay_seconds,
        # Else a client's connection would hang after its task has stopped.
        connection_termination=None if http else True,
        slow_start=settings.slow_start_seconds or None,
        stickiness=_stickiness(settings) if http else None,
        # With udp it is always on.
        preserve_client_ip=None if http or udp else str(settings.preserve_client_ip).lower(),
        proxy_protocol_v2=None if http else settings.proxy_protocol,
        health_check=_health_check(settings),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _stickiness(settings: ServiceSettings) -> aws.lb.TargetGroupStickinessArgsDict:
    if settings.sticky_seconds:
        return {"type": "lb_cookie", "enabled": True, "cookie_duration": settings.sticky_seconds}
    # Explicit, because the provider keeps AWS's value of a block that is left out.
    return {"type": "lb_cookie", "enabled": False}


def _health_check(settings: ServiceSettings) -> aws.lb.TargetGroupHealthCheckArgsDict:
    check: aws.lb.TargetGroupHealthCheckArgsDict = {
        "protocol": "HTTP" if settings.checks_http else "TCP",
        "port": str(settings.health_check_port or "traffic-port"),
        "interval": settings.health_check_interval_seconds,
        "timeout": settings.check_timeout_seconds,
        "healthy_threshold": settings.healthy_threshold,
        "unhealthy_threshold": settings.unhealthy_threshold,
    }
    if settings.checks_http:
        check["path"] = settings.health_check_path
        check["matcher"] = settings.success_codes
    return check
