"""Load balancer and listener of each host, by Route 53's alias records."""

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

STACK_TAG: Final = "Stack"
"""Tag of every resource, with the name of its stack."""

_DELETED: Final = frozenset(
    {"ListenerNotFound", "LoadBalancerNotFound", "NoSuchHostedZone", "TargetGroupNotFound"}
)
_DEFAULT_REDIRECT: Final = {
    "Protocol": "#{protocol}",
    "Host": "#{host}",
    "Port": "#{port}",
    "Path": "/#{path}",
    "Query": "#{query}",
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """The listener that receives the requests for a host."""

    load_balancer: str
    """Name of the load balancer."""
    listener_port: int
    tls: bool
    """Whether the listener's protocol is HTTPS."""
    rules: tuple[Rule, ...]
    """By priority; the default actions come last."""

    def rule_for(self, host: str, target: str) -> Rule:
        """Return the rule that applies to a request for path and query `target`."""
        return next(rule for rule in self.rules if not rule.unmet(host, target))

    def redirect_location(self, config: Any, host: str, target: str) -> str:
        """Return the address to which a redirect action sends a request."""
        path, _, query = target.partition("?")
        requested = {
            "protocol": "https" if self.tls else "http",
            "host": host,
            "port": str(self.listener_port),
            "path": path.removeprefix("/"),
            "query": query,
        }
        protocol, host, port, path, query = (
            re.sub(r"#\{(\w+)\}", lambda match: requested[match[1]], part)
            for part in redirect_parts(config).values()
        )
        return f"{protocol.lower()}://{host}:{port}{path}{f'?{query}' if query else ''}"


def redirect_parts(config: Any) -> dict[str, str]:
    """Return protocol, host, port, path and query of a redirect action, in this order."""
    return {name: str(config.get(name, default)) for name, default in _DEFAULT_REDIRECT.items()}


@dataclass(frozen=True, order=True)
class NetworkListener:
    """A listener of a network load balancer."""

    load_balancer_arn: str
    port: int
    group: str
    """ARN of the target group that it forwards to."""
    hosts: tuple[str, ...]
    """DNS names of its load balancer."""
    udp: bool = False


@dataclass(frozen=True)
class Routes:
    """All hosts of load balancers with a listener."""

    records: Mapping[str, Route]
    """By host, in lower case; `*.` stands for any labels."""
    load_balancers: Mapping[str, Route]
    """By the load balancer's own DNS name."""

    def find(self, host: str) -> Route | None:
        """Return the route of `host`: by its record, the nearest wildcard, a load balancer's name, or a rule.

        A host in a rule needs no record: somebody else may manage a stack's records.
        """
        if (route := self.records.get(host) or self.load_balancers.get(host)) is not None:
            return route
        labels = host.split(".")
        wildcards = (".".join(["*", *labels[first:]]) for first in range(1, len(labels)))
        if route := next((self.records[name] for name in wildcards if name in self.records), None):
            return route
        routes = self.load_balancers.values()
        return next((route for route in routes if any(rule.names(host) for rule in route.rules)), None)

    @property
    def hosts(self) -> Mapping[str, Route]:
        """Hosts for a browser: those of records, and the names of load balancers without a record."""
        with_record = {route.load_balancer for route in self.records.values()}
        records = {host: route for host, route in self.records.items() if not host.startswith("*")}
        return records | {
            host: route
            for host, route in self.load_balancers.items()
            if route.load_balancer not in with_record
        }


def read(cloud: Cloud) -> Routes:
    """Read records, load balancers, listeners and rules from the emulator."""
    elbv2 = cloud.client("elbv2")
    load_balancers: dict[str, Route] = {}
    for balancer in _pages(elbv2, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        listener = _main_listener(_pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn))
        if listener is not None:
            rules = _pages(elbv2, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
            load_balancers[str(balancer["DNSName"]).lower()] = Route(
                load_balancer=str(balancer["LoadBalancerName"]),
                listener_port=int(listener["Port"]),
                tls=listener["Protocol"] == "HTTPS",
                rules=in_order(rules),
            )
    records = {host: load_balancers[target] for host, target in _aliases(cloud) if target in load_balancers}
    return Routes(records, load_balancers)


def network_listeners(cloud: Cloud) -> frozenset[NetworkListener]:
    """Read the listeners of network load balancers from the emulator."""
    elbv2 = cloud.client("elbv2")
    balancers = [
        (str(balancer["LoadBalancerArn"]), str(balancer["DNSName"]).lower())
        for balancer in _pages(elbv2, "describe_load_balancers", "LoadBalancers")
        if balancer["Type"] == "network"
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
    """Read the targets of a group; none if the group is deleted."""
    with _deleted_is_empty():
        health = cloud.client("elbv2").describe_target_health(TargetGroupArn=group)
        described = (description["Target"] for description in health["TargetHealthDescriptions"])
        return frozenset((str(target["Id"]), int(target["Port"])) for target in described)
    return frozenset()


def stack_of_group(cloud: Cloud, group: str) -> str:
    """Read the stack of a target group; empty if it has none or is deleted."""
    with _deleted_is_empty():
        (described,) = cloud.client("elbv2").describe_tags(ResourceArns=[group])["TagDescriptions"]
        return next((str(tag["Value"]) for tag in described["Tags"] if tag["Key"] == STACK_TAG), "")
    return ""


def _aliases(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """Yield the name and the target of each alias record."""
    route53 = cloud.client("route53")
    for zone in _pages(route53, "list_hosted_zones", "HostedZones"):
        records = _pages(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
        for record in records:
            target = record.get("AliasTarget", {}).get("DNSName", "").lower().rstrip(".")
            if record["Type"] in {"A", "AAAA"} and target:
                # Route 53 writes the wildcard's asterisk as an octal escape.
                host = record["Name"].lower().rstrip(".").replace("\\052", "*")
                yield host, target.removeprefix("dualstack.")


def _main_listener(listeners: Iterable[Any]) -> Any | None:
    """Return the listener that a browser ends up at: HTTPS before HTTP, the usual port before others."""
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
    """Yield the items that an operation lists; none of a resource that has been deleted meanwhile."""
    with _deleted_is_empty():
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page[key]


@contextmanager
def _deleted_is_empty() -> Generator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _DELETED:
            raise
