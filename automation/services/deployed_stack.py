"""A stack's services, as its state names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import click

from automation.console import to_type
from automation.errors import AutomationError
from automation.previews.names import DEFAULT_BASE, is_preview
from automation.stack_files import path_of, without_file
from automation.stacks.stacks import Stacks
from infra.rollout.evidence import Version

if TYPE_CHECKING:
    from infra.rollout.aws_clients import AwsClients
    from infra.rollout.evidence import Answer
    from infra.settings import ServiceSettings, Settings

_SERVICE: Final = "aws:ecs/service:Service"
_TASK_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_DESCRIBED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""

service_option: Final = click.option(
    "--service", metavar="NAME", help="The service; the main one by default."
)
container_option: Final = click.option(
    "--container", metavar="NAME", help="The container; the app's by default."
)


@dataclass(frozen=True, kw_only=True)
class DeployedService(Version):
    """An ECS service in a stack's state, with the task definition of the last update."""

    name: str
    """Its logical name, which its container and its log streams have too."""

    @property
    def family(self) -> str:
        """Family of its task definition."""
        return self.task_definition.rpartition("/")[2].rpartition(":")[0]


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """A stack that has services, whether or not its last update succeeded."""

    name: str
    settings: Settings
    clients: AwsClients
    services: Mapping[str, DeployedService]
    urls: Mapping[str, str]
    """Addresses by service, as a browser on this machine reaches them; none before an update succeeded."""
    log_group: str
    dead_letter_queues: Mapping[str, str] = field(default_factory=dict[str, str])
    """Dead letter queue by service: scheduled starts that AWS gave up."""
    is_local: bool = False
    """Whether its tasks are containers on this machine."""

    @classmethod
    def of(cls, stacks: Stacks, name: str) -> DeployedStack:
        """Find a stack's services.

        Raises:
            AutomationError: the stack or its file is missing, or it has no services yet.
        """
        resources = [resource for resource in stacks.resources(name) if resource.get("outputs")]
        services = sorted(
            (_service(resource, resources) for resource in resources if resource["type"] == _SERVICE),
            key=lambda service: service.name,
        )
        if not services:
            if not is_preview(name) and not path_of(stacks.root, name).exists():
                raise without_file(stacks.root, name)
            raise AutomationError(f"stack {name!r} has no services yet: {to_type('up', name)} creates them")
        # After a failed update the stack itself may have no outputs.
        outputs = _outputs_of(resources, "pulumi:pulumi:Stack")
        settings = settings_of_account(stacks, name, outputs)
        urls: Mapping[str, str] = outputs.get("urls") or {}
        return cls(
            name=name,
            settings=settings,
            clients=stacks.clients(settings),
            services={service.name: service for service in services},
            urls={service: stacks.address(url) for service, url in urls.items()},
            log_group=outputs.get("log_group_name") or _outputs_of(resources, _LOG_GROUP).get("name", ""),
            dead_letter_queues=outputs.get("dead_letter_queues") or {},
            is_local=stacks.is_local,
        )

    def service(self, name: str | None) -> DeployedService:
        """Return a service; without a name the main one.

        Raises:
            AutomationError: the stack has no service of that name.
        """
        if name is None:
            main = self.settings.main.name
            name = main if main in self.services else min(self.services)
        if name not in self.services:
            names = ", ".join(self.services)
            raise AutomationError(f"stack {self.name!r} has no service {name!r}: there are {names}")
        return self.services[name]

    def settings_of_service(self, service: str) -> ServiceSettings | None:
        """Return a service's settings; None if the stack file no longer has the service."""
        return next((settings for settings in self.settings.services if settings.name == service), None)

    def health_check_url(self, service: str) -> str | None:
        """Return the health check's URL at a service's address.

        None if the address does not answer it by HTTP: the service speaks TCP or gRPC, or its health check
        has another port or is not among its paths.
        """
        if service not in self.urls:
            return None
        settings = self.settings_of_service(service) or self.settings.main
        if settings.exposure != "http" or settings.protocol_version == "grpc" or settings.health_check_port:
            return None
        path = settings.health_check_path
        if not settings.paths:
            return self.urls[service].rstrip("/") + path
        if not any(fnmatchcase(path, pattern) for pattern in settings.paths):
            return None
        return self.urls[service].removesuffix(settings.first_path) + path

    def describe_all(self) -> dict[str, Answer]:
        """Return ECS's description of each service that ECS has, by name."""
        ecs = self.clients.client("ecs")
        names = {service.service: name for name, service in self.services.items()}
        described: dict[str, Answer] = {}
        for cluster in sorted({service.cluster for service in self.services.values()}):
            services = [service.service for service in self.services.values() if service.cluster == cluster]
            for start in range(0, len(services), _DESCRIBED_AT_ONCE):
                batch = services[start : start + _DESCRIBED_AT_ONCE]
                for answer in ecs.describe_services(cluster=cluster, services=batch)["services"]:
                    if answer["status"] == "ACTIVE":
                        described[names[answer["serviceName"]]] = answer
        return described

    def describe(self, service: DeployedService) -> Answer | None:
        """Return ECS's description of a service; None if ECS does not have it."""
        ecs = self.clients.client("ecs")
        answer = ecs.describe_services(cluster=service.cluster, services=[service.service])
        return next((found for found in answer["services"] if found["status"] == "ACTIVE"), None)

    def describe_existing(self, service: DeployedService) -> Answer:
        """Return ECS's description of a service.

        Raises:
            AutomationError: ECS does not have it.
        """
        described = self.describe(service)
        if described is None:
            raise AutomationError(self.missing(service))
        return described

    def missing(self, service: DeployedService) -> str:
        """Return the message about a service that the state has and ECS does not."""
        return (
            f"ECS does not have the service {service.name} any more: "
            f"{to_type('up --refresh', self.name)} creates it again"
        )


def settings_of_account(stacks: Stacks, stack: str, outputs: Mapping[str, Any]) -> Settings:
    """Return the settings that name a stack's account.

    The file of a pull request's stack may be missing here; its account is its base's.
    """
    missing = is_preview(stack) and not path_of(stacks.root, stack).exists()
    return stacks.settings(outputs.get("attached_to") or DEFAULT_BASE if missing else stack)


def _outputs_of(resources: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    found = (resource["outputs"] for resource in resources if resource["type"] == kind)
    return next(found, dict[str, Any]())


def _service(service: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> DeployedService:
    outputs: Mapping[str, Any] = service["outputs"]
    inputs: Mapping[str, Any] = service.get("inputs") or {}
    name = service["urn"].rpartition("::")[2]
    # After a failed update the service in the state may have what ECS rolled back to. The state also has that
    # update's own task definition; the previous one is marked for deletion.
    newest = next(
        (
            resource["outputs"]["arn"]
            for resource in resources
            if resource["type"] == _TASK_DEFINITION
            and resource["urn"].rpartition("::")[2] == name
            and not resource.get("delete")
            and "arn" in resource.get("outputs", ())
        ),
        None,
    )
    return DeployedService(
        name=name,
        service=outputs["name"],
        cluster=outputs["cluster"],
        task_definition=newest or inputs.get("taskDefinition") or outputs["taskDefinition"],
    )
