"""Load balancer, listeners, rules, target groups, certificates and DNS records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.resources.example import Example, Made, Workbench
from tests.integration.resources.examples_network import make_group, make_subnet, make_vpc

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
TARGETS = "aws:lb/targetGroup:TargetGroup"
CERTIFICATE = "aws:acm/certificate:Certificate"
RECORD = "aws:route53/record:Record"

NOT_FOUND = {
    "type": "fixed-response",
    "fixedResponse": {"contentType": "text/plain", "messageBody": "Not found", "statusCode": "404"},
}


def make_zone(bench: Workbench) -> str:
    """Return the id of a zone; the emulator goes with the session."""
    zone = bench.cloud.client("route53").create_hosted_zone(
        Name=f"{bench.name}.example.com",
        CallerReference=f"{bench.name}-{len(bench.made)}",
    )
    return str(zone["HostedZone"]["Id"]).rpartition("/")[2]


def make_balancer(bench: Workbench) -> Made:
    return bench.make(BALANCER, _balancer(bench))


def make_listener(bench: Workbench) -> Made:
    balancer = make_balancer(bench)
    inputs = {"loadBalancerArn": balancer.id, "port": 80, "protocol": "HTTP", "defaultActions": [NOT_FOUND]}
    return bench.make(LISTENER, inputs)


def make_targets(bench: Workbench) -> Made:
    return bench.make(TARGETS, _targets(bench))


def _balancer(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    first = make_subnet(bench, vpc, "10.0.0.0/24", "us-east-1a")
    second = make_subnet(bench, vpc, "10.0.1.0/24", "us-east-1b")
    return {
        "internal": False,
        "loadBalancerType": "application",
        "ipAddressType": "ipv4",
        "subnets": [first.id, second.id],
        "securityGroups": [make_group(bench, vpc).id],
        "idleTimeout": 60,
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "defensive",
        "enableDeletionProtection": False,
    }


def _other_balancer(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    return {
        "idleTimeout": 120,
        "ipAddressType": "dualstack",
        "enableDeletionProtection": True,
        "securityGroups": [make_group(bench, vpc).id],
        "subnets": [make_subnet(bench, vpc).id],
    }


def _idle(cloud: Cloud, made: Made) -> None:
    cloud.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=made.id,
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "5"}],
    )


def _targets(bench: Workbench) -> Properties:
    return {
        "vpcId": make_vpc(bench).id,
        "port": 3000,
        "protocol": "HTTP",
        "targetType": "ip",
        "deregistrationDelay": 20,
        "healthCheck": {
            "path": "/readyz",
            "protocol": "HTTP",
            "port": "traffic-port",
            "matcher": "200",
            "interval": 10,
            "timeout": 5,
            "healthyThreshold": 2,
            "unhealthyThreshold": 3,
        },
    }


def _few_words(bench: Workbench) -> Properties:
    return {
        "vpcId": make_vpc(bench).id,
        "port": 80,
        "protocol": "HTTP",
        "targetType": "ip",
        "healthCheck": {"path": "/"},
    }


def _other_path(cloud: Cloud, made: Made) -> None:
    cloud.client("elbv2").modify_target_group(TargetGroupArn=made.id, HealthCheckPath="/elsewhere")


def _other_interval(cloud: Cloud, made: Made) -> None:
    cloud.client("elbv2").modify_target_group(TargetGroupArn=made.id, HealthCheckIntervalSeconds=77)


def _redirect(bench: Workbench) -> Properties:
    redirect = {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}
    return {
        "loadBalancerArn": make_balancer(bench).id,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [{"type": "redirect", "redirect": redirect}],
    }


def _https(bench: Workbench) -> Properties:
    return {
        "loadBalancerArn": make_balancer(bench).id,
        "port": 443,
        "protocol": "HTTPS",
        "certificateArn": bench.make(CERTIFICATE, {"domainName": "dev.example.com"}).id,
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "defaultActions": [NOT_FOUND],
    }


def _other_policy(bench: Workbench) -> Properties:
    return {
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
        "certificateArn": bench.make(CERTIFICATE, {"domainName": "www.example.com"}).id,
    }


def _other_answer(cloud: Cloud, made: Made) -> None:
    config = {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "Not found"}
    action = {"Type": "fixed-response", "FixedResponseConfig": config}
    cloud.client("elbv2").modify_listener(ListenerArn=made.id, DefaultActions=[action])


def _other_host(cloud: Cloud, made: Made) -> None:
    config = {"Host": "elsewhere.example.com", "Port": "443", "Protocol": "HTTPS", "StatusCode": "HTTP_301"}
    action = {"Type": "redirect", "RedirectConfig": config}
    cloud.client("elbv2").modify_listener(ListenerArn=made.id, DefaultActions=[action])


def _host_rule(bench: Workbench) -> Properties:
    return {
        "listenerArn": make_listener(bench).id,
        "priority": 50000,
        "conditions": [{"hostHeader": {"values": ["dev.example.com", "alice.dev.example.com"]}}],
        "actions": [{"type": "forward", "targetGroupArn": make_targets(bench).id}],
    }


def _path_rule(bench: Workbench) -> Properties:
    rewrite = {"regex": "^/alice/?(.*)$", "replace": "/$1"}
    return {
        **_host_rule(bench),
        "conditions": [{"pathPattern": {"values": ["/alice", "/alice/*"]}}],
        "transforms": [{"type": "url-rewrite", "urlRewriteConfig": {"rewrite": rewrite}}],
    }


def _weighted_rule(bench: Workbench) -> Properties:
    blue, green = make_targets(bench).id, make_targets(bench).id
    groups = [{"arn": blue, "weight": 100}, {"arn": green, "weight": 0}]
    return {**_host_rule(bench), "actions": [{"type": "forward", "forward": {"targetGroups": groups}}]}


def _other_rule(bench: Workbench) -> Properties:
    return {
        "priority": 7,
        "conditions": [{"hostHeader": {"values": ["bob.dev.example.com"]}}],
        "actions": [{"type": "forward", "targetGroupArn": make_targets(bench).id}],
    }


def _other_hosts(cloud: Cloud, made: Made) -> None:
    config = {"Values": ["elsewhere.example.com"]}
    condition = {"Field": "host-header", "HostHeaderConfig": config}
    cloud.client("elbv2").modify_rule(RuleArn=made.id, Conditions=[condition])


def _other_targets(cloud: Cloud, made: Made) -> None:
    groups: Any = cloud.client("elbv2").describe_target_groups()["TargetGroups"]
    weighted = {group["arn"] for group in made.inputs["actions"][0]["forward"]["targetGroups"]}
    other = next(group["TargetGroupArn"] for group in groups if group["TargetGroupArn"] not in weighted)
    action = {"Type": "forward", "TargetGroupArn": other}
    cloud.client("elbv2").modify_rule(RuleArn=made.id, Actions=[action])


def _move_users(cloud: Cloud, made: Made) -> None:
    """As ECS does at the end of a deployment."""
    _, green = made.inputs["actions"][0]["forward"]["targetGroups"]
    action = {"Type": "forward", "TargetGroupArn": green["arn"]}
    cloud.client("elbv2").modify_rule(RuleArn=made.id, Actions=[action])


def _no_rewrite(cloud: Cloud, made: Made) -> None:
    cloud.client("elbv2").modify_rule(RuleArn=made.id, ResetTransforms=True)


def _tag_certificate(cloud: Cloud, made: Made) -> None:
    tags = [{"Key": "By", "Value": "hand"}]
    cloud.client("acm").add_tags_to_certificate(CertificateArn=made.id, Tags=tags)


def _validation(bench: Workbench) -> Properties:
    certificate = bench.make(CERTIFICATE, {"domainName": "dev.example.com", "validationMethod": "DNS"})
    return {"certificateArn": certificate.id, "validationRecordFqdns": ["_proof.dev.example.com"]}


def _proof(bench: Workbench) -> Properties:
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
    return {
        "zoneId": make_zone(bench),
        "name": f"*.{bench.name}.example.com",
        "type": "A",
        "aliases": [target],
    }


def _relative(bench: Workbench) -> Properties:
    return {**_alias(bench), "name": "www", "type": "AAAA"}


def _other_alias(_bench: Workbench) -> Properties:
    return {"aliases": [{"name": "other.elb.amazonaws.com", "zoneId": "Z1", "evaluateTargetHealth": False}]}


def _lead_elsewhere(cloud: Cloud, made: Made) -> None:
    record = {
        "Name": made.outputs["fqdn"],
        "Type": "CNAME",
        "TTL": 300,
        "ResourceRecords": [{"Value": "elsewhere.example.com"}],
    }
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=made.inputs["zoneId"],
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )


_ARN = ("arn", "region")

EXAMPLES = [
    Example(
        BALANCER,
        _balancer,
        update=_other_balancer,
        tamper=_idle,
        tampered="idleTimeout",
        outputs=(*_ARN, "dnsName", "zoneId", "arnSuffix"),
    ),
    Example(
        TARGETS,
        _targets,
        update=lambda _bench: {
            "deregistrationDelay": 60,
            "healthCheck": {"path": "/healthz", "interval": 15},
        },
        tamper=_other_path,
        tampered="healthCheck",
        outputs=(*_ARN, "arnSuffix"),
    ),
    Example(TARGETS, _few_words, tamper=_other_interval, tampered="healthCheck"),
    Example(LISTENER, _redirect, tamper=_other_host, tampered="defaultActions", outputs=_ARN),
    Example(LISTENER, _https, update=_other_policy, tamper=_other_answer, tampered="defaultActions"),
    Example(RULE, _host_rule, update=_other_rule, tamper=_other_hosts, tampered="conditions", outputs=_ARN),
    Example(
        RULE,
        _path_rule,
        update=lambda _bench: {"transforms": None},
        tamper=_no_rewrite,
        tampered="transforms",
    ),
    Example(RULE, _weighted_rule, update=_other_rule, tamper=_other_targets, tampered="actions"),
    Example(RULE, _weighted_rule, tamper=_move_users, tampered="actions"),
    Example(
        CERTIFICATE,
        lambda _bench: {
            "domainName": "dev.example.com",
            "subjectAlternativeNames": ["*.dev.example.com"],
            "validationMethod": "DNS",
        },
        tamper=_tag_certificate,
        tampered="tags",
        outputs=(*_ARN, "domainValidationOptions", "status", "notAfter"),
    ),
    Example(
        "aws:acm/certificateValidation:CertificateValidation",
        _validation,
        survives=True,
        found_again=False,
    ),
    Example(
        RECORD,
        _proof,
        update=lambda _bench: {"ttl": 60, "records": ["_other.acm-validations.aws."]},
        tamper=_lead_elsewhere,
        tampered="records",
        outputs=("fqdn",),
    ),
    Example(RECORD, _alias, update=_other_alias, outputs=("fqdn",)),
    Example(RECORD, _relative, update=_other_alias),
]
