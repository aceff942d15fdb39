"""The services of a Compose file as the configuration of a stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from automation.convert.assemble import config_of, names_for
from automation.convert.compose_calls import report_omitted_hosts, set_called_ports, set_connections
from automation.convert.compose_file import Project
from automation.convert.compose_images import known_image
from automation.convert.compose_service import ComposeService, Composition, converted
from automation.convert.draft import Paths, is_image
from automation.convert.hosts import first_name, set_aliases, set_zones
from automation.convert.output import Options
from automation.convert.report import Report, report_restrictions
from automation.convert.source import items, mapping, text_of, texts_of
from automation.convert.validation import remove_invalid
from automation.convert.variables import egress_rules, ports_in, ports_of_secrets
from automation.errors import AutomationError

_COMPLETED: Final = "service_completed_successfully"
_USUAL_NAMES: Final = ("web", "frontend", "app", "client", "ui", "website", "nextjs", "next", "www")
_WEB_PORTS: Final = (80, 443, 8080, 3000)
_OF_LOAD_BALANCER: Final = (
    *("health-check-interval-seconds", "health-check-timeout-seconds", "unhealthy-threshold"),
)
_HTTPS: Final = 443


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The stack and the services that the user has chosen."""

    stack: str = "dev"
    public: Sequence[str] = ()
    """Services that clients reach; if empty, those with published ports."""
    keep: Collection[str] = ()
    """Databases, proxies and tools that are converted."""
    profiles: Collection[str] = ()


def converted_stack(project: Project, choice: Choice, options: Options, report: Report) -> dict[str, Any]:
    """Return the configuration of the stack that a Compose file becomes.

    Raises:
        AutomationError: no service is left, a chosen one does not exist, or the settings refuse the result.
    """
    chosen, omitted, ports = _services_to_convert(project, choice, report)
    composition = Composition(
        project=project,
        paths=Paths(project.folder, options.root),
        parameter=f"/{options.project}/{choice.stack}/",
        omitted=omitted,
    )
    names = names_for(chosen)
    services = {
        origin: converted(values, names[origin], origin, composition, report)
        for origin, values in chosen.items()
    }
    set_called_ports(services)
    _report_variables(project, report)
    report_omitted_hosts(services.values(), omitted)
    _set_migrations(services)
    public = _public(services, choice, report)
    main = services[_main(services, public)]
    others = [service for service in services.values() if service is not main]
    for origin, service in services.items():
        _set_exposure(service, is_public=origin in public)
    set_connections(services, report)
    keys: dict[str, Any] = {"aws:region": options.region} if options.region else {}
    _set_domain(keys, main, others, options, report)
    internal = [*omitted, *(name for service in services.values() for name in service.names)]
    for service in services.values():
        ports |= dict(ports_in(mapping(service.keys.get("environment")), internal))
        # The ports of the file's own databases are known.
        noted = Report() if ports else service.report
        ports |= ports_of_secrets(mapping(service.keys.get("secrets")), noted)
    if rules := egress_rules(ports):
        keys["egress"] = rules
    if guessed := [origin for origin in public if services[origin].has_guessed_path]:
        report.todo(
            "healthcheck",
            f"the load balancer requests / of {', '.join(guessed)}: set another `health-check-path` where /"
            " does not answer 200",
        )
    report_restrictions(report)
    if not any("architecture" in service.keys for service in services.values()):
        report.differs("", "tasks run on arm64: set `architecture: x86_64` if an image has no arm64 variant")
    return remove_invalid(config_of(main, others, keys), report, project=options.project, stack=choice.stack)


def _services_to_convert(
    project: Project, choice: Choice, report: Report
) -> tuple[dict[str, dict[str, Any]], dict[str, str], dict[int, str]]:
    """Return the services to convert; omitted servers by their hosts; and the servers' ports."""
    for name in (*choice.public, *choice.keep):
        if name not in project.services:
            raise AutomationError(f"there is no service {name!r}: {', '.join(project.services)}")
    chosen: dict[str, dict[str, Any]] = {}
    omitted: dict[str, str] = {}
    ports: dict[int, str] = {}
    for name, values in project.services.items():
        own = report.about(name)
        image, is_built = text_of(values.get("image")) or "", values.get("build") is not None
        profiles = {*texts_of(items(values.get("profiles")))}
        known = None if is_built or name in choice.keep else known_image(image)
        if profiles and not profiles & {*choice.profiles} and name not in choice.keep:
            own.missing(
                "profiles",
                f"left out, since Compose starts it only with {', '.join(sorted(profiles))}: use `--profile`",
            )
        elif known is not None:
            own.missing(
                "image",
                f"left out, since it is {known.name}; `--keep {name}` keeps it. Instead: {known.instead}",
            )
            hosts = (name, text_of(values.get("container_name")), text_of(values.get("hostname")))
            omitted |= {host: known.name for host in hosts if host}
            if known.port not in (None, _HTTPS):
                ports[known.port] = known.name
        elif not is_built and not is_image(image):
            own.todo(
                "image",
                f"left out, since {image or 'nothing'!r} is not an image: set its variables by `--set`",
            )
        else:
            chosen[name] = values
    if not chosen:
        reasons = [f"  {note.line}" for note in report.notes]
        raise AutomationError("\n".join([f"{project.files[0]} has no service to deploy:", *reasons]))
    return chosen, omitted, ports


def _report_variables(project: Project, report: Report) -> None:
    for name in sorted(project.unknown):
        report.todo(
            f"${{{name}}}", f"has no value, so it is empty: use `--set {name}=VALUE`, or set it in `.env`"
        )
    if project.override is not None:
        report.differs(
            "", f"{project.override.name} is not read, since it is for development: name it to have it read"
        )


def _set_migrations(services: dict[str, ComposeService]) -> None:
    """Make a service that another one with the same image waits for that service's migration."""
    awaited = {
        other: name
        for name, service in services.items()
        for other, condition in service.waits_for.items()
        if condition == _COMPLETED and other in services
    }
    migrations: dict[str, list[str]] = {}
    for other, name in awaited.items():
        own, command = services[other], services[other].keys.get("command")
        has_same_image = name in services and all(
            own.keys.get(key) == services[name].keys.get(key) for key in ("image", "app-path", "dockerfile")
        )
        if command and has_same_image and len(services) > 1:
            migrations[name] = command
            del services[other]
            own.report.differs("", f"runs before each new version of {name}, as its `migration`")
        else:
            own.report.todo(
                "depends_on", f"runs once before {name}: set its command as the `migration` of {name}"
            )
    for name, command in migrations.items():
        if name in services:
            services[name].keys["migration"] = {"command": command}


def _public(services: Mapping[str, ComposeService], choice: Choice, report: Report) -> list[str]:
    if choice.public:
        return [name for name in choice.public if name in services]
    public = [name for name, service in services.items() if service.published]
    if len(public) > 1:
        report.differs(
            "ports",
            f"clients reach {', '.join(public)}, whose ports are published: `--public NAME` limits them",
        )
    return public


def _main(services: Mapping[str, ComposeService], public: Sequence[str]) -> str:
    """Return the main service: the one that users most probably reach."""

    def rank(name: str) -> tuple[object, ...]:
        service = services[name]
        return (
            name not in public,
            not service.hosts,
            _USUAL_NAMES.index(name) if name in _USUAL_NAMES else len(_USUAL_NAMES),
            sum(name in other.waits_for for other in services.values()),
            next(iter(service.published), 0) not in _WEB_PORTS,
        )

    return min(services, key=rank)


def _set_exposure(service: ComposeService, *, is_public: bool) -> None:
    keys = service.keys
    if is_public:
        service.has_guessed_path = "health-check-path" not in keys
        keys.setdefault("health-check-path", "/")
        if "container-port" not in keys:
            service.report.todo("ports", "the file has no port, so `container-port` is 3000")
        return
    keys["exposure"] = "none"
    if service.runs_once:
        keys["desired-count"] = 0
        service.report.todo(
            "restart",
            "runs once: start it by `run`, by a schedule (`schedules`), or before a version (`migration`)",
        )
    for key in (*_OF_LOAD_BALANCER, *(() if keys.get("health-check-command") else ("health-check-path",))):
        keys.pop(key, None)


def _set_domain(
    keys: dict[str, Any],
    main: ComposeService,
    others: Sequence[ComposeService],
    options: Options,
    report: Report,
) -> None:
    services = [service for service in (main, *others) if service.exposure == "http"]
    hosts = [host for service in services for host in service.hosts]
    domain = options.domain or first_name(hosts)
    if domain is None:
        report.todo(
            "", "set a `domain`: without one the stack serves plain HTTP at the load balancer's own name"
        )
        return
    keys["domain"] = domain
    set_zones(keys, hosts, options.zone, report)
    default = [(service, "" if service is main else f"{service.name}.{domain}") for service in services]
    set_aliases(default, domain)
