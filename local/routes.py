"""Which load balancer, and which of its listeners, a host leads to: Route 53 alias records, as in DNS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.resources.cloud import Cloud


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What of a listener rule decides whether, and how, it rewrites a path."""

    hosts: tuple[str, ...]
    """Patterns of which one must fit; none means any host."""
    paths: tuple[str, ...]
    regex: re.Pattern[str] | None
    replacement: str

    def fits(self, host: str, path: str) -> bool:
        """Whether the rule takes this request, as far as host and path tell."""
        return (not self.hosts or any(fnmatchcase(host, pattern) for pattern in self.hosts)) and (
            not self.paths or any(fnmatchcase(path, pattern) for pattern in self.paths)
        )

    def rewrite(self, path: str) -> str:
        """Return the path that the target gets."""
        return path if self.regex is None else self.regex.sub(self.replacement, path, count=1)


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where requests for a host go."""

    load_balancer: str
    """Name of the load balancer."""
    dns_name: str
    listener_arn: str
    listener_port: int
    tls: bool
    """Whether the listener speaks HTTPS."""
    rules: tuple[Rule, ...]
    """By priority; none where no rule of the listener rewrites paths."""

    def rewrite(self, host: str, path: str) -> str:
        """Return the path that the target gets."""
        return next((rule.rewrite(path) for rule in self.rules if rule.fits(host, path)), path)


@dataclass(frozen=True)
class Routes:
    """All hosts that lead to a load balancer with a listener."""

    records: Mapping[str, Route]
    """By host, in lower case; `*.` stands for any labels."""
    load_balancers: Mapping[str, Route]
    """By the load balancer's own DNS name."""

    def find(self, host: str) -> Route | None:
        """Return the route of `host`, by its own record, the nearest wildcard, or a load balancer's name."""
        if (route := self.records.get(host) or self.load_balancers.get(host)) is not None:
            return route
        labels = host.split(".")
        wildcards = (".".join(["*", *labels[first:]]) for first in range(1, len(labels)))
        return next((self.records[name] for name in wildcards if name in self.records), None)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that can be visited: those of records, and of load balancers to which no record leads."""
        named = {route.load_balancer for route in self.records.values()}
        records = sorted(name for name in self.records if not name.startswith("*"))
        return (
            *records,
            *sorted(name for name, at in self.load_balancers.items() if at.load_balancer not in named),
        )


def read(cloud: Cloud) -> Routes:
    """Ask the emulator for its records, load balancers and listeners."""
    elbv2 = cloud.client("elbv2")
    load_balancers: dict[str, Route] = {}
    for balancer in _pages(elbv2, "describe_load_balancers", "LoadBalancers"):
        listeners = _pages(
            elbv2, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]
        )
        if (listener := _entrance(listeners)) is not None:
            name = str(balancer["DNSName"]).lower()
            load_balancers[name] = Route(
                load_balancer=str(balancer["LoadBalancerName"]),
                dns_name=name,
                listener_arn=str(listener["ListenerArn"]),
                listener_port=int(listener["Port"]),
                tls=listener["Protocol"] == "HTTPS",
                rules=_rules(_pages(elbv2, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])),
            )
    route53 = cloud.client("route53")
    records: dict[str, Route] = {}
    for zone in _pages(route53, "list_hosted_zones", "HostedZones"):
        for record in _pages(
            route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        ):
            target = record.get("AliasTarget", {}).get("DNSName", "").lower().rstrip(".")
            route = load_balancers.get(target.removeprefix("dualstack."))
            if record["Type"] in {"A", "AAAA"} and route is not None:
                # Route 53 writes the wildcard's asterisk as an octal escape.
                records[record["Name"].lower().rstrip(".").replace("\\052", "*")] = route
    return Routes(records, load_balancers)


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


def _rules(told: Iterable[Any]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for rule in sorted(
        (rule for rule in told if not rule["IsDefault"]), key=lambda rule: int(rule["Priority"])
    ):
        wanted = {condition["Field"]: condition.get("Values", ()) for condition in rule["Conditions"]}
        if wanted.keys() <= {"host-header", "path-pattern"}:
            regex, replacement = _rewrite(rule)
            rules.append(
                Rule(
                    hosts=tuple(wanted.get("host-header", ())),
                    paths=tuple(wanted.get("path-pattern", ())),
                    regex=regex,
                    replacement=replacement,
                )
            )
    return tuple(rules) if any(rule.regex is not None for rule in rules) else ()


def _rewrite(rule: Any) -> tuple[re.Pattern[str] | None, str]:
    for transform in rule.get("Transforms", ()):
        if transform["Type"] == "url-rewrite":
            rewrite = transform["UrlRewriteConfig"]["Rewrites"][0]
            # AWS writes a group as $1, Python as \g<1>.
            replacement = re.sub(r"\$(\d)", r"\\g<\1>", rewrite["Replace"].replace("\\", r"\\"))
            return re.compile(rewrite["Regex"]), replacement
    return None, ""


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterable[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
