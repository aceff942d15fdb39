"""The keys of the whole stack, from the manifest of a Copilot environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from automation.convert.copilot_fields import ENVIRONMENT
from automation.convert.draft import Draft
from automation.convert.fields import report_unread
from automation.convert.report import Report
from automation.convert.source import flag_of, mapping, number_of, text_of, texts_of

_HTTPS: Final = 443
_SIDES: Final = ("public", "private")


def stack_keys(values: Mapping[str, Any], name: str, report: Report) -> dict[str, Any]:
    """Return the keys that belong to no service."""
    environment = Draft(values, "", f"environment {name}", report)
    environment.copy_fields(ENVIRONMENT)
    has_insights = environment.flag("observability.container_insights")
    environment.keys["container-insights"] = "enabled" if has_insights else "disabled"
    _set_network(environment)
    _set_load_balancer(environment)
    report_unread(ENVIRONMENT, environment.unread(), environment.report)
    return environment.keys


def _set_network(environment: Draft) -> None:
    keys = environment.keys
    subnets = {side: environment.items(f"network.vpc.subnets.{side}") for side in _SIDES}
    cidr = environment.text("network.vpc.cidr")
    if "vpc-id" in keys:
        for side in _SIDES:
            if ids := texts_of([mapping(subnet).get("id") for subnet in subnets[side]]):
                keys[f"{side}-subnet-ids"] = ids
    else:
        if cidr is not None:
            keys["cidr"] = cidr
        if zones := max(map(len, subnets.values())):
            keys["availability-zones"] = zones
            environment.report.differs(
                "network.vpc.subnets", "ranges and zones of the subnets follow from `cidr`, not one by one"
            )
    flow_logs = "network.vpc.flow_logs"
    if isinstance(environment.peek(flow_logs), dict) or environment.flag(flow_logs):
        environment.skip(flow_logs)
        keys["flow-logs"] = "log-group"
    if rules := _egress(environment):
        keys["egress"] = rules


def _egress(environment: Draft) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    path = "network.vpc.security_group.egress"
    for index, rule in enumerate(map(mapping, environment.items(path))):
        port, cidr = number_of(rule.get("ports")), text_of(rule.get("cidr"))
        protocol = (text_of(rule.get("ip_protocol")) or "tcp").lower()
        if not port or not cidr or protocol not in ("tcp", "udp"):
            environment.report.missing(f"{path}[{index}]", "`egress` accepts single ports of TCP and UDP")
        elif port != _HTTPS:
            udp = {"protocol": "udp"} if protocol == "udp" else {}
            rules.append({"port": port, "cidr": cidr, "description": f"port {port}", **udp})
    return rules


def _set_load_balancer(environment: Draft) -> None:
    for path in (f"http.{side}.certificates" for side in _SIDES):
        certificates = environment.texts(path)
        if certificates:
            environment.keys.setdefault("certificate-arn", certificates[0])
        if len(certificates) > 1:
            environment.report.todo(
                path, "a listener has one certificate here: check that the first one covers every name"
            )
    logs = "http.public.access_logs"
    if bucket := environment.text(f"{logs}.bucket_name"):
        environment.keys["log-bucket"] = bucket
        environment.skip(logs)
    elif environment.get(logs) is not None:
        environment.report.todo(logs, "name a bucket in `log-bucket`; `bootstrap/` creates one")
    if flag_of(environment.peek("cdn")) is False:
        environment.skip("cdn")
