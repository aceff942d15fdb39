"""The stack's configuration as one frozen value, and the only place that reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, cast, get_args

import pulumi
from pulumi.runtime import get_config, get_config_env, get_config_secret_keys_env, is_config_secret
from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo

from infra.settings.alarms import AlarmSettings
from infra.settings.attach import KEYS_OF_THE_BASE, AttachSettings, PreviewSettings
from infra.settings.calls import endpoint, faults_of_calls, faults_of_names
from infra.settings.cluster import ClusterSettings
from infra.settings.exceptions import Exceptions
from infra.settings.faults import Found, SettingsError, found_in, nearest, stranger
from infra.settings.image import ImageSettings
from infra.settings.load_balancer import LoadBalancerSettings
from infra.settings.model import Fault, FaultsError, Model, Pattern, Stack, to_text
from infra.settings.multidev import placed, read_copies
from infra.settings.names import (
    DNS_LABEL,
    LONGEST_SERVICE_NAME,
    copy_service_name,
    priority_of,
    priority_of_attached,
)
from infra.settings.network import NetworkSettings
from infra.settings.observability import ObservabilitySettings
from infra.settings.provider import ProviderSettings
from infra.settings.routing import Routing, faults_of_routing
from infra.settings.runs_on import faults_of
from infra.settings.service import ServiceSettings
from infra.settings.services import read_services
from infra.settings.storage import NFS_PORT, SharedFiles

_ECR_HOST: Final = re.compile(r"\d{12}\.dkr[.-]ecr")
_REGION: Final = "aws:region"
# The program makes its own provider, which sees none of these; one that is set would do nothing in silence.
_INSTEAD_OF: Final = {
    "aws:profile": "use `profile`",
    "aws:assumeRole": "use `assume-role-arn`",
    "aws:assumeRoles": "use `assume-role-arn`",
    "aws:defaultTags": "use `tags`",
    "aws:accessKey": "use `profile`, or the environment's own credentials",
    "aws:secretKey": "use `profile`, or the environment's own credentials",
    "aws:token": "use `profile`, or the environment's own credentials",
}
_ENCRYPTED: Final = (
    "a value that is not encrypted, for it would stand in plain text in the state and on AWS; what the app "
    "must keep secret goes into Secrets Manager or SSM, and its ARN into `secrets`"
)
_STACK_NAME: Final = Pattern(
    "letters, digits, - and _, at most 100 of them: it is a part of the task definitions' family, which "
    "takes no others",
    r"[A-Za-z0-9_-]{1,100}",
)


def _at_its_address(main: ServiceSettings, info: ValidationInfo) -> ServiceSettings:
    """Return the stack's own service at the domain, or that of an attached stack beside its base's."""
    balancer: LoadBalancerSettings | None = info.data.get("load_balancer")
    attach: AttachSettings | None = info.data.get("attach")
    main = main.model_copy(update={"host": balancer.domain if balancer else None})
    stack: Stack | None = info.context
    if balancer and balancer.listener_arn and stack:
        # Others have rules there, stacks of this program too: the last priority cannot be everybody's.
        prefix = f"{stack.project}/{stack.name}/"
        by_name = balancer.listener_priority or priority_of(f"{prefix}{main.name}")
        main = main.model_copy(update={"priority": by_name, "priority_prefix": prefix})
    if attach is None or stack is None:
        return main
    longest = LONGEST_SERVICE_NAME - len(copy_service_name(main.name, ""))
    if not DNS_LABEL.matches(stack.name) or len(stack.name) > longest:
        raise FaultsError(
            Fault(
                f"a stack with another name than {stack.name}, for it names host and service: at most "
                f"{longest} characters beside `name` ({main.name}), {DNS_LABEL.words}",
                ("attach-to",),
                attach.base,
            )
        )
    here = placed(main, main, stack.name, attach.priority or priority_of_attached(stack.name))
    # The default alarms are for what stays.
    alarms = AlarmSettings(enabled=False) if main.alarms == AlarmSettings() else main.alarms
    return here.model_copy(update={"alarms": alarms})


class Settings(Model):
    """Everything that the program may know of the stack it makes."""

    environment: str
    """The stack's name, for tags and for the app to show; nothing branches on it."""
    provider: ProviderSettings

    protect: bool = False
    """Whether the load balancer, the network and the images are protected from deletion."""
    monthly_budget_usd: (
        Annotated[int, Field(ge=0, le=10**9), AfterValidator(lambda dollars: dollars or None)] | None
    ) = None
    """Dollars a month above which `cost` and `preview` of `python -m automation` fail; 0 for no limit."""
    exceptions: Exceptions = Field(default_factory=dict)
    """Security controls that the stack does not meet, each with the reason, by the id that `python -m
    automation policies` prints."""
    image: ImageSettings
    network: NetworkSettings
    cluster: ClusterSettings
    load_balancer: LoadBalancerSettings

    attach: AttachSettings | None
    """None for a stack that stands for itself."""
    main: Annotated[ServiceSettings, AfterValidator(_at_its_address)]

    more_services: Annotated[
        dict[str, ServiceSettings], PlainValidator(read_services), WithJsonSchema({"type": "object"})
    ] = Field(default_factory=dict, alias="services")
    """More services by name, each merged over the main one: an object with what differs."""
    multidev: Annotated[
        tuple[ServiceSettings, ...], PlainValidator(read_copies), WithJsonSchema({"type": "array"})
    ] = ()
    """Copies of the service with a host of their own: names, or objects with what differs."""
    preview_stacks: PreviewSettings = PreviewSettings()
    """Stacks of pull requests that attach to this one."""
    observability: ObservabilitySettings = ObservabilitySettings()

    @classmethod
    def load(cls) -> Settings:
        """Read the configuration of the stack that is being deployed.

        Raises:
            SettingsError: names everything that is wrong with it.
        """
        project, stack = pulumi.get_project(), pulumi.get_stack()
        # Where values are handed over one by one, a misspelt key is seen only in the stack's file.
        names = {*get_config_env(), *_keys_in_file(stack), _REGION, *(f"{project}:{key}" for key in keys())}
        raw = {name: value for name in sorted(names) if (value := get_config(name)) is not None}
        for other in foreign_namespaces(raw, project):
            pulumi.log.warn(
                f"Keys that begin with {other}: are not read; those of this program begin {project}:"
            )
        secret_keys = {*get_config_secret_keys_env(), *filter(is_config_secret, raw)}
        return parse(raw, project=project, stack=stack, secret_keys=secret_keys)

    @property
    def services(self) -> tuple[ServiceSettings, ...]:
        """The main service, those beside it, and their copies."""
        return (self.main, *self.more_services.values(), *self.multidev)

    @property
    def file_systems(self) -> Mapping[str, SharedFiles]:
        """The EFS file systems that the stack makes, by the volume that services name alike."""
        return {
            name: volume.efs
            for service in reversed(self.services)
            for name, volume in service.volumes.items()
            if volume.efs and not volume.efs.file_system_id
        }

    @property
    def container_ports(self) -> tuple[int, ...]:
        """The ports of services that the application load balancer reaches, the main one's first."""
        http = [one for one in self.services if one.exposure == "http"]
        ports = [one.ingress[1] for one in http]
        ports += [one.health_check_port for one in http if one.health_check_port]
        return tuple(dict.fromkeys(ports))

    @property
    def has_dynamic_ports(self) -> bool:
        """Whether the load balancer reaches a service by ports that Docker chooses on its instances."""
        return any(one.network_mode == "bridge" and one.exposure == "http" for one in self.services)

    @property
    def most_vcpus(self) -> float:
        """How many Fargate vCPUs the stack may take at once; a new account has a quota of 6."""
        return sum(service.most_vcpus for service in self.services)

    @property
    def routing(self) -> Routing:
        """The services and what leads to them."""
        placed: list[tuple[tuple[str | int, ...], ServiceSettings]] = [((), self.main)]
        placed += [(("services", name), service) for name, service in self.more_services.items()]
        # A copy follows from an entry, and may bring more services with it.
        placed += [(("multidev",), copy) for copy in self.multidev]
        return Routing(
            placed=placed,
            balancer=self.load_balancer,
            network=self.network,
            region=self.provider.region,
            cluster_arn=self.cluster.cluster_arn,
            base=self.attach.base if self.attach else None,
            # The first copy then needs no new certificate.
            names_below=bool(self.multidev) or self.preview_stacks.maximum > 0,
        )

    @property
    def shifts_traffic(self) -> bool:
        """Whether a service has a second target group, and so needs a test listener and ECS a role."""
        return any(service.rollout.has_two_target_groups for service in self.services)

    @property
    def peer_ports(self) -> tuple[int, ...]:
        """The ports by which tasks reach tasks of other services, but those that Docker chooses."""
        return tuple(dict.fromkeys(one.ingress[1] for one in self._peers if one.network_mode != "bridge"))

    @property
    def has_dynamic_peer_ports(self) -> bool:
        """Whether tasks reach tasks of other services by ports that Docker chooses on their instances."""
        return any(one.network_mode == "bridge" for one in self._peers)

    @property
    def _peers(self) -> list[ServiceSettings]:
        return [one for one in self.services if endpoint(one) or one.discovery.enabled]

    @property
    def connects(self) -> bool:
        """Whether a service uses Service Connect."""
        return any(one.connect.enabled for one in self.services)

    @property
    def has_names(self) -> bool:
        """Whether a service has a name in the private DNS zone."""
        return any(one.discovery.enabled for one in self.services)

    def _rules(self) -> Iterator[Fault]:
        yield from faults_of_routing(self.routing)
        yield from self._rules_of_volumes()
        # Nobody but ECS has the credentials: what a tag means cannot be asked.
        for index, service in enumerate(self.services):
            image = service.image or self.image.image or "@"
            if service.registry_credentials and "@" not in image and not _ECR_HOST.match(image):
                path = ("multidev", index - 1, "image") if service.image else ("image",)
                yield Fault("the image by digest (…@sha256:…), with `registry-credentials`", path, image)
        yield from faults_of_names(self.services)
        for fault in self.observability.notifications.rules_of_region(self.provider.region):
            yield replace(fault, path=("notifications", *fault.path))
        if self.network.vpc_id is not None and self.observability.flow_logs != "none":
            theirs = "none, for the VPC of `vpc-id` is there, and its flow logs are its owner's"
            yield Fault(theirs, ("flow-logs",), self.observability.flow_logs)
        if self.attach is None:
            others = {("services", name): service for name, service in self.more_services.items()}
            yield from faults_of_calls({(): self.main, **others})
        # Copies have their original's capacity, so that it is wrong once.
        beside = {("services", name): service for name, service in self.more_services.items()}
        for path, service in {(): self.main, **beside}.items():
            for fault in faults_of(service, self.cluster.capacity, has_nat=self.network.nat != "none"):
                yield replace(fault, path=(*path, *fault.path))
        if self.load_balancer.test_cidrs and not self.shifts_traffic:
            none = "none, for no service has a test listener"
            has = "`rollout.strategy` canary, linear or blue-green has"
            yield Fault(f"{none}; {has}", ("test-cidrs",), self.load_balancer.test_cidrs)

    def _rules_of_volumes(self) -> Iterator[Fault]:
        opened = {rule.port for rule in self.network.egress if rule.protocol == "tcp"}
        for service in (self.main, *self.more_services.values()):
            place = ("volumes",) if service is self.main else ("services", service.name, "volumes")
            for name, volume in service.volumes.items():
                if volume.efs and volume.efs.file_system_id and NFS_PORT not in opened:
                    yield Fault(
                        f"with a rule in `egress` for port {NFS_PORT}, by which tasks reach its mount "
                        "targets",
                        (*place, name, "efs"),
                        volume.efs.file_system_id,
                    )


_FLAT: Final[Mapping[str, type[Model]]] = {
    "provider": ProviderSettings,
    "image": ImageSettings,
    "network": NetworkSettings,
    "cluster": ClusterSettings,
    "load-balancer": LoadBalancerSettings,
    "attach": AttachSettings,
    "main": ServiceSettings,
    "observability": ObservabilitySettings,
}
"""Parts of the settings whose keys stand side by side in the stack file."""


@dataclass(frozen=True)
class Key:
    """A key of the stack file."""

    part: str | None
    """The part of the settings that has it; None for the settings themselves."""
    model: type[Model]
    name: str
    """Its field in that model."""

    @property
    def field(self) -> FieldInfo:
        """The field itself."""
        return self.model.model_fields[self.name]

    @property
    def default(self) -> object:
        """Its default, as a stack file would say it."""
        default = self.field.get_default(call_default_factory=True, validated_data={})
        if default is None or self.field.is_required():
            return "" if self.is_text else 0 if self._is(int) else {}
        return TypeAdapter[Any](Any).dump_python(default, mode="json", by_alias=True)

    @property
    def is_text(self) -> bool:
        """Whether it is any text."""
        return self._is(str)

    def read(self, value: object) -> object:
        """Return a value with JSON's types: the CLI hands every one over as text."""
        if self.is_text:
            may_be_none = NoneType in get_args(self.field.annotation)
            return None if value == "" and may_be_none else to_text(value)
        try:
            return _plain(json.loads(value) if isinstance(value, str) else value)
        except (ValueError, RecursionError):
            return value if isinstance(value, str) else "…"

    def _is(self, kind: type) -> bool:
        return kind in _kinds(self.field.annotation)


@cache
def keys() -> Mapping[str, Key]:
    """Return every key by its name, without the project's prefix."""
    found: dict[str, Key] = {}
    for part, of_part in Settings.model_fields.items():
        name = str(of_part.alias)
        if name in _FLAT:
            model = _FLAT[name]
            inner = {str(one.alias): field for field, one in model.model_fields.items() if not one.exclude}
            found |= {key: Key(name, model, field) for key, field in inner.items()}
        elif part != "environment":
            found[name] = Key(None, Settings, part)
    return found


def parse(
    raw: Mapping[str, object], *, project: str, stack: str, secret_keys: Collection[str] = ()
) -> Settings:
    """Turn a stack's configuration into settings.

    Args:
        raw: values by key with the namespace, such as `aws:region`; as text, as the CLI hands them over, or
            as they stand in YAML. A key that is missing has the default of its field.
        project: the namespace of our own keys.
        stack: the stack's name.
        secret_keys: the keys with the namespace whose values are encrypted, wholly or in part.

    Raises:
        SettingsError: names every fault.
    """
    prefix = f"{project}:"
    said = {key.removeprefix(prefix): value for key, value in raw.items() if key.startswith((prefix, "aws:"))}
    secret = frozenset(key.removeprefix(prefix) for key in secret_keys)
    values: dict[str, Any] = {"environment": stack, **{part: {} for part in _FLAT}}
    for name, key in keys().items():
        if name in said:
            (values if key.part is None else values[key.part])[name] = key.read(said[name])
    ours = Stack(project, stack)
    faults = [*_refused(said, secret), *_rules_of_other_stacks(values, ours)]
    if not _STACK_NAME.matches(stack):
        faults.append(Found(("the stack's name",), _STACK_NAME.words, stack))
    if not values["attach"].get("attach-to"):
        values["attach"] = None
    try:
        settings = Settings.model_validate(values, context=ours, by_alias=True, by_name=False)
    except ValidationError as error:
        for one in found_in(error, Settings):
            is_inner = one.path[0] in _FLAT and len(one.path) > 1
            faults.append(replace(one, path=one.path[1:]) if is_inner else one)
        raise SettingsError(stack, faults, secret_keys=secret) from None
    if faults:
        raise SettingsError(stack, faults, secret_keys=secret)
    return settings


def foreign_namespaces(names: Iterable[str], project: str) -> list[str]:
    """Return namespaces that look like the project's and are others, such as `node_on_ecs`."""
    others = {name.partition(":")[0] for name in names} - {project}
    return sorted(other for other in others if nearest(other.lower().replace("_", "-"), [project]))


def _refused(said: Mapping[str, object], secret: Collection[str]) -> Iterator[Found]:
    for name, value in said.items():
        if name in keys():
            if name in secret:
                yield Found((name,), _ENCRYPTED, value)
        elif name.startswith("aws:"):
            instead = _INSTEAD_OF.get(name, "remove it")
            yield Found((name,), f"of Pulumi's own AWS keys only {_REGION} counts here; {instead}", value)
        else:
            # The CLI lets a misspelt key pass in silence.
            yield stranger((name,), value, keys())


def _rules_of_other_stacks(values: Mapping[str, Any], ours: Stack) -> Iterator[Found]:
    for part, key in (("image", "image-from"), ("attach", "attach-to")):
        if ours.is_named(str(values[part].get(key))):
            yield Found((key,), "another stack than this one", values[part][key])
    base = values["attach"].get("attach-to")
    if not base:
        alone = "of use only together with `attach-to`; remove it"
        yield from (Found((key,), alone, value) for key, value in values["attach"].items() if value)
        return
    for name in KEYS_OF_THE_BASE:
        key = keys()[name]
        value = (values if key.part is None else values[key.part]).get(name)
        # The CLI hands over defaults as if the stack file had them.
        if value is not None and value != _plain(key.default):
            yield Found((name,), f"nothing, for `attach-to` is set: {base} decides it", value)


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield the types of which a value may be, whatever else is said of them."""
    inner = get_args(annotation)
    if annotation in (str, int):
        yield annotation
    elif getattr(annotation, "__metadata__", None):
        yield from _kinds(inner[0])
    elif NoneType in inner:
        for one in inner:
            yield from _kinds(one)


def _plain(value: object) -> object:
    """Return lists as tuples, and names of objects as text: YAML reads some as numbers or flags."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in cast("dict[object, object]", value).items()}
    return tuple(map(_plain, cast("list[object]", value))) if isinstance(value, list) else value


def _keys_in_file(stack: str) -> Iterable[str]:
    # The CLI has read the file already, or it is somewhere else: only the names are of use here.
    import yaml

    try:
        document: Any = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        return [str(name) for name in document["config"]]
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return ()
