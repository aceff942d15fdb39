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
    """Return the namespace and the endpoint that a service offers; None without Service Connect."""
    if not settings.connect.enabled or platform.namespaces.connect_arn is None:
        return None
    # The proxy logs under the service's stream prefix, to which the execution role may write.
    logs = log_configuration(settings, platform)
    configuration: aws.ecs.ServiceServiceConnectConfigurationArgsDict = {
        "enabled": True,
        "namespace": platform.namespaces.connect_arn,
        "log_configuration": {"log_driver": logs["logDriver"], "options": logs["options"]},
    }
    if service := _offered_service(settings):
        configuration["services"] = [service]
    return configuration


def _offered_service(
    settings: ServiceSettings,
) -> aws.ecs.ServiceServiceConnectConfigurationServiceArgsDict | None:
    address = endpoint(settings)
    if address is None:
        return None
    alias, port = address
    service: aws.ecs.ServiceServiceConnectConfigurationServiceArgsDict = {
        "port_name": settings.name,
        "discovery_name": settings.name,
        "client_alias": [{"dns_name": alias, "port": port}],
    }
    timeout: aws.ecs.ServiceServiceConnectConfigurationServiceTimeoutArgsDict = {}
    if settings.connect.per_request_timeout_seconds is not None:
        timeout["per_request_timeout_seconds"] = settings.connect.per_request_timeout_seconds
    if settings.connect.idle_timeout_seconds is not None:
        timeout["idle_timeout_seconds"] = settings.connect.idle_timeout_seconds
    if timeout:
        service["timeout"] = timeout
    return service
