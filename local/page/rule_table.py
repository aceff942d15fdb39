"""The rules of load balancers in words, and which one takes a request: by the front door's own code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from local.front_door.routes import NetworkListener, Route, Routes
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
    """`takes it`, `passed over` or `not reached`, if a request was asked about."""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A load balancer, or the listener of it that the front door plays."""

    name: str
    kind: str
    hosts: Sequence[str] = ()
    rows: Sequence[Row] = ()
    listeners: Sequence[str] = ()
    """Of a network load balancer: port, and the address on this machine."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What becomes of a request."""

    host: str
    target: str
    sentence: str
    balancer: str = ""
    found: bool = False


Services = Mapping[str, tuple[str, str]]
"""Stack and name of the service behind each target group, by the group's ARN."""


def balancers_of(
    routes: Routes, network: Mapping[NetworkListener, str], services: Services, choice: Choice | None = None
) -> Sequence[Balancer]:
    """Return all load balancers with their rules, and for `choice` why each rule takes the request or not."""
    found = {route.load_balancer: route for route in routes.load_balancers.values()}
    http = [
        Balancer(
            name=name,
            kind=f"application, listener {'HTTPS' if route.tls else 'HTTP'} {route.listener_port}",
            hosts=sorted(host for host, one in routes.hosts.items() if one.load_balancer == name),
            rows=tuple(_rows(route, services, choice if choice and choice.balancer == name else None)),
        )
        for name, route in sorted(found.items())
    ]
    other: dict[str, list[str]] = {}
    for listener, address in sorted(network.items()):
        name = listener.load_balancer_arn.split("/")[-2]
        own = services.get(listener.group)
        target = f"service {own[1]} of {own[0]}" if own else _group(listener.group)
        other.setdefault(name, []).append(f"port {listener.port}, here {address}, forwards to {target}")
    return [
        *http,
        *(Balancer(name=name, kind="network", listeners=lines) for name, lines in other.items()),
    ]


def choose(routes: Routes, host: str, path: str, services: Services) -> Choice:
    """Return which rule takes a request for a host and path, as the front door decides it.

    Args:
        routes: of the load balancers.
        host: as on AWS or in a browser here; a whole address is fine, its path comes first then.
        path: with its query; `/` if empty.
        services: behind target groups.
    """
    host, path = _cleaned(host.strip(), path.strip())
    route = routes.find(host)
    if route is None:
        return Choice(host=host, target=path, sentence=f"No DNS record leads {host or 'this host'} anywhere.")
    rule = route.rule_for(host, path)
    which = "The default rule" if rule.priority == "default" else f"Rule {rule.priority}"
    action, _ = _action(rule, services)
    rewritten = rule.rewrite(path)
    more = f" The task gets the path {rewritten}." if rewritten != path else ""
    return Choice(
        host=host,
        target=path,
        sentence=f"{which} of {route.load_balancer} takes it and {action}.{more}",
        balancer=route.load_balancer,
        found=True,
    )


def _cleaned(host: str, path: str) -> tuple[str, str]:
    if "://" in host and (parts := _split(host)) is not None:
        query = f"?{parts.query}" if parts.query else ""
        host, path = parts.netloc, path if path not in {"", "/"} else f"{parts.path}{query}"
    elif "/" in host:
        host, _, rest = host.partition("/")
        path = path if path not in {"", "/"} else f"/{rest}"
    host = host.rpartition("@")[2].partition(":")[0].lower().rstrip(".").removesuffix(".localhost")
    return host, path if path.startswith("/") else f"/{path}"


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address; None if somebody is still typing it."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _rows(route: Route, services: Services, choice: Choice | None) -> Iterator[Row]:
    taken = False
    for rule in route.rules:
        action, service = _action(rule, services)
        outcome = why = ""
        if choice is not None:
            unmet = rule.unmet(choice.host, choice.target)
            if taken:
                outcome, why = "not reached", "an earlier rule took it"
            elif unmet:
                outcome, why = "passed over", " and ".join(_why_not(one, choice) for one in unmet)
            else:
                taken, outcome = True, "takes it"
                why = " and ".join(map(_in_words, rule.conditions)) or "it takes what no other rule does"
        yield Row(
            priority=rule.priority,
            conditions=[_in_words(one) for one in rule.conditions],
            action=action,
            service=service,
            outcome=outcome,
            why=why,
        )


def _in_words(condition: Any) -> str:
    kind = "host" if condition["Field"] == HOST_HEADER else "path"
    return f"{kind} is {' or '.join(values(condition))}"


def _why_not(condition: Any, choice: Choice) -> str:
    wanted = " or ".join(values(condition))
    if condition["Field"] == HOST_HEADER:
        return f"the host {choice.host} is not {wanted}"
    return f"the path {choice.target.partition('?')[0]} is not {wanted}"


def _action(rule: Rule, services: Services) -> tuple[str, tuple[str, str] | None]:
    """Return what a rule does, after "it", and the service that gets the request."""
    action = rule.actions[0]
    match action["Type"]:
        case "forward":
            service = services.get(action["TargetGroupArn"])
            if service is None:
                return f"forwards to {_group(action['TargetGroupArn'])}, which no service has", None
            return f"forwards to {service[1]} of {service[0]}", service
        case "fixed-response":
            config = action["FixedResponseConfig"]
            text = str(config.get("MessageBody", "")).strip()
            return f"answers {config['StatusCode']}{f' “{text}”' if text else ''}", None
        case "redirect":
            config = action["RedirectConfig"]
            status = str(config["StatusCode"]).removeprefix("HTTP_")
            parts = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}"}
            parts |= {key: str(value) for key, value in config.items()}
            where = f"{parts['Protocol'].lower()}://{parts['Host']}:{parts['Port']}{parts['Path']}"
            return f"redirects with {status} to {where}", None
        case kind:
            return f"does {kind}, which the front door does not", None


def _group(arn: str) -> str:
    return f"target group {arn.split('/')[-2]}" if arn.count("/") >= 2 else f"target group {arn}"  # noqa: PLR2004
