"""A service's Service Connect configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_aws as aws

from infra.service.containers import log_configuration
from infra.settings import endpoint

if TYPE_CHECKING:
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings


def connect_configuration(
    settings: ServiceSettings, platform: Platform
) -> aws.ecs.ServiceServiceConnectConfigurationArgsDict | None:
    """Return what the service offers to others and where it finds them; None where it takes no part."""
    if not settings.connect.enabled or platform.namespaces.connect_arn is None:
        return None
    # The proxy's streams have the service's own prefix, which its execution role may write to.
    logs = log_configuration(settings, platform)
    configuration: aws.ecs.ServiceServiceConnectConfigurationArgsDict = {
        "enabled": True,
        "namespace": platform.namespaces.connect_arn,
        "log_configuration": {"log_driver": logs["logDriver"], "options": logs["options"]},
    }
    if offered := _offered(settings):
        configuration["services"] = [offered]
    return configuration


def _offered(settings: ServiceSettings) -> aws.ecs.ServiceServiceConnectConfigurationServiceArgsDict | None:
    own, reached = settings.connect, endpoint(settings)
    if reached is None:
        return None
    alias, port = reached
    offered: aws.ecs.ServiceServiceConnectConfigurationServiceArgsDict = {
        "port_name": settings.name,
        "discovery_name": settings.name,
        "client_alias": [{"dns_name": alias, "port": port}],
    }
    timeout: aws.ecs.ServiceServiceConnectConfigurationServiceTimeoutArgsDict = {}
    if own.per_request_timeout_seconds is not None:
        timeout["per_request_timeout_seconds"] = own.per_request_timeout_seconds
    if own.idle_timeout_seconds is not None:
        timeout["idle_timeout_seconds"] = own.idle_timeout_seconds
    if timeout:
        offered["timeout"] = timeout
    return offered
