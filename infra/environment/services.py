"""The services of a stack, and the check of them at the end of an update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from infra.account import Account
from infra.network.dns import Host, HostArgs
from infra.observability.on_call import ObservedService
from infra.rollout.rollout import Rollout
from infra.service.service import Service, ServiceArgs
from infra.settings import address_of, called_by, in_order_of_calls, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.image.images import Images
    from infra.service.platform import Platform
    from infra.settings import ServiceSettings, Settings


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """What a stack needs to know."""

    settings: Settings
    organization: str
    project: str

    @property
    def stack_prefix(self) -> str:
        """What leads from a stack's name to the stack."""
        return f"{self.organization}/{self.project}"


def own_parts(args: EnvironmentArgs, *, parent: pulumi.Resource) -> dict[str, Any]:
    """Return what a platform has that no other stack can give it."""
    settings = args.settings
    return {
        "account": Account.of(settings.provider, parent=parent),
        "project": args.project,
        "stack": settings.environment,
        "idle_timeout_seconds": settings.load_balancer.idle_timeout_seconds,
        "rollout": Rollout(settings.provider),
    }


class Services:
    """Every service of the settings, below one component; what is one's alone is below its own parts."""

    outputs: dict[str, pulumi.Output[Any]]
    """Addresses and names. The addresses are known once what answers there is what was asked for."""
    made: Mapping[str, Service]
    """By name."""

    def __init__(
        self,
        settings: Settings,
        platform: Platform,
        images: Images,
        *,
        parent: pulumi.Resource,
    ) -> None:
        """Declare the services.

        Args:
            settings: of the stack.
            platform: what they share.
            images: what they run.
            parent: the component that they belong to.
        """
        self._settings = settings
        self._platform = platform
        self._images = images
        self._parent = parent
        self._led: set[str] = set()

        # A task knows the aliases that were there when its service was deployed.
        made: dict[str, Service] = {}
        for one in in_order_of_calls(settings.services):
            made[one.name] = self._serve(one, made)
        self.made = services = {one.name: made[one.name] for one in settings.services}
        reached = [one for one in settings.services if one.exposure != "none"]
        urls = self._when_verified(services, {one.name: self._url(one) for one in reached})
        self.outputs = {
            "urls": urls,
            "cluster_name": platform.cluster_name,
            "cluster_arn": platform.cluster_arn,
            "service_names": pulumi.Output.from_input(
                {name: service.name for name, service in services.items()}
            ),
            "log_group_name": platform.log_group_name,
        }
        if settings.main in reached:
            self.outputs["url"] = urls[settings.main.name]
        if platform.namespaces.dns_name is not None:
            self.outputs["names"] = pulumi.Output.from_input(
                {
                    one.name: pulumi.Output.concat(
                        one.discovery.name or one.name, ".", platform.namespaces.dns_name
                    )
                    for one in settings.services
                    if one.discovery.enabled
                }
            )
        queues = {name: one.dead_letter_queue_url for name, one in services.items()}
        if any(url is not None for url in queues.values()):
            self.outputs["dead_letter_queues"] = pulumi.Output.from_input(
                {name: url for name, url in queues.items() if url is not None}
            )

    def _serve(self, settings: ServiceSettings, made: Mapping[str, Service]) -> Service:
        images, platform = self._images.of(settings), self._platform
        options = pulumi.ResourceOptions(parent=self._parent)
        service = Service(
            settings.name,
            ServiceArgs(
                settings=settings,
                platform=platform,
                images=images,
                calls={
                    address: made[one.name]
                    for one in called_by(settings, self._settings.services)
                    if (address := address_of(one))
                },
            ),
            opts=options,
        )
        named = self._hosts_of(settings) if settings.exposure != "none" else {}
        for name, host in named.items():
            zone_id = self._zone_of(host)
            if zone_id is not None:
                self._lead(name, host, zone_id, settings)
        return service

    def _hosts_of(self, settings: ServiceSettings) -> dict[str, str]:
        """Return the names that lead to a service, by what their records are called; no name twice.

        A service that has some paths of another one's host has that host's names, too.
        """
        named: dict[str, str] = {}
        own = (*settings.hosts[1:], *settings.redirect_hosts)
        hosts = {settings.name: settings.host, **{f"{settings.name}-{_slug(host)}": host for host in own}}
        for name, host in hosts.items():
            shared = settings.paths and any(
                host in one.hosts
                for one in self._settings.services
                if not one.paths and one.exposure != "none"
            )
            if host is not None and not shared and host not in self._led:
                named[name] = host
        self._led.update(named.values())
        return named

    def _zone_of(self, host: str) -> pulumi.Input[str] | None:
        """Return the zone that gets a host's record; None if no records are made."""
        platform = self._platform
        if platform.zone_id is None:
            return None
        zone = self._settings.load_balancer.zone_of(host)
        return platform.alias_zone_ids.get(zone or "", platform.zone_id)

    def _lead(self, name: str, host: str, zone_id: pulumi.Input[str], settings: ServiceSettings) -> None:
        platform = self._platform
        network = platform.network_load_balancer if settings.exposure == "tcp" else None
        Host(
            name,
            HostArgs(
                host=host,
                zone_id=zone_id,
                load_balancer_dns_name=network.dns_name if network else platform.load_balancer_dns_name,
                load_balancer_zone_id=network.zone_id if network else platform.load_balancer_zone_id,
                ipv6=self._settings.network.ipv6,
            ),
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _when_verified(
        self, services: Mapping[str, Service], urls: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[Mapping[str, str]]:
        """Return the addresses once the services there run what this stack asks for."""
        expected = [
            {
                "name": one.name,
                "cluster": self._platform.cluster_arn,
                "service": services[one.name].name,
                "task_definition": services[one.name].task_definition_arn,
                "alarms": services[one.name].alarm_names,
                "scheduled": one.autoscaling.enabled and bool(one.autoscaling.schedule),
            }
            for one in self._settings.services
        ]
        done = self._platform.rollout.verified(expected)
        return pulumi.Output.all(urls=urls, done=done).apply(lambda known: known["urls"])

    def _url(self, settings: ServiceSettings) -> pulumi.Output[str]:
        platform = self._platform
        if settings.exposure == "tcp" and platform.network_load_balancer is not None:
            host = settings.host or platform.network_load_balancer.dns_name
            return pulumi.Output.concat(f"{settings.listener_protocol}://", host, f":{settings.port}")
        if settings.host is not None:
            scheme = "https" if platform.https else "http"
            return pulumi.Output.from_input(f"{scheme}://{settings.host}{settings.first_path}")
        name = platform.load_balancer_dns_name
        return pulumi.Output.concat("http://", name, settings.path_prefix or "", settings.first_path)


def observed_service(settings: ServiceSettings, service: Service, platform: Platform) -> ObservedService:
    """Return what alarms and the dashboard need of a service."""
    network = platform.network_load_balancer if settings.exposure == "tcp" else None
    return ObservedService(
        settings=settings,
        service_name=service.name,
        load_balancer=network.arn_suffix if network else platform.load_balancer_arn_suffix,
        target_groups=service.target_groups,
        user_impact_alarms=service.user_impact_alarm_names,
        has_metrics=kind_of(settings, platform.capacity) != "external",
    )


def _slug(host: str) -> str:
    return host.replace("*", "any").replace(".", "-")
