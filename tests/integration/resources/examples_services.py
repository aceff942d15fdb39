"""ECS, IAM, log groups and ECR; the service has no tasks here, real ones are in test_ecs_service.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.resources.example import Example, Made, Workbench

if TYPE_CHECKING:
    from local.resources.base import Properties
    from local.resources.cloud import Cloud

CLUSTER = "aws:ecs/cluster:Cluster"
CAPACITY = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY = "aws:iam/policy:Policy"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PARAMETER = "aws:ssm/parameter:Parameter"
REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"


def policy_text(action: str = "logs:PutLogEvents", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str = "ecs-tasks.amazonaws.com") -> str:
    return policy_text("sts:AssumeRole", Principal={"Service": service})


def make_role(bench: Workbench) -> Made:
    return bench.make(ROLE, {"assumeRolePolicy": trust(), "description": "For a test"})


def make_cluster(bench: Workbench) -> Made:
    return bench.make(CLUSTER, {"settings": [{"name": "containerInsights", "value": "disabled"}]})


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
        # Of the two, one is not this machine's.
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
    }


def service(bench: Workbench) -> Properties:
    cluster = make_cluster(bench)
    definition = bench.make(TASK_DEFINITION, task_definition(bench))
    return {
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        "cluster": cluster.outputs["arn"],
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentConfiguration": {"strategy": "ROLLING", "bakeTimeInMinutes": "0"},
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "desiredCount": 0,
        "enableEcsManagedTags": True,
        "enableExecuteCommand": False,
        "forceNewDeployment": True,
        "healthCheckGracePeriodSeconds": 30,
        "loadBalancers": [
            {
                "containerName": "web",
                "containerPort": 3000,
                "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/t/0123",
            }
        ],
        "networkConfiguration": {
            "assignPublicIp": True,
            "securityGroups": ["sg-2", "sg-1"],
            "subnets": ["subnet-1", "subnet-2"],
        },
        "platformVersion": "LATEST",
        "propagateTags": "SERVICE",
        "taskDefinition": definition.outputs["arn"],
    }


def _as_canary(bench: Workbench) -> Properties:
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000"
    pause = {
        "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
        "targetType": "PAUSE",
        "timeoutConfiguration": {"action": "ROLLBACK", "timeoutInMinutes": "30"},
    }
    (balancer,) = service(bench)["loadBalancers"]
    return {
        "alarms": {"alarmNames": ["slow", "broken"], "enable": True, "rollback": True},
        "deploymentConfiguration": {
            "strategy": "CANARY",
            "bakeTimeInMinutes": "5",
            "canaryConfiguration": {"canaryPercent": 25, "canaryBakeTimeInMinutes": "10"},
            "lifecycleHooks": [pause],
        },
        "loadBalancers": [
            {
                **balancer,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": f"{arn}:targetgroup/green/0123",
                    "productionListenerRule": f"{arn}:listener-rule/app/lb/0/1/2",
                    "testListenerRule": f"{arn}:listener-rule/app/lb/0/1/3",
                    "roleArn": make_role(bench).outputs["arn"],
                },
            }
        ],
    }


def _canary(bench: Workbench) -> Properties:
    return {**service(bench), **_as_canary(bench)}


def _scale_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("ecs").update_service(
        cluster=made.inputs["cluster"], service=made.id, healthCheckGracePeriodSeconds=7
    )


def _insights_by_hand(cloud: Cloud, made: Made) -> None:
    settings = [{"name": "containerInsights", "value": "enhanced"}]
    cloud.client("ecs").update_cluster_settings(cluster=made.id, settings=settings)


def _capacity_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("ecs").put_cluster_capacity_providers(
        cluster=made.id,
        capacityProviders=["FARGATE"],
        defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    )


def _trust_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("iam").update_assume_role_policy(RoleName=made.id, PolicyDocument=trust("ec2.amazonaws.com"))


def _role_policy_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("iam").put_role_policy(
        RoleName=made.inputs["role"],
        PolicyName=made.inputs["name"],
        PolicyDocument=policy_text("*", Resource="*"),
    )


def _policy_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("iam").create_policy_version(
        PolicyArn=made.id, PolicyDocument=policy_text("*", Resource="*"), SetAsDefault=True
    )


def _retention_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("logs").delete_retention_policy(logGroupName=made.id)


def _mutability_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("ecr").put_image_tag_mutability(repositoryName=made.id, imageTagMutability="MUTABLE")


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


def _lifecycle(bench: Workbench) -> Properties:
    repository = bench.make(REPOSITORY, _repository(bench))
    return {"repository": repository.outputs["name"], "policy": _lifecycle_text(7)}


def _lifecycle_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("ecr").put_lifecycle_policy(repositoryName=made.id, lifecyclePolicyText=_lifecycle_text(1))


def _repository_policy(bench: Workbench) -> Properties:
    repository = bench.make(REPOSITORY, _repository(bench))
    return {
        "repository": repository.outputs["name"],
        "policy": policy_text("ecr:BatchGetImage", Principal="*"),
    }


def _repository_policy_by_hand(cloud: Cloud, made: Made) -> None:
    cloud.client("ecr").set_repository_policy(
        repositoryName=made.id, policyText=policy_text("*", Principal="*")
    )


def _attachment(bench: Workbench) -> Properties:
    policy = bench.make(POLICY, {"policy": policy_text(Resource="*")})
    return {"role": make_role(bench).outputs["name"], "policyArn": policy.outputs["arn"]}


EXAMPLES = [
    Example(
        CLUSTER,
        lambda _: {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        update=lambda _: {"settings": [{"name": "containerInsights", "value": "enabled"}]},
        tamper=_insights_by_hand,
        tampered="settings",
        outputs=("arn", "name"),
    ),
    Example(
        CAPACITY,
        lambda bench: {
            "clusterName": make_cluster(bench).outputs["name"],
            "capacityProviders": ["FARGATE_SPOT", "FARGATE"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        },
        update=lambda _: {
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}]
        },
        tamper=_capacity_by_hand,
        tampered="capacityProviders",
        # Putting the list again does no harm.
        found_again=False,
    ),
    Example(TASK_DEFINITION, task_definition, outputs=("arn", "arnWithoutRevision", "family", "revision")),
    Example(
        SERVICE,
        service,
        update=lambda _: {
            "availabilityZoneRebalancing": "DISABLED",
            "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 2, "base": 1}],
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            "deploymentMaximumPercent": 150,
            "deploymentMinimumHealthyPercent": 50,
            "enableExecuteCommand": True,
            "healthCheckGracePeriodSeconds": 60,
            "networkConfiguration": {"securityGroups": ["sg-3"], "subnets": ["subnet-1"]},
            "propagateTags": "TASK_DEFINITION",
        },
        tamper=_scale_by_hand,
        tampered="healthCheckGracePeriodSeconds",
        outputs=("arn", "name", "cluster", "taskDefinition"),
    ),
    # From rolling to canary, and back.
    Example(SERVICE, service, update=_as_canary),
    Example(
        SERVICE,
        _canary,
        update=lambda bench: {
            "alarms": {"alarmNames": [], "enable": False, "rollback": False},
            "deploymentConfiguration": {"strategy": "ROLLING"},
            "loadBalancers": service(bench)["loadBalancers"],
        },
    ),
    Example(
        ROLE,
        lambda _: {"assumeRolePolicy": trust(), "description": "For a test", "path": "/tests/"},
        update=lambda _: {
            "assumeRolePolicy": trust("ecs.amazonaws.com"),
            "description": "Another",
            "maxSessionDuration": 7200,
            "permissionsBoundary": "arn:aws:iam::000000000000:policy/boundary",
        },
        tamper=_trust_by_hand,
        tampered="assumeRolePolicy",
        outputs=("arn", "name", "uniqueId"),
    ),
    Example(
        ROLE_POLICY,
        lambda bench: {"role": make_role(bench).outputs["name"], "policy": policy_text(Resource="*")},
        update=lambda _: {"policy": policy_text("logs:CreateLogStream", Resource="*")},
        tamper=_role_policy_by_hand,
        tampered="policy",
        outputs=("name", "role", "policy"),
    ),
    Example(ATTACHMENT, _attachment, outputs=("role", "policyArn")),
    Example(
        POLICY,
        lambda _: {"policy": policy_text(Resource="*"), "description": "For a test"},
        update=lambda _: {"policy": policy_text("logs:CreateLogStream", Resource="*")},
        tamper=_policy_by_hand,
        tampered="policy",
        outputs=("arn", "name", "policyId"),
    ),
    Example(
        LOG_GROUP,
        lambda _: {"retentionInDays": 7},
        update=lambda _: {"retentionInDays": 30},
        tamper=_retention_by_hand,
        tampered="retentionInDays",
        outputs=("arn", "name"),
    ),
    Example(
        PARAMETER,
        lambda _: {"type": "String", "insecureValue": "none", "description": "For a test"},
        update=lambda _: {"insecureValue": "some", "description": "Another"},
        tamper=lambda cloud, made: cloud.client("ssm").put_parameter(
            Name=made.id, Value="by hand", Overwrite=True
        ),
        tampered="insecureValue",
        outputs=("arn", "name", "insecureValue"),
    ),
    Example(
        REPOSITORY,
        _repository,
        update=lambda _: {
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
        },
        tamper=_mutability_by_hand,
        tampered="imageTagMutability",
        outputs=("arn", "name", "repositoryUrl", "registryId"),
    ),
    Example(LIFECYCLE, _lifecycle, tamper=_lifecycle_by_hand, tampered="policy"),
    Example(
        REPOSITORY_POLICY,
        _repository_policy,
        update=lambda _: {"policy": policy_text("ecr:GetAuthorizationToken", Principal="*")},
        tamper=_repository_policy_by_hand,
        tampered="policy",
    ),
]
