"""Which load balancer, and which of its listeners, a host leads to: Route 53 alias records, as in DNS."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from local.front_door.rules import Rule, in_order
from local.resources.cloud import Cloud

Address = tuple[str, int]
"""Host and port."""

_DELETED: Final = frozenset(
    {"ListenerNotFound", "LoadBalancerNotFound", "NoSuchHostedZone", "TargetGroupNotFound"}
)
_STACK_TAG: Final = "Stack"
"""Tag that names the stack of every resource."""
_TAGS_AT_ONCE: Final = 20
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where requests for a host go."""

    load_balancer: str
    """Name of the load balancer."""
    load_balancer_arn: str
    dns_name: str
    listener_port: int
    tls: bool
    """Whether the listener speaks HTTPS."""
    rules: tuple[Rule, ...]
    """By priority, the default actions last."""

    def rule_for(self, host: str, target: str) -> Rule:
        """Return the rule that takes a request of path and query `target`; the default takes what is left."""
        return next(rule for rule in self.rules if rule.takes(host, target))

    def location(self, redirect: Any, host: str, target: str) -> str:
        """Return where a redirect leads: parts that it does not name stay as they were asked for."""
        path, _, query = target.partition("?")
        asked = {
            "protocol": "https" if self.tls else "http",
            "host": host,
            "port": str(self.listener_port),
            "path": path.removeprefix("/"),
            "query": query,
        }
        parts = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}"}
        parts |= {"Query": "#{query}"} | {name: str(value) for name, value in redirect.items()}
        filled = {
            name: re.sub(r"#\{(\w+)\}", lambda match: asked[match[1]], part) for name, part in parts.items()
        }
        query = f"?{filled['Query']}" if filled["Query"] else ""
        return f"{filled['Protocol'].lower()}://{filled['Host']}:{filled['Port']}{filled['Path']}{query}"


@dataclass(frozen=True, order=True)
class NetworkListener:
    """A listener of a network load balancer."""

    load_balancer_arn: str
    port: int
    group: str
    """The target group that it forwards to."""
    hosts: tuple[str, ...]
    """Names that lead to its load balancer."""
    udp: bool = False


@dataclass(frozen=True)
class Routes:
    """All hosts that lead to a load balancer with a listener."""

    records: Mapping[str, Route]
    """By host, in lower case; `*.` stands for any labels."""
    load_balancers: Mapping[str, Route]
    """By the load balancer's own DNS name."""

    def find(self, host: str) -> Route | None:
        """Return the route of `host`: by its record, the nearest wildcard, a load balancer's name, or a rule.

        A rule that names it leads there without a record: a stack may leave those to somebody else.
        """
        if (route := self.records.get(host) or self.load_balancers.get(host)) is not None:
            return route
        labels = host.split(".")
        wildcards = (".".join(["*", *labels[first:]]) for first in range(1, len(labels)))
        if found := next((self.records[name] for name in wildcards if name in self.records), None):
            return found
        routes = self.load_balancers.values()
        return next((route for route in routes if any(rule.names(host) for rule in route.rules)), None)

    @property
    def hosts(self) -> Mapping[str, Route]:
        """Names that can be visited: those of records, and of load balancers to which no record leads."""
        named = {route.load_balancer for route in self.records.values()}
        records = {host: route for host, route in self.records.items() if not host.startswith("*")}
        return records | {
            host: route for host, route in self.load_balancers.items() if route.load_balancer not in named
        }


def read(cloud: Cloud) -> Routes:
    """Ask the emulator for its records, load balancers, listeners and rules."""
    elbv2 = cloud.client("elbv2")
    load_balancers: dict[str, Route] = {}
    for balancer in _pages(elbv2, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        if (
            listener := _entrance(_pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn))
        ) is None:
            continue
        name = str(balancer["DNSName"]).lower()
        load_balancers[name] = Route(
            load_balancer=str(balancer["LoadBalancerName"]),
            load_balancer_arn=str(arn),
            dns_name=name,
            listener_port=int(listener["Port"]),
            tls=listener["Protocol"] == "HTTPS",
            rules=in_order(_pages(elbv2, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])),
        )
    records: dict[str, Route] = {}
    for host, target in _aliases(cloud):
        if (route := load_balancers.get(target)) is not None:
            records[host] = route
    return Routes(records, load_balancers)


def _aliases(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Yield each name of an alias record, and the name that it leads to."""
    route53 = cloud.client("route53")
    for zone in _pages(route53, "list_hosted_zones", "HostedZones"):
        for record in _pages(
            route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        ):
            target = record.get("AliasTarget", {}).get("DNSName", "").lower().rstrip(".")
            if record["Type"] in {"A", "AAAA"} and target:
                # Route 53 writes the wildcard's asterisk as an octal escape.
                host = record["Name"].lower().rstrip(".").replace("\\052", "*")
                yield host, target.removeprefix("dualstack.")


def network_listeners(cloud: Cloud) -> frozenset[NetworkListener]:
    """Ask the emulator for the listeners of network load balancers."""
    elbv2 = cloud.client("elbv2")
    balancers = [
        (str(one["LoadBalancerArn"]), str(one["DNSName"]).lower())
        for one in _pages(elbv2, "describe_load_balancers", "LoadBalancers")
        if one["Type"] == "network"
    ]
    aliases = sorted({*_aliases(cloud)}) if balancers else []
    return frozenset(
        NetworkListener(
            load_balancer_arn=arn,
            port=int(listener["Port"]),
            group=str(listener["DefaultActions"][0]["TargetGroupArn"]),
            hosts=(name, *(host for host, target in aliases if target == name)),
            udp=listener["Protocol"] == "UDP",
        )
        for arn, name in balancers
        for listener in _pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)
    )


def targets(cloud: Cloud, group: str) -> frozenset[Address]:
    """Ask the emulator for the targets of a group; none if it is deleted."""
    with _deleted_is_nothing():
        health = cloud.client("elbv2").describe_target_health(TargetGroupArn=group)
        found = (described["Target"] for described in health["TargetHealthDescriptions"])
        return frozenset((str(target["Id"]), int(target["Port"])) for target in found)
    return frozenset()


def hosts_by_stack(cloud: Cloud, routes: Routes) -> dict[str, list[str]]:
    """Return the hosts that can be visited, in order, by the stack that they belong to.

    That is the stack of the listener rule that asks for the host: a preview's rule is at the listener of the
    stack that it is attached to. Hosts without such a rule belong to the load balancer's stack.
    """
    owners = {
        host: [*(rule.arn for rule in route.rules if rule.names(host)), route.load_balancer_arn]
        for host, route in routes.hosts.items()
    }
    stacks = stacks_of(cloud, {arn for arns in owners.values() for arn in arns})
    grouped: dict[str, list[str]] = {}
    for host, arns in sorted(owners.items()):
        stack = next((stacks[arn] for arn in arns if arn in stacks), "no stack")
        grouped.setdefault(stack, []).append(host)
    return dict(sorted(grouped.items()))


def stacks_of(cloud: Cloud, arns: Iterable[str]) -> dict[str, str]:
    """Return the stack of each resource that has one."""
    return dict(_stacks(cloud, sorted({*arns})))


def _stacks(cloud: Cloud, arns: list[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(arns), _TAGS_AT_ONCE):
        told = cloud.client("elbv2").describe_tags(ResourceArns=arns[start : start + _TAGS_AT_ONCE])
        for resource in told["TagDescriptions"]:
            for tag in resource["Tags"]:
                if tag["Key"] == _STACK_TAG:
                    yield resource["ResourceArn"], tag["Value"]


def _entrance(listeners: Iterable[Any]) -> Any | None:
    """Choose what a browser would end up with: HTTPS before HTTP, the usual port before others."""
    return min(
        (listener for listener in listeners if listener["Protocol"] in {"HTTPS", "HTTP"}),
        key=lambda listener: (
            listener["Protocol"] != "HTTPS",
            listener["Port"] not in {443, 80},
            listener["Port"],
        ),
        default=None,
    )


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """Yield what an operation lists; nothing of what is deleted since it was listed itself."""
    with _deleted_is_nothing():
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[key]


@contextmanager
def _deleted_is_nothing() -> Generator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _DELETED:
            raise
