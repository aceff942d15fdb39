"""Leftovers of a destroyed stack."""

from __future__ import annotations

from typing import Any

import pytest

from automation.smoke.leftovers import Leftovers, delete_task_definitions, wait_for_leftovers
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.rollout.aws import Answer, Aws, ErrorResponse, FakeClock

TAGS = {"Project": "node-on-ecs", "Stack": "smoke"}
_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
VPC = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-1"
CLUSTER = f"{_ECS}:cluster/cluster-1"
SERVICE = f"{_ECS}:service/cluster-1/web-1"
TASK = f"{_ECS}:task/cluster-1/0123"
REVISION = f"{_ECS}:task-definition/node-on-ecs-smoke-web:1"


def listed(*arns: str) -> dict[str, Any]:
    return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}


def leftovers(time: FakeClock | None = None, **operations: Answer | list[Answer]) -> Leftovers:
    clock = (time or FakeClock()).clock
    return wait_for_leftovers(Aws(**operations), TAGS, seconds=300, clock=clock)


def test_resources_with_all_tags_of_the_stack_are_requested() -> None:
    aws = Aws(get_resources=listed())

    assert wait_for_leftovers(aws, TAGS, seconds=300) == Leftovers()

    assert aws.requests("get_resources")[0]["TagFilters"] == [
        {"Key": "Project", "Values": ["node-on-ecs"]},
        {"Key": "Stack", "Values": ["smoke"]},
    ]


def test_existing_resources_are_returned_after_the_time() -> None:
    time = FakeClock()

    assert leftovers(time, get_resources=listed(VPC)).existing == (VPC,)
    assert 300 <= time.seconds < 330


def test_resources_that_aws_lists_for_a_while_are_waited_for() -> None:
    assert leftovers(get_resources=[listed(VPC), listed(VPC), listed()]) == Leftovers()


@pytest.mark.parametrize(
    ("arn", "answers"),
    [
        (CLUSTER, {"describe_clusters": {"clusters": [{"status": "INACTIVE"}]}}),
        (CLUSTER, {"describe_clusters": {"clusters": []}}),
        (SERVICE, {"describe_services": {"services": [{"status": "INACTIVE"}]}}),
        (SERVICE, {"describe_services": ErrorResponse("ClusterNotFoundException")}),
        (TASK, {"describe_tasks": {"tasks": [{"lastStatus": "STOPPED"}]}}),
        (TASK, {"describe_tasks": ErrorResponse("ClusterNotFoundException")}),
        (REVISION, {"describe_task_definition": {"taskDefinition": {"status": "INACTIVE"}}}),
        (REVISION, {"describe_task_definition": {"taskDefinition": {"status": "DELETE_IN_PROGRESS"}}}),
        (REVISION, {"describe_task_definition": ErrorResponse("ClientException")}),
    ],
)
def test_resources_that_ecs_has_deleted_are_not_existing(arn: str, answers: dict[str, Any]) -> None:
    assert leftovers(get_resources=listed(arn), **answers) == Leftovers(deleted=(arn,))


@pytest.mark.parametrize(
    ("arn", "answers"),
    [
        (CLUSTER, {"describe_clusters": {"clusters": [{"status": "ACTIVE"}]}}),
        (SERVICE, {"describe_services": {"services": [{"status": "DRAINING"}]}}),
        (TASK, {"describe_tasks": {"tasks": [{"lastStatus": "RUNNING"}]}}),
        (REVISION, {"describe_task_definition": {"taskDefinition": {"status": "ACTIVE"}}}),
    ],
)
def test_resources_that_ecs_has_are_existing(arn: str, answers: dict[str, Any]) -> None:
    assert leftovers(get_resources=listed(arn), **answers).existing == (arn,)


def test_only_the_familys_revisions_are_deleted() -> None:
    own = [f"{_ECS}:task-definition/node-on-ecs-smoke-web:{number}" for number in range(1, 13)]
    other = f"{_ECS}:task-definition/node-on-ecs-smoke-web-2:1"
    aws = Aws(
        list_task_definitions={"taskDefinitionArns": [*own, other]},
        deregister_task_definition={},
        delete_task_definitions={},
    )

    assert delete_task_definitions(aws, "node-on-ecs-smoke-web") == 12

    deregistered = [question["taskDefinition"] for question in aws.requests("deregister_task_definition")]
    deleted = [question["taskDefinitions"] for question in aws.requests("delete_task_definitions")]
    assert deregistered == own
    assert [len(batch) for batch in deleted] == [10, 2], "AWS takes ten at once"
