"""Listener rules of a stack, and the faults between its services, load balancers and network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from typing import Final

from infra.settings.faults import Fault, Path
from infra.settings.load_balancer import LoadBalancerSettings
from infra.settings.names import EXPLICIT_PRIORITIES, LONGEST_CONDITION, first_to_last, priority_of
from infra.settings.network import NetworkSettings
from infra.settings.service import ServiceSettings
from infra.settings.traffic import MOST_VALUES

_FEWEST_SUBNETS: Final = 2
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_WILDCARDS: Final = 6
# Rules without the default ones, and target groups.
_MOST_RULES: Final = 100
# Names in one certificate, by the default quota:
# https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
_MOST_CERTIFIED: Final = 10
# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
_MOST_LISTENERS: Final = 50


def redirect_priority(service: ServiceSettings) -> int:
    """Return the priority of the rule that redirects `redirect-hosts` to a service's own host."""
    return priority_of(f"{service.name}/{service.priority}/redirect")


@dataclass(frozen=True)
class Rule:
    """A listener rule."""

    name: str
    path: Path
    """Key of the service, or of its redirect hosts, in the stack file."""
    priority: int
    hosts: Sequence[str]
    paths: Sequence[str]

    def covers(self, host: str, path: str) -> bool:
        """Whether it matches all requests for a host and a path, each of which may be a pattern."""
        by_host = any(fnmatchcase(host, pattern) for pattern in self.hosts)
        return by_host and any(fnmatchcase(path, pattern) for pattern in self.paths)

    def first_shared_with(self, other: Rule) -> str | None:
        """Return the first host and path that both rules name."""
        shared = ((h, p) for h, p in product(self.hosts, self.paths) if h in other.hosts and p in other.paths)
        return next((f"{host}{path}" for host, path in shared), None)


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The services of a stack, and the load balancers and network that they use."""

    entries: Sequence[tuple[Path, ServiceSettings]]
    """Each service with its path in the stack file, the main one first."""
    balancer: LoadBalancerSettings
    network: NetworkSettings
    base: str | None
    """The stack that this one attaches to."""
    names_below: bool
    """Whether copies or stacks of pull requests may use names below the domain."""

    @property
    def main(self) -> ServiceSettings:
        """The main service."""
        return self.entries[0][1]

    @property
    def services(self) -> list[ServiceSettings]:
        """All services."""
        return [service for _, service in self.entries]

    @property
    def certified(self) -> tuple[str, ...]:
        """The certificate's names other than the domain."""
        domain = self.balancer.domain
        names = [f"*.{domain}"] if self.names_below else []
        for host in (host for service in self.services for host in (*service.hosts, *service.redirect_hosts)):
            if host != domain and f"*.{host.partition('.')[2]}" not in names and host not in names:
                names.append(host)
        return tuple(names)

    @property
    def rules(self) -> list[Rule]:
        """The rules of the listener in the order of their evaluation."""
        rules: list[Rule] = []
        for path, service in self.entries:
            if service.exposure != "http":
                continue
            hosts, paths = service.hosts or ("*",), service.path_patterns or ("/*",)
            rules.append(Rule(service.name, path, service.priority, hosts, paths))
            if hosts := service.redirect_hosts:
                name, priority = f"`redirect-hosts` of {service.name}", redirect_priority(service)
                rules.append(Rule(name, (*path, "redirect-hosts"), priority, hosts, ("/*",)))
        return sorted(rules, key=lambda rule: rule.priority)


def faults_of_routing(routing: Routing) -> Iterator[Fault]:
    """Yield the faults between services and load balancers."""
    for path, service in routing.entries:
        # Copies inherit these keys, and an attached stack has only its main service.
        if not path or (path[0] == "services" and routing.base is None):
            yield from service.with_values(_faults_of_service(routing, path, service), *path)
    if routing.base is not None:
        yield from _faults_of_attached_service(routing.main, routing.base)
    host_names = [*_faults_of_host_names(routing)]
    yield from host_names or _faults_of_rules(routing)
    yield from _faults_of_listeners(routing)
    yield from _faults_of_existing_balancers(routing)
    yield from _faults_of_ipv6(routing)
    yield from _faults_of_existing_network(routing)


def _faults_of_service(routing: Routing, path: Path, service: ServiceSettings) -> Iterator[Fault]:
    balancer, main = routing.balancer, routing.main
    if service.protocol_version != "http1" and balancer.domain is None:
        https = "http1, or a `domain`: clients use HTTP/2 and gRPC only with HTTPS"
        yield Fault(("protocol-version",), https)
    if service.exposure == "tcp":
        if service.listener_protocol == "tls" and balancer.domain is None:
            yield Fault(("listener-protocol",), "tcp, or a `domain`, whose certificate the listener has")
        elif service.listener_protocol == "tls" and balancer.listener_arn and not balancer.certificate_arn:
            own = "tcp, or a `certificate-arn`: with `listener-arn` the program creates none"
            yield Fault(("listener-protocol",), own)
        elif service.listener_protocol == "udp" and routing.network.ipv6:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-listener.html
            only = "tcp or tls, or `ipv6: false`: a network load balancer with IPv6 forwards no UDP to tasks"
            yield Fault(("listener-protocol",), only)
    patterns = (*service.hosts, *service.path_patterns)
    if len(patterns) > MOST_VALUES:
        key = "paths" if len(service.paths) >= len(service.aliases) else "aliases"
        most = f"a listener rule has {MOST_VALUES} values; with the host name those of {service.name} are"
        yield Fault((key,), f"fewer, or one with a wildcard: {most} {len(patterns)}")
    wildcards = len(re.findall(r"[*?]", "".join(patterns)))
    if wildcards > _MOST_WILDCARDS:
        most = f"a listener rule has {_MOST_WILDCARDS}, and that of {service.name} would have {wildcards}"
        yield Fault(("paths",), f"fewer * and ?: {most}")
    if path[:1] == ("services",) and service.paths and service.host and main.exposure == "tcp":
        own = (
            f"none, for a host name of its own: {service.host} is {main.name}'s, which has `exposure: tcp` "
            "and is behind the network load balancer"
        )
        yield Fault(("paths",), own)


def _faults_of_attached_service(service: ServiceSettings, base: str) -> Iterator[Fault]:
    if service.exposure != "http":
        yield Fault(("exposure",), f"http: only the application load balancer of {base} is shared")
    elif service.health_check_port not in (0, *service.ingress[1:]):
        own = f"0: the load balancer of {base} reaches tasks by the `container-port` only"
        yield Fault(("health-check-port",), own)


def _faults_of_host_names(routing: Routing) -> Iterator[Fault]:
    balancer = routing.balancer
    owners = {service.host: service.name for service in reversed(routing.services) if service.host}
    for path, service in routing.entries:
        for key, hosts in (("aliases", service.aliases), ("redirect-hosts", service.redirect_hosts)):
            for index, host in enumerate(hosts):
                if balancer.domain is None:
                    none = "none without a `domain`: every host name then reaches the main service"
                    yield Fault((*path, key, index), none, host)
                elif balancer.dns_records and balancer.zone_of(host) is None:
                    inside = f"a name in {balancer.hosted_zone}, or with its zone in `alias-zones`"
                    yield Fault((*path, key, index), inside, host)
                owner = owners.get(host)
                if owner and (key == "aliases" or owner == service.name):
                    yield Fault((*path, key, index), f"another name: {owner} has it already", host)
    count = len(routing.certified) + 1
    if balancer.makes_certificate and count > _MOST_CERTIFIED:
        most = f"with `domain` they are {count} names, and a certificate of ACM's has {_MOST_CERTIFIED}"
        fewer = f"fewer, wildcards, or a `certificate-arn`: {most}"
        yield Fault(("aliases",), fewer, routing.certified)


def _faults_of_rules(routing: Routing) -> Iterator[Fault]:
    """Yield rules that AWS refuses, or that no request reaches because an earlier one gets all of them."""
    rules = routing.rules
    count = len(rules) + sum(service.rollout.has_two_target_groups for service in routing.services)
    if count > _MOST_RULES:
        key = "multidev" if any("multidev" in path for path, _ in routing.entries) else "services"
        needed = (
            f"they need {count} listener rules and target groups, two of both for each that is not rolling"
        )
        most = f"one load balancer has at most {_MOST_RULES}"
        yield Fault((key,), f"fewer, or more of them rolling: {needed}; {most}", f"{count} rules")
    for index, rule in enumerate(rules):
        path = rule.path or ("paths",)
        for key, values in (("aliases", rule.hosts), ("paths", rule.paths)):
            for value in (value for value in values if len(value) > LONGEST_CONDITION):
                most = f"a listener rule accepts {LONGEST_CONDITION} characters, and this has {len(value)}"
                yield Fault(rule.path or (key,), f"a shorter name, or shorter `{key}`: {most}", value)
        for other in rules[:index]:
            if other.priority == rule.priority:
                equal = f"{other.name} and {rule.name} have the same listener rule priority {rule.priority}"
                explicit = f"another name, or a `priority` from {first_to_last(EXPLICIT_PRIORITIES)}"
                yield Fault(rule.path or ("name",), f"{explicit}: {equal}", rule.name)
            elif all(other.covers(host, pattern) for host, pattern in product(rule.hosts, rule.paths)):
                before = f"{other.name} comes before {rule.name}, with priority {rule.priority}"
                lower = f"a `priority` below {other.priority}, or other names and paths"
                yield Fault(path, f"{lower}: {before}, and gets all its requests", rule.name)
            elif shared := rule.first_shared_with(other):
                both = f"{other.name} has {shared}, too, and would get all its requests"
                yield Fault(path, f"other names or paths: {both}", rule.name)


def _faults_of_listeners(routing: Routing) -> Iterator[Fault]:
    ports: dict[int, str] = {}
    for path, service in routing.entries:
        if service.exposure != "tcp":
            continue
        if service.port in ports and path[:1] == ("multidev",):
            copied = f"none, for {ports[service.port]} has `exposure: tcp` and a copy would need its port"
            yield Fault(path, copied, service.name)
        elif service.port in ports:
            other = f"another port than {ports[service.port]} has: a listener forwards to one service"
            yield Fault((*path, "listener-port"), other, service.port)
        ports.setdefault(service.port, service.name)
    if len(ports) > _MOST_LISTENERS:
        most = f"at most {_MOST_LISTENERS} with `exposure: tcp`, one load balancer has no more listeners"
        yield Fault(("services",), most, f"{len(ports)} services")
    settings = routing.balancer.network_load_balancer
    if not ports and settings != type(settings)():
        yield Fault(("network-load-balancer",), "only valid with a service that has `exposure: tcp`")


def _faults_of_existing_balancers(routing: Routing) -> Iterator[Fault]:
    balancer = routing.balancer
    balancers: dict[Path, str | None] = {
        ("listener-arn",): balancer.listener_arn,
        ("network-load-balancer", "arn"): balancer.network_load_balancer.arn,
    }
    for path, arn in balancers.items():
        if arn is not None and routing.network.vpc_id is None:
            same = "only valid together with `vpc-id`: tasks run in the network of the load balancer"
            yield Fault(path, same)
    if balancer.listener_arn is None:
        return
    if not any(service.exposure == "http" for service in routing.services):
        yield Fault(("listener-arn",), "only valid with a service that has `exposure: http`")
    elif balancer.domain is None and not routing.main.paths:
        own = "with a `domain` or `paths`: without, the main service would get the requests of all others"
        yield Fault(("listener-arn",), own)
    shifts = any(service.rollout.has_two_target_groups for service in routing.services)
    if shifts and balancer.test_listener_arn is None:
        needs = "rolling, or a `test-listener-arn`: with `listener-arn` the program creates no test listener"
        yield Fault(("rollout", "strategy"), needs)
    if balancer.test_listener_arn and not shifts:
        none = "nothing: only `rollout.strategy` canary, linear or blue-green has a test listener"
        yield Fault(("test-listener-arn",), none)


def _faults_of_ipv6(routing: Routing) -> Iterator[Fault]:
    network, balancer = routing.network, routing.balancer
    for path, settings in (((), balancer), (("network-load-balancer",), balancer.network_load_balancer)):
        for index, cidr in enumerate(settings.allowed_cidrs):
            if ":" in cidr and not network.ipv6:
                yield Fault((*path, "allowed-cidrs", index), "an IPv4 range, or `ipv6: true`")
        if settings.internal and network.ipv6 and network.vpc_id is None:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#ip-address-type
            none = "the stack's private subnets have no IPv6 addresses"
            yield Fault((*path, "internal"), f"false, or `ipv6: false`: {none}")


def _faults_of_existing_network(routing: Routing) -> Iterator[Fault]:
    network, balancer = routing.network, routing.balancer
    network_balancer = balancer.network_load_balancer
    if routing.base is not None or network.vpc_id is None:
        return
    public, private = len(network.public_subnet_ids), len(network.private_subnet_ids)
    exposures = {service.exposure for service in routing.services}
    internal = [balancer.internal] if "http" in exposures and balancer.listener_arn is None else []
    internal += [network_balancer.internal] if "tcp" in exposures and network_balancer.arn is None else []
    two = f"at least {_FEWEST_SUBNETS} of {network.vpc_id}, in different zones"
    one = f"at least 1 of {network.vpc_id} for the tasks"
    if public < _FEWEST_SUBNETS and not all(internal):
        yield Fault(("public-subnet-ids",), f"{two}, for the load balancer")
    elif not public and network.nat == "none":
        yield Fault(("public-subnet-ids",), f"{one}, which run in them with `nat: none`")
    if private < _FEWEST_SUBNETS and any(internal):
        yield Fault(("private-subnet-ids",), f"{two}, for the internal load balancer")
    elif not private and network.nat != "none":
        public_instead = "or `nat: none`, which puts them into the public subnets"
        yield Fault(("private-subnet-ids",), f"{one}; {public_instead}")
