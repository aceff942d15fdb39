"""The names that lead to the services of a Copilot environment, and the zone that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from automation.convert.copilot_workload import App, Workload
from automation.convert.hosts import common_zone, is_in, zone_of
from automation.convert.report import Place


def add_names(
    stack: dict[str, Any],
    workloads: Sequence[Workload],
    app: App,
    place: Place,
    *,
    domain: str | None,
    zone: str | None,
) -> None:
    """Put domain, zone and aliases into the keys of the stack and its services.

    Args:
        stack: the stack's keys.
        workloads: the main one first.
        app: the application and the environment.
        place: where there is something to note.
        domain: the application's domain, in which Copilot names services.
        zone: the zone that holds the names; None to guess it.
    """
    if domain:
        _names_of_the_application(workloads, f"{app.environment}.{app.name}.{domain}")
    main = workloads[0]
    reached = [one for one in workloads if one.service.exposure != "none"]
    hosts = list(dict.fromkeys(host for one in reached for host in one.traffic.hosts))
    if not hosts or main not in reached:
        stack.pop("certificate-arn", None)
        if reached:
            place.differs(
                "",
                "plain HTTP at the load balancer's own name, as in Copilot without a domain. If the"
                " application has one (`copilot app show`), say `--domain` and convert again",
            )
        return
    # A wildcard is no name of its own: any name below it is as good.
    domain = next((host for host in [*main.traffic.hosts, *hosts] if not host.startswith("*.")), None)
    stack["domain"] = domain or hosts[0].replace("*", main.service.name, 1)
    ids = [one.traffic.zone_id for one in reached if one.traffic.zone_id]
    if "certificate-arn" in stack and not ids:
        stack["dns-records"] = False
        place.do("", f"DNS stays where it is: lead {', '.join(hosts)} to the output `load_balancer_dns_name`")
    else:
        _add_zones(stack, [stack["domain"], *hosts], zone, main.traffic.zone_id, place)
    _add_aliases(stack["domain"], main, workloads)


def _names_of_the_application(workloads: Sequence[Workload], zone: str) -> None:
    for one in workloads:
        if one.service.exposure != "none" and not one.traffic.internal and not one.traffic.hosts:
            one.traffic.hosts = [f"{one.service.origin}.{zone}"]


def _add_zones(
    stack: dict[str, Any], hosts: Sequence[str], zone: str | None, zone_id: str | None, place: Place
) -> None:
    stack["zone"] = zone or common_zone(hosts)
    if zone_id:
        stack["hosted-zone-id"] = zone_id
    if not zone:
        place.do(
            "",
            f"see whether {stack['zone']} is the Route 53 zone, which is guessed by the names; `--zone` says"
            " another",
        )
    more = dict.fromkeys(zone_of(host) for host in hosts if not is_in(host, stack["zone"]))
    if more:
        stack["alias-zones"] = list(more)
    place.do(
        "",
        f"Copilot's stack holds the records of {', '.join(dict.fromkeys(hosts))}. Deploy with another"
        " `domain` first, and move the names when it answers: docs/from-copilot.md",
    )


def _add_aliases(domain: str, main: Workload, workloads: Sequence[Workload]) -> None:
    for one in workloads:
        own = "" if one is main or one.traffic.path != "/" else f"{one.service.name}.{domain}"
        aliases = [host for host in one.traffic.hosts if host not in (own, domain)]
        if aliases and one.service.exposure == "http":
            one.service.keys["aliases"] = aliases
