"""What a Copilot environment's manifest says of the whole stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from automation.convert.copilot_fields import ENVIRONMENT
from automation.convert.fields import note_what_is_left
from automation.convert.report import Place, Report
from automation.convert.source import Source, flag_of, items, mapping, number_of, text_of

_HTTPS: Final = 443
_SIDES: Final = ("public", "private")


def stack_keys(values: Mapping[str, Any], environment: str, report: Report) -> dict[str, Any]:
    """Return the keys that belong to no service."""
    source, place = Source(dict(values)), Place(report, f"environment {environment}")
    for known in ("name", "type"):
        source.get(known)
    keys: dict[str, Any] = {}
    insights = source.flag("observability.container_insights")
    keys["container-insights"] = "enabled" if insights else "disabled"
    _network(source, keys, place)
    _http(source, keys, place)
    note_what_is_left(ENVIRONMENT, source.left(), place)
    return keys


def _network(source: Source, keys: dict[str, Any], place: Place) -> None:
    vpc = source.text("network.vpc.id")
    subnets = {side: items(source.get(f"network.vpc.subnets.{side}")) for side in _SIDES}
    if vpc is not None:
        keys["vpc-id"] = vpc
        for side in _SIDES:
            named = [text for one in subnets[side] if (text := text_of(mapping(one).get("id"))) is not None]
            if named:
                keys[f"{side}-subnet-ids"] = named
    else:
        zones = max(len(one) for one in subnets.values())
        if zones:
            keys["availability-zones"] = zones
            place.differs(
                "network.vpc.subnets", "ranges and zones of the subnets follow from `cidr`, not one by one"
            )
    cidr = source.text("network.vpc.cidr")
    if cidr is not None and vpc is None:
        keys["cidr"] = cidr
    flow_logs = source.peek("network.vpc.flow_logs")
    if isinstance(flow_logs, dict) or source.flag("network.vpc.flow_logs"):
        source.get("network.vpc.flow_logs")
        keys["flow-logs"] = "log-group"
    _egress(source, keys, place)


def _egress(source: Source, keys: dict[str, Any], place: Place) -> None:
    rules: list[dict[str, Any]] = []
    for index, one in enumerate(items(source.get("network.vpc.security_group.egress"))):
        rule = mapping(one)
        port, cidr = number_of(rule.get("ports")), text_of(rule.get("cidr"))
        protocol = (text_of(rule.get("ip_protocol")) or "tcp").lower()
        if port and cidr and protocol in ("tcp", "udp"):
            if port != _HTTPS:
                more = {"protocol": "udp"} if protocol == "udp" else {}
                rules.append({"port": port, "cidr": cidr, "description": f"port {port}", **more})
        else:
            place.missing(
                f"network.vpc.security_group.egress[{index}]", "`egress` takes single ports of tcp and udp"
            )
    if rules:
        keys["egress"] = rules


def _http(source: Source, keys: dict[str, Any], place: Place) -> None:
    for side in _SIDES:
        certificates = source.texts(f"http.{side}.certificates")
        if certificates and "certificate-arn" not in keys:
            keys["certificate-arn"] = certificates[0]
        if len(certificates) > 1:
            place.do(
                f"http.{side}.certificates",
                "a listener has one certificate here: see that the first covers every name",
            )
        if policy := source.text(f"http.{side}.ssl_policy"):
            keys["tls-policy"] = policy
    ranges = source.texts("http.public.ingress.source_ips")
    if ranges:
        keys["allowed-cidrs"] = ranges
    logs = source.peek("http.public.access_logs")
    bucket = source.text("http.public.access_logs.bucket_name") if isinstance(logs, dict) else None
    if bucket is not None:
        keys["log-bucket"] = bucket
        source.get("http.public.access_logs")
    elif source.get("http.public.access_logs") is not None:
        place.do("http.public.access_logs", "name a bucket: `log-bucket`; `bootstrap/` makes one")
    source.flag("http.private.ingress.vpc")
    if flag_of(source.peek("cdn")) is False:
        source.get("cdn")
