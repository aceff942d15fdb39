"""Rules between services and load balancers, each of which may be valid alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from infra.settings.model import Fault
from infra.settings.names import PRIORITIES_BY_HAND, priority_of
from infra.settings.traffic import MOST_VALUES

if TYPE_CHECKING:
    from infra.settings.load_balancer import LoadBalancerSettings
    from infra.settings.network import NetworkSettings
    from infra.settings.service import ServiceSettings

Path = tuple[str | int, ...]

_FEWEST_SUBNETS: Final = 2
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_WILDCARDS: Final = 6
_MOST_RULES: Final = 100
# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
_MOST_LISTENERS: Final = 50
_BY_HAND: Final = f"{PRIORITIES_BY_HAND[0]} to {PRIORITIES_BY_HAND[-1]}"


def redirect_priority(service: ServiceSettings) -> int:
    """Return the priority of the rule that sends requests for `redirect-hosts` on to a service's own host."""
    return priority_of(f"{service.name}/{service.priority}/redirect")


@dataclass(frozen=True)
class Rule:
    """A listener rule."""

    name: str
    where: Path
    """The key that it follows from."""
    priority: int
    hosts: Sequence[str]
    paths: Sequence[str]

    def covers(self, host: str, path: str) -> bool:
        """Whether it gets all requests for a host and a path, each of which may be a pattern."""
        return any(fnmatchcase(host, one) for one in self.hosts) and any(
            fnmatchcase(path, one) for one in self.paths
        )

    def first_shared_with(self, other: Rule) -> str | None:
        """Return the first host and path that both rules have to the letter."""
        for host in self.hosts:
            for path in self.paths:
                if host in other.hosts and path in other.paths:
                    return f"{host}{path}"
        return None


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The services of a stack, and what leads to them."""

    placed: Sequence[tuple[Path, ServiceSettings]]
    """Each service with where it stands in the stack file, the main one first."""
    balancer: LoadBalancerSettings
    network: NetworkSettings
    region: str
    cluster_arn: str | None
    """The cluster that is there already."""
    base: str | None
    """The stack that this one attaches to."""
    names_below: bool
    """Whether copies, or stacks of pull requests, may come to names below the domain."""

    @property
    def main(self) -> ServiceSettings:
        """The main service."""
        return self.placed[0][1]

    @property
    def services(self) -> list[ServiceSettings]:
        """All services."""
        return [service for _, service in self.placed]

    @property
    def certified_hosts(self) -> tuple[str, ...]:
        """Host names that the certificate has to cover beside the domain."""
        named = [host for one in self.services for host in (*one.hosts, *one.redirect_hosts)]
        return tuple(dict.fromkeys(named))

    @property
    def certified(self) -> tuple[str, ...]:
        """What the certificate names beside the domain."""
        return self.balancer.certified(self.certified_hosts, below=self.names_below)

    @property
    def rules(self) -> list[Rule]:
        """The rules of the listener, the first to be asked first."""
        rules: list[Rule] = []
        for where, service in self.placed:
            if service.exposure != "http":
                continue
            hosts, paths = service.hosts or ("*",), service.path_patterns or ("/*",)
            rules.append(Rule(service.name, where, service.priority, hosts, paths))
            if service.redirect_hosts:
                name, priority = f"`redirect-hosts` of {service.name}", redirect_priority(service)
                rules.append(
                    Rule(name, (*where, "redirect-hosts"), priority, service.redirect_hosts, ("/*",))
                )
        return sorted(rules, key=lambda rule: rule.priority)


def faults_of_routing(routing: Routing) -> Iterator[Fault]:
    """Yield what is wrong between services and load balancers."""
    for where, service in routing.placed:
        # Of others than the main service it is told already that an attached stack has none.
        if routing.base is None or not where:
            yield from _faults_of_service(routing, where, service)
    names = [*_faults_of_names(routing)]
    yield from names or _faults_of_rules(routing)
    yield from _faults_of_listeners(routing)
    yield from _faults_of_an_existing_listener(routing)
    yield from _faults_of_network(routing)


def _faults_of_service(routing: Routing, where: Path, service: ServiceSettings) -> Iterator[Fault]:
    balancer = routing.balancer
    if service.protocol_version != "http1" and balancer.domain is None:
        https = "http1, or a `domain`: clients speak HTTP/2 and gRPC by HTTPS only"
        yield Fault(https, (*where, "protocol-version"), service.protocol_version)
    if service.exposure == "tcp" and service.listener_protocol == "tls":
        if balancer.domain is None:
            own = "tcp, or a `domain`, whose certificate the listener has"
            yield Fault(own, (*where, "listener-protocol"), "tls")
        elif balancer.listener_arn and balancer.certificate_arn is None:
            own = "tcp, or a `certificate-arn`: with `listener-arn` the program makes none"
            yield Fault(own, (*where, "listener-protocol"), "tls")
    if service.exposure == "tcp" and service.listener_protocol == "udp" and routing.network.ipv6:
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-listener.html
        only = (
            "tcp or tls, or `ipv6: false`: with IPv6 addresses a network load balancer takes no UDP to tasks"
        )
        yield Fault(only, (*where, "listener-protocol"), "udp")
    yield from _faults_of_values(where, service)
    if where[:1] == ("services",) and service.paths and service.host and routing.main.exposure == "tcp":
        own = (
            f"none, for a host name of its own: {service.host} is {routing.main.name}'s, which has "
            "`exposure: tcp`, and leads to the network load balancer"
        )
        yield Fault(own, (*where, "paths"), service.paths)
    if routing.base is not None and service.exposure != "http":
        http = f"http: {routing.base} lends its application load balancer only"
        yield Fault(http, (*where, "exposure"), service.exposure)
    elif routing.base is not None and service.health_check_port not in (0, *service.ingress[1:]):
        own = f"0: the load balancer of {routing.base} reaches tasks by the `container-port` only"
        yield Fault(own, (*where, "health-check-port"), service.health_check_port)


def _faults_of_values(where: Path, service: ServiceSettings) -> Iterator[Fault]:
    """Yield why a service's names and paths do not fit one listener rule."""
    patterns = (*service.hosts, *service.path_patterns)
    if len(patterns) > MOST_VALUES:
        key = "paths" if len(service.paths) >= len(service.aliases) else "aliases"
        yield Fault(
            f"fewer, or one with a wildcard: a listener rule has {MOST_VALUES} values; with the host name "
            f"those of {service.name} are {len(patterns)}",
            (*where, key),
            getattr(service, key),
        )
    wildcards = len(re.findall(r"[*?]", "".join(patterns)))
    if wildcards > _MOST_WILDCARDS:
        most = f"a listener rule has {_MOST_WILDCARDS}, and that of {service.name} would have {wildcards}"
        yield Fault(f"fewer * and ?: {most}", (*where, "paths"), service.paths)


def _faults_of_names(routing: Routing) -> Iterator[Fault]:
    balancer = routing.balancer
    for where, service in routing.placed:
        for key, hosts in (("aliases", service.aliases), ("redirect-hosts", service.redirect_hosts)):
            for index, host in enumerate(hosts):
                for allowed in balancer.faults_of(host):
                    yield Fault(allowed, (*where, key, index), host)
                owner = next((one.name for one in routing.services if one.host == host), None)
                if owner and (key == "aliases" or owner == service.name):
                    yield Fault(f"another name: {owner} has it already", (*where, key, index), host)
    if balancer.makes_certificate:
        for allowed in balancer.faults_of_certificate(routing.certified):
            yield Fault(allowed, ("aliases",), routing.certified_hosts)


def _faults_of_rules(routing: Routing) -> Iterator[Fault]:
    """Yield rules that no request comes to, for another one, which is asked before, gets all of them."""
    greens = [one for one in routing.services if one.rollout.has_two_target_groups]
    if len(routing.rules) + len(greens) > _MOST_RULES:
        # Without redirects the services are counted where their copies are read.
        most = f"fewer services with them: one load balancer carries {_MOST_RULES} rules, theirs among them"
        key = "redirect-hosts" if any(one.redirect_hosts for one in routing.services) else "services"
        yield Fault(most, (key,), f"{len(routing.rules) + len(greens)} rules")
    before: list[Rule] = []
    for rule in routing.rules:
        for other in before:
            if other.priority == rule.priority:
                one = f"{other.name} and {rule.name} meet at the listener rule priority {rule.priority}"
                yield Fault(
                    f"another name, or a `priority` from {_BY_HAND}: {one}",
                    rule.where or ("name",),
                    rule.name,
                )
            elif all(other.covers(host, path) for host in rule.hosts for path in rule.paths):
                yield Fault(
                    f"a `priority` below {other.priority}, or other names and paths: {other.name} is asked "
                    f"before {rule.name}, with priority {rule.priority}, and gets all its requests",
                    rule.where or ("paths",),
                    rule.name,
                )
            elif shared := rule.first_shared_with(other):
                yield Fault(
                    f"other names or paths: {other.name} has {shared}, too, and would get all its requests",
                    rule.where or ("paths",),
                    rule.name,
                )
        before.append(rule)


def _faults_of_listeners(routing: Routing) -> Iterator[Fault]:
    ports: dict[int, str] = {}
    for where, service in routing.placed:
        if service.exposure == "tcp":
            if service.port in ports and where[:1] == ("multidev",):
                copied = f"none, for {ports[service.port]} has `exposure: tcp` and a copy would need its port"
                yield Fault(copied, where, service.name)
            elif service.port in ports:
                other = f"another port than {ports[service.port]} has: a listener leads to one service"
                yield Fault(other, (*where, "listener-port"), service.port)
            ports.setdefault(service.port, service.name)
    if len(ports) > _MOST_LISTENERS:
        most = f"at most {_MOST_LISTENERS} with `exposure: tcp`, one load balancer has no more listeners"
        yield Fault(most, ("services",), f"{len(ports)} services")
    balancer = routing.balancer
    if not ports and balancer.network_load_balancer != type(balancer.network_load_balancer)():
        alone = "of use only with a service that has `exposure: tcp`"
        yield Fault(
            alone, ("network-load-balancer",), balancer.network_load_balancer.model_dump(by_alias=True)
        )


def _faults_of_an_existing_listener(routing: Routing) -> Iterator[Fault]:
    balancer = routing.balancer
    arn = balancer.network_load_balancer.arn
    named: dict[Path, str | None] = {
        ("listener-arn",): balancer.listener_arn,
        ("certificate-arn",): balancer.certificate_arn,
        ("network-load-balancer", "arn"): arn,
        ("cluster-arn",): routing.cluster_arn,
    }
    for where, one in named.items():
        if one is not None and one.split(":")[3] != routing.region:
            yield Fault(f"one in {routing.region}, the stack's region", where, one)
    existing = {("listener-arn",): balancer.listener_arn, ("network-load-balancer", "arn"): arn}
    for where, found in existing.items():
        if found is not None and routing.network.vpc_id is None:
            there = "of use only together with `vpc-id`: tasks run in the network of the load balancer"
            yield Fault(there, where, found)
    if balancer.listener_arn is None:
        return
    if not any(service.exposure == "http" for service in routing.services):
        alone = "of use only with a service that has `exposure: http`"
        yield Fault(alone, ("listener-arn",), balancer.listener_arn)
    elif balancer.domain is None and not routing.main.paths:
        own = (
            "a `domain` or `paths` beside it: without, the main service would get the requests of all others"
        )
        yield Fault(own, ("listener-arn",), balancer.listener_arn)
    shifts = any(service.rollout.has_two_target_groups for service in routing.services)
    if shifts and balancer.test_listener_arn is None:
        needs = "rolling, or a `test-listener-arn`: with `listener-arn` the program makes no test listener"
        yield Fault(needs, ("rollout", "strategy"), routing.main.rollout.strategy)
    if balancer.test_listener_arn and not shifts:
        none = "nothing: `rollout.strategy` canary, linear or blue-green has a test listener"
        yield Fault(none, ("test-listener-arn",), balancer.test_listener_arn)


def _faults_of_network(routing: Routing) -> Iterator[Fault]:
    network, balancer = routing.network, routing.balancer
    for where, cidrs in (
        (("allowed-cidrs",), balancer.allowed_cidrs),
        (("network-load-balancer", "allowed-cidrs"), balancer.network_load_balancer.allowed_cidrs),
    ):
        for index, cidr in enumerate(cidrs):
            if ":" in cidr and not network.ipv6:
                yield Fault("an IPv4 range, or `ipv6: true`", (*where, index), cidr)
    if routing.base is not None or network.vpc_id is None:
        return
    public, private = network.public_subnet_ids, network.private_subnet_ids
    internal = {"http": balancer.internal, "tcp": balancer.network_load_balancer.internal}
    made = {"http": balancer.listener_arn is None, "tcp": balancer.network_load_balancer.arn is None}
    used = {one.exposure for one in routing.services if made.get(one.exposure)}
    if len(public) < _FEWEST_SUBNETS and any(not internal[one] for one in used):
        least = f"at least {_FEWEST_SUBNETS} of {network.vpc_id}, in different zones, for the load balancer"
        yield Fault(least, ("public-subnet-ids",), public)
    elif not public and network.nat == "none":
        least = f"at least 1 of {network.vpc_id} for the tasks, which are there with `nat: none`"
        yield Fault(least, ("public-subnet-ids",), public)
    if len(private) < _FEWEST_SUBNETS and any(internal[one] for one in used):
        least = f"at least {_FEWEST_SUBNETS} of {network.vpc_id}, in different zones"
        yield Fault(f"{least}, for the internal load balancer", ("private-subnet-ids",), private)
    elif not private and network.nat != "none":
        least = f"at least 1 of {network.vpc_id} for the tasks"
        otherwise = "or `nat: none`, which puts them into the public subnets"
        yield Fault(f"{least}; {otherwise}", ("private-subnet-ids",), private)
