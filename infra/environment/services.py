"""The services of a stack with their DNS records, and the check of them at the end of an update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from infra.network.dns import Host, HostArgs
from infra.observability.observed import ObservedService
from infra.service.service import Service
from infra.settings import address_of, called_by, in_order_of_calls, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.image.images import Images
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings, Settings


class Services:
    """All services of a stack, as children of one component."""

    outputs: dict[str, pulumi.Output[Any]]
    """Stack outputs. The addresses are known only once every service runs the requested version."""

    def __init__(
        self, settings: Settings, platform: Platform, images: Images, *, parent: pulumi.Resource
    ) -> None:
        """Declare the services.

        Args:
            settings: the stack's.
            platform: shared by all services.
            images: of the services' containers.
            parent: the component that they belong to.
        """
        self._settings = settings
        self._platform = platform
        self._services: dict[str, Service] = {}
        self._hosts: set[str] = set()
        child = pulumi.ResourceOptions(parent=parent)

        # Called services first: a task only knows the aliases that exist when its service is deployed.
        for service in in_order_of_calls(settings.services):
            calls = {
                address: self._services[called.name]
                for called in called_by(service, settings.services)
                if (address := address_of(called))
            }
            self._services[service.name] = Service(
                service.name, service, platform, images.of(service), calls=calls, opts=child
            )
            self._declare_records(service, parent)
        self.outputs = {
            "urls": self._urls_when_verified(),
            "cluster_name": platform.cluster_name,
            "cluster_arn": platform.cluster_arn,
            "service_names": pulumi.Output.from_input(
                {service.name: self._services[service.name].name for service in settings.services}
            ),
            "log_group_name": platform.log_group_name,
        }
        if settings.main.exposure != "none":
            self.outputs["url"] = self.outputs["urls"][settings.main.name]
        if platform.namespaces.dns_name is not None:
            self.outputs["names"] = pulumi.Output.from_input(
                {
                    service.name: pulumi.Output.concat(
                        service.discovery.name or service.name, ".", platform.namespaces.dns_name
                    )
                    for service in settings.services
                    if service.discovery.enabled
                }
            )
        queues = {
            service.name: url
            for service in settings.services
            if (url := self._services[service.name].dead_letter_queue_url) is not None
        }
        if queues:
            self.outputs["dead_letter_queues"] = pulumi.Output.from_input(queues)

    def observed(self, settings: ServiceSettings) -> ObservedService:
        """Return what alarms and dashboard need to know of a service."""
        service, platform = self._services[settings.name], self._platform
        network = platform.network_load_balancer if settings.exposure == "tcp" else None
        return ObservedService(
            settings=settings,
            service_name=service.name,
            load_balancer=network.arn_suffix if network else platform.load_balancer_arn_suffix,
            target_groups=service.target_groups,
            user_impact_alarms=service.user_impact_alarm_names,
            has_metrics=kind_of(settings, platform.capacity) != "external",
        )

    def _declare_records(self, service: ServiceSettings, parent: pulumi.Resource) -> None:
        """Declare the DNS records of a service's hosts, except those that an earlier service has."""
        platform = self._platform
        if service.exposure == "none" or platform.zone_id is None:
            return
        network = platform.network_load_balancer if service.exposure == "tcp" else None
        for host in (service.host, *service.hosts[1:], *service.redirect_hosts):
            if host is None or host in self._hosts:
                continue
            self._hosts.add(host)
            zone = self._settings.load_balancer.zone_of(host)
            former = service.name if host == service.host else f"{service.name}-{_slug(host)}"
            name = self._record_name(host)
            Host(
                name,
                HostArgs(
                    host=host,
                    zone_id=platform.alias_zone_ids.get(zone or "", platform.zone_id),
                    load_balancer_dns_name=network.dns_name if network else platform.load_balancer_dns_name,
                    load_balancer_zone_id=network.zone_id if network else platform.load_balancer_zone_id,
                    ipv6=self._settings.network.ipv6,
                ),
                opts=pulumi.ResourceOptions(
                    parent=parent, aliases=None if name == former else [pulumi.Alias(name=former)]
                ),
            )

    def _record_name(self, host: str) -> str:
        """Return the logical name of a host's records: the same whichever service declares them.

        Route 53 refuses a second record while the first exists.
        """
        return next((service.name for service in self._settings.services if service.host == host), host)

    def _urls_when_verified(self) -> pulumi.Output[Mapping[str, str]]:
        """Return the addresses once all services run the requested version."""
        expected: list[dict[str, Any]] = []
        urls: dict[str, pulumi.Output[str]] = {}
        for settings in self._settings.services:
            service = self._services[settings.name]
            expected.append(
                {
                    "name": settings.name,
                    "cluster": self._platform.cluster_arn,
                    "service": service.name,
                    "task_definition": service.task_definition_arn,
                    "alarms": service.alarm_names,
                    "scheduled": settings.autoscaling.enabled and bool(settings.autoscaling.schedule),
                }
            )
            if settings.exposure != "none":
                urls[settings.name] = self._url(settings)
        verified = self._platform.rollout.verified(expected)
        return pulumi.Output.all(urls=urls, verified=verified).apply(lambda values: values["urls"])

    def _url(self, settings: ServiceSettings) -> pulumi.Output[str]:
        platform = self._platform
        if settings.exposure == "tcp" and platform.network_load_balancer is not None:
            host = settings.host or platform.network_load_balancer.dns_name
            return pulumi.Output.concat(f"{settings.listener_protocol}://", host, f":{settings.port}")
        if settings.host is not None:
            scheme = pulumi.Output.from_input(platform.https).apply(
                lambda https: "https" if https else "http"
            )
            return pulumi.Output.concat(scheme, f"://{settings.host}{settings.first_path}")
        name = platform.load_balancer_dns_name
        return pulumi.Output.concat("http://", name, settings.path_prefix or "", settings.first_path)


def _slug(host: str) -> str:
    return host.replace("*", "any").replace(".", "-")
