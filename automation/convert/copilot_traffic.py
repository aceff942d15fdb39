"""How requests reach a Copilot service, and how its load balancers ask whether it is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from automation.convert import copilot_manifests as copilot
from automation.convert.copilot_containers import container_name
from automation.convert.report import Place
from automation.convert.source import Source, flag_of, items, mapping, text_of

_DAY: Final = 86_400
_DELAY: Final = 60
_GRACE: Final = 60
_UNHEALTHY: Final = 2
_CHECKS: Final = {
    "healthy_threshold": "healthy-threshold",
    "unhealthy_threshold": "unhealthy-threshold",
}
_TIMES: Final = {
    "interval": "health-check-interval-seconds",
    "timeout": "health-check-timeout-seconds",
    "grace_period": "health-check-grace-period-seconds",
}
_VERSIONS: Final = {"grpc": "grpc", "http2": "http2", "http1": "http1"}
_EVERYTHING: Final = "/"


@dataclass
class Traffic:
    """What leads to a service from outside of it."""

    exposure: str
    path: str = _EVERYTHING
    hosts: list[str] = field(default_factory=list[str])
    zone_id: str | None = None
    allowed: Sequence[str] = ()
    """IP ranges of those that may reach it; empty for all."""
    internal: bool = False
    """Whether its load balancer is an internal one."""


def traffic_of(source: Source, keys: dict[str, Any], kind: str, place: Place) -> Traffic:
    """Put how a service is reached into its keys, and return what the stack has to know of it."""
    port = source.number("image.port")
    if port is not None:
        keys["container-port"] = port
    has_http = kind == copilot.LOAD_BALANCED or (kind == copilot.BACKEND and bool(source.peek("http")))
    if flag_of(source.peek("http")) is False:
        source.get("http")
        has_http = False
    if has_http:
        return _http(source, keys, kind, place)
    if kind == copilot.LOAD_BALANCED and source.peek("nlb"):
        return _network_load_balancer(source, keys, place)
    keys["exposure"] = "none"
    if (seconds := source.seconds("image.healthcheck.start_period")) is not None:
        keys["health-check-grace-period-seconds"] = seconds
    return Traffic("none")


def _http(source: Source, keys: dict[str, Any], kind: str, place: Place) -> Traffic:
    path = "/" + (source.text("http.path") or _EVERYTHING).strip("/")
    traffic = Traffic("http", path, internal=kind == copilot.BACKEND)
    traffic.hosts, traffic.zone_id = _hosts(source, "http.alias", place)
    traffic.zone_id = source.text("http.hosted_zone") or traffic.zone_id
    traffic.allowed = source.texts("http.allowed_source_ips")
    keys["health-check-path"] = _EVERYTHING
    keys["health-check-grace-period-seconds"] = _GRACE
    keys["unhealthy-threshold"] = _UNHEALTHY
    keys["deregistration-delay-seconds"] = _DELAY
    said = source.peek("http.healthcheck")
    if isinstance(said, dict):
        _health_check(source, keys, "http.healthcheck")
    elif (path := source.text("http.healthcheck")) is not None:
        keys["health-check-path"] = _absolute(path)
    if (delay := source.seconds("http.deregistration_delay")) is not None:
        keys["deregistration-delay-seconds"] = delay
    if source.flag("http.stickiness"):
        keys["sticky-seconds"] = _DAY
    if version := source.text("http.version"):
        keys["protocol-version"] = _VERSIONS.get(version.lower(), version)
    container = source.text("http.target_container") or source.text("http.targetContainer")
    _target(source, keys, container, source.number("http.target_port"))
    _more_rules(source, keys, traffic, place)
    if source.peek("nlb"):
        source.get("nlb")
        place.missing(
            "nlb",
            "a service is behind one load balancer: add a service with the same image and `exposure: tcp`, or"
            " let clients use HTTPS",
        )
    return traffic


def _network_load_balancer(source: Source, keys: dict[str, Any], place: Place) -> Traffic:
    listener, _, protocol = (source.text("nlb.port") or "").partition("/")
    keys["exposure"] = "tcp"
    if listener.isdecimal():
        keys["listener-port"] = int(listener)
        target = source.number("nlb.target_port") or int(listener)
        container = source.text("nlb.target_container")
        if container is None:
            keys["container-port"] = target
        else:
            _target(source, keys, container, target)
    if protocol and protocol.lower() != "tcp":
        keys["listener-protocol"] = protocol.lower()
    keys["health-check-grace-period-seconds"] = _GRACE
    keys["deregistration-delay-seconds"] = _DELAY
    _health_check(source, keys, "nlb.healthcheck")
    if (delay := source.seconds("nlb.deregistration_delay")) is not None:
        keys["deregistration-delay-seconds"] = delay
    traffic = Traffic("tcp")
    traffic.hosts, traffic.zone_id = _hosts(source, "nlb.alias", place)
    return traffic


def _health_check(source: Source, keys: dict[str, Any], path: str) -> None:
    if (asked := source.text(f"{path}.path")) is not None:
        keys["health-check-path"] = _absolute(asked)
    port = source.number(f"{path}.port")
    if port is not None and port != keys.get("container-port"):
        keys["health-check-port"] = port
    codes = source.text(f"{path}.success_codes")
    if codes is not None and (codes := codes.replace(" ", "")) != "200":
        keys["health-check-codes"] = codes
    for name, key in _CHECKS.items():
        if (number := source.number(f"{path}.{name}")) is not None:
            keys[key] = number
    for name, key in _TIMES.items():
        if (seconds := source.seconds(f"{path}.{name}")) is not None:
            keys[key] = seconds


def _target(source: Source, keys: dict[str, Any], container: str | None, port: int | None) -> None:
    """Say which container, and which of its ports, gets the requests."""
    sidecars = mapping(source.peek("sidecars"))
    if container not in sidecars:
        container = next(
            (
                name
                for name, one in sidecars.items()
                if container is None and port is not None and _port(mapping(one).get("port")) == port
            ),
            None,
        )
    if container is not None:
        keys["ingress-container"] = container_name(container)
        keys["ingress-port"] = port
    elif port is not None:
        keys["container-port"] = port


def _port(value: object) -> int | None:
    text = (text_of(value) or "").partition("/")[0]
    return int(text) if text.isdecimal() else None


def _more_rules(source: Source, keys: dict[str, Any], traffic: Traffic, place: Place) -> None:
    """Take over rules that differ by their path alone; all others have no counterpart."""
    paths: list[str] = []
    for index, rule in enumerate(items(source.get("http.additional_rules"))):
        said = mapping(rule)
        if set(said) <= {"path", "healthcheck", "deregistration_delay"} and "path" in said:
            paths.append("/" + (text_of(said["path"]) or "").strip("/"))
        else:
            place.missing(
                f"http.additional_rules[{index}]",
                "a service has one target and one set of names: add a service with the same image for "
                + ", ".join(f"`{name}`" for name in said),
            )
    every = [] if traffic.path == _EVERYTHING or _EVERYTHING in paths else [traffic.path, *paths]
    if every:
        keys["paths"] = list(dict.fromkeys(pattern for one in every for pattern in (one, f"{one}/*")))
    elif paths:
        traffic.path = _EVERYTHING


def _hosts(source: Source, path: str, place: Place) -> tuple[list[str], str | None]:
    """Return the names that a service has, and the zone of the first of them that says it."""
    hosts, zone = _names_at(source, path)
    known = [host for host in hosts if copilot.UNKNOWN not in host]
    if known != hosts:
        place.do(
            path,
            "left out where it has a variable of the shell: say it by `--set NAME=VALUE`, and convert again",
        )
    return known, zone


def _names_at(source: Source, path: str) -> tuple[list[str], str | None]:
    named = items(source.peek(path))
    if any(isinstance(one, dict) for one in named):
        source.get(path)
        said = [mapping(one) for one in named]
        hosts = [text for one in said if (text := text_of(one.get("name"))) is not None]
        zones = [text for one in said if (text := text_of(one.get("hosted_zone"))) is not None]
        return list(dict.fromkeys(hosts)), zones[0] if zones else None
    texts = [host.strip() for text in source.texts(path) for host in text.split(",")]
    return list(dict.fromkeys(filter(None, texts))), None


def _absolute(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"
