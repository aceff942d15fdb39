"""A service or job of Copilot's as a service of a stack."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from automation.convert import copilot_manifests as copilot
from automation.convert.copilot_containers import set_containers
from automation.convert.copilot_fields import WORKLOAD
from automation.convert.copilot_traffic import TRAFFIC_FIELDS, set_traffic
from automation.convert.draft import Draft, Paths, architecture_of, is_image, short_name
from automation.convert.fields import report_unread
from automation.convert.report import Report
from automation.convert.schedules import schedule_of
from automation.convert.source import (
    flag_of,
    items,
    mapping,
    number_of,
    seconds_of,
    text_of,
    text_values,
    texts_of,
)
from automation.convert.variables import ports_in, ports_of_secrets
from infra.settings.storage import NFS_PORT

_SPOT: Final = {"capacity-provider": "FARGATE_SPOT", "weight": 1}
_SCALE_IN_SECONDS: Final = 120
_SCALE_OUT_SECONDS: Final = 60
_HTTPS: Final = 443
_LONGEST_SCHEDULE_NAME: Final = 31
_TARGETS: Final = {
    "cpu_percentage": "cpu-percent",
    "memory_percentage": "memory-percent",
    "requests": "requests-per-target",
}
_COMMANDS: Final = {"EntryPoint": "entrypoint", "Command": "command"}
_TAG: Final = re.compile(rf":[^/:]*{copilot.UNKNOWN}[^/]*$")


@dataclass(frozen=True, kw_only=True)
class App:
    """The application and the environment that workloads are converted for."""

    name: str
    environment: str
    paths: Paths
    names: Mapping[str, str]
    """The name of each workload in the stack."""

    @property
    def namespace(self) -> str:
        """The private DNS zone of Copilot's service discovery."""
        return f"{self.environment}.{self.name}.local"

    @property
    def hosts(self) -> list[str]:
        """The names by which workloads reach each other."""
        return [host for name in self.names for host in (name, f"{name}.{self.namespace}")]

    @property
    def parameter(self) -> str:
        """The first part of the names of SSM parameters."""
        return f"/copilot/{self.name}/{self.environment}/secrets/"


class Workload(Draft):
    """A service or a job, with what the rest of the stack needs to know of it."""

    def __init__(
        self, manifest: copilot.Manifest, values: Mapping[str, Any], app: App, report: Report
    ) -> None:
        super().__init__(values, app.names[manifest.name], manifest.name, report)
        self.type = manifest.type
        self.app = app
        self.is_private = self.peek("network.vpc.placement") == "private"
        """Whether its tasks are in private subnets."""
        self.retention = self.number("logging.retention")
        self.ports: dict[int, str] = {}
        """The ports beside 443 that its tasks connect to, as far as its variables tell."""
        self.path = "/"
        """The path under which clients reach it."""
        self.zone_id: str | None = None
        """The hosted zone of its names."""
        self.allowed: list[str] = []
        """IP ranges of its clients; empty for all."""
        self.is_internal = False
        """Whether its load balancer is an internal one."""


def converted(manifest: copilot.Manifest, values: Mapping[str, Any], app: App, report: Report) -> Workload:
    """Return a workload with the keys that its fields become.

    Args:
        manifest: its manifest.
        values: the fields for the environment.
        app: the application and the environment.
        report: gets notes about what is different.

    Raises:
        ValueError: it has no usable image; the message says why.
    """
    workload = Workload(manifest, values, app, report)
    keys = workload.keys
    if workload.name != workload.origin:
        workload.report.differs(
            "name",
            f"is called {workload.name} here: a name has lowercase letters, digits and hyphens, at most 16",
        )
    workload.copy_fields(field for field in WORKLOAD if not field.name.startswith(TRAFFIC_FIELDS))
    _set_image(workload)
    set_traffic(workload)
    _set_size(workload)
    _set_count(workload)
    set_containers(workload)
    _set_connect(workload)
    _set_security_groups(workload)
    _set_deployment(workload)
    _apply_overrides(workload)
    _report_https(workload)
    if workload.type == copilot.JOB:
        _set_schedule(workload)
    if workload.flag("observability.tracing") or workload.text("observability.tracing"):
        keys["opentelemetry"] = True
        workload.report.todo(
            "observability.tracing", "let the app's SDK send OTLP to OTEL_EXPORTER_OTLP_ENDPOINT"
        )
    workload.ports |= dict(ports_in(mapping(keys.get("environment")), app.hosts))
    workload.ports |= ports_of_secrets(mapping(keys.get("secrets")), workload.report)
    volumes = mapping(keys.get("volumes")).values()
    if any("file-system-id" in mapping(volume.get("efs")) for volume in volumes):
        workload.ports[NFS_PORT] = "EFS"
    report_unread(WORKLOAD, workload.unread(), workload.report)
    return workload


def _set_image(workload: Workload) -> None:
    keys, location = workload.keys, workload.text("image.location")
    if location is None:
        _set_build(workload)
        return
    if copilot.UNKNOWN in location:
        shown, location = copilot.shown(location), _TAG.sub(":latest", location)
        if copilot.UNKNOWN in location:
            raise ValueError(f"its image is {shown}: set its variables by `--set NAME=VALUE`")
        workload.report.todo(
            "image.location", f"{shown} has a variable: the tag is latest here, or use `--set NAME=VALUE`"
        )
    if not is_image(location):
        raise ValueError(f"its image is {location!r}, which is not a valid reference")
    keys["image"] = location
    if credentials := workload.text("image.credentials"):
        keys["registry-credentials"] = credentials
    workload.report.differs(
        "image",
        "Copilot runs a ready image as the image's own user; here it runs as `user`, 1000 by default, and"
        " never as root",
    )


def _set_build(workload: Workload) -> None:
    paths = (workload.inside("image.build", "dockerfile"), "image.build.context")
    dockerfile, context = ((workload.text(path) or "").replace("\\", "/") for path in paths)
    dockerfile = dockerfile or posixpath.join(context, "Dockerfile")
    workload.set_build(
        "image.build",
        workload.app.paths,
        context=context or posixpath.dirname(dockerfile) or ".",
        dockerfile=dockerfile,
    )
    arguments = text_values(workload.get("image.build.args"))
    if known := {name: text for name, text in arguments.items() if copilot.UNKNOWN not in text}:
        workload.keys["build-args"] = known


def _set_size(workload: Workload) -> None:
    if isinstance(workload.peek("platform"), dict):
        system, processor = workload.text("platform.osfamily"), workload.text("platform.architecture")
    else:
        system, _, processor = (workload.text("platform") or "").partition("/")
    if not (system or "linux").lower().startswith("linux"):
        workload.report.missing("platform", f"{system} is not Linux, the only system of services here")
    workload.keys["architecture"] = architecture_of(processor or "x86_64")


def _set_count(workload: Workload) -> None:
    keys, report = workload.keys, workload.report
    if not isinstance(workload.peek("count"), dict):
        number = workload.number("count")
        if workload.type != copilot.JOB and number is not None:
            keys["desired-count"] = number
        return
    if (spot := workload.number("count.spot")) is not None:
        keys["desired-count"] = spot
        keys["capacity-provider-strategy"] = [_SPOT]
        report.differs(
            "count.spot", "FARGATE_SPOT has no fallback: no task starts while AWS has no spare capacity"
        )
        return
    fewest, most = _range(workload)
    if fewest is None or most is None:
        report.missing("count", "it has no range of numbers; one task is kept")
        workload.skip("count")
        return
    if fewest < 1:
        report.differs(
            "count.range", "at least 1 task is kept: without tasks there is no metric that would start one"
        )
    scaling: dict[str, Any] = {"enabled": True, "min-count": max(fewest, 1), "max-count": max(most, 1)}
    cooldowns = [workload.mapping("count.cooldown")]
    for name, key in _TARGETS.items():
        if isinstance(workload.peek(f"count.{name}"), dict):
            cooldowns.append(mapping(workload.get(f"count.{name}.cooldown")))
        scaling[key] = workload.number(workload.inside(f"count.{name}", "value")) or 0
    for key, field, default in (
        ("scale-in-seconds", "in", _SCALE_IN_SECONDS),
        ("scale-out-seconds", "out", _SCALE_OUT_SECONDS),
    ):
        seconds = [seconds_of(cooldown.get(field)) for cooldown in cooldowns]
        scaling[key] = max((second for second in seconds if second is not None), default=default)
    keys["desired-count"] = scaling["min-count"]
    if any(scaling[key] for key in _TARGETS.values()):
        keys["autoscaling"] = scaling
    else:
        report.missing("count", f"no metric that scales it is left: it keeps {scaling['min-count']}")


def _range(workload: Workload) -> tuple[int | None, int | None]:
    limits = mapping(workload.get("count.range"))
    if not limits:
        first, _, last = (workload.text("count.range") or "").partition("-")
        fewest, most = (int(part) if part.strip().isdecimal() else None for part in (first, last))
        return fewest, most
    fewest, most, first_spot = (number_of(limits.get(name)) for name in ("min", "max", "spot_from"))
    if first_spot is not None and fewest is not None:
        base = {"capacity-provider": "FARGATE", "weight": 0, "base": first_spot - 1}
        is_needed = first_spot >= fewest and first_spot > 1
        workload.keys["capacity-provider-strategy"] = [_SPOT, base] if is_needed else [_SPOT]
    return fewest, most


def _set_connect(workload: Workload) -> None:
    alias = workload.text("network.connect.alias")
    if not isinstance(workload.peek("network.connect"), dict) and not workload.flag("network.connect"):
        return
    connect: dict[str, Any] = {"enabled": True, "offers": False}
    if workload.type in (copilot.LOAD_BALANCED, copilot.BACKEND) and "container-port" in workload.keys:
        renamed = workload.origin if workload.origin != workload.name else None
        connect = {"enabled": True, "protocol": "tcp"}
        if name := alias or renamed:
            connect["alias"] = name
    workload.keys["connect"] = connect


def _set_security_groups(workload: Workload) -> None:
    if not isinstance(workload.peek("network.vpc.placement"), dict):
        workload.skip("network.vpc.placement")
    path = workload.inside("network.vpc.security_groups", "groups")
    groups = workload.items(path)
    if any(isinstance(group, dict) for group in groups):
        workload.report.todo(path, "a security group of a CloudFormation export is not read: set its id")
    if named := [*dict.fromkeys(texts_of(groups))]:
        workload.keys["security-group-ids"] = named


def _set_deployment(workload: Workload) -> None:
    if workload.text("deployment.rolling") == "recreate":
        workload.keys["deployment-minimum-healthy-percent"] = 0
        workload.keys["deployment-maximum-percent"] = 101
    path = "deployment.rollback_alarms"
    if isinstance(workload.peek(path), list):
        workload.keys["alarms"] = {"extra": workload.texts(path)}
    elif workload.get(path) is not None:
        workload.report.missing(
            path, "thresholds of CPU and memory: create such an alarm, and name it in `alarms.extra`"
        )


def _apply_overrides(workload: Workload) -> None:
    keys = workload.keys
    for rule in map(mapping, workload.items("taskdef_overrides")):
        path, value = text_of(rule.get("path")) or "", rule.get("value")
        last, is_app = path.rpartition(".")[2], "ContainerDefinitions[0]" in path
        number = number_of(value)
        limits = [mapping(limit) for limit in items(value) or [value]]
        if last.startswith("Ulimits") and all(limit.get("Name") for limit in limits):
            given = {str(limit["Name"]): number_of(limit.get("SoftLimit")) or 0 for limit in limits}
            keys["ulimits"] = {**mapping(keys.get("ulimits")), **given}
        elif last in _COMMANDS and is_app and items(value):
            keys[_COMMANDS[last]] = texts_of(items(value))
        elif last == "StopTimeout" and number is not None:
            keys["stop-timeout-seconds"] = number
        elif last == "User" and is_app:
            keys["user"] = text_of(value) or ""
        elif last != "ReadonlyRootFilesystem" or not flag_of(value):
            workload.report.missing(
                f"taskdef_overrides {path}", "has no key: check whether another key has the same effect"
            )


def _report_https(workload: Workload) -> None:
    """Report a container that expects HTTPS, which Copilot's load balancer uses for port 443."""
    sidecars = mapping(workload.keys.get("sidecars"))
    ingress = mapping(sidecars.get(workload.keys.get("ingress-container", "")))
    port = ingress.get("port", workload.keys.get("container-port"))
    if port == _HTTPS and workload.exposure == "http":
        workload.report.todo(
            "http",
            "the load balancer speaks HTTP to tasks, on port 443 too: let the container accept it on another"
            " port",
        )


def _set_schedule(workload: Workload) -> None:
    workload.keys["desired-count"] = 0
    name = short_name(workload.origin.lower(), _LONGEST_SCHEDULE_NAME)
    text = workload.text("on.schedule")
    try:
        schedule = schedule_of(text) if text and text != "none" else {"cron": "0 0 * * ? *", "enabled": False}
    except ValueError as error:
        workload.report.missing("on.schedule", f"{text}: {error}")
        return
    if "enabled" in schedule:
        workload.report.differs(
            "on.schedule", "it never starts by itself, as before: `run STACK --schedule` starts it"
        )
    workload.keys["schedules"] = {name: schedule}
