"""One environment of a Copilot application as the configuration of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from automation.convert import copilot_manifests as copilot
from automation.convert.accepted import accepted
from automation.convert.assemble import Service, config_of, names_for
from automation.convert.copilot_environment import stack_keys
from automation.convert.copilot_extras import note_extras, ports_of_addons, region_in
from automation.convert.copilot_manifests import Workspace, interpolated
from automation.convert.copilot_names import add_names
from automation.convert.copilot_source_code import told_by_copilot
from automation.convert.copilot_workload import App, Workload, all_ports, converted
from automation.convert.hosts import zone_of
from automation.convert.report import Place, Report
from automation.convert.variables import egress_for

_TYPES: Final = (copilot.LOAD_BALANCED, copilot.BACKEND, copilot.WORKER, copilot.JOB)
_MOST_PATHS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the command was told beside the folder."""

    project: str
    prefix: str
    """The folder that paths in manifests are seen from, as seen from the project's."""
    region: str | None = None
    domain: str | None = None
    """The application's domain, as `copilot app init --domain` has it."""
    zone: str | None = None
    variables: Mapping[str, str]
    """Values for `${NAME}` in manifests."""
    root: Path
    """The project's folder."""

    def folder(self, keys: Mapping[str, Any]) -> Path:
        """Return the folder that a service's image is built from."""
        return self.root / keys["app-path"]


def converted_stack(
    workspace: Workspace, environment: str, wanted: Wanted, report: Report
) -> dict[str, Any] | None:
    """Return a stack's configuration; None if no workload can be converted.

    Raises:
        AutomationError: the settings refuse something that cannot be left out.
    """
    variables = {
        **wanted.variables,
        "COPILOT_APPLICATION_NAME": workspace.app,
        "COPILOT_ENVIRONMENT_NAME": environment,
    }
    names = names_for(one.name for one in workspace.manifests if one.type in copilot.CONVERTED)
    app = App(workspace.app, environment, workspace.root, wanted.prefix, names)
    workloads = [*_workloads(workspace, app, variables, report)]
    if not workloads:
        return None
    place = Place(report, "")
    main, *others = sorted(workloads, key=_rank)
    stack = stack_keys(workspace.environments.get(environment, {}), environment, report)
    region = wanted.region or region_in(workspace, environment)
    if region:
        stack["aws:region"] = region
    if not region:
        place.do(
            "", f"say the region, which no manifest has: `aws:region` (`copilot env show -n {environment}`)"
        )
    _network(stack, workloads, place)
    add_names(stack, [main, *others], app, place, domain=wanted.domain, zone=wanted.zone)
    _paths(main, others, place)
    _who_may_reach(stack, workloads, place)
    _what_copilot_tells(stack, workloads, app, wanted, place)
    _calls(workloads)
    if rules := egress_for({**all_ports(workloads), **ports_of_addons(workspace)}):
        stack["egress"] = [*stack.get("egress", []), *_new(rules, stack.get("egress", []))]
    retentions = [one.retention for one in workloads if one.retention]
    if retentions:
        stack["log-retention-days"] = max(retentions)
    note_extras(workspace, environment, report)
    _what_differs(place, has_http=any(one.service.exposure == "http" for one in workloads))
    config = _with_dollars(config_of(main.service, [one.service for one in others], stack))
    return accepted(config, place, project=wanted.project, stack=environment)


def _with_dollars(value: Any) -> Any:
    """Return a value in which variables without a value are what they were."""
    if isinstance(value, dict):
        return {key: _with_dollars(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_with_dollars(item) for item in cast("list[Any]", value)]
    return value.replace(copilot.UNKNOWN, "$") if isinstance(value, str) else value


def _workloads(
    workspace: Workspace, app: App, variables: Mapping[str, str], report: Report
) -> Iterable[Workload]:
    for manifest in workspace.manifests:
        place = Place(report, manifest.name)
        if manifest.type not in copilot.CONVERTED:
            place.missing("type", f"{manifest.type}: {copilot.INSTEAD[manifest.type]}")
            continue
        unknown: set[str] = set()
        values = interpolated(manifest.of(app.environment), variables, unknown)
        for name in sorted(unknown):
            place.do(
                f"${{{name}}}",
                f"is what the shell has that runs Copilot: say `--set {name}=VALUE`, and convert again",
            )
        try:
            yield converted(values, manifest.type, manifest.name, app, place)
        except ValueError as error:
            place.missing("image", f"the service is left out: {error}")


def _rank(workload: Workload) -> tuple[object, ...]:
    """Return how well a workload is the stack's main service; the least is the best."""
    traffic = workload.traffic
    return (
        traffic.internal,
        not traffic.hosts,
        traffic.path != "/",
        _TYPES.index(workload.type),
        not any(host == zone_of(host) or host.startswith("www.") for host in traffic.hosts),
        workload.service.name,
    )


def _network(stack: dict[str, Any], workloads: Sequence[Workload], place: Place) -> None:
    private = [one for one in workloads if one.private]
    internal = [one for one in workloads if one.traffic.internal]
    public = [one for one in workloads if one.service.exposure == "http" and not one.traffic.internal]
    stack["nat"] = "one-per-az" if private else "none"
    if private and len(private) < len(workloads):
        place.differs(
            "network.vpc.placement",
            f"tasks of all services are in private subnets here, not only those of {_listed(private)}",
        )
    if internal and public:
        for one in internal:
            one.service.keys["exposure"] = "none"
            Place(place.report, one.service.origin).missing(
                "http",
                "an internal load balancer beside a public one: a stack has one. Let services call it by its"
                " name (`connect` or `discovery`), or give it a stack of its own with `internal: true`",
            )
            _no_longer_http(one.service)
    elif internal:
        stack["internal"] = True


def _no_longer_http(service: Service) -> None:
    for key in ("paths", "sticky-seconds", "protocol-version", "ingress-container"):
        service.keys.pop(key, None)


def _paths(main: Workload, others: Sequence[Workload], place: Place) -> None:
    for one in (main, *others):
        if one.service.exposure == "http" and one.traffic.path != "/" and "paths" not in one.service.keys:
            one.service.keys["paths"] = [one.traffic.path, f"{one.traffic.path}/*"]
    for one in others:
        if one.service.exposure != "http":
            continue
        if (
            one.traffic.path != "/"
            and one.traffic.hosts
            and set(one.traffic.hosts) != set(main.traffic.hosts)
        ):
            Place(place.report, one.service.origin).differs(
                "http.alias", f"a service with `paths` has them at the names of {main.service.name} as well"
            )
        elif one.traffic.path == "/" and not one.traffic.hosts and not main.traffic.hosts:
            Place(place.report, one.service.origin).differs(
                "http.path",
                f"{main.service.name} has /, so this one answers below /{one.service.name}; give the stack a"
                f" `domain`, and it is at {one.service.name}.<domain>",
            )


def _who_may_reach(stack: dict[str, Any], workloads: Sequence[Workload], place: Place) -> None:
    said = [list(one.traffic.allowed) for one in workloads if one.service.exposure == "http"]
    if said and all(ranges == said[0] for ranges in said) and said[0]:
        stack["allowed-cidrs"] = [one if "/" in one else f"{one}/32" for one in said[0]]
    elif any(said):
        place.missing(
            "http.allowed_source_ips",
            "`allowed-cidrs` is the whole load balancer's, and not all services name the same ranges: none"
            " are set, so that everybody reaches all of them",
        )


def _what_copilot_tells(
    stack: dict[str, Any], workloads: Sequence[Workload], app: App, wanted: Wanted, place: Place
) -> None:
    """Go on telling the app what Copilot tells it, where its code asks."""
    for one in workloads:
        keys = one.service.keys
        asked = told_by_copilot(wanted.folder(keys)) if "app-path" in keys else []
        known = {
            "COPILOT_APPLICATION_NAME": app.name,
            "COPILOT_ENVIRONMENT_NAME": app.environment,
            "COPILOT_SERVICE_NAME": one.service.origin,
            "COPILOT_SERVICE_DISCOVERY_ENDPOINT": app.namespace,
        }
        for name in asked:
            if name in known:
                keys["environment"] = {**keys.get("environment", {}), name: known[name]}
            else:
                Place(place.report, one.service.origin).do(
                    "image", f"its code reads {name}, which Copilot sets: put it into `environment`"
                )
    texts = " ".join(
        str(value) for one in workloads for value in one.service.keys.get("environment", {}).values()
    )
    backends = [one for one in workloads if one.type in (copilot.BACKEND, copilot.LOAD_BALANCED)]
    named = [
        one
        for one in backends
        if "container-port" in one.service.keys
        and (
            (one.type == copilot.BACKEND and len(workloads) > 1)
            or f"{one.service.origin}.{app.namespace}" in texts
        )
    ]
    for one in named:
        renamed = one.service.name != one.service.origin
        one.service.keys["discovery"] = {"enabled": True, **({"name": one.service.origin} if renamed else {})}
    if named:
        stack["discovery-domain"] = app.namespace
        if "vpc-id" in stack:
            place.do(
                "",
                f"the private zone {app.namespace} is there once in a VPC, and Copilot has it: let"
                " `discovery-domain` say another name until Copilot's environment is gone",
            )


def _calls(workloads: Sequence[Workload]) -> None:
    """Let services that name another one in a variable be deployed after it."""
    offering = {
        one.service.keys["connect"].get("alias", one.service.name): one.service.name
        for one in workloads
        if one.service.keys.get("connect", {}).get("protocol")
    }
    for one in workloads:
        connect = one.service.keys.get("connect")
        if not connect or "offers" in connect:
            continue
        texts = [str(value) for value in one.service.keys.get("environment", {}).values()]
        calls = [
            name
            for alias, name in offering.items()
            if name != one.service.name and any(_names_host(text, alias) for text in texts)
        ]
        if calls and not any(
            one.service.name in _called(other, name) for name in calls for other in workloads
        ):
            connect["calls"] = calls


def _called(workload: Workload, name: str) -> list[str]:
    return workload.service.keys.get("connect", {}).get("calls", []) if workload.service.name == name else []


def _names_host(text: str, host: str) -> bool:
    return text == host or any(
        f"{before}{host}{after}" in f"{text}/" for before in ("//", "@") for after in (":", "/")
    )


def _new(rules: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    taken = {rule["port"] for rule in there}
    return [rule for rule in rules if rule["port"] not in taken]


def _what_differs(place: Place, *, has_http: bool) -> None:
    place.differs(
        "",
        "the root file system is read-only here but for `/tmp` (`tmpfs`), except with `exec`: add the folders"
        " that the app writes to",
    )
    place.differs(
        "",
        "tasks reach port 443 and what `egress` lists, where Copilot's reach everything: see that all is"
        " listed",
    )
    if has_http:
        place.differs(
            "",
            "a deployment is rolled back by `alarms` too: 5 % errors, or answers over 2 seconds (p99), for 3"
            " minutes",
        )


def _listed(workloads: Sequence[Workload]) -> str:
    return ", ".join(one.service.origin for one in workloads)
