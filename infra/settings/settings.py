"""The stack's configuration as one frozen value, and the rules between its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from infra.settings.attach import AttachSettings, PreviewSettings
from infra.settings.calls import endpoint, faults_of_calls, faults_of_names
from infra.settings.cluster import ClusterSettings
from infra.settings.faults import Fault, FaultsError, Path, repeated
from infra.settings.image import ImageSettings
from infra.settings.load_balancer import LoadBalancerSettings
from infra.settings.model import Model, Pattern, Stack, value_at
from infra.settings.multidev import at_copy_address, read_copies
from infra.settings.names import (
    DNS_LABEL,
    LONGEST_SERVICE_NAME,
    copy_service_name,
    priority_of,
    priority_of_attached,
)
from infra.settings.network import NetworkSettings
from infra.settings.observability import BOOTSTRAP, ObservabilitySettings
from infra.settings.provider import ProviderSettings
from infra.settings.rollout import AlarmSettings
from infra.settings.routing import Routing, faults_of_routing
from infra.settings.runs_on import faults_of_capacity
from infra.settings.service import ServiceSettings
from infra.settings.services import read_services
from infra.settings.storage import NFS_PORT, SharedFiles

_ECR_HOST: Final = re.compile(r"\d{12}\.dkr[.-]ecr")
_Control = Annotated[
    str,
    Pattern(
        "a control of docs/security.md such as ECS.2, or a check of checkov such as CKV_AWS_338, alone or "
        "for one resource (ECR.2/app-cache)",
        r"(?:[A-Za-z0-9]+\.\d+|CKV2?_AWS_\d+)(?:/[A-Za-z0-9_.-]+)?",
    ),
]
_Reason = Annotated[
    str, Pattern("the reason, in 10 to 200 characters on one line", r"(?=.{10,200}$)\S[^\n]*\S")
]


def _with_address(main: ServiceSettings, info: ValidationInfo) -> ServiceSettings:
    """Return the main service with host and priority: at the domain, or below that of the base stack."""
    balancer: LoadBalancerSettings | None = info.data.get("load_balancer")
    attach: AttachSettings | None = info.data.get("attach")
    main = main.model_copy(update={"host": balancer.domain if balancer else None})
    stack: Stack | None = info.context
    if balancer and balancer.listener_arn and stack:
        # Several stacks of this program may share the listener, but not the last priority.
        prefix = f"{stack.project}/{stack.name}/"
        priority = balancer.listener_priority or priority_of(f"{prefix}{main.name}")
        main = main.model_copy(update={"priority": priority, "priority_prefix": prefix})
    if attach is None or stack is None:
        return main
    longest = LONGEST_SERVICE_NAME - len(copy_service_name(main.name, ""))
    if not DNS_LABEL.matches(stack.name) or len(stack.name) > longest:
        allowed = f"at most {longest} characters in addition to `name` ({main.name}), {DNS_LABEL.description}"
        other = f"a stack with another name than {stack.name}, which is part of host and service name"
        raise FaultsError(Fault(("attach-to",), f"{other}: {allowed}", attach.base))
    attached = at_copy_address(main, main, stack.name, attach.priority or priority_of_attached(stack.name))
    if main.alarms == AlarmSettings():
        # By default an attached stack has no alarms.
        attached = attached.model_copy(update={"alarms": AlarmSettings(enabled=False)})
    return attached


class Settings(Model):
    """Everything that the program knows about the stack that it deploys."""

    stack: str
    """The stack's name, for tags and for the app to show."""
    provider: ProviderSettings

    protect: bool = False
    """Whether the load balancer, the network and the images are protected from deletion."""
    monthly_budget_usd: (
        Annotated[int, Field(ge=0, le=10**9), AfterValidator(lambda dollars: dollars or None)] | None
    ) = None
    """Dollars a month above which `cost` and `preview` of `python -m automation` fail; 0 for no limit."""
    exceptions: dict[_Control, _Reason] = Field(default_factory=dict)
    """Security controls that the stack does not meet, each with the reason, by the id that `python -m
    automation policies` prints."""
    image: ImageSettings
    network: NetworkSettings
    cluster: ClusterSettings
    load_balancer: LoadBalancerSettings

    attach: AttachSettings | None
    """None for a stack that is not attached to another one."""
    main: Annotated[ServiceSettings, AfterValidator(_with_address)]

    more_services: Annotated[
        dict[str, ServiceSettings], PlainValidator(read_services), WithJsonSchema({"type": "object"})
    ] = Field(default_factory=dict, alias="services")
    """More services by name, each merged over the main one: an object with what differs. With
    `inherit-environment: false` an entry takes no variables and secrets from the main service."""
    multidev: Annotated[
        tuple[ServiceSettings, ...], PlainValidator(read_copies), WithJsonSchema({"type": "array"})
    ] = ()
    """Copies of the service with a host of their own: names, or objects with what differs."""
    preview_stacks: PreviewSettings = PreviewSettings()
    """Stacks of pull requests that attach to this one."""
    observability: ObservabilitySettings = ObservabilitySettings()

    @property
    def services(self) -> tuple[ServiceSettings, ...]:
        """The main service, those of `services`, and their copies."""
        return (self.main, *self.more_services.values(), *self.multidev)

    @property
    def file_systems(self) -> Mapping[str, SharedFiles]:
        """The EFS file systems that the stack makes, by the volume's name in its services."""
        return {
            name: volume.efs
            for service in reversed(self.services)
            for name, volume in service.volumes.items()
            if volume.efs and not volume.efs.file_system_id
        }

    @property
    def container_ports(self) -> tuple[int, ...]:
        """The ports of services that the application load balancer reaches, the main one's first."""
        http = [service for service in self.services if service.exposure == "http"]
        checks = [service.health_check_port for service in http if service.health_check_port]
        return tuple(dict.fromkeys([*(service.ingress[1] for service in http), *checks]))

    @property
    def has_dynamic_ports(self) -> bool:
        """Whether the load balancer reaches a service by ports that Docker chooses on its instances."""
        return any(s.network_mode == "bridge" and s.exposure == "http" for s in self.services)

    @property
    def most_vcpus(self) -> float:
        """Most Fargate vCPUs that the stack uses at once; a new account has a quota of 6."""
        return sum(service.most_vcpus for service in self.services)

    @property
    def routing(self) -> Routing:
        """The services and the load balancers and network that they use."""
        names = list(dict.fromkeys(copy.copy_name for copy in self.multidev))
        copies = [(("multidev", names.index(copy.copy_name)), copy) for copy in self.multidev]
        return Routing(
            entries=[*self._entries.items(), *copies],
            balancer=self.load_balancer,
            network=self.network,
            base=self.attach.base if self.attach else None,
            # With the wildcard from the start the first copy needs no new certificate.
            names_below=bool(self.multidev) or self.preview_stacks.maximum > 0,
        )

    @property
    def shifts_traffic(self) -> bool:
        """Whether a service has a second target group, for which ECS needs a test listener and a role."""
        return any(service.rollout.has_two_target_groups for service in self.services)

    @property
    def peer_ports(self) -> tuple[int, ...]:
        """The fixed ports by which tasks reach tasks of other services."""
        fixed = (service for service in self._peers if service.network_mode != "bridge")
        return tuple(dict.fromkeys(service.ingress[1] for service in fixed))

    @property
    def has_dynamic_peer_ports(self) -> bool:
        """Whether tasks reach tasks of other services by ports that Docker chooses on their instances."""
        return any(service.network_mode == "bridge" for service in self._peers)

    @property
    def connects(self) -> bool:
        """Whether a service uses Service Connect."""
        return any(service.connect.enabled for service in self.services)

    @property
    def has_names(self) -> bool:
        """Whether a service has a name in the private DNS zone."""
        return any(service.discovery.enabled for service in self.services)

    @property
    def _peers(self) -> list[ServiceSettings]:
        return [service for service in self.services if endpoint(service) or service.discovery.enabled]

    @property
    def _entries(self) -> dict[Path, ServiceSettings]:
        """The main service and those of `services`, by their paths in the stack file."""
        return {(): self.main, **{("services", name): one for name, one in self.more_services.items()}}

    def value_of(self, path: Path) -> object:
        """Return the value at a path in the stack file."""
        name, *rest = path
        parts: list[Model | None] = [getattr(self, alias.replace("-", "_")) for alias in PARTS]
        for part in filter(None, (*parts, self)):
            for field, info in type(part).model_fields.items():
                if info.alias == name:
                    return value_at(getattr(part, field), rest)
        raise KeyError(name)

    def _rules(self) -> Iterator[Fault]:
        yield from faults_of_routing(self.routing)
        yield from self._rules_of_services()
        yield from faults_of_names(self.services)
        for fault in repeated(service.name for service in self.services):
            unique = f"names that no other service has: there would be two called {fault.value}"
            yield Fault(("multidev",), unique, fault.value)
        yield from self._images_without_digest()
        yield from self._resources_of_other_regions()
        if self.network.vpc_id is not None and self.observability.flow_logs != "none":
            yield Fault(("flow-logs",), "none: the flow logs of the existing VPC of `vpc-id` are its owner's")
        if self.attach is None:
            yield from faults_of_calls(self._entries)
        if self.load_balancer.test_cidrs and not self.shifts_traffic:
            has = "only `rollout.strategy` canary, linear or blue-green has one"
            yield Fault(("test-cidrs",), f"none, for no service has a test listener; {has}")

    def _images_without_digest(self) -> Iterator[Fault]:
        # Only ECS has the credentials of another registry, so a tag cannot be resolved to its digest.
        by_digest = "the image by digest (…@sha256:…), with `registry-credentials`"
        faults: dict[tuple[Path, str], Fault] = {}
        for path, service in self.routing.entries:
            for key, own_image in _images_with_credentials(service):
                image = own_image or self.image.image
                if image and "@" not in image and not _ECR_HOST.match(image):
                    # Services and copies inherit images, whose faults are reported once.
                    fault = Fault((*(path if own_image else ()), *key), by_digest, image)
                    faults.setdefault((key, image), fault)
        yield from faults.values()

    def _resources_of_other_regions(self) -> Iterator[Fault]:
        for path in (
            *(("listener-arn",), ("certificate-arn",), ("network-load-balancer", "arn"), ("cluster-arn",)),
            *(("notifications", "topic-arn"), ("notifications", "urgent-topic-arn")),
        ):
            arn = self.value_of(path)
            if isinstance(arn, str) and arn != BOOTSTRAP and arn.split(":")[3] != self.provider.region:
                yield Fault(path, f"one in {self.provider.region}, the stack's region")

    def _rules_of_services(self) -> Iterator[Fault]:
        open_ports = {rule.port for rule in self.network.egress if rule.protocol == "tcp"}
        has_nat = self.network.nat != "none"
        # Copies inherit capacity and volumes, whose faults are reported once.
        for path, service in self._entries.items():
            for fault in faults_of_capacity(service, self.cluster.capacity, has_nat=has_nat):
                yield fault.below(*path)
            for name, volume in service.volumes.items():
                if volume.efs and volume.efs.file_system_id and NFS_PORT not in open_ports:
                    rule = f"with a rule in `egress` for port {NFS_PORT}, the port of its mount targets"
                    yield Fault((*path, "volumes", name, "efs"), rule, volume.efs.file_system_id)


def _images_with_credentials(service: ServiceSettings) -> Iterator[tuple[Path, str | None]]:
    """Yield key and image of each container with `registry-credentials`; None for the stack's image."""
    if service.registry_credentials and not service.source:
        yield ("image",), service.image
    for name, sidecar in service.sidecars.items():
        if sidecar.registry_credentials and sidecar.image:
            yield ("sidecars", name, "image"), sidecar.image


PARTS: Final[Mapping[str, type[Model]]] = {
    "provider": ProviderSettings,
    "image": ImageSettings,
    "network": NetworkSettings,
    "cluster": ClusterSettings,
    "load-balancer": LoadBalancerSettings,
    "attach": AttachSettings,
    "main": ServiceSettings,
    "observability": ObservabilitySettings,
}
"""Parts of the settings, by alias, whose keys are at the top of the stack file."""
