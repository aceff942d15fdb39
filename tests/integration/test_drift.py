"""What somebody changed by hand in the emulator is shown by `make preview` and mended by `make up`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.resources.cloud import Cloud
from tests.integration import inventory
from tests.integration.project import Project, taken_down

pytestmark = pytest.mark.docker

PREFIX = "node-on-ecs:infra:"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack with one copy of its service; each test changes something that no other does."""
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.write_without_tasks("dev", multidev=["alice"])
        project.up()
        yield project


def outputs_of(project: Project, kind: str, name: str) -> dict[str, Any]:
    resources = json.loads(project.state_file().read_text())["checkpoint"]["latest"]["resources"]
    (found,) = (r for r in resources if r["type"] == kind and r["urn"].endswith(f"::{name}"))
    return found["outputs"]


def change_the_desired_count(project: Project, cloud: Cloud) -> None:
    service = outputs_of(project, "aws:ecs/service:Service", "web")
    cloud.client("ecs").update_service(cluster=service["cluster"], service=service["name"], desiredCount=3)


def delete_a_service(project: Project, cloud: Cloud) -> None:
    service = outputs_of(project, "aws:ecs/service:Service", "web-alice")
    cloud.client("ecs").delete_service(cluster=service["cluster"], service=service["name"], force=True)


def delete_a_security_group_rule(project: Project, cloud: Cloud) -> None:
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    rule = outputs_of(project, kind, "security-tasks-from-load-balancer")
    cloud.client("ec2").revoke_security_group_ingress(
        GroupId=rule["securityGroupId"], SecurityGroupRuleIds=[rule["securityGroupRuleId"]]
    )


def change_a_record(project: Project, cloud: Cloud) -> None:
    record = outputs_of(project, "aws:route53/record:Record", "web-ipv4")
    alias = {
        "HostedZoneId": record["aliases"][0]["zoneId"],
        "DNSName": "elsewhere.us-east-1.elb.amazonaws.com",
        "EvaluateTargetHealth": False,
    }
    changed = {"Name": record["name"], "Type": "A", "AliasTarget": alias}
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=record["zoneId"],
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": changed}]},
    )


def delete_a_listener_rule(project: Project, cloud: Cloud) -> None:
    rule = outputs_of(project, "aws:lb/listenerRule:ListenerRule", "web-alice")
    cloud.client("elbv2").delete_rule(RuleArn=rule["arn"])


def keep_logs_for_ever(project: Project, cloud: Cloud) -> None:
    group = outputs_of(project, "aws:cloudwatch/logGroup:LogGroup", "cluster-logs")
    cloud.client("logs").delete_retention_policy(logGroupName=group["name"])


BY_HAND: list[Callable[[Project, Cloud], None]] = [
    change_the_desired_count,
    delete_a_service,
    delete_a_security_group_rule,
    change_a_record,
    delete_a_listener_rule,
    keep_logs_for_ever,
]


def test_what_was_changed_by_hand_is_shown_and_mended(running: Project) -> None:
    """All in one: each command reads everything back anyway."""
    cloud = Cloud(running.endpoint)
    before = inventory.emulated(running.endpoint)
    for change in BY_HAND:
        change(running, cloud)

    preview = running.run("preview")
    run = running.up()

    assert preview.code == 0, preview.text
    for line in (
        " ~ aws:ecs:Service web was changed by hand\n      desiredCount: 0 → 3\n",
        " ~ aws:route53:Record web-ipv4 was changed by hand\n      aliases: ",
        " ~ aws:cloudwatch:LogGroup cluster-logs was changed by hand\n      retentionInDays: 30 → 0\n",
        " ~ aws:ecs:Service web-alice is gone: it was deleted by hand and will be made anew\n",
        " ~ aws:lb:ListenerRule web-alice is gone: ",
        " ~ aws:vpc:SecurityGroupIngressRule security-tasks-from-load-balancer is gone: ",
    ):
        assert line in preview.text
    assert run.changed == {
        "Service web",
        "Record web-ipv4",
        "LogGroup cluster-logs",
        "Service web-alice",
        "ListenerRule web-alice",
        "SecurityGroupIngressRule security-tasks-from-load-balancer",
    }
    assert inventory.emulated(running.endpoint) == before
    assert running.up().changed == set()
