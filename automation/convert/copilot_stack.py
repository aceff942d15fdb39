"""An environment of a Copilot application as the configuration of a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from automation.convert import copilot_manifests as copilot
from automation.convert.assemble import config_of, names_for
from automation.convert.copilot_environment import stack_keys
from automation.convert.copilot_extras import ports_of_addons, region_in, report_extras, variables_read
from automation.convert.copilot_manifests import Workspace, interpolated, shown
from automation.convert.copilot_workload import App, Workload, converted
from automation.convert.draft import Paths
from automation.convert.hosts import first_name, set_aliases, set_zones, zone_of
from automation.convert.output import Options
from automation.convert.report import Report, report_restrictions
from automation.convert.validation import remove_invalid
from automation.convert.variables import egress_rules
from automation.errors import AutomationError

_HTTP_ONLY: Final = ("paths", "sticky-seconds", "protocol-version", "ingress-container")


def converted_stack(
    workspace: Workspace, environment: str, options: Options, report: Report, paths: Paths
) -> dict[str, Any]:
    """Return the configuration of the stack that an environment becomes.

    Raises:
        AutomationError: no workload can be converted, or the settings refuse the result.
    """
    if not workspace.is_app_known:
        report.todo("", f"the application has its folder's name, {workspace.app}: `--app` sets another one")
    names = names_for(manifest.name for manifest in workspace.manifests if manifest.type in copilot.CONVERTED)
    app = App(name=workspace.app, environment=environment, paths=paths, names=names)
    workloads = _workloads(workspace, app, options.variables, report)
    main, *others = ranked = sorted(workloads, key=_rank)
    keys = stack_keys(workspace.environments.get(environment, {}), environment, report)
    if region := options.region or region_in(workspace, environment):
        keys["aws:region"] = region
    else:
        report.todo("", f"set `aws:region`, which no manifest has (`copilot env show -n {environment}`)")
    _set_network(keys, workloads, report)
    _set_names(keys, ranked, app, options, report)
    _set_paths(ranked)
    _set_allowed_cidrs(keys, workloads, report)
    _set_copilot_variables(workloads, app)
    _set_discovery(keys, workloads, app, report)
    _set_calls(workloads)
    ports = {port: server for workload in workloads for port, server in workload.ports.items()}
    listed: list[dict[str, Any]] = keys.get("egress", [])
    taken = [rule["port"] for rule in listed]
    rules = egress_rules({**ports, **ports_of_addons(workspace)})
    if rules := [*listed, *(rule for rule in rules if rule["port"] not in taken)]:
        keys["egress"] = rules
    if retentions := [workload.retention for workload in workloads if workload.retention]:
        keys["log-retention-days"] = max(retentions)
    report_extras(workspace, environment, report)
    report_restrictions(report)
    if any(workload.exposure == "http" for workload in workloads):
        report.differs(
            "",
            "alarms roll a deployment back, too: 5 % errors, or a p99 response time over 2 seconds, for 3"
            " minutes",
        )
    config = shown(config_of(main, others, keys))
    return remove_invalid(config, report, project=options.project, stack=environment)


def _workloads(
    workspace: Workspace, app: App, variables: Mapping[str, str], report: Report
) -> list[Workload]:
    known = {**variables, "COPILOT_APPLICATION_NAME": app.name, "COPILOT_ENVIRONMENT_NAME": app.environment}
    workloads: list[Workload] = []
    for manifest in workspace.manifests:
        own = report.about(manifest.name)
        if manifest.type not in copilot.CONVERTED:
            own.missing("type", f"{manifest.type}: {copilot.INSTEAD[manifest.type]}")
            continue
        unknown: set[str] = set()
        values = interpolated(manifest.of(app.environment), known, unknown)
        for name in sorted(unknown):
            own.todo(
                f"${{{name}}}",
                f"comes from the shell that runs Copilot: use `--set {name}=VALUE`, and convert again",
            )
        try:
            workloads.append(converted(manifest, values, app, report))
        except ValueError as error:
            own.missing("image", f"the service is left out: {error}")
    if not workloads:
        reasons = "; ".join(note.line for note in report.notes if note.kind == "missing")
        raise AutomationError(f"none of the services can be converted: {reasons}")
    return workloads


def _rank(workload: Workload) -> tuple[object, ...]:
    """Return what makes a workload the stack's main service; the least is the main one."""
    return (
        workload.is_internal,
        not workload.hosts,
        workload.path != "/",
        copilot.CONVERTED.index(workload.type),
        not any(host == zone_of(host) or host.startswith("www.") for host in workload.hosts),
        workload.name,
    )


def _set_network(keys: dict[str, Any], workloads: Sequence[Workload], report: Report) -> None:
    private = [workload.origin for workload in workloads if workload.is_private]
    internal = [workload for workload in workloads if workload.is_internal]
    keys["nat"] = "one-per-az" if private else "none"
    if private and len(private) < len(workloads):
        report.differs(
            "network.vpc.placement",
            f"tasks of all services are in private subnets here, not only those of {', '.join(private)}",
        )
    if not internal:
        return
    if all(workload.is_internal for workload in workloads if workload.exposure == "http"):
        keys["internal"] = True
        return
    for workload in internal:
        workload.keys["exposure"] = "none"
        workload.report.missing(
            "http",
            "an internal load balancer beside a public one: a stack has one. Let services call it by its name"
            " (`connect` or `discovery`), or give it its own stack with `internal: true`",
        )
        for key in _HTTP_ONLY:
            workload.keys.pop(key, None)


def _set_names(
    keys: dict[str, Any], workloads: Sequence[Workload], app: App, options: Options, report: Report
) -> None:
    """Set the domain, the zones and the aliases."""
    main, reached = workloads[0], [workload for workload in workloads if workload.exposure != "none"]
    for workload in reached:
        if options.domain and not workload.is_internal and not workload.hosts:
            workload.hosts = [f"{workload.origin}.{app.environment}.{app.name}.{options.domain}"]
    hosts = [*dict.fromkeys(host for workload in reached for host in workload.hosts)]
    if not hosts or main not in reached:
        keys.pop("certificate-arn", None)
        if reached:
            report.differs(
                "",
                "plain HTTP at the load balancer's own name, as in Copilot without a domain. If the"
                " application has one (`copilot app show`), use `--domain` and convert again",
            )
        return
    # Any name below a wildcard is as good.
    domain = first_name([*main.hosts, *hosts]) or hosts[0].replace("*", main.name, 1)
    keys["domain"] = domain
    if "certificate-arn" in keys and not any(workload.zone_id for workload in reached):
        keys["dns-records"] = False
        report.todo(
            "", f"DNS is not changed: point {', '.join(hosts)} to the output `load_balancer_dns_name`"
        )
    else:
        set_zones(keys, hosts, options.zone, report)
        if main.zone_id:
            keys["hosted-zone-id"] = main.zone_id
        report.todo(
            "",
            f"Copilot's stack owns the records of {', '.join(dict.fromkeys([domain, *hosts]))}. Deploy with"
            " another `domain` first, and move the names when it answers: docs/from-copilot.md",
        )
    default = (
        (workload, "" if workload is main or workload.path != "/" else f"{workload.name}.{domain}")
        for workload in workloads
    )
    set_aliases(default, domain)


def _set_paths(workloads: Sequence[Workload]) -> None:
    main, *others = workloads
    for workload in workloads:
        if workload.exposure == "http" and workload.path != "/":
            workload.keys.setdefault("paths", [workload.path, f"{workload.path}/*"])
    for workload in (other for other in others if other.exposure == "http"):
        if workload.path != "/" and workload.hosts and {*workload.hosts} != {*main.hosts}:
            workload.report.differs(
                "http.alias", f"a service with `paths` has them under the names of {main.name} as well"
            )
        elif workload.path == "/" and not workload.hosts and not main.hosts:
            workload.report.differs(
                "http.path",
                f"{main.name} has /, so this one answers below /{workload.name}; with a `domain` it is at"
                f" {workload.name}.<domain>",
            )


def _set_allowed_cidrs(keys: dict[str, Any], workloads: Sequence[Workload], report: Report) -> None:
    first, *others = [workload.allowed for workload in workloads if workload.exposure == "http"] or [[]]
    if first and all(ranges == first for ranges in others):
        keys["allowed-cidrs"] = [cidr if "/" in cidr else f"{cidr}/32" for cidr in first]
    elif any([first, *others]):
        report.missing(
            "http.allowed_source_ips",
            "`allowed-cidrs` is the whole load balancer's, and not all services name the same ranges: none"
            " are set, so that every client reaches all of them",
        )


def _set_copilot_variables(workloads: Sequence[Workload], app: App) -> None:
    """Set the variables that Copilot sets, where the app's code reads them."""
    for workload in workloads:
        known = {
            "COPILOT_APPLICATION_NAME": app.name,
            "COPILOT_ENVIRONMENT_NAME": app.environment,
            "COPILOT_SERVICE_NAME": workload.origin,
            "COPILOT_SERVICE_DISCOVERY_ENDPOINT": app.namespace,
        }
        folder = workload.keys.get("app-path")
        for name in variables_read(app.paths.project / folder) if folder is not None else ():
            if name in known:
                workload.keys["environment"] = {**_environment(workload), name: known[name]}
            else:
                workload.report.todo(
                    "image", f"the code reads {name}, which Copilot sets: set it in `environment`"
                )


def _set_discovery(keys: dict[str, Any], workloads: Sequence[Workload], app: App, report: Report) -> None:
    """Keep the names of service discovery that others may use."""
    texts = " ".join(str(value) for workload in workloads for value in _environment(workload).values())
    is_named = False
    for workload in workloads:
        is_backend = workload.type == copilot.BACKEND and len(workloads) > 1
        is_called = (
            workload.type in (copilot.BACKEND, copilot.LOAD_BALANCED)
            and f"{workload.origin}.{app.namespace}" in texts
        )
        if "container-port" in workload.keys and (is_backend or is_called):
            is_named = True
            own = {"name": workload.origin} if workload.name != workload.origin else {}
            workload.keys["discovery"] = {"enabled": True, **own}
    if is_named:
        keys["discovery-domain"] = app.namespace
    if is_named and "vpc-id" in keys:
        report.todo(
            "",
            f"Copilot owns the private zone {app.namespace} of this VPC: set another `discovery-domain` until"
            " Copilot's environment is deleted",
        )


def _set_calls(workloads: Sequence[Workload]) -> None:
    """Deploy services after those that their variables name."""
    connects = {
        workload.name: workload.keys["connect"] for workload in workloads if "connect" in workload.keys
    }
    aliases = {
        name: connect.get("alias", name) for name, connect in connects.items() if connect.get("protocol")
    }
    for workload in (named for named in workloads if named.name in aliases):
        texts = [str(value) for value in _environment(workload).values()]
        calls = [
            name
            for name, alias in aliases.items()
            if name != workload.name and any(_names_host(text, alias) for text in texts)
        ]
        if calls and not any(workload.name in connects[name].get("calls", ()) for name in calls):
            connects[workload.name]["calls"] = calls


def _environment(workload: Workload) -> dict[str, Any]:
    return workload.keys.get("environment", {})


def _names_host(text: str, host: str) -> bool:
    parts = (f"{before}{host}{after}" for before in ("//", "@") for after in (":", "/"))
    return text == host or any(part in f"{text}/" for part in parts)
