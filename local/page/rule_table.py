"""The rules of load balancers in words, and the rule by which the front door routes a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from local.front_door.routes import NetworkListener, Route, Routes, redirect_parts
from local.front_door.rules import HOST_HEADER, Rule, values


@dataclass(frozen=True, kw_only=True)
class Row:
    """A rule."""

    priority: str
    conditions: Sequence[str]
    action: str
    service: tuple[str, str] | None = None
    """Stack and name of the service that it forwards to."""
    outcome: str = ""
    """`applies`, `does not match` or `not reached`, if a request was given."""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A load balancer and its rules."""

    name: str
    kind: str
    rows: Sequence[Row] = ()
    listeners: Sequence[str] = ()
    """Of a network load balancer: port, and the address on this machine."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The rule that applies to a request."""

    host: str
    target: str
    sentence: str
    balancer: str = ""
    """Name of the load balancer; empty if no rule applies."""


Services = Mapping[str, tuple[str, str]]
"""Stack and name of the service behind each target group, by the group's ARN."""


def balancers_of(
    routes: Routes, network: Mapping[NetworkListener, str], services: Services, choice: Choice | None = None
) -> Sequence[Balancer]:
    """Return all load balancers with their rules, and for `choice` why each rule applies or not."""
    by_name = {route.load_balancer: route for route in routes.load_balancers.values()}
    http = [
        Balancer(
            name=name,
            kind=f"application, listener {'HTTPS' if route.tls else 'HTTP'} {route.listener_port}",
            rows=tuple(_rows(route, services, choice if choice and choice.balancer == name else None)),
        )
        for name, route in sorted(by_name.items())
    ]
    network_lines: dict[str, list[str]] = {}
    for listener, address in sorted(network.items()):
        name = listener.load_balancer_arn.split("/")[-2]
        service = services.get(listener.group)
        target = f"service {service[1]} of {service[0]}" if service else _group_name(listener.group)
        line = f"port {listener.port}, here {address}, forwards to {target}"
        network_lines.setdefault(name, []).append(line)
    return [
        *http,
        *(Balancer(name=name, kind="network", listeners=lines) for name, lines in network_lines.items()),
    ]


def choose(routes: Routes, host: str, path: str, services: Services) -> Choice:
    """Return the rule that applies to a request for a host and a path with its query.

    The host may also be that of a browser on this machine, or a complete address, whose path is then used.
    """
    host, path = _normalized(host.strip(), path.strip())
    route = routes.find(host)
    if route is None:
        return Choice(host=host, target=path, sentence=f"There is no DNS record for {host or 'this host'}.")
    rule = route.rule_for(host, path)
    which = "The default rule" if rule.priority == "default" else f"Rule {rule.priority}"
    action, _ = _action(rule, services)
    rewritten = rule.rewrite(path)
    more = f" The task gets the path {rewritten}." if rewritten != path else ""
    return Choice(
        host=host,
        target=path,
        sentence=f"{which} of {route.load_balancer} applies and {action}.{more}",
        balancer=route.load_balancer,
    )


def _normalized(host: str, path: str) -> tuple[str, str]:
    if "://" in host and (parts := _split(host)) is not None:
        query = f"?{parts.query}" if parts.query else ""
        host, path = parts.netloc, path if path not in {"", "/"} else f"{parts.path}{query}"
    elif "/" in host:
        host, _, rest = host.partition("/")
        path = path if path not in {"", "/"} else f"/{rest}"
    host = host.rpartition("@")[2].partition(":")[0].lower().rstrip(".").removesuffix(".localhost")
    return host, path if path.startswith("/") else f"/{path}"


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address; None if it is not complete."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _rows(route: Route, services: Services, choice: Choice | None) -> Iterator[Row]:
    applied = False
    for rule in route.rules:
        action, service = _action(rule, services)
        outcome = why = ""
        if choice is not None:
            unmet = rule.unmet(choice.host, choice.target)
            if applied:
                outcome, why = "not reached", "an earlier rule matched"
            elif unmet:
                outcome, why = "does not match", " and ".join(_mismatch(item, choice) for item in unmet)
            else:
                applied, outcome = True, "applies"
                why = " and ".join(map(_in_words, rule.conditions)) or "no other rule matches"
        yield Row(
            priority=rule.priority,
            conditions=[*map(_in_words, rule.conditions)],
            action=action,
            service=service,
            outcome=outcome,
            why=why,
        )


def _in_words(condition: Any) -> str:
    kind = "host" if condition["Field"] == HOST_HEADER else "path"
    return f"{kind} is {' or '.join(values(condition))}"


def _mismatch(condition: Any, choice: Choice) -> str:
    required = " or ".join(values(condition))
    if condition["Field"] == HOST_HEADER:
        return f"the host {choice.host} is not {required}"
    return f"the path {choice.target.partition('?')[0]} is not {required}"


def _action(rule: Rule, services: Services) -> tuple[str, tuple[str, str] | None]:
    """Return a rule's action in words, and the service that it forwards to."""
    action = rule.actions[0]
    match action["Type"]:
        case "forward":
            service = services.get(action["TargetGroupArn"])
            if service is None:
                return f"forwards to {_group_name(action['TargetGroupArn'])}, which no service has", None
            return f"forwards to {service[1]} of {service[0]}", service
        case "fixed-response":
            config = action["FixedResponseConfig"]
            text = str(config.get("MessageBody", "")).strip()
            return f"responds with {config['StatusCode']}{f' “{text}”' if text else ''}", None
        case "redirect":
            config = action["RedirectConfig"]
            status = str(config["StatusCode"]).removeprefix("HTTP_")
            protocol, host, port, path, _ = redirect_parts(config).values()
            return f"redirects with {status} to {protocol.lower()}://{host}:{port}{path}", None
        case kind:
            return f"does {kind}, which the front door does not support", None


def _group_name(arn: str) -> str:
    return f"target group {arn.split('/')[-2]}" if arn.count("/") >= 2 else f"target group {arn}"  # noqa: PLR2004
