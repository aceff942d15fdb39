"""For each control a minimal stack that passes it and one that fails it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from policies import containers, load_balancing, network, permissions, storage
from policies.resources import GROUP, SERVICE, SUBNET, Resource


def make(type_: str, name: str = "it", **inputs: Any) -> Resource:
    """Return a resource with the id `<name>-id`."""
    return Resource(type=type_, name=name, inputs=inputs, urn=f"urn::{name}", id=f"{name}-id")


@dataclass(frozen=True)
class Example:
    passes: tuple[Resource, ...]
    fails: tuple[Resource, ...]
    fault: str
    """What the control reports for the resource `it` of the stack that fails."""


def inputs(type_: str, good: dict[str, Any], bad: dict[str, Any], fault: str) -> Example:
    """Two resources with different inputs."""
    return Example((make(type_, **good),), (make(type_, **bad),), fault)


def container(good: dict[str, Any], bad: dict[str, Any], fault: str) -> Example:
    """Two task definitions whose second containers differ."""
    good, bad = (
        {"containerDefinitions": json.dumps([{"name": "app", **good}, {"name": "sidecar", **second}])}
        for second in (good, bad)
    )
    return inputs(containers.DEFINITION, good, bad, f"(it, container sidecar) {fault}")


def statement(type_: str, good: dict[str, Any], bad: dict[str, Any], fault: str) -> Example:
    """Two policies whose statements differ."""
    good, bad = (
        {"policy": json.dumps({"Statement": [{"Effect": "Allow", **elements}]})} for elements in (good, bad)
    )
    return inputs(type_, good, bad, fault)


def other(type_: str, other_type: str, key: str, fault: str, *differing: dict[str, Any]) -> Example:
    """A resource and another one that refers to it by an input.

    `differing` has the other resource's inputs in the stack that passes and in the one that fails; without, it
    refers to something else in the stack that fails.
    """
    good, bad = (
        make(other_type, "other", **{key: "it-id", **inputs}) for inputs in differing or ({}, {key: "x"})
    )
    return Example((make(type_), good), (make(type_), bad), fault)


def _provider(**group: Any) -> tuple[Resource, ...]:
    backing = Resource(type=GROUP, name="group", inputs=group, urn="urn::group", outputs={"arn": "arn:group"})
    managed = {
        "autoScalingGroupArn": "arn:group",
        "managedTerminationProtection": "ENABLED",
        "managedScaling": {"status": "ENABLED"},
    }
    return backing, make(containers.PROVIDER, autoScalingGroupProvider=managed)


def _deny(**elements: Any) -> dict[str, Any]:
    return {"policy": json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", **elements}]})}


def _device(**ebs: Any) -> dict[str, Any]:
    return {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": ebs}]}


def _acl(action: str) -> dict[str, Any]:
    return {"ingress": [{"action": action, "protocol": "-1", "cidrBlock": "0.0.0.0/0"}]}


def _overrides(*overrides: dict[str, Any]) -> dict[str, Any]:
    return {"mixedInstancesPolicy": {"launchTemplate": {"overrides": [*overrides]}}}


_ANYWHERE = {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp"}
_PUBLIC = {"networkConfiguration": {"assignPublicIp": True}}
_PRIVATE = {"networkConfiguration": {"assignPublicIp": False}}
_BACKUPS = {"backupPolicy": {"status": "ENABLED"}}
_PUBLIC_ACCESS: dict[str, Any] = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
_BUCKET = storage.BUCKETS[0]

EXAMPLES: dict[str, Example] = {
    "ECS.2": inputs(SERVICE, _PRIVATE, _PUBLIC, "assigns public addresses to its tasks"),
    "ECS.3": inputs(
        containers.DEFINITION,
        {"pidMode": "task"},
        {"pidMode": "host"},
        "shares the host's process namespace (pidMode host)",
    ),
    "ECS.4": container({"privileged": False}, {"privileged": True}, "is privileged"),
    "ECS.5": container({"readonlyRootFilesystem": True}, {}, "has a writable root file system"),
    "ECS.8": container(
        {"environment": [{"name": "AWS_REGION", "value": "x"}]},
        {"environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]},
        "has AWS_SECRET_ACCESS_KEY in its environment",
    ),
    "ECS.9": container({"logConfiguration": {"logDriver": "awslogs"}}, {}, "has no log driver"),
    "ECS.10": inputs(
        SERVICE,
        {"platformVersion": "LATEST"},
        {"platformVersion": "1.3.0"},
        "uses Fargate platform version 1.3.0",
    ),
    "ECS.12": inputs(
        containers.CLUSTER,
        {"settings": [{"name": "containerInsights", "value": "enhanced"}]},
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        "has no Container Insights",
    ),
    "ECS.16": inputs(containers.TASK_SET, _PRIVATE, _PUBLIC, "assigns public addresses to its tasks"),
    "ECS.18": inputs(
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
    "ECS.20": container({"user": "1000:0"}, {"user": "0:1000"}, "runs as root"),
    "ECS.21": inputs(
        containers.DEFINITION,
        {"runtimePlatform": {"operatingSystemFamily": "LINUX"}},
        {},
        "sets no operating system: Security Hub then assumes Windows",
    ),
    "ECR.1": inputs(
        containers.REPOSITORY,
        {"imageScanningConfiguration": {"scanOnPush": True}},
        {},
        "does not scan images on push",
    ),
    "ECR.2": inputs(
        containers.REPOSITORY,
        {"imageTagMutability": "IMMUTABLE"},
        {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
        "has mutable tags",
    ),
    "ECR.3": other(containers.REPOSITORY, containers.LIFECYCLE, "repository", "has no lifecycle policy"),
    "ELB.1": inputs(
        load_balancing.LISTENER,
        {"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]},
        {"protocol": "HTTP", "port": 80, "defaultActions": [{"type": "forward"}]},
        "serves HTTP on port 80, and does not redirect to HTTPS",
    ),
    "ELB.4": inputs(
        load_balancing.BALANCER, {"dropInvalidHeaderFields": True}, {}, "forwards invalid headers"
    ),
    "ELB.5": inputs(load_balancing.BALANCER, {"accessLogs": {"enabled": True}}, {}, "has no access logs"),
    "ELB.6": inputs(
        load_balancing.BALANCER, {"enableDeletionProtection": True}, {}, "has no deletion protection"
    ),
    "ELB.12": inputs(
        load_balancing.BALANCER,
        {"desyncMitigationMode": "strictest"},
        {"desyncMitigationMode": "monitor"},
        "allows ambiguous requests (monitor)",
    ),
    "ELB.13": inputs(
        load_balancing.BALANCER, {"subnets": ["a", "b"]}, {"subnets": ["a"]}, "is in one zone only"
    ),
    "ELB.16": other(
        load_balancing.BALANCER, load_balancing.ASSOCIATION, "resourceArn", "has no web ACL of AWS WAF"
    ),
    "ELB.17": inputs(
        load_balancing.LISTENER,
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06"},
        {"protocol": "TLS"},
        "has the TLS policy of the provider, which allows TLS 1.0",
    ),
    "ELB.18": inputs(
        load_balancing.LISTENER,
        {"protocol": "HTTP", "defaultActions": [{"type": "redirect"}]},
        {"protocol": "TCP", "port": 5432},
        "listens with TCP on port 5432",
    ),
    "ELB.21": inputs(
        load_balancing.TARGET_GROUP,
        {"healthCheck": {"protocol": "HTTPS"}},
        {"healthCheck": {"protocol": "HTTP"}},
        "checks health over plain HTTP",
    ),
    "ELB.22": inputs(
        load_balancing.TARGET_GROUP,
        {"protocol": "HTTPS"},
        {"protocol": "HTTP"},
        "forwards requests to tasks over plain HTTP",
    ),
    "ACM.1": inputs(
        load_balancing.CERTIFICATE,
        {"validationMethod": "DNS"},
        {"validationMethod": "EMAIL"},
        "is not renewed automatically: it is not validated by DNS",
    ),
    "ACM.2": inputs(load_balancing.CERTIFICATE, {}, {"keyAlgorithm": "RSA_1024"}, "has the key RSA_1024"),
    "WAF.10": inputs(load_balancing.WEB_ACL, {"rules": [{"name": "rate"}]}, {}, "has no rules"),
    "WAF.11": other(load_balancing.WEB_ACL, load_balancing.WEB_ACL_LOGS, "resourceArn", "has no log"),
    "WAF.12": inputs(
        load_balancing.WEB_ACL,
        {"rules": [{"name": "rate", "visibilityConfig": {"cloudwatchMetricsEnabled": True}}]},
        {"rules": [{"name": "rate", "visibilityConfig": {"cloudwatchMetricsEnabled": False}}]},
        "has rules without metrics: rate",
    ),
    "EC2.2": inputs(network.DEFAULT_GROUP, {}, {"ingress": [{"fromPort": 0}]}, "has rules"),
    "EC2.3": inputs(
        network.TEMPLATE,
        _device(encrypted="true"),
        _device(volumeSize=30),
        "has a volume, /dev/xvda, that is not encrypted",
    ),
    "EC2.6": other(network.VPC, network.FLOW_LOG, "vpcId", "has no flow logs"),
    "EC2.8": inputs(
        network.TEMPLATE,
        {"metadataOptions": {"httpTokens": "required"}},
        {"metadataOptions": {"httpTokens": "optional"}},
        "allows instance metadata without a token (IMDSv1)",
    ),
    "EC2.9": inputs(
        network.TEMPLATE,
        {"networkInterfaces": [{"associatePublicIpAddress": "false"}]},
        {"networkInterfaces": [{"associatePublicIpAddress": "true"}]},
        "assigns public addresses to instances",
    ),
    "EC2.15": inputs(
        SUBNET,
        {"mapPublicIpOnLaunch": False},
        {"mapPublicIpOnLaunch": True},
        "assigns public addresses",
    ),
    "EC2.18": inputs(
        network.INGRESS,
        {**_ANYWHERE, "fromPort": 443, "toPort": 443},
        {**_ANYWHERE, "fromPort": 80, "toPort": 443},
        "opens ports 80 to 443 to 0.0.0.0/0",
    ),
    "EC2.19": inputs(
        network.INGRESS,
        {"cidrIpv4": "10.0.0.0/8", "ipProtocol": "-1"},
        {**_ANYWHERE, "fromPort": 8000, "toPort": 9000},
        "opens 8080, 8088, 8888 to 0.0.0.0/0",
    ),
    "EC2.21": inputs(
        network.NETWORK_ACL, _acl("deny"), _acl("allow"), "opens port 22 or 3389 to the internet"
    ),
    "AutoScaling.1": inputs(
        GROUP,
        {"targetGroupArns": ["arn"], "healthCheckType": "ELB"},
        {"targetGroupArns": ["arn"], "healthCheckType": "EC2"},
        "is behind a load balancer and does not use its health checks",
    ),
    "AutoScaling.2": inputs(
        GROUP,
        {"vpcZoneIdentifiers": ["a", "b"]},
        {"vpcZoneIdentifiers": ["a"]},
        "is in one zone only",
    ),
    "AutoScaling.6": inputs(GROUP, _overrides({}, {}), _overrides({}), "has one instance type only"),
    "AutoScaling.9": inputs(
        GROUP,
        {"launchTemplate": {"id": "lt"}},
        {"launchConfiguration": "lc"},
        "has no launch template",
    ),
    "IAM.1": statement(
        permissions.ROLE_POLICY,
        {"Action": "*", "Resource": "arn:aws:s3:::one"},
        {"Action": ["*"], "Resource": "*"},
        "allows every action on every resource",
    ),
    "IAM.21": statement(
        permissions.ROLE_POLICY,
        {"Action": ["s3:GetObject"], "Resource": "*"},
        {"Action": ["logs:CreateLogStream", "s3:*"], "Resource": "*"},
        "allows every action of a service: s3:*",
    ),
    "KMS.1": statement(
        permissions.POLICY,
        {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:1:key/one"},
        {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-east-1:1:key/*"},
        "allows decryption with every key",
    ),
    "KMS.2": statement(
        permissions.ROLE_POLICY,
        {"Action": "kms:GenerateDataKey", "Resource": "*"},
        {"Action": ["kms:Decrypt"], "Resource": ["*"]},
        "allows decryption with every key",
    ),
    "KMS.5": statement(
        permissions.KEY,
        {"Action": "kms:*", "Principal": {"AWS": "arn:aws:iam::1:root"}},
        {"Action": "kms:*", "Principal": {"AWS": "*"}},
        "can be used by anyone",
    ),
    "EFS.1": inputs(storage.FILE_SYSTEM, {"encrypted": True}, {}, "is not encrypted"),
    "EFS.2": other(
        storage.FILE_SYSTEM,
        storage.BACKUPS,
        "fileSystemId",
        "has no automatic backups",
        _BACKUPS,
        {"backupPolicy": {"status": "DISABLED"}},
    ),
    "EFS.3": inputs(
        storage.ACCESS_POINT, {"rootDirectory": {"path": "/a"}}, {}, "exposes the root of the file system"
    ),
    "EFS.4": inputs(storage.ACCESS_POINT, {"posixUser": {"uid": 1000}}, {}, "does not enforce a user"),
    "EFS.6": Example(
        (make(SUBNET, "net"), make(storage.MOUNT_TARGET, subnetId="net-id")),
        (
            make(SUBNET, "net", mapPublicIpOnLaunch=True),
            make(storage.MOUNT_TARGET, subnetId="net-id"),
        ),
        "is in a subnet that assigns public addresses (net)",
    ),
    "EFS.7": other(
        storage.FILE_SYSTEM, storage.BACKUPS, "fileSystemId", "has no automatic backups", _BACKUPS, {}
    ),
    "EFS.8": inputs(storage.FILE_SYSTEM, {"encrypted": True}, {"encrypted": False}, "is not encrypted"),
    "S3.5": other(
        _BUCKET,
        storage.BUCKET_POLICY,
        "bucket",
        "accepts requests without TLS",
        _deny(Condition={"Bool": {"aws:SecureTransport": "false"}}),
        _deny(),
    ),
    "S3.8": other(
        _BUCKET,
        storage.PUBLIC_ACCESS_BLOCK,
        "bucket",
        "does not block public access",
        _PUBLIC_ACCESS,
        {"blockPublicAcls": True},
    ),
    "S3.12": other(
        _BUCKET,
        storage.OWNERSHIP,
        "bucket",
        "has access control lists",
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    "S3.13": other(_BUCKET, storage.LIFECYCLES[0], "bucket", "has no lifecycle configuration"),
    "SQS.1": inputs(storage.QUEUE, {"sqsManagedSseEnabled": True}, {}, "does not configure encryption"),
    "SQS.3": statement(
        permissions.QUEUE_POLICY,
        {"Principal": "*", "Condition": {"ArnEquals": {"aws:SourceArn": "arn"}}},
        {"Principal": "*"},
        "allows anyone to use the queue",
    ),
    "SNS.1": inputs(storage.TOPIC, {"kmsMasterKeyId": "alias/aws/sns"}, {}, "is not encrypted"),
    "SNS.4": statement(
        permissions.TOPIC_POLICY,
        {"Principal": {"Service": "cloudwatch.amazonaws.com"}},
        {"Principal": {"AWS": "*"}},
        "allows anyone to use the topic",
    ),
}
