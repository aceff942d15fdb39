"""Which services of a Compose file call which, and at which ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from automation.convert.compose_service import ComposeService
from automation.convert.report import Report


def set_called_ports(services: Mapping[str, ComposeService]) -> None:
    """Set the ports of services without one to those that others call: Compose lets them call any port."""
    for origin, service in services.items():
        callers: dict[int | None, list[str]] = {}
        for other, caller in services.items():
            ports = {port for host, port in caller.calls if host in service.host_names and other != origin}
            for port in ports:
                callers.setdefault(port, []).append(other)
        own = service.keys.get("container-port")
        at_unknown_port = callers.pop(None, [])
        numbers = sorted(port for port in callers if port is not None and port != own)
        listed = " and ".join(f"{port} (by {', '.join(callers[port])})" for port in numbers)
        if own is None and len(numbers) == 1:
            service.keys["container-port"] = numbers[0]
        elif own is None and numbers:
            service.report.todo(
                "expose",
                f"others call {listed}, and a service has one port: set it in `expose`, and add a service"
                " with the same image for the other",
            )
        elif numbers:
            service.report.todo("ports", f"a service has one port, {own} here, but others also call {listed}")
        elif own is None and at_unknown_port:
            by = ", ".join(at_unknown_port)
            service.report.todo("expose", f"{by} calls it at an unknown port: set it in `expose`")


def report_omitted_hosts(services: Iterable[ComposeService], omitted: Mapping[str, str]) -> None:
    """Report omitted servers that a service's command names, or that no variable names.

    Args:
        services: the services.
        omitted: the servers that are not converted, by each of their host names.
    """
    for service in services:
        for host in sorted(service.hosts_in_command & omitted.keys()):
            service.report.todo(
                "command", f"names {host} ({omitted[host]}), which is not in this stack: name the new server"
            )
        for other in (name for name in service.waits_for if name in omitted):
            if other not in service.called_hosts:
                service.report.todo(
                    "depends_on",
                    f"no variable names {other} ({omitted[other]}), so the code does: let it read a variable",
                )


def set_connections(services: Mapping[str, ComposeService], report: Report) -> None:
    """Let services reach each other by the names that they have in the file."""
    awaited = {
        origin: [other for other in service.waits_for if other in services]
        for origin, service in services.items()
    }
    needed = {
        origin: [other for other in services if other != origin and _calls(service, services[other])]
        + awaited[origin]
        for origin, service in services.items()
    }
    if not any(needed.values()):
        return
    called_hosts = {host for service in services.values() for host in service.called_hosts}
    calls: dict[str, list[str]] = {}
    for origin, service in services.items():
        connect: dict[str, Any] = {"enabled": True}
        if "container-port" in service.keys:
            connect["protocol"] = "tcp"
            alias = next((name for name in service.names if name.lower() in called_hosts), origin)
            connect |= {"alias": alias} if alias != service.name else {}
        else:
            connect["offers"] = False
        # ECS deploys a called service first, so that calls must not form a circle.
        calls[origin] = [
            other
            for other in dict.fromkeys(needed[origin])
            if "container-port" in services[other].keys and not _reaches(calls, other, origin)
        ]
        if calls[origin]:
            connect["calls"] = [services[other].name for other in calls[origin]]
        service.keys["connect"] = connect
    if waits := sorted(f"{origin} for {other}" for origin, others in awaited.items() for other in others):
        report.differs(
            "depends_on",
            f"tasks do not wait ({', '.join(waits)}): let the app retry until the other one answers",
        )


def _calls(service: ComposeService, other: ComposeService) -> bool:
    return bool(service.called_hosts & other.host_names)


def _reaches(calls: Mapping[str, Sequence[str]], start: str, end: str) -> bool:
    """Whether a service calls another one, directly or through others."""
    return start == end or any(_reaches(calls, other, end) for other in calls.get(start, ()))
