"""Controls of load balancers, certificates and AWS WAF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import Control, fault_if, fault_without, fewer_than_two
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


def _serves_http(listener: Resource) -> bool:
    to_https = any(action.get("redirect.protocol") == "HTTPS" for action in _redirects(listener))
    return listener.get("protocol") == "HTTP" and not to_https


def _no_access_logs(balancer: Resource, declaration: Declaration) -> Iterator[str]:
    # AWS logs only connections to TLS listeners of network load balancers:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
    listeners = declaration.related(balancer, "loadBalancerArn", LISTENER)
    can_log = _is_application(balancer) or any(one.get("protocol") == "TLS" for one in listeners)
    if can_log and not balancer.get("accessLogs.enabled"):
        yield "has no access logs"


def _old_tls(listener: Resource, _: Declaration) -> Iterator[str]:
    policy = listener.get("sslPolicy")
    if listener.get("protocol") in _ENCRYPTED and policy not in _TLS_POLICIES:
        yield f"has the TLS policy {policy or 'of the provider, which allows TLS 1.0'}"


def _rules_without_metrics(acl: Resource, _: Declaration) -> Iterator[str]:
    names = [
        str(rule.get("name"))
        for rule in acl.items("rules")
        if not rule.get("visibilityConfig.cloudwatchMetricsEnabled")
    ]
    if names:
        yield f"has rules without metrics: {', '.join(names)}"


CONTROLS: Final = (
    Control(
        id="ELB.1",
        title="HTTP redirects to HTTPS",
        types=(LISTENER,),
        check=fault_if(_serves_http, "serves HTTP on port {port}, and does not redirect to HTTPS"),
        fix="domain: without one there is no certificate",
    ),
    Control(
        id="ELB.4",
        title="Application load balancers drop invalid headers",
        types=(BALANCER,),
        check=fault_if(
            lambda balancer: _is_application(balancer) and not balancer.get("dropInvalidHeaderFields"),
            "forwards invalid headers",
        ),
        fix="dropInvalidHeaderFields true",
    ),
    Control(
        id="ELB.5",
        title="Load balancers log requests",
        types=(BALANCER,),
        check=_no_access_logs,
        fix="log-bucket: the bucket that `bootstrap/` creates, or your own",
    ),
    Control(
        id="ELB.6",
        title="Load balancers have deletion protection",
        types=(BALANCER,),
        check=fault_if(
            lambda balancer: not balancer.get("enableDeletionProtection"), "has no deletion protection"
        ),
        fix="protect: true",
    ),
    Control(
        id="ELB.12",
        title="Application load balancers block ambiguous requests",
        types=(BALANCER,),
        check=fault_if(
            lambda balancer: (
                _is_application(balancer)
                and balancer.get("desyncMitigationMode") not in (None, "defensive", "strictest")
            ),
            "allows ambiguous requests ({desyncMitigationMode})",
        ),
        fix="desyncMitigationMode defensive or strictest",
    ),
    Control(
        id="ELB.13",
        title="Load balancers are in two zones or more",
        types=(BALANCER,),
        check=fault_if(fewer_than_two("subnets", "subnetMappings"), "is in one zone only"),
        fix="availability-zones: 2 or more",
    ),
    Control(
        id="ELB.17",
        title="Listeners have a recommended TLS policy",
        types=(LISTENER,),
        check=_old_tls,
        fix="tls-policy: one of those that the key accepts",
    ),
    Control(
        id="ELB.18",
        title="Listeners encrypt",
        types=(LISTENER,),
        # Security Hub does not exempt the redirect that ELB.1 requires; nothing is served by it.
        check=fault_if(
            lambda listener: listener.get("protocol") not in _ENCRYPTED and not _redirects(listener),
            "listens with {protocol} on port {port}",
        ),
        fix="domain, or listener-protocol: tls; plain TCP and UDP are an exception with a reason",
    ),
    Control(
        id="ELB.21",
        title="Health checks are encrypted",
        types=(TARGET_GROUP,),
        check=fault_if(
            lambda group: group.get("healthCheck.protocol") == "HTTP", "checks health over plain HTTP"
        ),
        fix=_INSIDE_THE_VPC,
        level="advisory",
    ),
    Control(
        id="ELB.22",
        title="Load balancers encrypt connections to tasks",
        types=(TARGET_GROUP,),
        check=fault_if(
            lambda group: group.get("protocol") == "HTTP", "forwards requests to tasks over plain HTTP"
        ),
        fix=_INSIDE_THE_VPC,
        level="advisory",
    ),
    Control(
        id="ELB.16",
        title="Application load balancers have a web ACL (not in FSBP)",
        types=(BALANCER,),
        check=fault_without(
            "has no web ACL of AWS WAF", ASSOCIATION, key="resourceArn", applies=_is_application
        ),
        fix="firewall.enabled: true",
        level="advisory",
    ),
    Control(
        id="ACM.1",
        title="Certificates are renewed automatically",
        types=(CERTIFICATE,),
        check=fault_if(
            lambda certificate: certificate.get("validationMethod") != "DNS",
            "is not renewed automatically: it is not validated by DNS",
        ),
        fix="validationMethod DNS",
    ),
    Control(
        id="ACM.2",
        title="RSA keys of certificates have 2048 bits or more",
        types=(CERTIFICATE,),
        check=fault_if(
            lambda certificate: certificate.get("keyAlgorithm") == "RSA_1024", "has the key {keyAlgorithm}"
        ),
        fix="keyAlgorithm RSA_2048, or an elliptic curve",
    ),
    Control(
        id="WAF.10",
        title="Web ACLs have rules",
        types=(WEB_ACL,),
        check=fault_if(lambda acl: not any(acl.items("rules")), "has no rules"),
        fix="a rule or a group of rules",
    ),
    Control(
        id="WAF.11",
        title="Web ACLs log (not in FSBP)",
        types=(WEB_ACL,),
        check=fault_without("has no log", WEB_ACL_LOGS, key="resourceArn"),
        fix="an aws.wafv2.WebAclLoggingConfiguration",
    ),
    Control(
        id="WAF.12",
        title="Rules of web ACLs have metrics",
        types=(WEB_ACL,),
        check=_rules_without_metrics,
        fix="visibilityConfig.cloudwatchMetricsEnabled true",
    ),
)
