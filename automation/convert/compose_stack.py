"""The services of a Compose file as the configuration of a stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.convert.accepted import accepted
from automation.convert.assemble import config_of, names_for
from automation.convert.compose_file import Project
from automation.convert.compose_images import PROXY, Known, is_plain_proxy, known
from automation.convert.compose_service import Context, Found, converted, hosts_called, hosts_of, is_public
from automation.convert.hosts import common_zone, is_in, zone_of
from automation.convert.images import is_reference
from automation.convert.report import Place, Report
from automation.convert.source import items, mapping, text_of
from automation.convert.variables import egress_for, ports_by_name, ports_in, ports_of_hosts
from automation.errors import AutomationError

_COMPLETED: Final = "service_completed_successfully"
_USUAL_NAMES: Final = ("web", "frontend", "app", "client", "ui", "website", "nextjs", "next", "www")
_WEB_PORTS: Final = (80, 443, 8080, 3000)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command was told beside the file."""

    project: str
    stack: str
    root: Path
    """The project's folder."""
    region: str | None = None
    domain: str | None = None
    zone: str | None = None
    public: Sequence[str] = ()
    """Services that are reached from outside; empty for those whose ports are published."""
    keep: Collection[str] = ()
    """Services that are converted though they are databases, proxies or tools."""
    profiles: Collection[str] = ()


def converted_stack(project: Project, wanted: Wanted, report: Report) -> dict[str, Any]:
    """Return a stack's configuration.

    Raises:
        AutomationError: no service is left, one that is named is not there, or the settings refuse something
            that cannot be left out.
    """
    place = Place(report, "")
    _know(project, (*wanted.public, *wanted.keep))
    kept, elsewhere, ports = _sorted(project, wanted, report)
    if not kept:
        raise AutomationError(
            f"{project.files[0]} has no service to deploy: {', '.join(project.services)} are databases,"
            " proxies, tools, or have profiles; `--keep NAME` keeps one"
        )
    parameter = f"/{wanted.project}/{wanted.stack}/"
    context = Context(project, wanted.root, parameter, elsewhere)
    names = names_for(kept)
    drafts = {
        name: converted(name, said, names[name], context, Place(Report(), name))
        for name, said in kept.items()
    }
    # Compose lets services reach every port of one another: what is called counts as exposed.
    for name, port in _ports_called(drafts, report).items():
        kept[name] = {**kept[name], "expose": [str(port)]}
    services = {
        name: converted(name, said, names[name], context, Place(report, name)) for name, said in kept.items()
    }
    _note_unknown(project, place)
    _note_hosts_in_code(services, elsewhere, report)
    migration = _migrations(services, report)
    public = _public(services, wanted, place)
    main = services[_main(services, public)]
    others = [one for one in services.values() if one is not main]
    for name, one in services.items():
        _expose(one, Place(report, name), public=name in public)
    for name, command in migration.items():
        services[name].service.keys["migration"] = {"command": command}
    _connect(services, place)
    stack = _names(main, others, wanted, place)
    if wanted.region:
        stack["aws:region"] = wanted.region
    here = [host for one in services.values() for host in one.names]
    for one in services.values():
        ports |= dict(ports_in(mapping(one.service.keys.get("environment")), [*here, *elsewhere]))
        # Of databases that the file has the ports are known.
        noted = Place(Report() if ports else report, one.name)
        ports |= ports_by_name(mapping(one.service.keys.get("secrets")), noted)
    if rules := egress_for(ports):
        stack["egress"] = rules
    if asked := [name for name in public if name in services and services[name].guessed_path]:
        place.do(
            "healthcheck",
            f"the load balancer asks {', '.join(asked)} for /: say another path in `health-check-path` where"
            " that is not 200",
        )
    _what_differs(services, place)
    config = config_of(main.service, [one.service for one in others], stack)
    return accepted(config, place, project=wanted.project, stack=wanted.stack)


def _know(project: Project, names: Sequence[str]) -> None:
    for name in names:
        if name not in project.services:
            raise AutomationError(f"there is no service {name!r}: {', '.join(project.services)}")


def _sorted(
    project: Project, wanted: Wanted, report: Report
) -> tuple[dict[str, dict[str, Any]], dict[str, str], dict[int, str]]:
    """Return the services to convert; what takes the place of the others, by their names; and its ports."""
    kept: dict[str, dict[str, Any]] = {}
    elsewhere: dict[str, str] = {}
    ports: dict[int, str] = {}
    for name, said in project.services.items():
        place = Place(report, name)
        profiles = {text for one in items(said.get("profiles")) if (text := text_of(one))}
        what = _what(said)
        if profiles and not profiles & set(wanted.profiles) and name not in wanted.keep:
            place.missing(
                "profiles",
                f"left out, for Compose starts it only with {', '.join(sorted(profiles))}: `--profile`",
            )
        elif what is not None and name not in wanted.keep:
            place.missing(
                "image", f"left out, for it is {what.what}: {what.instead}; `--keep {name}` keeps it"
            )
            for host in _names_of(name, said):
                elsewhere[host] = what.what
            if what.port is not None and what.port != 443:  # noqa: PLR2004 -- HTTPS is open anyway
                ports[what.port] = what.what
        elif said.get("build") is None and not is_reference(text_of(said.get("image")) or ""):
            place.do(
                "image",
                f"left out, for {text_of(said.get('image')) or 'nothing'!r} is no image: say it by `--set`",
            )
        else:
            kept[name] = said
    return kept, elsewhere, ports


def _what(said: Mapping[str, Any]) -> Known | None:
    if said.get("build") is not None:
        return None
    image = text_of(said.get("image")) or ""
    return PROXY if is_plain_proxy(image) else known(image)


def _names_of(name: str, said: Mapping[str, Any]) -> list[str]:
    return [name, *filter(None, (text_of(said.get("container_name")), text_of(said.get("hostname"))))]


def _ports_called(services: Mapping[str, Found], report: Report) -> dict[str, int]:
    """Return the ports of services that name none, by what others call them at; what is unclear is noted."""
    ports: dict[str, int] = {}
    for name, one in services.items():
        names = {*map(str.lower, one.names)}
        callers: dict[int | None, list[str]] = {}
        for other, caller in services.items():
            found = {port for host, port in ports_of_hosts(caller.variables) if host in names}
            for port in found if other != name else ():
                callers.setdefault(port, []).append(other)
        own = one.service.keys.get("container-port")
        numbers = sorted(port for port in callers if port is not None and port != own)
        place = Place(report, name)
        if own is None and len(numbers) == 1:
            ports[name] = numbers[0]
        elif own is None and numbers:
            called = " and ".join(f"{port} (by {', '.join(callers[port])})" for port in numbers)
            place.do(
                "expose",
                f"is called at {called}, and a service has one port, so it has none here: write the one into"
                " `expose`, and give the other a service of its own with the same image",
            )
        elif own is None and callers:
            place.do(
                "expose",
                f"is called by {', '.join(callers[None])}, and nothing tells the port: write it into"
                " `expose`",
            )
        elif numbers:
            called = ", ".join(f"{port} (by {', '.join(callers[port])})" for port in numbers)
            place.do("ports", f"a service has one port, {own} here, and this one is called at {called} too")
    return ports


def _note_unknown(project: Project, place: Place) -> None:
    for name in project.unknown:
        place.do(
            f"${{{name}}}", f"has no value, so it is empty: say `--set {name}=VALUE`, or write it into `.env`"
        )
    if project.override is not None:
        place.differs(
            "", f"{project.override.name} is not read, for it is for development: name it to have it read"
        )


def _note_hosts_in_code(services: Mapping[str, Found], elsewhere: Mapping[str, str], report: Report) -> None:
    """Report services that wait for something left out, and have no variable that leads there."""
    for name, one in services.items():
        called = hosts_called(one)
        for other in one.waits_for:
            if other in elsewhere and other not in called:
                Place(report, name).do(
                    "depends_on",
                    f"no variable leads to {other} ({elsewhere[other]}), so its code names the host itself:"
                    " let a variable say it",
                )


def _migrations(services: dict[str, Found], report: Report) -> dict[str, list[str]]:
    """Take out services that run once, before another one with the same image: they are its migration."""
    found: dict[str, list[str]] = {}
    awaited = {
        other: name
        for name, one in services.items()
        for other, condition in one.waits_for.items()
        if condition == _COMPLETED and other in services
    }
    for other, name in awaited.items():
        place = Place(report, other)
        own, theirs = services[other].service.keys, services[name].service.keys
        command = own.get("command")
        sources = [
            {key: one.get(key) for key in ("image", "app-path", "dockerfile")} for one in (own, theirs)
        ]
        if command and sources[0] == sources[1] and len(services) > 1:
            found[name] = list(command)
            del services[other]
            place.differs("", f"runs before {name} gets a new version, as its `migration`")
        else:
            place.do("depends_on", f"runs once before {name}: write its command into `migration` of {name}")
    return found


def _public(services: Mapping[str, Found], wanted: Wanted, place: Place) -> list[str]:
    if wanted.public:
        return [name for name in wanted.public if name in services]
    public = [name for name, one in services.items() if is_public(one)]
    if len(public) > 1:
        place.differs(
            "ports",
            f"{', '.join(public)} are reached from outside, for their ports are published: `--public NAME`"
            " says which are",
        )
    return public


def _main(services: Mapping[str, Found], public: Sequence[str]) -> str:
    """Return the service whose keys stand at the top: the one that people reach, as far as it can be told."""

    def rank(name: str) -> tuple[object, ...]:
        one = services[name]
        waited = sum(name in other.waits_for for other in services.values())
        port = one.published[0] if one.published else 0
        return (
            name not in public,
            not hosts_of(one),
            _USUAL_NAMES.index(name) if name in _USUAL_NAMES else len(_USUAL_NAMES),
            waited,
            port not in _WEB_PORTS,
            list(services).index(name),
        )

    return min(services, key=rank)


def _expose(one: Found, place: Place, *, public: bool) -> None:
    keys = one.service.keys
    if not public:
        keys["exposure"] = "none"
        if one.one_shot:
            keys["desired-count"] = 0
            place.do(
                "restart",
                "runs once: start it by `run`, by a schedule (`schedules`), or before a version"
                " (`migration`)",
            )
        if not keys.get("health-check-command"):
            keys.pop("health-check-path", None)
        for key in ("health-check-interval-seconds", "health-check-timeout-seconds", "unhealthy-threshold"):
            keys.pop(key, None)
        return
    one.guessed_path = "health-check-path" not in keys
    keys.setdefault("health-check-path", "/")
    if "container-port" not in keys:
        place.do("ports", "no port can be read: `container-port` is 3000")


def _connect(services: Mapping[str, Found], place: Place) -> None:
    """Let services reach each other by the names that they have in the file."""
    hosts = {name: hosts_called(one) for name, one in services.items()}
    called = {
        name: [
            other
            for other, one in services.items()
            if other != name and hosts[name] & {*map(str.lower, one.names)}
        ]
        for name in services
    }
    waited = {name: [other for other in one.waits_for if other in services] for name, one in services.items()}
    if not any(called.values()) and not any(waited.values()):
        return
    calls: dict[str, list[str]] = {}
    for name, one in services.items():
        keys = one.service.keys
        offers = "container-port" in keys
        connect: dict[str, Any] = {"enabled": True, **({"protocol": "tcp"} if offers else {"offers": False})}
        used = [host for host in one.names if any(host.lower() in others for others in hosts.values())]
        alias = used[0] if used else name
        if offers and alias != one.service.name:
            connect["alias"] = alias
        keys["connect"] = connect
        wanted = dict.fromkeys([*called[name], *waited[name]])
        calls[name] = [
            other
            for other in wanted
            if "container-port" in services[other].service.keys and not _reaches(calls, other, name)
        ]
    for name, others in calls.items():
        if others:
            services[name].service.keys["connect"]["calls"] = [
                services[other].service.name for other in others
            ]
    conditions = {
        f"{name} for {other}"
        for name, one in services.items()
        for other in one.waits_for
        if other in services
    }
    if conditions:
        place.differs(
            "depends_on",
            f"tasks do not wait ({', '.join(sorted(conditions))}): let the app try again until it answers",
        )


def _reaches(calls: Mapping[str, Sequence[str]], start: str, end: str) -> bool:
    """Whether a service calls another one, directly or by others."""
    return start == end or any(_reaches(calls, one, end) for one in calls.get(start, ()))


def _names(main: Found, others: Sequence[Found], wanted: Wanted, place: Place) -> dict[str, Any]:
    hosts = {one.name: hosts_of(one) for one in (main, *others) if one.service.exposure == "http"}
    named = [host for those in hosts.values() for host in those]
    domain = wanted.domain or next((host for host in named if not host.startswith("*.")), None)
    if domain is None:
        place.do(
            "", "say a `domain`: without one the stack serves plain HTTP at the load balancer's own name"
        )
        return {}
    zone = wanted.zone or common_zone([domain, *named])
    if not wanted.zone:
        place.do("", f"see whether {zone} is the Route 53 zone, which is guessed; `--zone` says another")
    keys: dict[str, Any] = {"domain": domain, "zone": zone}
    more = dict.fromkeys(zone_of(host) for host in named if not is_in(host, zone))
    if more:
        keys["alias-zones"] = list(more)
    for one in (main, *others):
        own = domain if one is main else f"{one.service.name}.{domain}"
        aliases = [host for host in hosts.get(one.name, []) if host not in (own, domain)]
        if aliases:
            one.service.keys["aliases"] = aliases
    return keys


def _what_differs(services: Mapping[str, Found], place: Place) -> None:
    place.differs(
        "",
        "the root file system is read-only here but for `/tmp` (`tmpfs`): add the folders that the app"
        " writes to",
    )
    place.differs(
        "", "tasks reach port 443 and what `egress` lists, and nothing else: see that all is listed"
    )
    if not any("architecture" in one.service.keys for one in services.values()):
        place.differs("", "tasks run on arm64: say `architecture: x86_64` if an image has no other")
