"""Controls of load balancers, certificates and the web firewall."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.control import Control
from policies.resources import Declaration, Resource

BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
LISTENER: Final = "aws:lb/listener:Listener"
TARGET_GROUP: Final = "aws:lb/targetGroup:TargetGroup"
CERTIFICATE: Final = "aws:acm/certificate:Certificate"
WEB_ACL: Final = "aws:wafv2/webAcl:WebAcl"
WEB_ACL_LOGS: Final = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
ASSOCIATION: Final = "aws:wafv2/webAclAssociation:WebAclAssociation"
# https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-17
_TLS_POLICIES: Final = frozenset(
    f"ELBSecurityPolicy-TLS13-{end}"
    for end in (
        *("1-2-Res-2021-06", "1-3-2021-06", "1-2-Res-PQ-2025-09", "1-3-PQ-2025-09"),
        *("1-3-FIPS-2023-04", "1-2-Res-FIPS-2023-04", "1-2-Res-FIPS-PQ-2025-09", "1-3-FIPS-PQ-2025-09"),
    )
)
_FEWEST_ZONES: Final = 2
_WEAK_KEYS: Final = frozenset({"RSA_1024"})


def _application(balancer: Resource) -> bool:
    return balancer.get("loadBalancerType") in (None, "application")


def _plain_http(listener: Resource, _: Declaration) -> Iterator[str]:
    redirects = any(
        one.get("type") == "redirect" and one.get("redirect.protocol") == "HTTPS"
        for one in listener.items("defaultActions")
    )
    if listener.get("protocol") == "HTTP" and not redirects:
        yield f"serves by HTTP at port {listener.get('port')}, and does not send clients to HTTPS"


def _not_encrypted(listener: Resource, _: Declaration) -> Iterator[str]:
    # The redirect that ELB.1 asks for is no answer by HTTP; the control's own text has no such exception.
    if any(one.get("type") == "redirect" for one in listener.items("defaultActions")):
        return
    protocol = listener.get("protocol")
    if protocol not in ("HTTPS", "TLS"):
        yield f"speaks {protocol} at port {listener.get('port')}"


def _bad_headers(balancer: Resource, _: Declaration) -> Iterator[str]:
    if _application(balancer) and not balancer.get("dropInvalidHeaderFields"):
        yield "passes invalid headers on"


def _no_access_logs(balancer: Resource, declaration: Declaration) -> Iterator[str]:
    # Of network load balancers AWS logs what comes to a TLS listener alone:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
    listeners = declaration.related(balancer, "loadBalancerArn", LISTENER)
    logs = _application(balancer) or any(one.get("protocol") == "TLS" for one in listeners)
    if logs and not balancer.get("accessLogs.enabled"):
        yield "has no access logs"


def _unprotected(balancer: Resource, _: Declaration) -> Iterator[str]:
    if not balancer.get("enableDeletionProtection"):
        yield "can be deleted by one call"


def _desync(balancer: Resource, _: Declaration) -> Iterator[str]:
    mode = balancer.get("desyncMitigationMode")
    if _application(balancer) and mode not in (None, "defensive", "strictest"):
        yield f"lets ambiguous requests through ({mode})"


def _one_zone(balancer: Resource, _: Declaration) -> Iterator[str]:
    places: list[Any] = balancer.get("subnets") or balancer.get("subnetMappings") or []
    if len(places) < _FEWEST_ZONES:
        yield "is in one zone alone"


def _old_tls(listener: Resource, _: Declaration) -> Iterator[str]:
    policy = listener.get("sslPolicy")
    if listener.get("protocol") in ("HTTPS", "TLS") and policy not in _TLS_POLICIES:
        yield f"has the TLS policy {policy or 'of the provider, which speaks TLS 1.0'}"


def _plain_health_check(group: Resource, _: Declaration) -> Iterator[str]:
    if group.get("healthCheck.protocol") == "HTTP":
        yield "asks for health by HTTP"


def _plain_targets(group: Resource, _: Declaration) -> Iterator[str]:
    if group.get("protocol") == "HTTP":
        yield "reaches tasks by HTTP"


def _no_firewall(balancer: Resource, declaration: Declaration) -> Iterator[str]:
    if _application(balancer) and not declaration.related(balancer, "resourceArn", ASSOCIATION):
        yield "has no web firewall"


def _weak_key(certificate: Resource, _: Declaration) -> Iterator[str]:
    if (key := certificate.get("keyAlgorithm")) in _WEAK_KEYS:
        yield f"has the key {key}"


def _renewed_by_hand(certificate: Resource, _: Declaration) -> Iterator[str]:
    if certificate.get("validationMethod") != "DNS":
        yield "is not renewed by itself: it is proved otherwise than by DNS"


def _empty_firewall(acl: Resource, _: Declaration) -> Iterator[str]:
    if not [*acl.items("rules")]:
        yield "has no rules"


def _unlogged_firewall(acl: Resource, declaration: Declaration) -> Iterator[str]:
    if not declaration.related(acl, "resourceArn", WEB_ACL_LOGS):
        yield "logs nothing"


def _unmeasured_firewall(acl: Resource, _: Declaration) -> Iterator[str]:
    silent = [
        str(one.get("name"))
        for one in acl.items("rules")
        if not one.get("visibilityConfig.cloudwatchMetricsEnabled")
    ]
    if silent:
        yield f"has rules without metrics: {', '.join(silent)}"


CONTROLS: Final = (
    Control(
        id="ELB.1",
        title="HTTP leads to HTTPS",
        types=(LISTENER,),
        check=_plain_http,
        fix="domain: without one there is no certificate",
    ),
    Control(
        id="ELB.4",
        title="Application load balancers drop invalid headers",
        types=(BALANCER,),
        check=_bad_headers,
        fix="dropInvalidHeaderFields true",
    ),
    Control(
        id="ELB.5",
        title="Load balancers log requests",
        types=(BALANCER,),
        check=_no_access_logs,
        fix="log-bucket: the bucket that `bootstrap/` makes, or one of your own",
    ),
    Control(
        id="ELB.6",
        title="Load balancers are protected against deletion",
        types=(BALANCER,),
        check=_unprotected,
        fix="protect: true",
    ),
    Control(
        id="ELB.12",
        title="Application load balancers stop ambiguous requests",
        types=(BALANCER,),
        check=_desync,
        fix="desyncMitigationMode defensive or strictest",
    ),
    Control(
        id="ELB.13",
        title="Load balancers are in two zones or more",
        types=(BALANCER,),
        check=_one_zone,
        fix="availability-zones: 2 or more",
    ),
    Control(
        id="ELB.17",
        title="Listeners have a recommended TLS policy",
        types=(LISTENER,),
        check=_old_tls,
        fix="tls-policy: one of those that the key takes",
    ),
    Control(
        id="ELB.18",
        title="Listeners encrypt",
        types=(LISTENER,),
        check=_not_encrypted,
        fix="domain, or listener-protocol: tls; plain TCP and UDP are an exception with a reason",
    ),
    Control(
        id="ELB.21",
        title="Health checks are encrypted",
        types=(TARGET_GROUP,),
        check=_plain_health_check,
        fix="none here: tasks speak HTTP inside the VPC, and take connections from the load balancer alone",
        level="advisory",
    ),
    Control(
        id="ELB.22",
        title="Load balancers reach tasks encrypted",
        types=(TARGET_GROUP,),
        check=_plain_targets,
        fix="none here: tasks speak HTTP inside the VPC, and take connections from the load balancer alone",
        level="advisory",
    ),
    Control(
        id="ELB.16",
        title="Application load balancers have a web firewall (beside FSBP)",
        types=(BALANCER,),
        check=_no_firewall,
        fix="firewall.enabled: true",
        level="advisory",
    ),
    Control(
        id="ACM.1",
        title="Certificates renew themselves",
        types=(CERTIFICATE,),
        check=_renewed_by_hand,
        fix="validationMethod DNS",
    ),
    Control(
        id="ACM.2",
        title="RSA keys of certificates have 2048 bits or more",
        types=(CERTIFICATE,),
        check=_weak_key,
        fix="keyAlgorithm RSA_2048, or an elliptic curve",
    ),
    Control(
        id="WAF.10",
        title="Web ACLs have rules",
        types=(WEB_ACL,),
        check=_empty_firewall,
        fix="a rule or a group of rules",
    ),
    Control(
        id="WAF.11",
        title="Web ACLs log (beside FSBP)",
        types=(WEB_ACL,),
        check=_unlogged_firewall,
        fix="an aws.wafv2.WebAclLoggingConfiguration",
    ),
    Control(
        id="WAF.12",
        title="Rules of web ACLs have metrics",
        types=(WEB_ACL,),
        check=_unmeasured_firewall,
        fix="visibilityConfig.cloudwatchMetricsEnabled true",
    ),
)
