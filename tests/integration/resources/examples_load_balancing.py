"""Load balancer, listeners, rules, target groups, certificates and DNS records."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.integration.resources.example import Example, Made, Workbench, by_aws, made_id, one_by_one
from tests.integration.resources.examples_network import group_id, make_group, make_subnet, make_vpc, vpc_id

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGETS = "aws:lb/targetGroup:TargetGroup"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"

_references = count()

FIXED = {"contentType": "text/plain", "messageBody": "Not found", "statusCode": "404"}
NOT_FOUND = {"type": "fixed-response", "fixedResponse": FIXED}
TO_HTTPS = {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}


def make_zone(bench: Workbench) -> str:
    """Return the id of a new zone, which is not deleted."""
    zone = bench.cloud.client("route53").create_hosted_zone(
        Name=f"{bench.name}.example.com",
        CallerReference=f"{bench.name}-{next(_references)}",
    )
    return str(zone["HostedZone"]["Id"]).rpartition("/")[2]


def make_balancer(bench: Workbench) -> Made:
    return bench.make(BALANCER, _balancer(bench))


def _subnets(bench: Workbench) -> list[str]:
    vpc = make_vpc(bench)
    first = make_subnet(bench, vpc, "10.0.0.0/24", "us-east-1a")
    return [first.id, make_subnet(bench, vpc, "10.0.1.0/24", "us-east-1b").id]


def _balancer(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    first = make_subnet(bench, vpc, "10.0.0.0/24", "us-east-1a")
    second = make_subnet(bench, vpc, "10.0.1.0/24", "us-east-1b")
    groups = [make_group(bench, vpc).id, make_group(bench, vpc).id]
    # AWS keeps both as sets.
    return {"subnets": sorted([first.id, second.id]), "securityGroups": sorted(groups, reverse=True)}


def balancer_id(bench: Workbench) -> str:
    return make_balancer(bench).id


def listener_id(bench: Workbench) -> str:
    inputs = {"port": 80, "protocol": "HTTP", "defaultActions": [NOT_FOUND]}
    return bench.make(LISTENER, {"loadBalancerArn": balancer_id(bench), **inputs}).id


def targets_id(bench: Workbench) -> str:
    return bench.make(TARGETS, _targets(bench)).id


def certificate_id(bench: Workbench) -> str:
    return bench.make(CERTIFICATE, {"domainName": f"{bench.name}.example.com"}).id


def _idle(cloud: Cloud, made: Made) -> None:
    attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "5"}]
    cloud.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=made.id, Attributes=attributes)


def _targets(bench: Workbench) -> Properties:
    return {
        "vpcId": vpc_id(bench),
        "port": 3000,
        "protocol": "HTTP",
        "targetType": "ip",
        "deregistrationDelay": 20,
        "healthCheck": {"path": "/readyz", "matcher": "200", "interval": 10, "healthyThreshold": 2},
    }


def _listener_by_hand(action: dict[str, Any]) -> Any:
    return lambda cloud, made: cloud.client("elbv2").modify_listener(
        ListenerArn=made.id, DefaultActions=[action]
    )


_ANOTHER_ANSWER = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "Not found"}
_ANOTHER_HOST = {
    "Host": "elsewhere.example.com", "Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301",
}  # fmt: skip


def _rule(bench: Workbench) -> Properties:
    return {
        "listenerArn": listener_id(bench),
        "priority": 50000,
        "conditions": [{"hostHeader": {"values": ["dev.example.com", "alice.dev.example.com"]}}],
        "actions": [{"type": "forward", "targetGroupArn": targets_id(bench)}],
    }


def _rewriting_rule(bench: Workbench) -> Properties:
    rewrite = {"regex": "^/alice/?(.*)$", "replace": "/$1"}
    return {
        **_rule(bench),
        "conditions": [{"pathPattern": {"values": ["/alice", "/alice/*"]}}],
        "transforms": [{"type": "url-rewrite", "urlRewriteConfig": {"rewrite": rewrite}}],
    }


def _weighted(bench: Workbench) -> list[Properties]:
    groups = [{"arn": targets_id(bench), "weight": 100}, {"arn": targets_id(bench), "weight": 0}]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


def _forward_to(target: str, cloud: Cloud, made: Made) -> None:
    action = {"Type": "forward", "TargetGroupArn": target}
    cloud.client("elbv2").modify_rule(RuleArn=made.id, Actions=[action])


def _move_users(cloud: Cloud, made: Made) -> None:
    """Forward to the other group, as ECS does at the end of a deployment."""
    _, green = made.inputs["actions"][0]["forward"]["targetGroups"]
    _forward_to(green["arn"], cloud, made)


def _other_targets(cloud: Cloud, made: Made) -> None:
    """Forward to a group that the rule does not have."""
    arn = made.inputs["actions"][0]["forward"]["targetGroups"][0]["arn"]
    _forward_to(arn.replace("targetgroup/", "targetgroup/other-"), cloud, made)


def _another_hostname(cloud: Cloud, made: Made) -> None:
    condition = {"Field": "host-header", "HostHeaderConfig": {"Values": ["elsewhere.example.com"]}}
    cloud.client("elbv2").modify_rule(RuleArn=made.id, Conditions=[condition])


def _validation_name(bench: Workbench) -> Properties:
    return {
        "zoneId": make_zone(bench),
        "name": f"_Proof.{bench.name}.example.com.",
        "type": "CNAME",
        "ttl": 300,
        "records": ["_value.acm-validations.aws."],
    }


def _alias(bench: Workbench) -> Properties:
    balancer = make_balancer(bench)
    target = {
        "name": balancer.outputs["dnsName"],
        "zoneId": balancer.outputs["zoneId"],
        "evaluateTargetHealth": True,
    }
    name = f"*.{bench.name}.example.com"
    return {"zoneId": make_zone(bench), "name": name, "type": "A", "aliases": [target]}


def _record_by_hand(**changed: object) -> Any:
    def change(cloud: Cloud, made: Made) -> None:
        record = {
            "Name": made.outputs["fqdn"],
            "Type": made.inputs["type"],
            "TTL": made.inputs["ttl"],
            "ResourceRecords": [{"Value": value} for value in made.inputs["records"]],
            **changed,
        }
        cloud.client("route53").change_resource_record_sets(
            HostedZoneId=made.inputs["zoneId"],
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
        )

    return change


_HOST_CONDITION = [{"hostHeader": {"values": ["bob.dev.example.com"]}}]
_TWO_CONDITIONS = [*_HOST_CONDITION, {"pathPattern": {"values": ["/a/*"]}}]

EXAMPLES = [
    Example(
        BALANCER,
        _balancer,
        changes=one_by_one(
            accessLogs={"bucket": "logs", "enabled": True, "prefix": "dev"},
            connectionLogs={"bucket": "logs", "enabled": True},
            desyncMitigationMode="strictest",
            dropInvalidHeaderFields=True,
            enableDeletionProtection=True,
            idleTimeout=120,
            ipAddressType="dualstack",
            securityGroups=lambda bench: [group_id(bench)],
            subnets=_subnets,
        ),
        replacements=one_by_one(internal=True, loadBalancerType="network", name="chosen-name"),
        outputs=("arnSuffix",),
    ),
    Example(
        BALANCER,
        lambda bench: {**_balancer(bench), "idleTimeout": 120, "enableDeletionProtection": True},
        # Removed properties get their defaults.
        changes=one_by_one(idleTimeout=None, enableDeletionProtection=None),
        by_hand={"idleTimeout": _idle},
    ),
    Example(
        TARGETS,
        _targets,
        changes=one_by_one(
            deregistrationDelay=60,
            healthCheck={"path": "/healthz", "matcher": "200-399", "timeout": 4, "unhealthyThreshold": 5},
            slowStart=30,
            stickiness={"type": "lb_cookie", "cookieDuration": 3600},
        ),
        replacements=(
            *one_by_one(vpcId=vpc_id, port=3001, protocol="HTTPS", protocolVersion="HTTP2"),
            *one_by_one(ipAddressType="ipv6", targetType="instance", name="chosen"),
        ),
        by_hand={
            "healthCheck": by_aws(
                "elbv2", "modify_target_group", TargetGroupArn=made_id, HealthCheckPath="/elsewhere"
            )
        },
        outputs=("arnSuffix",),
    ),
    Example(
        TARGETS,
        lambda bench: {**_targets(bench), "healthCheck": {"path": "/"}},
        # Drift of a property that only the provider sets.
        by_hand={
            "healthCheck": by_aws(
                "elbv2", "modify_target_group", TargetGroupArn=made_id, HealthCheckIntervalSeconds=77
            )
        },
    ),
    Example(
        LISTENER,
        lambda bench: {
            "loadBalancerArn": balancer_id(bench),
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [TO_HTTPS],
        },
        changes=({"port": 8080}, {"protocol": "HTTPS", "certificateArn": certificate_id}),
        replacements=({"loadBalancerArn": balancer_id},),
        by_hand={"defaultActions": _listener_by_hand({"Type": "redirect", "RedirectConfig": _ANOTHER_HOST})},
    ),
    Example(
        LISTENER,
        lambda bench: {
            "loadBalancerArn": balancer_id(bench),
            "port": 443,
            "protocol": "HTTPS",
            "certificateArn": certificate_id(bench),
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "defaultActions": [NOT_FOUND],
        },
        changes=one_by_one(
            certificateArn=certificate_id,
            sslPolicy="ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
            defaultActions=_weighted,
        ),
    ),
    Example(
        LISTENER,
        lambda bench: {
            "loadBalancerArn": balancer_id(bench),
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [NOT_FOUND],
        },
        by_hand={
            "defaultActions": _listener_by_hand(
                {"Type": "fixed-response", "FixedResponseConfig": _ANOTHER_ANSWER}
            )
        },
    ),
    Example(
        RULE,
        _rule,
        changes=one_by_one(
            priority=7,
            conditions=_HOST_CONDITION,
            actions=lambda bench: [{"type": "forward", "targetGroupArn": targets_id(bench)}],
        ),
        replacements=({"listenerArn": listener_id},),
        by_hand={"conditions": _another_hostname},
    ),
    Example(RULE, _rule, changes=one_by_one(conditions=_TWO_CONDITIONS, actions=_weighted)),
    Example(
        RULE,
        _rewriting_rule,
        changes=({"transforms": None},),
    ),
    Example(
        RULE,
        _rewriting_rule,
        by_hand={"transforms": by_aws("elbv2", "modify_rule", RuleArn=made_id, ResetTransforms=True)},
    ),
    Example(
        RULE, lambda bench: {**_rule(bench), "actions": _weighted(bench)}, by_hand={"actions": _move_users}
    ),
    Example(
        RULE, lambda bench: {**_rule(bench), "actions": _weighted(bench)}, by_hand={"actions": _other_targets}
    ),
    Example(
        CERTIFICATE,
        lambda _: {
            "domainName": "dev.example.com",
            "subjectAlternativeNames": ["www.dev.example.com", "*.dev.example.com"],
            "validationMethod": "DNS",
        },
        replacements=one_by_one(
            subjectAlternativeNames=["*.dev.example.com"],
            domainName="test.example.com",
            validationMethod="EMAIL",
        ),
        by_hand={
            "tags": by_aws(
                "acm",
                "add_tags_to_certificate",
                CertificateArn=made_id,
                Tags=[{"Key": "By", "Value": "hand"}],
            )
        },
    ),
    Example(
        VALIDATION,
        lambda bench: {
            "certificateArn": certificate_id(bench),
            "validationRecordFqdns": ["_proof.example.com"],
        },
        replacements=one_by_one(validationRecordFqdns=["_other.example.com"], certificateArn=certificate_id),
        survives=True,
    ),
    Example(
        RECORD,
        _validation_name,
        changes=one_by_one(ttl=60, records=["_other.acm-validations.aws."]),
        replacements=(
            {"name": lambda bench: f"_other.{bench.name}.example.com"},
            {"type": "A", "records": ["10.0.0.1", "10.0.0.2"]},
            {"zoneId": make_zone},
        ),
        outputs=("fqdn",),
    ),
    Example(
        RECORD,
        _validation_name,
        by_hand={
            "records": _record_by_hand(ResourceRecords=[{"Value": "elsewhere.example.com"}]),
            "ttl": _record_by_hand(TTL=5),
        },
    ),
    Example(
        RECORD,
        _alias,
        changes=(
            {"aliases": [{"name": "other.elb.amazonaws.com", "zoneId": "Z1", "evaluateTargetHealth": False}]},
        ),
        outputs=("fqdn",),
    ),
    Example(RECORD, lambda bench: {**_alias(bench), "name": "www", "type": "AAAA"}),
]
