"""A service of a Compose file as a service of a stack."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from automation.convert.compose_fields import SERVICE
from automation.convert.compose_file import Project, value_text
from automation.convert.compose_variables import set_variables
from automation.convert.compose_volumes import set_volumes
from automation.convert.dockerfile import is_root
from automation.convert.draft import Draft, Paths, architecture_of
from automation.convert.fields import report_unread
from automation.convert.report import Report
from automation.convert.source import flag_of, items, mapping, number_of, text_of, texts_of
from automation.convert.variables import hosts_with_ports
from infra.settings.fargate import MEMORY_BY_CPU

_DEBUGGERS: Final = (9229, 9230, 5858, 35729, 24678)
"""Ports of Node's inspector, and of live reload."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1", "[::1]")
_PORT: Final = re.compile(
    r"(?:(?P<ip>\[[^\]]+\]|[\d.]+):)?(?:(?P<published>\d*)(?:-\d+)?:)?(?P<target>\d+)(?:-\d+)?(?:/(?P<protocol>\w+))?"
)
_HEALTH_URL: Final = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\$?\{?\w+\}?)?(/[^\s'\"|&;]*)?"
)
_TRAEFIK: Final = "traefik."
_TRAEFIK_HOST: Final = re.compile(r"Host\(([^)]*)\)")
_HOST: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9-]+\.)+[a-z]{2,}")
_CPUS: Final = re.compile(r"(?=\.?\d)\d{0,6}(?:\.\d{0,20})?")
_SIZE: Final = re.compile(r"(\d{1,18}(?:\.\d{0,9})?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_MIB: Final = 1024**2
_VCPU: Final = 1024
_STOP_SECONDS: Final = range(2, 121)
_INTERVALS: Final = range(5, 301)
_THRESHOLDS: Final = range(2, 11)
_DEVELOPMENT: Final = re.compile(r"\b(?:dev|watch|nodemon|start:dev|tsx watch|--watch|--inspect)\b")
_USUAL_LOG_DRIVERS: Final = ("json-file", "local", "journald", None)


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What a service's conversion needs to know of the rest."""

    project: Project
    paths: Paths
    parameter: str
    """The first part of the names of SSM parameters."""
    omitted: Mapping[str, str]
    """The servers that are not converted, by each of their host names."""


class ComposeService(Draft):
    """A service of a Compose file, with what the rest of the stack needs to know of it."""

    def __init__(self, values: Mapping[str, Any], name: str, origin: str, report: Report) -> None:
        super().__init__(values, name, origin, report)
        self.published: list[int] = []
        """Container ports that clients outside reach."""
        self.waits_for = {
            other: text_of(mapping(value).get("condition")) or "service_started"
            for other, value in self.mapping("depends_on").items()
        }
        """Conditions by the service that it depends on."""
        networks = mapping(self.peek("networks")).values()
        aliases = [
            alias for network in networks for alias in texts_of(items(mapping(network).get("aliases")))
        ]
        own = [self.text("container_name"), self.text("hostname"), *aliases]
        self.names = [*dict.fromkeys([origin, *filter(None, own)])]
        """The names by which other services may call it."""
        policy = self.text("restart") or self.text("deploy.restart_policy.condition") or ""
        self.runs_once = policy in ("no", "none", "false") or policy.startswith("on-failure")
        self.variables: dict[str, str] = {}
        """All variables, those of files too."""
        self.has_guessed_path = False
        """Whether the path of the load balancer's health check is not in the file."""

    @property
    def host_names(self) -> set[str]:
        """Its names in lower case."""
        return {name.lower() for name in self.names}

    @property
    def calls(self) -> list[tuple[str, int | None]]:
        """The hosts that its variables and its command name, each with its port if there is one."""
        return [*hosts_with_ports({**self.variables, **self._urls})]

    @property
    def called_hosts(self) -> set[str]:
        """The hosts that its variables and its command name."""
        return {host for host, _ in self.calls}

    @property
    def hosts_in_command(self) -> set[str]:
        """The hosts of the URLs in its command."""
        return {host for host, _ in hosts_with_ports(self._urls)}

    @property
    def _urls(self) -> dict[str, str]:
        words = [*self.keys.get("entrypoint", ()), *self.keys.get("command", ())]
        return {f"word {number}": word for number, word in enumerate(words) if "://" in word}


def converted(
    values: Mapping[str, Any], name: str, origin: str, composition: Composition, report: Report
) -> ComposeService:
    """Return a service with the keys that its fields become.

    Args:
        values: its fields.
        name: its name in the stack.
        origin: its name in the file.
        composition: the rest.
        report: gets notes about what is different.
    """
    service = ComposeService(values, name, origin, report)
    service.skip(*(field for field in values if field.startswith("x-")))
    _set_image(service, composition)
    _set_ports(service)
    service.copy_fields(SERVICE)
    _report_development(service)
    _set_size(service)
    _set_health_check(service)
    set_variables(service, composition)
    set_volumes(service, composition.project)
    _set_process(service)
    _set_ulimits(service)
    _read_labels(service)
    report_unread(SERVICE, service.unread(), service.report)
    return service


def _set_image(service: ComposeService, composition: Composition) -> None:
    keys, build = service.keys, service.peek("build")
    # Beside `build` it names the image that Compose builds.
    image = service.text("image")
    if build is None:
        keys["image"] = image or ""
        return
    folder = service.text(service.inside("build", "context")) or "."
    if "://" in folder or folder.startswith("git@"):
        service.report.todo(
            "build", f"{folder} is another repository: clone it, and set `app-path` to its folder"
        )
        folder = "."
    service.copy_fields(SERVICE, "build.")
    dockerfile = posixpath.join(folder, service.text("build.dockerfile") or "Dockerfile")
    is_inline = service.peek("build.dockerfile_inline") is not None
    service.set_build("build", composition.paths, context=folder, dockerfile=dockerfile, may_lack=is_inline)
    arguments = service.mapping("build.args").items()
    if given := {name: text for name, value in arguments if (text := value_text(value)) is not None}:
        keys["build-args"] = given
    if secrets := _build_secrets(service, composition.project):
        keys["build-secrets"] = secrets
    platforms = service.texts("build.platforms")
    if len(platforms) == 1:
        keys["architecture"] = architecture_of(platforms[0])


def _build_secrets(service: ComposeService, project: Project) -> dict[str, Any]:
    secrets: dict[str, Any] = {}
    for item in service.items("build.secrets"):
        name = text_of(item) or text_of(mapping(item).get("source")) or ""
        declared = project.secrets.get(name, {})
        if (file := text_of(declared.get("file"))) is not None:
            secrets[name] = {"file": file}
        elif (variable := text_of(declared.get("environment"))) is not None:
            secrets[name] = {"env": variable}
        else:
            service.report.todo(
                "build.secrets", f"set the source of {name} in `build-secrets`: a variable or a file"
            )
    return secrets


def _set_ports(service: ComposeService) -> None:
    exposed: list[int] = []
    # An empty item is a variable without a value, which is reported elsewhere.
    for item in filter(None, service.items("ports")):
        port, is_public = _port(item)
        if port is None:
            service.report.missing("ports", f"{item} is not a port")
        elif port not in _DEBUGGERS:
            (service.published if is_public else exposed).append(port)
    numbers = (text.partition("/")[0].partition("-")[0] for text in service.texts("expose"))
    exposed += [int(number) for number in numbers if number.isdecimal()]
    ports = [*service.published, *exposed]
    if ports:
        service.keys["container-port"] = ports[0]
    if others := sorted({*service.published} - {*ports[:1]}):
        service.report.missing(
            "ports",
            f"a service has one port, {ports[0]} here; {', '.join(map(str, others))} would need another"
            " service with the same image",
        )


def _port(value: object) -> tuple[int | None, bool]:
    """Return a port in the container, and whether clients outside the machine reach it."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        is_public = fields.get("published") is not None and text_of(fields.get("host_ip")) not in _LOOPBACK
        return number_of(fields.get("target")), is_public
    match = _PORT.fullmatch(text_of(value) or "")
    return (int(match["target"]), match["ip"] not in _LOOPBACK) if match else (None, False)


def _report_development(service: ComposeService) -> None:
    for key in ("entrypoint", "command"):
        command = " ".join(service.keys.get(key, ()))
        if _DEVELOPMENT.search(command):
            service.report.todo(
                key,
                f"`{command}` looks like a development server: remove `{key}`, so that the image decides, or"
                " set another one",
            )
    target = service.keys.get("build-target", "")
    if _DEVELOPMENT.search(target):
        service.report.todo(
            "build.target", f"{target} looks like a stage for development: set the one to deploy"
        )


def _set_size(service: ComposeService) -> None:
    limits, reservations = "deploy.resources.limits.", "deploy.resources.reservations."
    cpu_fields = (f"{limits}cpus", "cpus", f"{reservations}cpus")
    memory_fields = (f"{limits}memory", "mem_limit", f"{reservations}memory", "mem_reservation")
    units = next(filter(None, [service.converted(field, _cpu_units) for field in cpu_fields]), 0)
    mib = next(filter(None, [service.converted(field, _mebibytes) for field in memory_fields]), 0)
    if not units and not mib:
        return
    sizes = ((cpu, mib) for cpu, memories in MEMORY_BY_CPU.items() for mib in memories)
    fitting = next(((cpu, most) for cpu, most in sizes if cpu >= units and most >= mib), None)
    if fitting is None:
        service.report.missing("deploy.resources", "Fargate has no task of that size: see `capacity`")
    else:
        service.keys["cpu"], service.keys["memory"] = fitting


def _cpu_units(value: object) -> int | None:
    """Return a number of CPUs in Fargate's units."""
    text = text_of(value) or ""
    return int(float(text) * _VCPU) if _CPUS.fullmatch(text) else None


def _mebibytes(value: object) -> int | None:
    """Return a size such as 512m, rounded up; a number alone is one of bytes."""
    size = _SIZE.fullmatch(text_of(value) or "")
    return -(-int(float(size[1]) * _UNITS[size[2].lower()]) // _MIB) if size else None


def _set_health_check(service: ComposeService) -> None:
    keys, test = service.keys, service.get("healthcheck.test")
    words = ["CMD-SHELL", str(test)] if isinstance(test, str) else texts_of(items(test))
    if service.flag("healthcheck.disable") or words[:1] == ["NONE"]:
        words = []
    keys["health-check-command"] = words
    if url := _HEALTH_URL.search(" ".join(words)):
        keys["health-check-path"] = url[1] or "/"
    interval, timeout = service.seconds("healthcheck.interval"), service.seconds("healthcheck.timeout")
    if interval is not None and interval in _INTERVALS:
        keys["health-check-interval-seconds"] = interval
        if timeout is not None and 1 < timeout < interval:
            keys["health-check-timeout-seconds"] = timeout
    if (retries := service.number("healthcheck.retries")) in _THRESHOLDS:
        keys["unhealthy-threshold"] = retries


def _set_process(service: ComposeService) -> None:
    keys, report = service.keys, service.report
    if platform := service.text("platform"):
        keys["architecture"] = architecture_of(platform)
    if (seconds := service.seconds("stop_grace_period")) is not None:
        keys["stop-timeout-seconds"] = min(max(seconds, _STOP_SECONDS[0]), _STOP_SECONDS[-1])
    user = service.text("user") or ""
    if is_root(user):
        report.missing("user", "root: the app runs as 1000 here, or as another `user` that is not root")
    elif user and not user.strip(":"):
        report.missing("user", "its variables have no values: the app runs as 1000 here")
    elif user:
        keys["user"] = user
    if (text_of(service.peek("logging.driver")) or None) in _USUAL_LOG_DRIVERS:
        service.skip("logging")
    if flag_of(service.peek("privileged")) is False:
        service.skip("privileged")
    if service.text("network_mode") not in (None, "bridge", "default"):
        report.missing("network_mode", "each task has its own address: others reach it by name (`connect`)")


def _set_ulimits(service: ComposeService) -> None:
    for name, limit in service.mapping("ulimits").items():
        number = number_of(limit) if isinstance(limit, str) else number_of(mapping(limit).get("soft"))
        if name == "nofile" and number is not None:
            service.keys["ulimits"] = {"nofile": number}
        else:
            service.report.missing(f"ulimits.{name}", "Fargate accepts only `nofile`")


def _read_labels(service: ComposeService) -> None:
    hosts: list[str] = []
    port_label = f"{_TRAEFIK}http.services.{service.origin}.loadbalancer.server.port"
    for name, value in service.mapping("labels").items():
        text = value_text(value) or ""
        if name.startswith(_TRAEFIK) and name.endswith(".rule"):
            rules = ",".join(_TRAEFIK_HOST.findall(text))
            hosts += [host.strip().strip("`'\"") for host in rules.split(",")]
        if name == port_label and text.isdecimal():
            service.keys["container-port"] = int(text)
    # nginx-proxy's variable.
    hosts += [host.strip() for host in service.variables.get("VIRTUAL_HOST", "").split(",")]
    service.hosts = [*dict.fromkeys(host for host in hosts if _HOST.fullmatch(host))]
