"""ECS, IAM, log groups and ECR. Services have no tasks here; test_ecs_service.py has real ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.resources.example import Example, Made, Workbench, by_aws, made_id, one_by_one

if TYPE_CHECKING:
    from local.resources.base import Properties

CLUSTER = "aws:ecs/cluster:Cluster"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PARAMETER = "aws:ssm/parameter:Parameter"
REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_CLUSTER = {"settings": [{"name": "containerInsights", "value": "disabled"}]}
BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"


def policy_text(action: str = "logs:PutLogEvents", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str = "ecs-tasks.amazonaws.com") -> str:
    return policy_text("sts:AssumeRole", Principal={"Service": service})


def make_role(bench: Workbench) -> Made:
    return bench.make(ROLE, {"assumeRolePolicy": trust(), "description": "For a test"})


def role_name(bench: Workbench) -> str:
    return make_role(bench).id


def make_cluster(bench: Workbench) -> Made:
    return bench.make(CLUSTER, _CLUSTER)


def cluster_arn(bench: Workbench) -> str:
    return make_cluster(bench).id


def cluster_name(bench: Workbench) -> str:
    return make_cluster(bench).outputs["name"]


def container(image: str = "localhost/app@sha256:" + "d" * 64, **more: Any) -> Properties:
    return {
        "name": "web",
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": 3000, "protocol": "tcp"}],
        "user": "1000",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"add": [], "drop": ["ALL"]}},
        "stopTimeout": 60,
        "environment": [{"name": "PORT", "value": "3000"}, {"name": "ENVIRONMENT", "value": "dev"}],
        "secrets": [],
        "healthCheck": {"command": ["CMD", "node", "health-check.js"], "interval": 10, "startPeriod": 30},
        **more,
    }


def task_definition(bench: Workbench, *containers: Properties) -> Properties:
    return {
        "family": bench.name,
        "containerDefinitions": json.dumps(containers or (container(),)),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        # Either this value or the replacement's is not this machine's.
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
    }


_ELB = "arn:aws:elasticloadbalancing:us-east-1:000000000000"
_LOAD_BALANCER = {
    "containerName": "web",
    "containerPort": 3000,
    "targetGroupArn": f"{_ELB}:targetgroup/t/0123",
}


def service(bench: Workbench) -> Properties:
    definition = bench.make(TASK_DEFINITION, task_definition(bench))
    return {
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        "cluster": cluster_arn(bench),
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentConfiguration": {"strategy": "ROLLING", "bakeTimeInMinutes": "0"},
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "desiredCount": 0,
        "enableEcsManagedTags": True,
        "enableExecuteCommand": False,
        "forceNewDeployment": True,
        "healthCheckGracePeriodSeconds": 30,
        "loadBalancers": [_LOAD_BALANCER],
        "networkConfiguration": {
            "assignPublicIp": True,
            "securityGroups": ["sg-2", "sg-1"],
            "subnets": ["subnet-1", "subnet-2"],
        },
        "platformVersion": "LATEST",
        "propagateTags": "SERVICE",
        "taskDefinition": definition.outputs["arn"],
    }


_ALARMS = {"alarmNames": ["slow", "broken"], "enable": True, "rollback": True}
_CANARY = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": "5",
    "canaryConfiguration": {"canaryPercent": 25, "canaryBakeTimeInMinutes": "10"},
    "lifecycleHooks": [
        {
            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
            "targetType": "PAUSE",
            "timeoutConfiguration": {"action": "ROLLBACK", "timeoutInMinutes": "30"},
        }
    ],
}


def _two_target_groups(bench: Workbench) -> list[Properties]:
    both = {
        "alternateTargetGroupArn": f"{_ELB}:targetgroup/green/0123",
        "productionListenerRule": f"{_ELB}:listener-rule/app/lb/0/1/2",
        "testListenerRule": f"{_ELB}:listener-rule/app/lb/0/1/3",
        "roleArn": make_role(bench).outputs["arn"],
    }
    return [{**_LOAD_BALANCER, "advancedConfiguration": both}]


def repository_name(bench: Workbench) -> str:
    return bench.make(REPOSITORY, _repository(bench)).id


def policy_arn(bench: Workbench) -> str:
    name, document = f"{bench.name}-{bench.checks}", policy_text(Resource="*")
    made = bench.cloud.client("iam").create_policy(PolicyName=name, PolicyDocument=document)
    return str(made["Policy"]["Arn"])


def _capacity(bench: Workbench) -> Properties:
    return {
        "clusterName": cluster_name(bench),
        "capacityProviders": ["FARGATE_SPOT", "FARGATE"],
        "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    }


def _repository(_bench: Workbench) -> Properties:
    return {
        "imageScanningConfiguration": {"scanOnPush": True},
        "imageTagMutability": "IMMUTABLE",
        "forceDelete": True,
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
    }


def _lifecycle_text(days: int) -> str:
    selection = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countNumber": days,
        "countUnit": "days",
    }
    rule = {"rulePriority": 1, "description": "Old", "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]})


EXAMPLES = [
    Example(
        CLUSTER,
        lambda _: _CLUSTER,
        changes=one_by_one(
            settings=[{"name": "containerInsights", "value": "enabled"}],
            configuration={"executeCommandConfiguration": {"logging": "NONE"}},
        ),
        replacements=({"name": "chosen"},),
        by_hand={
            "settings": by_aws(
                "ecs",
                "update_cluster_settings",
                cluster=made_id,
                settings=[{"name": "containerInsights", "value": "enhanced"}],
            )
        },
    ),
    Example(
        CAPACITY,
        _capacity,
        changes=one_by_one(
            defaultCapacityProviderStrategies=[{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
            capacityProviders=["FARGATE"],
        ),
        replacements=({"clusterName": cluster_name},),
    ),
    Example(
        CAPACITY,
        _capacity,
        by_hand={
            "capacityProviders": by_aws(
                "ecs",
                "put_cluster_capacity_providers",
                cluster=made_id,
                capacityProviders=["FARGATE"],
                defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
            )
        },
    ),
    Example(
        ROLE,
        lambda _: {"assumeRolePolicy": trust(), "description": "For a test", "path": "/tests/"},
        changes=(
            *one_by_one(
                assumeRolePolicy=trust("ecs.amazonaws.com"),
                description="Another",
                maxSessionDuration=7200,
                permissionsBoundary=BOUNDARY,
            ),
            {"permissionsBoundary": f"{BOUNDARY}-2"},
            # MiniStack ignores an empty string, so a description cannot be removed.
            *one_by_one(permissionsBoundary=None, maxSessionDuration=None),
            {"permissionsBoundary": BOUNDARY},
        ),
        replacements=one_by_one(path="/other/", name="chosen"),
        by_hand={
            "assumeRolePolicy": by_aws(
                "iam",
                "update_assume_role_policy",
                RoleName=made_id,
                PolicyDocument=trust("ec2.amazonaws.com"),
            ),
            "permissionsBoundary": by_aws("iam", "delete_role_permissions_boundary", RoleName=made_id),
        },
    ),
    Example(
        ROLE_POLICY,
        lambda bench: {"role": role_name(bench), "policy": policy_text(Resource="*")},
        changes=({"policy": policy_text("logs:CreateLogStream", Resource="*")},),
        replacements=one_by_one(role=role_name, name="chosen"),
        by_hand={
            "policy": by_aws(
                "iam",
                "put_role_policy",
                RoleName=lambda made: made.inputs["role"],
                PolicyName=lambda made: made.inputs["name"],
                PolicyDocument=policy_text("*", Resource="*"),
            )
        },
    ),
    Example(
        ATTACHMENT,
        lambda bench: {"role": role_name(bench), "policyArn": policy_arn(bench)},
        replacements=one_by_one(policyArn=policy_arn, role=role_name),
    ),
    Example(
        LOG_GROUP,
        lambda _: {"retentionInDays": 7},
        changes=(
            *one_by_one(retentionInDays=30, kmsKeyId="arn:aws:kms:us-east-1:000000000000:key/k"),
            *one_by_one(retentionInDays=None, kmsKeyId=None),
            {"retentionInDays": 7},
        ),
        replacements=({"name": "/chosen"},),
        by_hand={"retentionInDays": by_aws("logs", "delete_retention_policy", logGroupName=made_id)},
    ),
    Example(
        PARAMETER,
        lambda _: {"type": "String", "insecureValue": "none", "description": "For a test"},
        changes=one_by_one(insecureValue="some", description="Another", type="StringList"),
        replacements=({"name": "/chosen"},),
        by_hand={
            "insecureValue": by_aws("ssm", "put_parameter", Name=made_id, Value="by hand", Overwrite=True)
        },
    ),
    Example(
        REPOSITORY,
        _repository,
        changes=one_by_one(
            imageScanningConfiguration={"scanOnPush": False},
        ),
        replacements=one_by_one(
            encryptionConfigurations=[{"encryptionType": "KMS", "kmsKey": "alias/k"}], name="chosen"
        ),
        by_hand={
            "imageTagMutability": by_aws(
                "ecr", "put_image_tag_mutability", repositoryName=made_id, imageTagMutability="MUTABLE"
            )
        },
        outputs=("repositoryUrl",),
    ),
    Example(
        LIFECYCLE,
        lambda bench: {"repository": repository_name(bench), "policy": _lifecycle_text(7)},
        replacements=one_by_one(policy=_lifecycle_text(14), repository=repository_name),
        by_hand={
            "policy": by_aws(
                "ecr", "put_lifecycle_policy", repositoryName=made_id, lifecyclePolicyText=_lifecycle_text(1)
            )
        },
    ),
    Example(
        TASK_DEFINITION,
        task_definition,
        replacements=one_by_one(
            cpu="512",
            memory="1024",
            containerDefinitions=json.dumps([container(stopTimeout=30)]),
            ephemeralStorage={"sizeInGib": 30},
            executionRoleArn="arn:aws:iam::000000000000:role/execution",
            family="chosen",
            placementConstraints=[{"type": "memberOf", "expression": "attribute:ecs.os-type == linux"}],
            requiresCompatibilities=["EC2"],
            runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
            taskRoleArn="arn:aws:iam::000000000000:role/task",
            volumes=[{"name": "scratch"}],
        ),
        outputs=("arnWithoutRevision",),
    ),
    Example(
        SERVICE,
        service,
        changes=one_by_one(
            availabilityZoneRebalancing="DISABLED",
            capacityProviderStrategies=[{"capacityProvider": "FARGATE", "weight": 2, "base": 1}],
            deploymentCircuitBreaker={"enable": True, "rollback": False},
            deploymentMaximumPercent=150,
            deploymentMinimumHealthyPercent=50,
            enableExecuteCommand=True,
            healthCheckGracePeriodSeconds=60,
            networkConfiguration={"securityGroups": ["sg-3"], "subnets": ["subnet-1"]},
            propagateTags="TASK_DEFINITION",
            enableEcsManagedTags=False,
            forceNewDeployment=None,
            orderedPlacementStrategies=[{"type": "spread", "field": "instanceId"}],
            placementConstraints=[{"type": "distinctInstance"}],
            platformVersion="1.4.0",
            serviceRegistries={"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/s"},
            sigintRollback=True,
            taskDefinition=lambda bench: bench.make(TASK_DEFINITION, task_definition(bench)).id,
        ),
        replacements=one_by_one(
            cluster=cluster_arn,
            name="chosen",
        ),
        by_hand={
            "healthCheckGracePeriodSeconds": by_aws(
                "ecs",
                "update_service",
                cluster=lambda made: made.inputs["cluster"],
                service=made_id,
                healthCheckGracePeriodSeconds=7,
            )
        },
    ),
    # From rolling to canary, and back.
    Example(
        SERVICE,
        service,
        changes=(
            *one_by_one(alarms=_ALARMS, deploymentConfiguration=_CANARY, loadBalancers=_two_target_groups),
            *one_by_one(
                alarms={"alarmNames": [], "enable": False, "rollback": False},
                deploymentConfiguration={"strategy": "ROLLING"},
                loadBalancers=[_LOAD_BALANCER],
            ),
            {"loadBalancers": None},
        ),
    ),
]
