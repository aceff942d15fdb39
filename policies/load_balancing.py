"""Controls of load balancers, certificates and AWS WAF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import control, has_fewer_than_two
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
_ENCRYPTED: Final = ("HTTPS", "TLS")
_INSIDE_THE_VPC: Final = (
    "none here: tasks use HTTP inside the VPC, and accept connections from the load balancer only"
)


def _is_application(balancer: Resource) -> bool:
    return balancer.get("loadBalancerType") in (None, "application")


def _redirects(listener: Resource) -> list[Resource]:
    return [action for action in listener.items("defaultActions") if action.get("type") == "redirect"]


@control("ELB.1", LISTENER, fix="domain: without one there is no certificate")
def redirect_to_https(listener: Resource, _: Declaration) -> Iterator[str]:
    """HTTP redirects to HTTPS."""
    to_https = any(action.get("redirect.protocol") == "HTTPS" for action in _redirects(listener))
    if listener.get("protocol") == "HTTP" and not to_https:
        yield f"serves HTTP on port {listener.get('port')}, and does not redirect to HTTPS"


@control("ELB.4", BALANCER, fix="dropInvalidHeaderFields true")
def invalid_headers(balancer: Resource, _: Declaration) -> Iterator[str]:
    """Application load balancers drop invalid headers."""
    if _is_application(balancer) and not balancer.get("dropInvalidHeaderFields"):
        yield "forwards invalid headers"


@control("ELB.5", BALANCER, fix="log-bucket: the bucket that `bootstrap/` creates, or your own")
def access_logs(balancer: Resource, declaration: Declaration) -> Iterator[str]:
    """Load balancers log requests."""
    # AWS logs only connections to TLS listeners of network load balancers:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
    listeners = declaration.related(balancer, "loadBalancerArn", LISTENER)
    can_log = _is_application(balancer) or any(listener.get("protocol") == "TLS" for listener in listeners)
    if can_log and not balancer.get("accessLogs.enabled"):
        yield "has no access logs"


@control("ELB.6", BALANCER, fix="protect: true")
def deletion_protection(balancer: Resource, _: Declaration) -> Iterator[str]:
    """Load balancers have deletion protection."""
    if not balancer.get("enableDeletionProtection"):
        yield "has no deletion protection"


@control("ELB.12", BALANCER, fix="desyncMitigationMode defensive or strictest")
def desync_mitigation(balancer: Resource, _: Declaration) -> Iterator[str]:
    """Application load balancers block ambiguous requests."""
    mode = balancer.get("desyncMitigationMode")
    if _is_application(balancer) and mode not in (None, "defensive", "strictest"):
        yield f"allows ambiguous requests ({mode})"


@control("ELB.13", BALANCER, fix="availability-zones: 2 or more")
def balancer_zones(balancer: Resource, _: Declaration) -> Iterator[str]:
    """Load balancers are in two zones or more."""
    if has_fewer_than_two(balancer, "subnets", "subnetMappings"):
        yield "is in one zone only"


@control("ELB.17", LISTENER, fix="tls-policy: one of those that the key accepts")
def tls_policy(listener: Resource, _: Declaration) -> Iterator[str]:
    """Listeners have a recommended TLS policy."""
    policy = listener.get("sslPolicy")
    if listener.get("protocol") in _ENCRYPTED and policy not in _TLS_POLICIES:
        yield f"has the TLS policy {policy or 'of the provider, which allows TLS 1.0'}"


@control(
    "ELB.18",
    LISTENER,
    fix="domain, or listener-protocol: tls; plain TCP and UDP are an exception with a reason",
)
def listener_encryption(listener: Resource, _: Declaration) -> Iterator[str]:
    """Listeners encrypt."""
    protocol = listener.get("protocol")
    # Security Hub does not exempt the redirect that ELB.1 requires; nothing is served by it.
    if protocol not in _ENCRYPTED and not _redirects(listener):
        yield f"listens with {protocol} on port {listener.get('port')}"


@control("ELB.21", TARGET_GROUP, fix=_INSIDE_THE_VPC, level="advisory")
def health_check_encryption(group: Resource, _: Declaration) -> Iterator[str]:
    """Health checks are encrypted."""
    # AWS's default, also for HTTPS; network load balancers check by TCP.
    default = "HTTP" if group.get("protocol") in ("HTTP", "HTTPS") else None
    if (group.get("healthCheck.protocol") or default) == "HTTP":
        yield "checks health over plain HTTP"


@control("ELB.22", TARGET_GROUP, fix=_INSIDE_THE_VPC, level="advisory")
def target_encryption(group: Resource, _: Declaration) -> Iterator[str]:
    """Load balancers encrypt connections to tasks."""
    if group.get("protocol") == "HTTP":
        yield "forwards requests to tasks over plain HTTP"


@control("ELB.16", BALANCER, fix="firewall.enabled: true", level="advisory")
def web_acl(balancer: Resource, declaration: Declaration) -> Iterator[str]:
    """Application load balancers have a web ACL (not in FSBP)."""
    if _is_application(balancer) and not declaration.related(balancer, "resourceArn", ASSOCIATION):
        yield "has no web ACL of AWS WAF"


@control("ACM.1", CERTIFICATE, fix="validationMethod DNS")
def certificate_renewal(certificate: Resource, _: Declaration) -> Iterator[str]:
    """Certificates are renewed automatically."""
    if certificate.get("validationMethod") != "DNS":
        yield "is not renewed automatically: it is not validated by DNS"


@control("ACM.2", CERTIFICATE, fix="keyAlgorithm RSA_2048, or an elliptic curve")
def certificate_key(certificate: Resource, _: Declaration) -> Iterator[str]:
    """RSA keys of certificates have 2048 bits or more."""
    if (key := certificate.get("keyAlgorithm")) == "RSA_1024":
        yield f"has the key {key}"


@control("WAF.10", WEB_ACL, fix="a rule or a group of rules")
def web_acl_rules(acl: Resource, _: Declaration) -> Iterator[str]:
    """Web ACLs have rules."""
    if not any(acl.items("rules")):
        yield "has no rules"


@control("WAF.11", WEB_ACL, fix="an aws.wafv2.WebAclLoggingConfiguration")
def web_acl_log(acl: Resource, declaration: Declaration) -> Iterator[str]:
    """Web ACLs log (not in FSBP)."""
    if not declaration.related(acl, "resourceArn", WEB_ACL_LOGS):
        yield "has no log"


@control("WAF.12", WEB_ACL, fix="visibilityConfig.cloudwatchMetricsEnabled true")
def web_acl_metrics(acl: Resource, _: Declaration) -> Iterator[str]:
    """Rules of web ACLs have metrics."""
    rules = [r for r in acl.items("rules") if not r.get("visibilityConfig.cloudwatchMetricsEnabled")]
    if rules:
        yield f"has rules without metrics: {', '.join(str(rule.get('name')) for rule in rules)}"
