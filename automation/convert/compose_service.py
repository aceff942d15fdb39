"""One service of a Compose file as a service of a stack, with all that it says."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from automation.convert.assemble import Service
from automation.convert.compose_fields import SERVICE
from automation.convert.compose_file import Project, value_text, variables_in
from automation.convert.compose_volumes import add_storage
from automation.convert.dockerfile import user_of
from automation.convert.fields import note_what_is_left
from automation.convert.report import Place, Report
from automation.convert.source import Source, flag_of, items, mapping, number_of, text_of
from automation.convert.variables import is_name, leads_to, split
from automation.errors import AutomationError
from infra.settings.fargate import MEMORY_BY_CPU

_DOCKERFILE: Final = "Dockerfile"
_DEBUGGERS: Final = (9229, 9230, 5858, 35729, 24678)
"""Ports of Node's inspector, and of live reload."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1", "[::1]")
_PORT: Final = re.compile(
    r"(?:(?P<ip>\[[^\]]+\]|[\d.]+):)?(?:(?P<published>\d*)(?:-\d+)?:)?(?P<target>\d+)(?:-\d+)?(?:/(?P<protocol>\w+))?"
)
_HEALTH_URL: Final = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\$?\{?\w+\}?)?(/[^\s'\"|&;]*)?"
)
_TRAEFIK_HOST: Final = re.compile(r"Host\(([^)]*)\)")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_MIB: Final = 1024**2
_VCPU: Final = 1024
_STOP: Final = range(2, 121)
_INTERVALS: Final = range(5, 301)
_THRESHOLDS: Final = range(2, 11)
_DEVELOPMENT: Final = re.compile(r"\b(?:dev|watch|nodemon|start:dev|tsx watch|--watch|--inspect)\b")
_ROOT: Final = re.compile(r"(?:root|0+)(?::.*)?")
_RUN_SECRETS: Final = "/run/secrets/"
_FILE_ENDS: Final = "_FILE"
_SECRET_FILE_LOG_DRIVERS: Final = ("json-file", "local", "journald", "")
_TRAEFIK: Final = "traefik."


@dataclass
class Found:
    """What became of a service, and what the stack has to know of it."""

    name: str
    service: Service
    published: list[int] = field(default_factory=list[int])
    """Container ports that the machine publishes to others."""
    exposed: list[int] = field(default_factory=list[int])
    waits_for: dict[str, str] = field(default_factory=dict[str, str])
    """Conditions by the service that has to be there first."""
    hosts: list[str] = field(default_factory=list[str])
    """Host names of Traefik's rules."""
    names: list[str] = field(default_factory=list[str])
    """By which other services may call it."""
    guessed_path: bool = False
    """Whether the path that the load balancer asks for is none of the file's."""
    one_shot: bool = False
    """Whether it runs once."""
    variables: dict[str, str] = field(default_factory=dict[str, str])
    """All variables, those of files too."""


@dataclass(frozen=True)
class Context:
    """What a service's conversion has to know of the rest."""

    project: Project
    root: Path
    """The project's folder: paths in stack files are seen from there."""
    parameter: str
    """What a SSM parameter's name begins with."""
    elsewhere: Mapping[str, str]
    """What takes the place of services that are left out, by their name and their other names."""

    def path(self, path: str) -> str:
        """Return a path of the Compose file as seen from the project's folder."""
        absolute = os.path.normpath(os.path.join(self.project.folder.resolve(), path))  # noqa: PTH118 -- may be absolute
        return Path(os.path.relpath(absolute, self.root.resolve())).as_posix()

    def file(self, path: str) -> Path:
        """Return a path of the Compose file as one that can be opened."""
        return self.project.folder / path


def converted(name: str, said: Mapping[str, Any], ours: str, context: Context, place: Place) -> Found:
    """Return what becomes of a service.

    Args:
        name: the service's.
        said: what the file says of it.
        ours: its name in the stack.
        context: the rest.
        place: where what is not the same is noted.
    """
    source = Source(dict(said))
    found = Found(name, Service(ours, origin=name))
    keys = found.service.keys
    for key in [key for key in source.values if key.startswith("x-")]:
        source.get(key)
    for key in (
        "profiles",
        "networks",
        "links",
        "develop",
        "stdin_open",
        "tty",
        "pull_policy",
        "init",
        "cap_drop",
    ):
        source.get(key)
    _image(source, keys, context, place)
    _ports(source, found, place)
    _words(source, keys, place)
    _size(source, keys, place)
    _count(source, keys)
    _health(source, keys)
    _told(source, found, context, place)
    add_storage(source, keys, context.project, place)
    _process(source, keys, place)
    _restart(source, found)
    _labels(source, found)
    found.waits_for = {
        other: text_of(mapping(one).get("condition")) or "service_started"
        for other, one in mapping(source.get("depends_on")).items()
    }
    aliases = [
        text
        for network in mapping(source.peek("networks")).values()
        for one in items(mapping(network).get("aliases"))
        if (text := text_of(one))
    ]
    called = [source.text("container_name"), source.text("hostname"), *aliases]
    found.names = list(dict.fromkeys([name, *filter(None, called)]))
    note_what_is_left(SERVICE, source.left(), place)
    return found


def _image(source: Source, keys: dict[str, Any], context: Context, place: Place) -> None:
    if source.peek("build") is None:
        image = source.text("image") or ""
        keys["image"] = image
        return
    # The image's name is what Compose gives the one that it builds.
    source.get("image")
    _build(source, keys, context, place)
    args = mapping(source.get("build.args"))
    if said := {name: text for name, one in args.items() if (text := value_text(one)) is not None}:
        keys["build-args"] = said
    if secrets := _build_secrets(source, context, place):
        keys["build-secrets"] = secrets
    platforms = source.texts("build.platforms")
    if len(platforms) == 1:
        keys["architecture"] = _architecture(platforms[0])


def _build(source: Source, keys: dict[str, Any], context: Context, place: Place) -> None:
    if isinstance(source.peek("build"), str):
        folder, dockerfile = source.text("build") or ".", _DOCKERFILE
    else:
        folder = source.text("build.context") or "."
        dockerfile = source.text("build.dockerfile") or _DOCKERFILE
    if "://" in folder or folder.startswith("git@"):
        place.do("build", f"{folder} is another repository: clone it, and name its folder in `app-path`")
        folder = "."
    keys["app-path"] = context.path(folder)
    file = posixpath.normpath(posixpath.join(folder, dockerfile))
    if posixpath.normpath(dockerfile) != _DOCKERFILE:
        keys["dockerfile"] = context.path(file)
    if target := source.text("build.target"):
        keys["build-target"] = target
    path = context.file(file)
    if user := user_of(path, keys.get("build-target")):
        keys["user"] = user
    elif path.exists():
        text = f"{file} names no user, so it runs as its base does, mostly root; here it runs as 1000"
        place.differs("build", text)
    elif source.peek("build.dockerfile_inline") is None:
        place.do("build", f"there is no {file}: correct `app-path` and `dockerfile`")


def _build_secrets(source: Source, context: Context, place: Place) -> dict[str, Any]:
    secrets: dict[str, Any] = {}
    for one in items(source.get("build.secrets")):
        name = text_of(one) or text_of(mapping(one).get("source")) or ""
        said = context.project.secrets.get(name, {})
        if (file := text_of(said.get("file"))) is not None:
            secrets[name] = {"file": file}
        elif (variable := text_of(said.get("environment"))) is not None:
            secrets[name] = {"env": variable}
        else:
            place.do("build.secrets", f"say in `build-secrets` where {name} is: a variable or a file")
    return secrets


def _architecture(platform: str) -> str:
    return "x86_64" if any(one in platform for one in ("amd64", "x86_64")) else "arm64"


def _ports(source: Source, found: Found, place: Place) -> None:
    # Of a variable without a value it is told elsewhere.
    for one in filter(None, items(source.get("ports"))):
        port, public = _port(one)
        if port is None:
            place.missing("ports", f"{one} cannot be read as a port")
        elif port not in _DEBUGGERS:
            (found.published if public else found.exposed).append(port)
    for text in source.texts("expose"):
        if (port := text.partition("/")[0].partition("-")[0]).isdecimal():
            found.exposed.append(int(port))
    ports = [*found.published, *found.exposed]
    if ports:
        found.service.keys["container-port"] = ports[0]
    others = sorted(set(found.published) - {*ports[:1]})
    if others:
        place.missing(
            "ports",
            f"a service has one port, {ports[0]} here; {', '.join(map(str, others))} would need a service of"
            " its own with the same image",
        )


def _port(value: object) -> tuple[int | None, bool]:
    """Return a port in the container, and whether others than the machine itself reach it."""
    if isinstance(value, dict):
        said = cast("dict[str, Any]", value)
        public = said.get("published") is not None and text_of(said.get("host_ip")) not in _LOOPBACK
        return number_of(said.get("target")), public
    match = _PORT.fullmatch(text_of(value) or "")
    if match is None:
        return None, False
    return int(match["target"]), (match["ip"] or "") not in _LOOPBACK


def _words(source: Source, keys: dict[str, Any], place: Place) -> None:
    for key in ("entrypoint", "command"):
        value = source.get(key)
        if listed := items(value):
            words = [text for one in listed if (text := text_of(one)) is not None]
        else:
            try:
                words = shlex.split(text_of(value) or "")
            except ValueError as error:
                place.missing(key, f"left out, for a shell could not read it either: {error}")
                words = []
        # The CLI drops a line break before a text, which means nothing to a shell.
        words = [word.lstrip("\n") for word in words]
        if words:
            keys[key] = words
        if _DEVELOPMENT.search(" ".join(words)):
            place.do(
                key,
                f"`{' '.join(words)}` looks like a server for development: leave `{key}` to the image, or say"
                " another",
            )
    if _DEVELOPMENT.search(str(keys.get("build-target", ""))):
        place.do(
            "build.target",
            f"{keys['build-target']} looks like a stage for development: say the one to deploy",
        )


def _size(source: Source, keys: dict[str, Any], place: Place) -> None:
    cpus = _first(source, "deploy.resources.limits.cpus", "cpus", "deploy.resources.reservations.cpus")
    memory = _first(
        source,
        "deploy.resources.limits.memory",
        "mem_limit",
        "deploy.resources.reservations.memory",
        "mem_reservation",
    )
    try:
        units = int(float(cpus or "0") * _VCPU)
    except ValueError:
        units = 0
    mib = -(-_bytes(memory) // _MIB)
    if units or mib:
        size = next(
            (
                (cpu, size)
                for cpu, sizes in MEMORY_BY_CPU.items()
                for size in sizes
                if cpu >= units and size >= mib
            ),
            None,
        )
        if size is None:
            place.missing("deploy.resources", "Fargate has no task of that size: see `capacity`")
        else:
            keys["cpu"], keys["memory"] = size


def _first(source: Source, *paths: str) -> str | None:
    found = [text for path in paths if (text := source.text(path)) is not None]
    return found[0] if found else None


def _bytes(text: str | None) -> int:
    match = _SIZE.fullmatch(text or "")
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0


def _count(source: Source, keys: dict[str, Any]) -> None:
    count = source.number("deploy.replicas")
    scale = source.number("scale")
    if (number := count if count is not None else scale) is not None:
        keys["desired-count"] = number


def _health(source: Source, keys: dict[str, Any]) -> None:
    test = source.get("healthcheck.test")
    words = [str(text) for one in items(test) if (text := text_of(one)) is not None]
    if isinstance(test, str):
        words = ["CMD-SHELL", str(test)]
    if source.flag("healthcheck.disable") or words[:1] == ["NONE"]:
        words = []
    keys["health-check-command"] = words
    asked = _HEALTH_URL.search(" ".join(words))
    if asked:
        keys["health-check-path"] = asked[1] or "/"
    interval, retries = source.seconds("healthcheck.interval"), source.number("healthcheck.retries")
    timeout = source.seconds("healthcheck.timeout")
    if interval in _INTERVALS:
        keys["health-check-interval-seconds"] = interval
        if timeout is not None and 1 < timeout < cast("int", interval):
            keys["health-check-timeout-seconds"] = timeout
    if retries in _THRESHOLDS:
        keys["unhealthy-threshold"] = retries
    if (start := source.seconds("healthcheck.start_period")) is not None:
        keys["health-check-grace-period-seconds"] = start


def _told(source: Source, found: Found, context: Context, place: Place) -> None:
    keys = found.service.keys
    said: dict[str, str] = {}
    asked: list[str] = []
    for name, one in mapping(source.get("environment")).items():
        text = value_text(one)
        if text is None and is_name(name):
            asked.append(name)
        elif text is None:
            place.missing(
                f"environment.{name}", "left out: a variable's name has letters, digits and underscores"
            )
        else:
            said[name] = text
    files, from_files = _files(source, context, place)
    port = said.get("PORT", from_files.get("PORT", ""))
    if "container-port" not in keys and port.isdecimal():
        keys["container-port"] = int(port)
    found.variables = {**from_files, **said}
    secret = _file_secrets(source, said, context, place)
    kept = _plain_files(files, from_files, context, place, keys)
    values = said if kept else {**from_files, **said}
    unsaid = [name for name in asked if name not in values and name not in secret]
    secret |= _from_the_shell(unsaid, context, place)
    secret |= _led_elsewhere(values, context, place)
    plain, more = split(
        values, place, field="environment", parameter=context.parameter, port=keys.get("container-port")
    )
    secret |= more
    if plain:
        keys["environment"] = {name: value for name, value in plain.items() if name not in secret}
    if secret:
        keys["secrets"] = secret
    if kept:
        keys["environment-files"] = kept


def _from_the_shell(names: list[str], context: Context, place: Place) -> dict[str, str]:
    """Return secrets for variables that have no value in the file."""
    for name in names:
        place.do(
            f"environment.{name}",
            "comes from the shell: keep it in SSM (`aws ssm put-parameter --type SecureString --name"
            f" {context.parameter}{name} --value …`), or write its value into `environment`",
        )
    return {name: f"{context.parameter}{name}" for name in names}


def _led_elsewhere(values: dict[str, str], context: Context, place: Place) -> dict[str, str]:
    """Take out variables that lead to what is not in the stack, and return secrets in their place."""
    secret: dict[str, str] = {}
    for name, value in list(values.items()):
        target = _leads_to(name, value, context.elsewhere)
        if target is not None:
            del values[name]
            secret[name] = f"{context.parameter}{name}"
            place.do(
                f"environment.{name}",
                f"leads to {target}, which is not in this stack: put what leads to the new one into SSM: `aws"
                f" ssm put-parameter --type SecureString --name {context.parameter}{name} --value …`",
            )
    return secret


def _files(source: Source, context: Context, place: Place) -> tuple[list[str], dict[str, str]]:
    """Return the files of variables that there are, and what they hold."""
    value = source.get("env_file")
    files: list[str] = []
    variables: dict[str, str] = {}
    for one in items(value) or ([value] if value else []):
        path = text_of(one) or text_of(mapping(one).get("path")) or ""
        if not context.file(path).is_file():
            if flag_of(mapping(one).get("required")) is not False:
                place.do(
                    "env_file", f"{path} is not there: write what it holds into `environment` and `secrets`"
                )
            continue
        try:
            variables |= variables_in(context.file(path))
        except AutomationError as error:
            place.do("env_file", str(error))
            continue
        files.append(context.path(path))
    return files, variables


def _plain_files(
    files: list[str], variables: dict[str, str], context: Context, place: Place, keys: Mapping[str, Any]
) -> list[str]:
    """Return files that a stack file can name: those without secrets, and without what leads elsewhere."""
    plain, secret = split(
        variables, Place(Report(), ""), field="", parameter="/", port=keys.get("container-port")
    )
    leads = [
        name for name, value in variables.items() if _leads_to(name, value, context.elsewhere) is not None
    ]
    if files and not secret and not leads and len(plain) >= len(variables) - 1:
        return files
    if files:
        place.differs(
            "env_file",
            f"{', '.join(files)} has secrets, or names what is not in this stack: its variables stand in"
            " `environment` and `secrets`, one by one",
        )
    return []


def _leads_to(name: str, value: str, elsewhere: Mapping[str, str]) -> str | None:
    """Return what a variable leads to, if that is left out of the stack."""
    return next((elsewhere[host] for host in sorted(leads_to(name, value)) if host in elsewhere), None)


def _file_secrets(source: Source, said: dict[str, str], context: Context, place: Place) -> dict[str, str]:
    """Return variables for secrets that Compose hands over as files."""
    secrets: dict[str, str] = {}
    for one in items(source.get("secrets")):
        name = text_of(one) or text_of(mapping(one).get("source")) or ""
        file = f"{_RUN_SECRETS}{(text_of(mapping(one).get('target')) or name).removeprefix(_RUN_SECRETS)}"
        pointing = [key for key, value in said.items() if value == file]
        variable = next((key.removesuffix(_FILE_ENDS) for key in pointing), re.sub(r"\W", "_", name).upper())
        secrets[variable] = f"{context.parameter}{variable}"
        place.do(
            f"secrets.{name}",
            f"is the variable {variable} here and no file {file}: let the app read it, and put it into SSM:"
            f" `aws ssm put-parameter --type SecureString --name {context.parameter}{variable} --value …`",
        )
        for key in pointing:
            del said[key]
    return secrets


def _process(source: Source, keys: dict[str, Any], place: Place) -> None:
    if platform := source.text("platform"):
        keys["architecture"] = _architecture(platform)
    _user(source, keys, place)
    if (seconds := source.seconds("stop_grace_period")) is not None:
        keys["stop-timeout-seconds"] = min(max(seconds, _STOP[0]), _STOP[-1])
    for name, limit in mapping(source.get("ulimits")).items():
        number = number_of(limit) if isinstance(limit, str) else number_of(mapping(limit).get("soft"))
        if name == "nofile" and number is not None:
            keys["ulimits"] = {"nofile": number}
        else:
            place.missing(f"ulimits.{name}", "Fargate takes `nofile` alone")
    logging = mapping(source.peek("logging"))
    if (text_of(logging.get("driver")) or "") in _SECRET_FILE_LOG_DRIVERS:
        source.get("logging")
    if flag_of(source.peek("privileged")) is False:
        source.get("privileged")
    if source.text("network_mode") not in (None, "bridge", "default"):
        place.missing(
            "network_mode", "each task has an address of its own: others reach it by name (`connect`)"
        )


def _user(source: Source, keys: dict[str, Any], place: Place) -> None:
    user = source.text("user")
    if user and _ROOT.fullmatch(user):
        place.missing("user", "root: the app runs as 1000 here, or as another `user` that is not root")
    elif user and not user.strip(":"):
        place.missing("user", "is a variable of the shell: the app runs as 1000 here")
    elif user:
        keys["user"] = user


def _restart(source: Source, found: Found) -> None:
    policy = source.text("restart") or source.text("deploy.restart_policy.condition")
    found.one_shot = policy in ("no", "none", "false") or (policy or "").startswith("on-failure")


def _labels(source: Source, found: Found) -> None:
    labels = {name: value_text(one) or "" for name, one in mapping(source.get("labels")).items()}
    for name, value in labels.items():
        if name.startswith(_TRAEFIK) and name.endswith(".rule"):
            for rule in _TRAEFIK_HOST.findall(value):
                found.hosts += [host.strip().strip("`'\"") for host in rule.split(",")]
        if name == f"{_TRAEFIK}http.services.{found.name}.loadbalancer.server.port" and value.isdecimal():
            found.service.keys["container-port"] = int(value)


def hosts_of(found: Found) -> list[str]:
    """Return the host names that the file gives a service, for Traefik or nginx-proxy."""
    virtual = found.variables.get("VIRTUAL_HOST", "")
    hosts = [*found.hosts, *(host.strip() for host in virtual.split(","))]
    return list(
        dict.fromkeys(host for host in hosts if re.fullmatch(r"(?:\*\.)?(?:[a-z0-9-]+\.)+[a-z]{2,}", host))
    )


def is_public(found: Found) -> bool:
    """Whether the machine publishes a port of a service to others."""
    return bool(found.published)


def hosts_called(found: Found) -> set[str]:
    """Return the hosts that a service's variables lead to."""
    return {host for name, value in found.variables.items() for host in leads_to(name, value)}
