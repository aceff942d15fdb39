"""Load balancers for TCP, files, names, schedules, queues and instances."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.integration.resources.example import Example, Made, Workbench, one_by_one
from tests.integration.resources.examples_load_balancing import (
    BALANCER,
    LISTENER,
    TARGETS,
    certificate_id,
    listener_id,
)
from tests.integration.resources.examples_network import (
    VPC,
    make_group,
    make_subnet,
    make_vpc,
    subnet_id,
    vpc_id,
)
from tests.integration.resources.examples_services import (
    SERVICE,
    TASK_DEFINITION,
    cluster_arn,
    cluster_name,
    container,
    policy_text,
    role_name,
    service,
)

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
GROUP = "aws:autoscaling/group:Group"
NAMESPACE = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
QUEUE = "aws:sqs/queue:Queue"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ROLE_ARN = "arn:aws:iam::000000000000:role/r"
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/k"


def _network_balancer(bench: Workbench) -> Properties:
    vpc = make_vpc(bench)
    first, second = (
        make_subnet(bench, vpc, "10.0.0.0/24"),
        make_subnet(bench, vpc, "10.0.1.0/24", "us-east-1b"),
    )
    return {
        "loadBalancerType": "network",
        "securityGroups": [make_group(bench, vpc).id],
        "subnetMappings": [
            {"subnetId": first.id, "allocationId": "eipalloc-1"},
            {"subnetId": second.id, "allocationId": "eipalloc-2"},
        ],
    }


def network_balancer_id(bench: Workbench) -> str:
    return bench.make(BALANCER, _network_balancer(bench)).id


def _two_subnets(bench: Workbench) -> list[Properties]:
    vpc = make_vpc(bench)
    return [
        {"subnetId": make_subnet(bench, vpc, "10.0.0.0/24").id},
        {"subnetId": make_subnet(bench, vpc, "10.0.1.0/24", "us-east-1b").id},
    ]


def tcp_targets_id(bench: Workbench) -> str:
    return bench.make(TARGETS, _tcp_targets(bench)).id


def _tcp_targets(bench: Workbench) -> Properties:
    return {
        "vpcId": vpc_id(bench),
        "port": 5432,
        "protocol": "TCP",
        "targetType": "ip",
        "deregistrationDelay": 20,
        "healthCheck": {"protocol": "TCP", "interval": 10, "healthyThreshold": 2, "unhealthyThreshold": 2},
    }


def _forward(bench: Workbench) -> list[Properties]:
    return [{"type": "forward", "targetGroupArn": tcp_targets_id(bench)}]


def file_system_id(bench: Workbench) -> str:
    return bench.make(FILE_SYSTEM, {}).id


def namespace_id(bench: Workbench) -> str:
    name = f"{bench.name}-{len(bench.made)}.internal"
    return bench.make(NAMESPACE, {"name": name, "vpc": vpc_id(bench)}).id


def schedule_group(bench: Workbench) -> str:
    return bench.make("aws:scheduler/scheduleGroup:ScheduleGroup", {}).outputs["name"]


def queue_url(bench: Workbench) -> str:
    return bench.make(QUEUE, {}).id


def group_name(bench: Workbench) -> str:
    return bench.make(GROUP, _group(bench)).id


def target(bench: Workbench) -> Properties:
    return {
        "arn": cluster_arn(bench),
        "roleArn": ROLE_ARN,
        "input": json.dumps({"containerOverrides": [{"name": "web", "command": ["node", "report.js"]}]}),
        "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 2},
        "deadLetterConfig": {"arn": "arn:aws:sqs:us-east-1:000000000000:lost"},
        "ecsParameters": {
            "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/t:1",
            "taskCount": 1,
            "propagateTags": "TASK_DEFINITION",
            "capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
            "networkConfiguration": {
                "assignPublicIp": True,
                "securityGroups": ["sg-1"],
                "subnets": ["subnet-1", "subnet-2"],
            },
        },
    }


def _group_beside_the_subnet(bench: Workbench) -> list[str]:
    vpc = next(made for made in bench.made if made.token == VPC)
    return [make_group(bench, vpc).id]


def _group(bench: Workbench) -> Properties:
    template = bench.make(TEMPLATE, _template(bench))
    return {
        "maxSize": 4,
        "minSize": 0,
        "launchTemplate": {"id": template.id, "version": "$Latest"},
        "vpcZoneIdentifiers": ["subnet-1", "subnet-2"],
        "protectFromScaleIn": True,
        "forceDelete": True,
        "tags": [{"key": "AmazonECSManaged", "value": "", "propagateAtLaunch": True}],
    }


def _template(_bench: Workbench) -> Properties:
    return {
        "imageId": "ami-1",
        "instanceType": "t4g.small",
        "iamInstanceProfile": {"arn": "arn:aws:iam::000000000000:instance-profile/p"},
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [
            {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "volumeSize": 30, "volumeType": "gp3"}}
        ],
        "networkInterfaces": [{"associatePublicIpAddress": "false", "securityGroups": ["sg-1"]}],
        "tagSpecifications": [{"resourceType": "instance", "tags": {"Name": "app"}}],
        "userData": "IyEvYmluL3No",
        "updateDefaultVersion": True,
    }


def _instances(bench: Workbench) -> Properties:
    arn = bench.make(GROUP, _group(bench)).outputs["arn"]
    return {
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": arn,
            "managedScaling": {"status": "ENABLED", "targetCapacity": 90},
            "managedTerminationProtection": "ENABLED",
        }
    }


def _managed(memory: int) -> Properties:
    return {
        "infrastructureRoleArn": ROLE_ARN,
        "propagateTags": "CAPACITY_PROVIDER",
        "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/p",
            "networkConfiguration": {"securityGroups": ["sg-1"], "subnets": ["subnet-1"]},
            "storageConfiguration": {"storageSizeGib": 30},
            "instanceRequirements": {"vcpuCount": {"min": 1, "max": 4}, "memoryMib": {"min": memory}},
        },
    }


def _two_containers(bench: Workbench) -> Properties:
    """Return a definition with everything that tasks on instances may have."""
    proxy = {
        "name": "proxy",
        "image": "nginx",
        "cpu": 64,
        "memoryReservation": 64,
        "entryPoint": ["/bin/sh", "-c"],
        "command": ["nginx"],
        "dependsOn": [{"containerName": "web", "condition": "HEALTHY"}],
        "mountPoints": [{"sourceVolume": "files", "containerPath": "/files", "readOnly": True}],
        "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
        "portMappings": [{"containerPort": 80, "hostPort": 0, "name": "http", "appProtocol": "http"}],
        "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket/app.env"}],
        "resourceRequirements": [{"type": "GPU", "value": "1"}],
        "essential": False,
    }
    router = {
        "name": "router",
        "image": "fluent-bit",
        "memory": 64,
        # ECS adds it where it is missing, and each `up` would be a new revision.
        "user": "0",
        "firelensConfiguration": {"type": "fluentbit", "options": {"enable-ecs-log-metadata": "true"}},
    }
    web = container(
        secrets=[{"name": "PASSWORD", "valueFrom": "arn:aws:ssm:us-east-1:000000000000:parameter/p"}],
        linuxParameters={"tmpfs": [{"containerPath": "/tmp", "size": 64, "mountOptions": ["mode=1777"]}]},
        logConfiguration={"logDriver": "awsfirelens", "options": {"Name": "stdout"}},
    )
    efs = {
        "fileSystemId": "fs-1",
        "transitEncryption": "ENABLED",
        "authorizationConfig": {"accessPointId": "fsap-1", "iam": "ENABLED"},
    }
    return {
        "family": bench.name,
        "containerDefinitions": json.dumps([web, proxy, router]),
        "networkMode": "bridge",
        "requiresCompatibilities": ["EC2", "EXTERNAL"],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
        "ephemeralStorage": {"sizeInGib": 40},
        "volumes": [
            {"name": "files", "efsVolumeConfiguration": efs},
            {"name": "host", "hostPath": "/var/lib/app"},
            {"name": "disk", "configureAtLaunch": True},
            {"name": "scratch"},
        ],
    }


def _external(bench: Workbench) -> Properties:
    """Return a service without load balancer on external machines."""
    definition = bench.make(TASK_DEFINITION, _two_containers(bench))
    return {
        "cluster": cluster_arn(bench),
        "desiredCount": 0,
        "launchType": "EXTERNAL",
        "taskDefinition": definition.outputs["arn"],
    }


def _connected(bench: Workbench) -> Properties:
    names = ("healthCheckGracePeriodSeconds", "loadBalancers")
    return {key: value for key, value in service(bench).items() if key not in names}


_CONNECT = {
    "enabled": True,
    "namespace": "arn:aws:servicediscovery:us-east-1:000000000000:namespace/ns-1",
    "services": [
        {
            "portName": "http",
            "discoveryName": "api",
            "clientAlias": [{"dnsName": "api", "port": 3000}],
            "timeout": {"perRequestTimeoutSeconds": 30},
        }
    ],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}},
}
_DISK = {
    "name": "disk",
    "managedEbsVolume": {"roleArn": ROLE_ARN, "sizeInGb": 10, "volumeType": "gp3", "encrypted": True},
}


def _retention_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes={"MessageRetentionPeriod": "70"})


EXAMPLES = [
    Example(
        BALANCER,
        _network_balancer,
        changes=one_by_one(
            enableCrossZoneLoadBalancing=True,
            subnetMappings=_two_subnets,
        ),
        outputs=("arnSuffix",),
    ),
    Example(
        TARGETS,
        _tcp_targets,
        changes=one_by_one(
            connectionTermination=True,
            healthCheck={"protocol": "HTTP", "path": "/readyz", "matcher": "200-399", "interval": 10},
            preserveClientIp="false",
            proxyProtocolV2=True,
            stickiness={"type": "source_ip", "enabled": True},
        ),
        replacements=one_by_one(protocol="UDP", targetType="instance"),
    ),
    Example(
        TARGETS,
        lambda bench: {"vpcId": vpc_id(bench), "port": 3000, "protocol": "HTTP", "protocolVersion": "GRPC"},
        changes=({"stickiness": {"type": "app_cookie", "cookieName": "SESSION", "cookieDuration": 60}},),
    ),
    Example(
        LISTENER,
        lambda bench: {
            "loadBalancerArn": network_balancer_id(bench),
            "port": 5432,
            "protocol": "TCP",
            "defaultActions": _forward(bench),
        },
        changes=(
            {
                "protocol": "TLS",
                "certificateArn": certificate_id,
                "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
                "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=60",
            },
        ),
    ),
    Example(
        "aws:lb/listenerCertificate:ListenerCertificate",
        lambda bench: {"listenerArn": listener_id(bench), "certificateArn": certificate_id(bench)},
        replacements=one_by_one(listenerArn=listener_id, certificateArn=certificate_id),
    ),
    Example(TASK_DEFINITION, _two_containers, replacements=one_by_one(networkMode="host")),
    Example(
        SERVICE,
        _external,
        changes=one_by_one(
            orderedPlacementStrategies=[{"type": "binpack", "field": "cpu"}],
            placementConstraints=[{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
        ),
    ),
    Example(
        SERVICE,
        _connected,
        changes=one_by_one(
            serviceConnectConfiguration=_CONNECT,
            serviceRegistries={"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/s"},
            volumeConfiguration=_DISK,
        ),
    ),
    Example(
        FILE_SYSTEM,
        lambda _: {"encrypted": True},
        changes=(
            {"throughputMode": "elastic"},
            {"lifecyclePolicies": [{"transitionToIa": "AFTER_30_DAYS"}]},
        ),
        replacements=(
            *one_by_one(creationToken="chosen"),
            {"creationToken": None, "encrypted": False},
            {"kmsKeyId": KEY_ARN, "encrypted": True},
        ),
    ),
    Example(
        "aws:efs/accessPoint:AccessPoint",
        lambda bench: {
            "fileSystemId": file_system_id(bench),
            "posixUser": {"uid": 1000, "gid": 1000},
            "rootDirectory": {
                "path": "/data",
                "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "755"},
            },
        },
        replacements=one_by_one(
            fileSystemId=file_system_id,
            posixUser={"uid": 1, "gid": 1, "secondaryGids": [2]},
            rootDirectory={"path": "/"},
        ),
    ),
    Example(
        "aws:efs/backupPolicy:BackupPolicy",
        lambda bench: {"fileSystemId": file_system_id(bench), "backupPolicy": {"status": "ENABLED"}},
        changes=({"backupPolicy": {"status": "DISABLED"}},),
        replacements=({"fileSystemId": file_system_id},),
        survives=True,
    ),
    Example(
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        lambda bench: {"fileSystemId": file_system_id(bench), "policy": policy_text("elasticfilesystem:*")},
        changes=({"policy": policy_text("elasticfilesystem:ClientMount")},),
        replacements=({"fileSystemId": file_system_id},),
    ),
    Example(
        "aws:efs/mountTarget:MountTarget",
        lambda bench: {"fileSystemId": file_system_id(bench), "subnetId": subnet_id(bench)},
        changes=({"securityGroups": _group_beside_the_subnet},),
        replacements=(
            {"subnetId": subnet_id, "securityGroups": None},
            {"fileSystemId": file_system_id},
        ),
    ),
    Example(
        "aws:servicediscovery/httpNamespace:HttpNamespace",
        lambda _: {},
        changes=({"description": "x"},),
        replacements=({"name": "chosen"},),
    ),
    Example(
        NAMESPACE,
        lambda bench: {"name": f"{bench.name}.internal", "vpc": vpc_id(bench)},
        changes=({"description": "x"},),
        replacements=(
            {"name": "chosen.internal"},
            {"name": lambda bench: f"{bench.name}.internal", "vpc": vpc_id},
        ),
    ),
    Example(
        "aws:servicediscovery/service:Service",
        lambda bench: {
            "name": "api",
            "namespaceId": namespace_id(bench),
            "dnsConfig": {
                "namespaceId": "ns-1",
                "routingPolicy": "MULTIVALUE",
                "dnsRecords": [{"type": "A", "ttl": 10}],
            },
            "healthCheckCustomConfig": {"failureThreshold": 1},
        },
        changes=one_by_one(
            description="x",
            dnsConfig={"namespaceId": "ns-1", "dnsRecords": [{"type": "A", "ttl": 60}]},
        ),
        replacements=(
            {"healthCheckCustomConfig": None},
            *one_by_one(name="other", namespaceId=namespace_id, type="HTTP"),
        ),
    ),
    Example(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        lambda _: {},
        replacements=({"name": "chosen"},),
    ),
    Example(
        "aws:scheduler/schedule:Schedule",
        lambda bench: {
            "scheduleExpression": "rate(1 hour)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": target(bench),
        },
        changes=(
            *one_by_one(
                description="x",
                scheduleExpression="cron(0 3 * * ? *)",
                scheduleExpressionTimezone="Europe/Berlin",
                state="DISABLED",
                flexibleTimeWindow={"mode": "FLEXIBLE", "maximumWindowInMinutes": 5},
                target=target,
            ),
            {"description": None},
        ),
        replacements=one_by_one(groupName=schedule_group, name="chosen"),
    ),
    Example(
        QUEUE,
        lambda _: {"messageRetentionSeconds": 1209600, "sqsManagedSseEnabled": True},
        changes=one_by_one(messageRetentionSeconds=60, sqsManagedSseEnabled=False),
        replacements=({"name": "chosen"},),
        by_hand={"messageRetentionSeconds": _retention_by_hand},
    ),
    Example(
        "aws:sqs/queuePolicy:QueuePolicy",
        lambda bench: {"queueUrl": queue_url(bench), "policy": policy_text("sqs:SendMessage", Resource="*")},
        changes=({"policy": policy_text("sqs:*", Resource="*")},),
        replacements=({"queueUrl": queue_url},),
    ),
    Example(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda bench: {"role": role_name(bench)},
        changes=({"role": role_name}, {"role": None}),
        replacements=one_by_one(path="/other/", name="chosen"),
    ),
    Example(
        TEMPLATE,
        _template,
        changes=one_by_one(
            blockDeviceMappings=[{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 60}}],
            description="x",
            iamInstanceProfile={"name": "p"},
            imageId="ami-2",
            instanceType="m7g.large",
            metadataOptions={"httpTokens": "optional"},
            monitoring={"enabled": True},
            networkInterfaces=[{"deviceIndex": 0}],
            tagSpecifications=[{"resourceType": "volume", "tags": {"Name": "disk"}}],
            userData="IyEvYmluL2Jhc2g=",
            instanceRequirements={"vcpuCount": {"min": 1, "max": 4}, "memoryMib": {"min": 1024}},
        ),
        replacements=({"name": "chosen"},),
    ),
    Example(
        GROUP,
        _group,
        changes=one_by_one(
            capacityRebalance=True,
            desiredCapacity=2,
            healthCheckType="ELB",
            maxSize=6,
            minSize=1,
            launchTemplate={"id": "lt-2", "version": "3"},
            mixedInstancesPolicy={
                "launchTemplate": {
                    "launchTemplateSpecification": {"launchTemplateId": "lt-1"},
                    "overrides": [{"instanceType": "t4g.small"}],
                }
            },
            protectFromScaleIn=False,
            tags=[{"key": "Name", "value": "app", "propagateAtLaunch": True}],
            vpcZoneIdentifiers=["subnet-3"],
        ),
        replacements=({"name": "chosen"},),
    ),
    Example(
        "aws:autoscaling/schedule:Schedule",
        lambda bench: {
            "autoscalingGroupName": group_name(bench),
            "scheduledActionName": "evening",
            "minSize": 0,
            "maxSize": 0,
            "desiredCapacity": 0,
            "recurrence": "0 19 * * 1-5",
        },
        changes=one_by_one(
            desiredCapacity=1,
            maxSize=2,
            minSize=1,
            recurrence="0 20 * * *",
            timeZone="Europe/Berlin",
        ),
        replacements=one_by_one(autoscalingGroupName=group_name, scheduledActionName="night"),
    ),
    Example(
        "aws:ecs/capacityProvider:CapacityProvider",
        _instances,
        changes=({"autoScalingGroupProvider": {"autoScalingGroupArn": "arn:aws:autoscaling:2"}},),
        replacements=({"name": "chosen"},),
    ),
    Example(
        "aws:ecs/capacityProvider:CapacityProvider",
        lambda bench: {
            "managedInstancesProvider": _managed(1024),
            "cluster": cluster_name(bench),
        },
        changes=({"managedInstancesProvider": _managed(2048)},),
        replacements=({"cluster": cluster_name},),
    ),
    Example(
        "aws:ssm/activation:Activation",
        lambda bench: {"iamRole": role_name(bench), "registrationLimit": 2},
        replacements=one_by_one(
            description="x",
            expirationDate="2027-01-01T00:00:00Z",
            iamRole=role_name,
            name="rack",
            registrationLimit=5,
        ),
    ),
]
