"""`preview`, `drift` and `refresh`: what an update would change, and what was changed behind its back."""

from __future__ import annotations

from typing import Any

import pytest

from local.resources.cloud import Cloud
from tests.integration import inventory
from tests.integration.project import Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("without tasks")]

STACK = "drift"
SETTINGS: dict[str, Any] = {"multidev": ["alice"], "log_retention_days": 7}


@pytest.fixture
def stack(without_tasks: Project) -> Project:
    """A stack as its update left it; each test leaves the next one the same."""
    without_tasks.write_without_tasks(STACK, **SETTINGS)
    without_tasks.settle(STACK)
    return without_tasks


def logs(project: Project) -> Any:
    return Cloud(project.endpoint).client("logs")


def days(project: Project) -> int | None:
    """How long logs are kept, as AWS says."""
    name = project.outputs(STACK)["log_group_name"]
    (group,) = logs(project).describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return group.get("retentionInDays")


def change_retention(project: Project) -> None:
    logs(project).put_retention_policy(
        logGroupName=project.outputs(STACK)["log_group_name"], retentionInDays=30
    )


def change_desired_count(project: Project, cloud: Cloud) -> None:
    service = project.resource("aws:ecs/service:Service", "web", STACK)["outputs"]
    cloud.client("ecs").update_service(cluster=service["cluster"], service=service["name"], desiredCount=3)


def delete_service(project: Project, cloud: Cloud) -> None:
    service = project.resource("aws:ecs/service:Service", "web-alice", STACK)["outputs"]
    cloud.client("ecs").delete_service(cluster=service["cluster"], service=service["name"], force=True)


def delete_security_group_rule(project: Project, cloud: Cloud) -> None:
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    rule = project.resource(kind, "security-tasks-from-load-balancer-3000", STACK)["outputs"]
    cloud.client("ec2").revoke_security_group_ingress(
        GroupId=rule["securityGroupId"], SecurityGroupRuleIds=[rule["securityGroupRuleId"]]
    )


def change_record(project: Project, cloud: Cloud) -> None:
    record = project.resource("aws:route53/record:Record", "web-ipv4", STACK)["outputs"]
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


def delete_listener_rule(project: Project, cloud: Cloud) -> None:
    rule = project.resource("aws:lb/listenerRule:ListenerRule", "web-alice", STACK)["outputs"]
    cloud.client("elbv2").delete_rule(RuleArn=rule["arn"])


def differences(document: Any) -> set[tuple[str, str, str]]:
    """Kind, logical name and property of each change in a command's JSON."""
    return {
        (change["kind"], change["name"], one["path"].partition("[")[0])
        for change in document["changes"]
        for one in change["differences"] or [{"path": ""}]
    }


def test_drift_is_reported_unchanged_and_corrected_by_up_with_refresh(stack: Project) -> None:
    """All kinds in one: each command reads every resource anyway."""
    cloud, before = Cloud(stack.endpoint), inventory.emulated(stack.endpoint)
    change_retention(stack)
    for change in (
        change_desired_count,
        delete_service,
        delete_security_group_rule,
        change_record,
        delete_listener_rule,
    ):
        change(stack, cloud)
    state, summary = stack.state_file(STACK).read_text(), stack.folder / "summary.md"

    found = stack.run("drift", STACK, "--json", "--summary", str(summary))

    assert found.code == 3, found.err
    assert differences(found.json) == {
        ("update", "web", "desiredCount"),
        ("update", "web-ipv4", "aliases"),
        ("update", "cluster-logs", "retentionInDays"),
        ("delete", "web-alice", ""),
        ("delete", "security-tasks-from-load-balancer-3000", ""),
    }
    assert f"### Drift of `{STACK}`: " in summary.read_text()
    assert (days(stack), stack.state_file(STACK).read_text()) == (30, state), "it only looks"

    stack.done("up", STACK, "--refresh")

    assert days(stack) == 7
    assert inventory.emulated(stack.endpoint) == before
    assert stack.run("drift", STACK).code == 0


def test_refresh_records_drift_and_the_next_up_corrects_it(stack: Project) -> None:
    change_retention(stack)

    refreshed = stack.done("refresh", STACK, "--json")

    assert differences(refreshed.json) == {("update", "cluster-logs", "retentionInDays")}
    group = stack.resource("aws:cloudwatch/logGroup:LogGroup", "cluster-logs", STACK)
    assert group["inputs"]["retentionInDays"] == 30
    assert stack.up(STACK).changed == {"LogGroup cluster-logs"}
    assert days(stack) == 7


def test_preview_shows_a_changed_key_with_its_cost_and_changes_nothing(stack: Project) -> None:
    comment = stack.folder / "comment.md"
    stack.write_without_tasks(STACK, **{**SETTINGS, "log_retention_days": 14})

    run = stack.done("preview", STACK, "--json", "--comment", str(comment))

    (change,) = run.json["changes"]
    assert (change["kind"], change["type"]) == ("update", "aws:cloudwatch/logGroup:LogGroup")
    assert change["differences"] == [{"path": "retentionInDays", "old": "7", "new": "14"}]
    text = comment.read_text()
    assert f"### Preview of `{STACK}`: 1 to update, " in text
    assert "~ aws:cloudwatch:LogGroup cluster-logs\n      retentionInDays: 7 → 14\n" in text
    assert "**Cost:** $" in text
    assert days(stack) == 7


def test_preview_of_an_unchanged_stack_shows_no_changes(stack: Project) -> None:
    assert stack.done("preview", STACK).out.startswith(f"{STACK}: no changes\ncost: $")


def test_a_failed_preview_writes_its_reason_into_the_comment(stack: Project) -> None:
    comment = stack.folder / "failed.md"
    stack.write_without_tasks(STACK, cpu=257)

    run = stack.run("preview", STACK, "--comment", str(comment))

    assert (run.code, "Traceback" in run.err) == (1, False)
    assert f"### Preview of `{STACK}`: failed" in comment.read_text()
    assert "257" in comment.read_text()
