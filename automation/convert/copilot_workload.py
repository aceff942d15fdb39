"""One service or job of Copilot's as a service of a stack, with all that it says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from automation.convert import copilot_manifests as copilot
from automation.convert.assemble import Service
from automation.convert.clock import schedule_of
from automation.convert.copilot_containers import Containers
from automation.convert.copilot_fields import WORKLOAD
from automation.convert.copilot_traffic import Traffic, traffic_of
from automation.convert.dockerfile import user_of
from automation.convert.fields import note_what_is_left
from automation.convert.images import is_reference
from automation.convert.report import Place
from automation.convert.source import Source, flag_of, items, mapping, number_of, seconds_of, text_of
from automation.convert.variables import ports_by_name, ports_in
from infra.settings.storage import NFS_PORT

_DOCKERFILE: Final = "Dockerfile"
_SPOT: Final = [{"capacity-provider": "FARGATE_SPOT", "weight": 1}]
_SCALE_IN: Final = 120
_SCALE_OUT: Final = 60
_HTTPS: Final = 443
_TARGETS: Final = {
    "cpu_percentage": "cpu-percent",
    "memory_percentage": "memory-percent",
    "requests": "requests-per-target",
}
_WORDS: Final = {"EntryPoint": "entrypoint", "Command": "command"}
_ARM: Final = ("arm64", "arm")
_TAG: Final = re.compile(rf":[^/:]*{copilot.UNKNOWN}[^/]*$")


@dataclass(frozen=True)
class App:
    """The application and the environment that a workload is converted for."""

    name: str
    environment: str
    root: Path
    """The folder that paths in manifests are seen from."""
    prefix: str
    """The same, from the project's folder."""
    names: Mapping[str, str]
    """What each workload is called in the stack."""

    def path(self, path: str) -> str:
        """Return a path of a manifest as seen from the project's folder."""
        return posixpath.normpath(posixpath.join(self.prefix, path))

    @property
    def hosts(self) -> list[str]:
        """The names by which workloads reach each other."""
        return [host for name in self.names for host in (name, f"{name}.{self.namespace}")]

    @property
    def namespace(self) -> str:
        """The private DNS zone in which Copilot's services have names."""
        return f"{self.environment}.{self.name}.local"


@dataclass
class Workload:
    """What became of a workload."""

    service: Service
    type: str
    traffic: Traffic
    private: bool = False
    """Whether its tasks are in private subnets."""
    ports: dict[int, str] = field(default_factory=dict[int, str])
    """What its tasks reach beside port 443, as far as its variables tell."""
    retention: int | None = None


def converted(values: Mapping[str, Any], kind: str, name: str, app: App, place: Place) -> Workload:
    """Return what becomes of a service or a job.

    Args:
        values: its manifest for the environment.
        kind: its type.
        name: its name.
        app: the application and the environment.
        place: where what is not the same is noted.

    Raises:
        ValueError: nothing can be made of it; the message says why.
    """
    source = Source(values)
    for known in ("name", "type"):
        source.get(known)
    service = Service(app.names[name], origin=name)
    keys = service.keys
    if service.name != name:
        place.differs("name", f"is called {service.name} here, where names have at most 16 characters")
    _image(source, keys, app, place)
    traffic = traffic_of(source, keys, kind, place)
    _size(source, keys, place)
    _count(source, keys, place, kind)
    Containers(source, keys, app, place).convert()
    _connect(source, keys, name=name if name != service.name else None, kind=kind)
    _network(source, keys, place)
    _deployment(source, keys, place)
    _overrides(source, keys, place)
    _https_to_tasks(keys, place)
    if kind == copilot.JOB:
        _job(source, keys, name, place)
    if source.flag("observability.tracing") or source.text("observability.tracing"):
        keys["opentelemetry"] = True
        place.do("observability.tracing", "let the app's SDK send OTLP to OTEL_EXPORTER_OTLP_ENDPOINT")
    workload = Workload(service, kind, traffic, retention=source.number("logging.retention"))
    workload.private = source.peek("network.vpc.placement") == "private"
    workload.ports = dict(ports_in(mapping(keys.get("environment")), app.hosts))
    workload.ports |= ports_by_name(mapping(keys.get("secrets")), place)
    if any(mapping(one.get("efs")).get("file-system-id") for one in mapping(keys.get("volumes")).values()):
        workload.ports[NFS_PORT] = "EFS"
    note_what_is_left(WORKLOAD, source.left(), place)
    return workload


def _image(source: Source, keys: dict[str, Any], app: App, place: Place) -> None:
    location = source.text("image.location")
    if location is None:
        _build(source, keys, app, place)
        return
    if copilot.UNKNOWN in location:
        shortened = _TAG.sub(":latest", location)
        location = location.replace(copilot.UNKNOWN, "$")
        if copilot.UNKNOWN in shortened:
            raise ValueError(f"its image is {location}: say what the variable is, by `--set NAME=VALUE`")
        text = f"{location} has a variable: the tag is latest here, or say `--set NAME=VALUE`"
        place.do("image.location", text)
        location = shortened
    if not is_reference(location):
        raise ValueError(f"its image is {location!r}, which no registry can have")
    keys["image"] = location
    if credentials := source.text("image.credentials"):
        keys["registry-credentials"] = credentials
    place.differs("image", _WITHOUT_A_USER)


def _build(source: Source, keys: dict[str, Any], app: App, place: Place) -> None:
    if isinstance(source.peek("image.build"), str):
        dockerfile, context = source.text("image.build") or "", ""
    else:
        dockerfile = source.text("image.build.dockerfile") or ""
        context = source.text("image.build.context") or ""
    dockerfile, context = (path.replace("\\", "/") for path in (dockerfile, context))
    dockerfile = dockerfile or posixpath.join(context, _DOCKERFILE)
    context = context or posixpath.dirname(dockerfile) or "."
    keys["app-path"] = app.path(context)
    if posixpath.normpath(dockerfile) != posixpath.normpath(posixpath.join(context, _DOCKERFILE)):
        keys["dockerfile"] = app.path(dockerfile)
    if target := source.text("image.build.target"):
        keys["build-target"] = target
    args = _texts(source.get("image.build.args"))
    if known := {name: text for name, text in args.items() if copilot.UNKNOWN not in text}:
        keys["build-args"] = known
    file = app.root / dockerfile
    if user := user_of(file, keys.get("build-target")):
        keys["user"] = user
    elif file.exists():
        place.differs("image", _AS_ROOT.format(dockerfile))
    else:
        place.do(
            "image.build", f"there is no {dockerfile} below {app.root}: correct `app-path` and `dockerfile`"
        )


_AS_ROOT: Final = (
    "{} names no user, so Copilot runs the image as its base does, mostly root; here it runs as 1000. Files"
    " that the app writes have to belong to that user, or `user` names another one"
)
_WITHOUT_A_USER: Final = (
    "Copilot runs a ready image as its own user; here it runs as `user`, 1000 if nothing is said, and never"
    " as root"
)


def _size(source: Source, keys: dict[str, Any], place: Place) -> None:
    for key in ("cpu", "memory"):
        if (number := source.number(key)) is not None:
            keys[key] = number
    platform = source.peek("platform")
    if isinstance(platform, dict):
        system, processor = (
            source.text("platform.osfamily") or "linux",
            source.text("platform.architecture") or "",
        )
    else:
        system, _, processor = (source.text("platform") or "linux/x86_64").lower().partition("/")
    if not system.lower().startswith("linux"):
        place.missing("platform", f"{system} is no Linux, and services here run on nothing else")
    keys["architecture"] = "arm64" if processor.lower() in _ARM else "x86_64"


def _count(source: Source, keys: dict[str, Any], place: Place, kind: str) -> None:
    said = source.peek("count")
    if not isinstance(said, dict):
        number = source.number("count")
        if kind != copilot.JOB and number is not None:
            keys["desired-count"] = number
        return
    if (spot := source.number("count.spot")) is not None:
        keys["desired-count"] = spot
        keys["capacity-provider-strategy"] = _SPOT
        place.differs(
            "count.spot", "FARGATE_SPOT has no fallback: no task starts while AWS has no spare capacity"
        )
        return
    bounds = _range(source, keys)
    if bounds is None:
        place.missing("count", "no range of numbers can be read there; one task is kept")
        source.get("count")
        return
    fewest, most = bounds
    scaling: dict[str, Any] = {"enabled": True, "min-count": max(fewest, 1), "max-count": max(most, 1)}
    if fewest < 1:
        place.differs(
            "count.range", "at least 1 task stays: nothing would start one, for of none nothing is measured"
        )
    cooldowns: list[tuple[int | None, int | None]] = []
    for name, key in _TARGETS.items():
        target = source.peek(f"count.{name}")
        if isinstance(target, dict):
            scaling[key] = source.number(f"count.{name}.value") or 0
            cooldowns.append(_cooldown(source, f"count.{name}.cooldown"))
        else:
            scaling[key] = source.number(f"count.{name}") or 0
    cooldowns.append(_cooldown(source, "count.cooldown"))
    scaling["scale-in-seconds"] = max((one for one, _ in cooldowns if one is not None), default=_SCALE_IN)
    scaling["scale-out-seconds"] = max((one for _, one in cooldowns if one is not None), default=_SCALE_OUT)
    keys["desired-count"] = scaling["min-count"]
    if any(scaling[key] for key in _TARGETS.values()):
        keys["autoscaling"] = scaling
    else:
        place.missing("count", f"nothing that is left scales it: it keeps {scaling['min-count']}")


def _range(source: Source, keys: dict[str, Any]) -> tuple[int, int] | None:
    said = source.get("count.range")
    if isinstance(said, dict):
        values = cast("dict[str, Any]", said)
        fewest, most = number_of(values.get("min")), number_of(values.get("max"))
        first_spot = number_of(values.get("spot_from"))
        if first_spot is not None and fewest is not None:
            strategy = [{**_SPOT[0]}]
            if first_spot >= fewest and first_spot > 1:
                strategy.append({"capacity-provider": "FARGATE", "weight": 0, "base": first_spot - 1})
            keys["capacity-provider-strategy"] = strategy
    else:
        first, _, last = (text_of(said) or "").partition("-")
        fewest, most = (int(one) if one.strip().isdecimal() else None for one in (first, last))
    return None if fewest is None or most is None else (fewest, most)


def _cooldown(source: Source, path: str) -> tuple[int | None, int | None]:
    said = mapping(source.get(path))
    return seconds_of(said.get("in")), seconds_of(said.get("out"))


def _connect(source: Source, keys: dict[str, Any], *, name: str | None, kind: str) -> None:
    """Say how others reach the service by Service Connect; `name` is its alias if it is called otherwise."""
    said = source.peek("network.connect")
    alias = source.text("network.connect.alias") if isinstance(said, dict) else None
    if not isinstance(said, dict) and not source.flag("network.connect"):
        return
    if kind not in (copilot.LOAD_BALANCED, copilot.BACKEND) or "container-port" not in keys:
        keys["connect"] = {"enabled": True, "offers": False}
        return
    connect: dict[str, Any] = {"enabled": True, "protocol": "tcp"}
    if alias or name:
        connect["alias"] = alias or name
    keys["connect"] = connect


def _network(source: Source, keys: dict[str, Any], place: Place) -> None:
    placement = source.peek("network.vpc.placement")
    if not isinstance(placement, dict):
        source.get("network.vpc.placement")
    groups = source.peek("network.vpc.security_groups")
    path = "network.vpc.security_groups" + (".groups" if isinstance(groups, dict) else "")
    named = [text for one in items(source.get(path)) if (text := text_of(one)) is not None]
    if any(isinstance(one, dict) for one in items(source.peek(path))):
        place.do(path, "a security group of a CloudFormation export is not read: name its id")
    if named:
        keys["security-group-ids"] = list(dict.fromkeys(named))


def _deployment(source: Source, keys: dict[str, Any], place: Place) -> None:
    if source.text("deployment.rolling") == "recreate":
        keys["deployment-minimum-healthy-percent"] = 0
        keys["deployment-maximum-percent"] = 101
    if isinstance(source.peek("deployment.rollback_alarms"), list):
        keys["alarms"] = {"extra": source.texts("deployment.rollback_alarms")}
    elif source.get("deployment.rollback_alarms") is not None:
        place.missing(
            "deployment.rollback_alarms",
            "thresholds of CPU and memory: make such an alarm, and name it in `alarms.extra`",
        )


def _overrides(source: Source, keys: dict[str, Any], place: Place) -> None:
    for rule in items(source.get("taskdef_overrides")):
        path = text_of(mapping(rule).get("path")) or ""
        value: object = mapping(rule).get("value")
        last = path.rpartition(".")[2]
        number = number_of(value)
        limits: list[object] = items(value) or [value]
        if last.startswith("Ulimits") and all(mapping(one).get("Name") for one in limits):
            said: dict[str, Any] = keys.setdefault("ulimits", {})
            for one in limits:
                said[str(mapping(one)["Name"])] = number_of(mapping(one).get("SoftLimit")) or 0
        elif last in _WORDS and "ContainerDefinitions[0]" in path and items(value):
            keys[_WORDS[last]] = [text for one in items(value) if (text := text_of(one)) is not None]
        elif last == "StopTimeout" and number is not None:
            keys["stop-timeout-seconds"] = number
        elif last == "User" and "ContainerDefinitions[0]" in path:
            keys["user"] = text_of(value) or ""
        elif last == "ReadonlyRootFilesystem" and flag_of(value):
            continue
        else:
            place.missing(
                f"taskdef_overrides {path}", "no key has it: see whether another one does what it is for"
            )


def _https_to_tasks(keys: dict[str, Any], place: Place) -> None:
    """Report a container that expects HTTPS: Copilot's load balancer speaks it to port 443."""
    ingress = mapping(mapping(keys.get("sidecars")).get(keys.get("ingress-container", "")))
    port = ingress.get("port", keys.get("container-port"))
    if port == _HTTPS and keys.get("exposure", "http") == "http":
        place.do(
            "http",
            "the load balancer speaks HTTP to tasks, to port 443 too: let the container take it on another"
            " port",
        )


def _job(source: Source, keys: dict[str, Any], name: str, place: Place) -> None:
    keys["desired-count"] = 0
    text = source.text("on.schedule")
    if not text or text == "none":
        keys["schedules"] = {_schedule_name(name): {"cron": "0 0 * * ? *", "enabled": False}}
        place.differs("on.schedule", "it never runs by itself, as there: `run STACK --schedule` starts it")
        return
    try:
        when = schedule_of(text)
    except ValueError as error:
        place.missing("on.schedule", f"{text}: {error}")
        return
    keys["schedules"] = {_schedule_name(name): when}


def _schedule_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:31].strip("-")


def _texts(value: object) -> dict[str, str]:
    return {name: text for name, one in mapping(value).items() if (text := text_of(one)) is not None}


def all_ports(workloads: Iterable[Workload]) -> dict[int, str]:
    """Return the ports that all workloads reach."""
    return {port: what for workload in workloads for port, what in workload.ports.items()}
