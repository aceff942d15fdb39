"""For each control a stack that passes and one that fails, each as small as it can be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from policies import containers, images, load_balancing, network, permissions, storage
from policies.resources import Resource


def make(type_: str, name: str = "it", **inputs: Any) -> Resource:
    """A resource that others name by `<name>-id`."""
    return Resource(type=type_, name=name, inputs=inputs, urn=f"urn::{name}", id=f"{name}-id")


@dataclass(frozen=True)
class Example:
    passes: tuple[Resource, ...]
    fails: tuple[Resource, ...]
    says: str
    """What the control says of the one that fails."""


def differing(type_: str, good: dict[str, Any], bad: dict[str, Any], says: str) -> Example:
    return Example((make(type_, **good),), (make(type_, **bad),), says)


def _containers(good: dict[str, Any], bad: dict[str, Any], says: str) -> Example:
    """The second of two containers differs."""

    def definition(second: dict[str, Any]) -> dict[str, Any]:
        both = [{"name": "app", **good}, {"name": "sidecar", **second}]
        return {"containerDefinitions": json.dumps(both)}

    return differing(
        containers.DEFINITION, definition(good), definition(bad), f"(it, container sidecar) {says}"
    )


def _policy(type_: str, good: dict[str, Any], bad: dict[str, Any], says: str) -> Example:
    def document(statement: dict[str, Any]) -> dict[str, Any]:
        return {"policy": json.dumps({"Statement": [{"Effect": "Allow", **statement}]})}

    return differing(type_, document(good), document(bad), says)


def _with(main: Resource, other: Resource, says: str) -> Example:
    """The main resource needs the other one."""
    return Example((main, other), (main, make(other.type, "other", **dict.fromkeys(other.inputs, "x"))), says)


_WORLD = {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp"}
_BUCKET = make(storage.BUCKETS[0])
_FILES = make(storage.FILE_SYSTEM, encrypted=True)
_ACL = make(load_balancing.WEB_ACL)
_SERVICE_PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"


def _provider(**group: Any) -> tuple[Resource, ...]:
    backing = Resource(
        type=network.GROUP, name="group", inputs=group, urn="urn::group", outputs={"arn": "arn:group"}
    )
    managed = {
        "autoScalingGroupArn": "arn:group",
        "managedTerminationProtection": "ENABLED",
        "managedScaling": {"status": "ENABLED"},
    }
    return backing, make(_SERVICE_PROVIDER, autoScalingGroupProvider=managed)


def _public_ip(*, given: bool) -> dict[str, Any]:
    return {"networkConfiguration": {"assignPublicIp": given}}


def _statement(**more: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", **more}]})


EXAMPLES: dict[str, Example] = {
    "ECS.2": differing(
        containers.SERVICE,
        _public_ip(given=False),
        _public_ip(given=True),
        "gives its tasks public addresses",
    ),
    "ECS.3": differing(
        containers.DEFINITION,
        {"pidMode": "task"},
        {"pidMode": "host"},
        "shares the host's processes (pidMode host)",
    ),
    "ECS.4": _containers({"privileged": False}, {"privileged": True}, "is privileged"),
    "ECS.5": _containers({"readonlyRootFilesystem": True}, {}, "may write to its root file system"),
    "ECS.8": _containers(
        {"environment": [{"name": "AWS_REGION", "value": "x"}]},
        {"environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]},
        "has AWS_SECRET_ACCESS_KEY in its environment",
    ),
    "ECS.9": _containers({"logConfiguration": {"logDriver": "awslogs"}}, {}, "sends its logs nowhere"),
    "ECS.10": differing(
        containers.SERVICE,
        {"platformVersion": "LATEST"},
        {"platformVersion": "1.3.0"},
        "stays at Fargate's platform version 1.3.0",
    ),
    "ECS.12": differing(
        containers.CLUSTER,
        {"settings": [{"name": "containerInsights", "value": "enhanced"}]},
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        "has no Container Insights",
    ),
    "ECS.16": differing(
        containers.TASK_SET,
        _public_ip(given=False),
        _public_ip(given=True),
        "gives its tasks public addresses",
    ),
    "ECS.18": differing(
        containers.DEFINITION,
        {"volumes": [{"name": "files", "efsVolumeConfiguration": {"transitEncryption": "ENABLED"}}]},
        {"volumes": [{"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]},
        "(volume files) mounts EFS without TLS",
    ),
    "ECS.19": Example(
        _provider(protectFromScaleIn=True),
        _provider(protectFromScaleIn=False),
        "has a group, group, that does not protect its instances",
    ),
    "ECS.20": _containers({"user": "1000:0"}, {"user": "0:1000"}, "runs as root"),
    "ECS.21": differing(
        containers.DEFINITION,
        {"runtimePlatform": {"operatingSystemFamily": "LINUX"}},
        {},
        "names no operating system: Security Hub takes it for Windows, then",
    ),
    "ECR.1": differing(
        images.REPOSITORY,
        {"imageScanningConfiguration": {"scanOnPush": True}},
        {},
        "does not scan what is pushed",
    ),
    "ECR.2": differing(
        images.REPOSITORY,
        {"imageTagMutability": "IMMUTABLE"},
        {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
        "lets a tag move to another image",
    ),
    "ECR.3": _with(
        make(images.REPOSITORY), make(images.LIFECYCLE, repository="it-id"), "keeps its images for ever"
    ),
    "ELB.1": differing(
        load_balancing.LISTENER,
        {"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]},
        {"protocol": "HTTP", "port": 80, "defaultActions": [{"type": "forward"}]},
        "serves by HTTP at port 80, and does not send clients to HTTPS",
    ),
    "ELB.4": differing(
        load_balancing.BALANCER, {"dropInvalidHeaderFields": True}, {}, "passes invalid headers on"
    ),
    "ELB.5": differing(load_balancing.BALANCER, {"accessLogs": {"enabled": True}}, {}, "has no access logs"),
    "ELB.6": differing(
        load_balancing.BALANCER, {"enableDeletionProtection": True}, {}, "can be deleted by one call"
    ),
    "ELB.12": differing(
        load_balancing.BALANCER,
        {"desyncMitigationMode": "strictest"},
        {"desyncMitigationMode": "monitor"},
        "lets ambiguous requests through (monitor)",
    ),
    "ELB.13": differing(
        load_balancing.BALANCER, {"subnets": ["a", "b"]}, {"subnets": ["a"]}, "is in one zone alone"
    ),
    "ELB.17": differing(
        load_balancing.LISTENER,
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06"},
        {"protocol": "TLS"},
        "has the TLS policy of the provider, which speaks TLS 1.0",
    ),
    "ELB.18": differing(
        load_balancing.LISTENER,
        {"protocol": "HTTP", "defaultActions": [{"type": "redirect"}]},
        {"protocol": "TCP", "port": 5432},
        "speaks TCP at port 5432",
    ),
    "ELB.21": differing(
        load_balancing.TARGET_GROUP,
        {"healthCheck": {"protocol": "HTTPS"}},
        {"healthCheck": {"protocol": "HTTP"}},
        "asks for health by HTTP",
    ),
    "ELB.22": differing(
        load_balancing.TARGET_GROUP, {"protocol": "HTTPS"}, {"protocol": "HTTP"}, "reaches tasks by HTTP"
    ),
    "ELB.16": _with(
        make(load_balancing.BALANCER),
        make(load_balancing.ASSOCIATION, "association", resourceArn="it-id"),
        "has no web firewall",
    ),
    "ACM.1": differing(
        load_balancing.CERTIFICATE,
        {"validationMethod": "DNS"},
        {"validationMethod": "EMAIL"},
        "is not renewed by itself: it is proved otherwise than by DNS",
    ),
    "ACM.2": differing(load_balancing.CERTIFICATE, {}, {"keyAlgorithm": "RSA_1024"}, "has the key RSA_1024"),
    "WAF.10": differing(load_balancing.WEB_ACL, {"rules": [{"name": "rate"}]}, {}, "has no rules"),
    "WAF.11": _with(_ACL, make(load_balancing.WEB_ACL_LOGS, "logs", resourceArn="it-id"), "logs nothing"),
    "WAF.12": differing(
        load_balancing.WEB_ACL,
        {"rules": [{"name": "rate", "visibilityConfig": {"cloudwatchMetricsEnabled": True}}]},
        {"rules": [{"name": "rate", "visibilityConfig": {"cloudwatchMetricsEnabled": False}}]},
        "has rules without metrics: rate",
    ),
    "EC2.2": differing(network.DEFAULT_GROUP, {}, {"ingress": [{"fromPort": 0}]}, "has rules"),
    "EC2.3": differing(
        network.TEMPLATE,
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}]},
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30}}]},
        "has a volume, /dev/xvda, that is not encrypted",
    ),
    "EC2.6": _with(make(network.VPC), make(network.FLOW_LOG, "log", vpcId="it-id"), "has no flow logs"),
    "EC2.8": differing(
        network.TEMPLATE,
        {"metadataOptions": {"httpTokens": "required"}},
        {"metadataOptions": {"httpTokens": "optional"}},
        "lets instances ask for metadata without a token (IMDSv1)",
    ),
    "EC2.9": differing(
        network.TEMPLATE,
        {"networkInterfaces": [{"associatePublicIpAddress": "false"}]},
        {"networkInterfaces": [{"associatePublicIpAddress": "true"}]},
        "gives instances public addresses",
    ),
    "EC2.15": differing(
        network.SUBNET,
        {"mapPublicIpOnLaunch": False},
        {"mapPublicIpOnLaunch": True},
        "gives whatever starts there a public address",
    ),
    "EC2.18": differing(
        network.INGRESS,
        {**_WORLD, "fromPort": 443, "toPort": 443},
        {**_WORLD, "fromPort": 80, "toPort": 443},
        "opens ports 80 to 443 to 0.0.0.0/0",
    ),
    "EC2.19": differing(
        network.INGRESS,
        {"cidrIpv4": "10.0.0.0/8", "ipProtocol": "-1"},
        {**_WORLD, "fromPort": 8000, "toPort": 9000},
        "opens 8080, 8088, 8888 to 0.0.0.0/0",
    ),
    "EC2.21": differing(
        network.NETWORK_ACL,
        {"ingress": [{"action": "deny", "protocol": "-1", "cidrBlock": "0.0.0.0/0"}]},
        {"ingress": [{"action": "allow", "protocol": "-1", "cidrBlock": "0.0.0.0/0"}]},
        "opens port 22 or 3389 to the world",
    ),
    "AutoScaling.1": differing(
        network.GROUP,
        {"targetGroupArns": ["arn"], "healthCheckType": "ELB"},
        {"targetGroupArns": ["arn"], "healthCheckType": "EC2"},
        "is behind a load balancer and does not ask for its health checks",
    ),
    "AutoScaling.2": differing(
        network.GROUP,
        {"vpcZoneIdentifiers": ["a", "b"]},
        {"vpcZoneIdentifiers": ["a"]},
        "is in one zone alone",
    ),
    "AutoScaling.6": differing(
        network.GROUP,
        {"mixedInstancesPolicy": {"launchTemplate": {"overrides": [{}, {}]}}},
        {"mixedInstancesPolicy": {"launchTemplate": {"overrides": [{}]}}},
        "can start one type of instances alone",
    ),
    "AutoScaling.9": differing(
        network.GROUP,
        {"launchTemplate": {"id": "lt"}},
        {"launchConfiguration": "lc"},
        "has no launch template",
    ),
    "IAM.1": _policy(
        permissions.ROLE_POLICY,
        {"Action": "*", "Resource": "arn:aws:s3:::one"},
        {"Action": ["*"], "Resource": "*"},
        "allows everything on everything",
    ),
    "IAM.21": _policy(
        permissions.ROLE_POLICY,
        {"Action": ["s3:GetObject"], "Resource": "*"},
        {"Action": ["logs:CreateLogStream", "s3:*"], "Resource": "*"},
        "allows all of a service: s3:*",
    ),
    "KMS.1": _policy(
        permissions.POLICY,
        {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:1:key/one"},
        {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:1:key/*"},
        "decrypts with every key",
    ),
    "KMS.2": _policy(
        permissions.ROLE_POLICY,
        {"Action": "kms:GenerateDataKey", "Resource": "*"},
        {"Action": ["kms:Decrypt"], "Resource": ["*"]},
        "decrypts with every key",
    ),
    "KMS.5": _policy(
        permissions.KEY,
        {"Action": "kms:*", "Principal": {"AWS": "arn:aws:iam::1:root"}},
        {"Action": "kms:*", "Principal": {"AWS": "*"}},
        "can be used by anybody",
    ),
    "EFS.1": differing(storage.FILE_SYSTEM, {"encrypted": True}, {}, "is not encrypted"),
    "EFS.2": Example(
        (_FILES, make(storage.BACKUPS, "b", fileSystemId="it-id", backupPolicy={"status": "ENABLED"})),
        (_FILES, make(storage.BACKUPS, "b", fileSystemId="it-id", backupPolicy={"status": "DISABLED"})),
        "has no backups",
    ),
    "EFS.3": differing(
        storage.ACCESS_POINT, {"rootDirectory": {"path": "/a"}}, {}, "leads to the root of the file system"
    ),
    "EFS.4": differing(storage.ACCESS_POINT, {"posixUser": {"uid": 1000}}, {}, "does not fix the user"),
    "EFS.6": Example(
        (make(network.SUBNET, "net"), make(storage.MOUNT_TARGET, subnetId="net-id")),
        (
            make(network.SUBNET, "net", mapPublicIpOnLaunch=True),
            make(storage.MOUNT_TARGET, subnetId="net-id"),
        ),
        "is in a subnet that gives out public addresses (net)",
    ),
    "EFS.7": Example(
        (_FILES, make(storage.BACKUPS, "b", fileSystemId="it-id", backupPolicy={"status": "ENABLED"})),
        (_FILES,),
        "has no backups",
    ),
    "EFS.8": differing(storage.FILE_SYSTEM, {"encrypted": True}, {"encrypted": False}, "is not encrypted"),
    "S3.5": Example(
        (
            _BUCKET,
            make(
                storage.BUCKET_POLICY,
                "policy",
                bucket="it-id",
                policy=_statement(Condition={"Bool": {"aws:SecureTransport": "false"}}),
            ),
        ),
        (_BUCKET, make(storage.BUCKET_POLICY, "policy", bucket="it-id", policy=_statement())),
        "takes requests without TLS",
    ),
    "S3.8": Example(
        (
            _BUCKET,
            make(
                storage.BLOCKS,
                "blocks",
                bucket="it-id",
                blockPublicAcls=True,
                blockPublicPolicy=True,
                ignorePublicAcls=True,
                restrictPublicBuckets=True,
            ),
        ),
        (_BUCKET, make(storage.BLOCKS, "blocks", bucket="it-id", blockPublicAcls=True)),
        "does not refuse public access",
    ),
    "S3.12": Example(
        (
            _BUCKET,
            make(storage.OWNERSHIP, "owner", bucket="it-id", rule={"objectOwnership": "BucketOwnerEnforced"}),
        ),
        (_BUCKET, make(storage.OWNERSHIP, "owner", bucket="it-id", rule={"objectOwnership": "ObjectWriter"})),
        "has access control lists",
    ),
    "S3.13": _with(
        _BUCKET, make(storage.LIFECYCLES[0], "lifecycle", bucket="it-id"), "keeps its objects for ever"
    ),
    "SQS.1": differing(
        storage.QUEUE, {"sqsManagedSseEnabled": True}, {}, "does not say that it is encrypted"
    ),
    "SQS.3": _policy(
        storage.QUEUE_POLICY,
        {"Principal": "*", "Condition": {"ArnEquals": {"aws:SourceArn": "arn"}}},
        {"Principal": "*"},
        "allows anybody to use it",
    ),
    "SNS.1": differing(storage.TOPIC, {"kmsMasterKeyId": "alias/aws/sns"}, {}, "is not encrypted"),
    "SNS.4": _policy(
        storage.TOPIC_POLICY,
        {"Principal": {"Service": "cloudwatch.amazonaws.com"}},
        {"Principal": {"AWS": "*"}},
        "allows anybody to use it",
    ),
}
