"""The task definition: size, roles and their permissions."""

from __future__ import annotations

import pytest

from infra.settings import Sidecar, Statement
from infra.settings.sidecars import OpenTelemetry
from tests.unit.infra.factories import LOG_GROUP_ARN, REPOSITORY_ARN, declare_service, image
from tests.unit.infra.fake_cloud import ACCOUNT

POLICY = "aws:iam/rolePolicy:RolePolicy"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf"
PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter"


@pytest.mark.parametrize(("architecture", "name"), [("arm64", "ARM64"), ("x86_64", "X86_64")])
def test_fargate_task_has_the_configured_size_and_processor(architecture: str, name: str) -> None:
    graph = declare_service(cpu=1024, memory=2048, architecture=architecture, ephemeral_storage_gib=100)
    inputs = graph.one(DEFINITION).inputs

    assert (inputs["cpu"], inputs["memory"]) == ("1024", "2048")
    assert inputs["requiresCompatibilities"] == ["FARGATE"]
    assert inputs["networkMode"] == "awsvpc"
    assert inputs["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": name}
    assert inputs["ephemeralStorage"] == {"sizeInGib": 100}


def test_only_ecs_may_assume_the_roles_and_only_for_this_account() -> None:
    """Else another account's tasks could use them."""
    for role in ("web-execution", "web-task"):
        assert declare_service().trust(role) == {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"},
            },
        }


def test_execution_role_and_task_role_are_not_confused() -> None:
    """The app must not get the permissions of ECS, least of all to read secrets."""
    inputs = declare_service().one(DEFINITION).inputs

    assert "role/web-execution" in inputs["executionRoleArn"]
    assert "role/web-task" in inputs["taskRoleArn"]


def test_execution_role_may_pull_this_image_and_write_these_logs() -> None:
    statements = declare_service().statements("web-execution")

    assert statements.keys() == {"Log", "Pull", "LogIn"}
    assert statements["Log"]["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statements["Log"]["Resource"] == f"{LOG_GROUP_ARN}:log-stream:web/*"
    assert statements["Pull"]["Resource"] == REPOSITORY_ARN
    assert statements["LogIn"]["Action"] == "ecr:GetAuthorizationToken"


def test_execution_role_may_pull_the_sidecars_images_from_ecr() -> None:
    agent = image(reference="agent@sha256:1", repository_arn=f"{REPOSITORY_ARN}-agent")
    graph = declare_service(sidecars={"agent": Sidecar(image="agent:1")}, images={"agent": agent})

    assert graph.statements("web-execution")["Pull"]["Resource"] == [
        REPOSITORY_ARN,
        f"{REPOSITORY_ARN}-agent",
    ]


def test_image_of_another_registry_needs_no_permissions_on_ecr() -> None:
    graph = declare_service(images={"web": image(repository_arn=None)})

    assert graph.statements("web-execution").keys() == {"Log"}


@pytest.mark.parametrize(
    ("repository_arn", "has_credentials"),
    [(None, True), (REPOSITORY_ARN, False)],
    ids=["private registry", "ECR"],
)
def test_only_a_private_registry_gets_credentials(
    *, repository_arn: str | None, has_credentials: bool
) -> None:
    graph = declare_service(registry_credentials=SECRET, images={"web": image(repository_arn=repository_arn)})
    credentials = graph.containers("web")["web"].get("repositoryCredentials")

    assert credentials == ({"credentialsParameter": SECRET} if has_credentials else None)
    assert ("ReadSecrets" in graph.statements("web-execution")) is has_credentials


@pytest.mark.parametrize(
    ("reference", "value_from", "resource"),
    [
        (f"{SECRET}:password::", f"{SECRET}:password::", SECRET),
        (f"{SECRET}:user:AWSCURRENT:", f"{SECRET}:user:AWSCURRENT:", SECRET),
        ("secret:db:password", f"{SECRET}:password::", SECRET),
        ("secret:db", SECRET, SECRET),
        (f"{PARAMETER}/app/key", f"{PARAMETER}/app/key", f"{PARAMETER}/app/key"),
        (f"{PARAMETER}/app/key:3", f"{PARAMETER}/app/key:3", f"{PARAMETER}/app/key"),
        ("/app/key:3", f"{PARAMETER}/app/key:3", f"{PARAMETER}/app/key"),
        ("ssm:flat", f"{PARAMETER}/flat", f"{PARAMETER}/flat"),
    ],
)
def test_secret_is_converted_to_its_arn_and_a_permission(
    reference: str, value_from: str, resource: str
) -> None:
    """IAM's ARN has neither the key in a secret nor a version."""
    graph = declare_service(secrets={"VALUE": reference})
    statements = graph.statements("web-execution")
    sid, action = (
        ("ReadSecrets", "secretsmanager:GetSecretValue")
        if ":secret:" in value_from
        else ("ReadParameters", "ssm:GetParameters")
    )

    assert graph.containers("web")["web"]["secrets"] == [{"name": "VALUE", "valueFrom": value_from}]
    assert statements.keys() == {"Log", "Pull", "LogIn", sid}
    assert (statements[sid]["Action"], statements[sid]["Resource"]) == (action, [resource])


def test_references_to_the_same_secret_share_a_permission() -> None:
    secrets = {"USER": f"{SECRET}:user::", "PASSWORD": f"{SECRET}:password::", "B": "/b", "A": "/a"}
    statements = declare_service(secrets=secrets).statements("web-execution")

    assert statements["ReadSecrets"]["Resource"] == [SECRET]
    assert statements["ReadParameters"]["Resource"] == [f"{PARAMETER}/a", f"{PARAMETER}/b"]


def test_execution_role_may_decrypt_with_the_configured_keys() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"
    statement = declare_service(kms_keys=(key,)).statements("web-execution")["DecryptSecrets"]

    assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", [key])


def test_ecs_reads_environment_files_in_s3() -> None:
    graph = declare_service(environment_files=("arn:aws:s3:::config/web.env",))
    statements = graph.statements("web-execution")

    assert graph.containers("web")["web"]["environmentFiles"] == [
        {"type": "s3", "value": "arn:aws:s3:::config/web.env"}
    ]
    assert statements["ReadEnvironmentFiles"]["Resource"] == ["arn:aws:s3:::config/web.env"]
    assert statements["FindEnvironmentFiles"]["Resource"] == ["arn:aws:s3:::config"]


def test_task_role_has_no_permissions_by_default() -> None:
    assert declare_service().names(POLICY) == ["web-execution"]


def test_task_role_has_configured_statements_and_those_of_ecs_exec_before_the_task_starts() -> None:
    """Else the first task, which the circuit breaker counts, could not pull, or its agent would give up."""
    reports = Statement(actions=("s3:GetObject",), resources=("arn:aws:s3:::reports/*",))
    graph = declare_service(execute_command=True, task_role_statements=(reports,))

    assert graph.statements("web-task") == {
        "": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::reports/*"]},
        "ExecuteCommand": {
            "Sid": "ExecuteCommand",
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        },
    }
    assert graph.one(POLICY, "web-task").inputs["role"] == "web-task-1a2b3c4"
    assert graph.names(POLICY) == ["web-execution", "web-task"]
    assert {policy.urn for policy in graph.all(POLICY)} <= graph.one(DEFINITION).dependencies


def test_opentelemetry_collector_may_write_traces_and_metrics() -> None:
    graph = declare_service(opentelemetry=OpenTelemetry())

    assert graph.statements("web-task").keys() == {"Trace", "WriteMetrics"}
