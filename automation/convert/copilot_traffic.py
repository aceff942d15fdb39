"""How clients reach a Copilot service, and how its load balancer checks its health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from automation.convert import copilot_manifests as copilot
from automation.convert.copilot_fields import WORKLOAD
from automation.convert.draft import short_name
from automation.convert.source import flag_of, items, mapping, text_of, texts_of

if TYPE_CHECKING:
    from automation.convert.copilot_workload import Workload

TRAFFIC_FIELDS: Final = ("http.", "nlb.")
_DAY: Final = 86_400
_NETWORK_DEFAULTS: Final = {"health-check-grace-period-seconds": 60, "deregistration-delay-seconds": 60}
_HTTP_DEFAULTS: Final = {**_NETWORK_DEFAULTS, "health-check-path": "/", "unhealthy-threshold": 2}
"""Copilot's, where they are not those of the keys."""
_WITHOUT_OTHER_TARGET: Final = frozenset({"path", "healthcheck", "deregistration_delay"})


def set_traffic(workload: Workload) -> None:
    """Set how a service is reached."""
    http = workload.peek("http")
    is_balanced = workload.type == copilot.LOAD_BALANCED
    if flag_of(http) is False:
        workload.skip("http")
    elif is_balanced or (workload.type == copilot.BACKEND and http):
        _set_http(workload)
        return
    if is_balanced and workload.peek("nlb"):
        _set_network_load_balancer(workload)
        return
    workload.keys["exposure"] = "none"
    if (seconds := workload.seconds("image.healthcheck.start_period")) is not None:
        workload.keys["health-check-grace-period-seconds"] = seconds


def _set_http(workload: Workload) -> None:
    keys = workload.keys
    workload.is_internal = workload.type == copilot.BACKEND
    workload.path = _rooted(workload.text("http.path"))
    _set_hosts(workload, "http.alias")
    workload.zone_id = workload.text("http.hosted_zone") or workload.zone_id
    workload.allowed = workload.texts("http.allowed_source_ips")
    if (path := workload.url_path(workload.inside("http.healthcheck", "path"))) is not None:
        keys["health-check-path"] = path
    _set_health_check(workload, "http.", _HTTP_DEFAULTS)
    if workload.flag("http.stickiness"):
        keys["sticky-seconds"] = _DAY
    if version := workload.text("http.version"):
        keys["protocol-version"] = version.lower()
    container = workload.text("http.target_container") or workload.text("http.targetContainer")
    _set_target(workload, container, workload.number("http.target_port"))
    _set_paths(workload)
    if workload.peek("nlb"):
        workload.skip("nlb")
        workload.report.missing(
            "nlb",
            "a service has one load balancer: add a service with the same image and `exposure: tcp`, or let"
            " clients use HTTPS",
        )


def _set_network_load_balancer(workload: Workload) -> None:
    keys = workload.keys
    listener, _, protocol = (workload.text("nlb.port") or "").partition("/")
    keys["exposure"] = "tcp"
    if listener.isdecimal():
        keys["listener-port"] = int(listener)
        target, container = workload.number("nlb.target_port"), workload.text("nlb.target_container")
        if container is None:
            keys["container-port"] = target or int(listener)
        else:
            _set_target(workload, container, target or int(listener))
    if protocol and protocol.lower() != "tcp":
        keys["listener-protocol"] = protocol.lower()
    _set_health_check(workload, "nlb.", _NETWORK_DEFAULTS)
    _set_hosts(workload, "nlb.alias")


def _set_health_check(workload: Workload, prefix: str, defaults: dict[str, Any]) -> None:
    keys = workload.keys
    workload.copy_fields(WORKLOAD, prefix)
    for key, value in defaults.items():
        keys.setdefault(key, value)
    if keys.get("health-check-port") == keys.get("container-port"):
        keys.pop("health-check-port", None)
    if codes := keys.pop("health-check-codes", "200").replace(" ", ""):
        keys |= {"health-check-codes": codes} if codes != "200" else {}


def _set_target(workload: Workload, container: str | None, port: int | None) -> None:
    """Set the container, and its port, that gets the requests."""
    sidecars = mapping(workload.peek("sidecars"))
    if container not in sidecars:
        at_port = (
            name
            for name, sidecar in sidecars.items()
            if (text_of(mapping(sidecar).get("port")) or "").partition("/")[0] == str(port)
        )
        container = next(at_port, None) if container is None and port is not None else None
    if container is not None:
        workload.keys["ingress-container"] = short_name(container)
        workload.keys["ingress-port"] = port
    elif port is not None:
        workload.keys["container-port"] = port


def _set_paths(workload: Workload) -> None:
    """Set the paths of rules that differ in their path alone, and report other rules."""
    paths: list[str] = []
    for index, rule in enumerate(map(mapping, workload.items("http.additional_rules"))):
        if {*rule} <= _WITHOUT_OTHER_TARGET and "path" in rule:
            paths.append(_rooted(text_of(rule["path"])))
        else:
            workload.report.missing(
                f"http.additional_rules[{index}]",
                "a service has one target and one set of names: add a service with the same image for "
                + ", ".join(f"`{name}`" for name in rule),
            )
    if "/" in (workload.path, *paths):
        workload.path = "/"
    else:
        every = [workload.path, *paths]
        workload.keys["paths"] = [
            *dict.fromkeys(pattern for path in every for pattern in (path, f"{path}/*"))
        ]


def _set_hosts(workload: Workload, path: str) -> None:
    """Set the names of a service, and the zone of the first one that has a zone."""
    named = [name for name in map(mapping, items(workload.peek(path))) if name]
    if named:
        workload.skip(path)
        hosts = texts_of([name.get("name") for name in named])
        workload.zone_id = next(iter(texts_of([name.get("hosted_zone") for name in named])), None)
    else:
        hosts = [host.strip() for text in workload.texts(path) for host in text.split(",") if host.strip()]
    workload.hosts = [*dict.fromkeys(host for host in hosts if copilot.UNKNOWN not in host)]
    if len(workload.hosts) != len({*hosts}):
        workload.report.todo(
            path, "names with a variable of the shell are left out: use `--set NAME=VALUE`, and convert again"
        )


def _rooted(path: str | None) -> str:
    return "/" + (path or "").strip("/")
