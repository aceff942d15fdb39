"""Strategies and autoscaling in the local run: what the emulator cannot do must not be in its way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.integration.project import DOMAIN, Project, taken_down

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.configure(multidev=[])
        project.up()
        yield project


@pytest.fixture
def stack(running: Project) -> Project:
    """The dev stack without copies, whatever the test before has made of it."""
    running.configure(multidev=[])
    running.up()
    return running


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{project.emulator_port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def service_of(project: Project, name: str = "web") -> dict[str, Any]:
    """Return what ECS tells; the name has a random end."""
    ecs = client(project, "ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    services = ecs.describe_services(cluster=cluster, services=arns)["services"]
    return next(service for service in services if service["serviceName"].rpartition("-")[0] == name)


def test_a_rolling_service_goes_to_another_strategy_and_back(stack: Project) -> None:
    """Neither the target group nor the rule that users go through is another one."""
    before = service_of(stack)
    stack.configure(multidev=[], rollout={"strategy": "canary"}, alarms={"enabled": True})

    there = stack.up()

    after = service_of(stack)
    asked = after["deploymentConfiguration"]
    assert "Service web" in there.changed
    assert not {"TargetGroup web", "ListenerRule web"} & there.changed
    assert asked["strategy"] == "CANARY"
    assert asked["canaryConfiguration"] == {"canaryPercent": 25, "canaryBakeTimeInMinutes": 10}
    assert len(asked["alarms"]["alarmNames"]) == 6
    assert after["serviceArn"] == before["serviceArn"]
    assert after["loadBalancers"][0]["targetGroupArn"] == before["loadBalancers"][0]["targetGroupArn"]
    assert after["loadBalancers"][0]["advancedConfiguration"]["roleArn"]
    assert stack.get(DOMAIN).status == 200
    assert stack.up().changed == set()

    stack.configure(multidev=[])
    stack.up()

    assert "advancedConfiguration" not in service_of(stack)["loadBalancers"][0]
    assert stack.get(DOMAIN).status == 200


def test_nobody_is_taken_to_a_target_group_without_tasks(stack: Project) -> None:
    """On AWS each deployment moves users to the other target group; here it is done by hand."""
    stack.configure(multidev=[{"name": "carol", "rollout": {"strategy": "canary"}}])
    stack.up()
    group = service_of(stack, "web-carol")["loadBalancers"][0]
    rule, green = (
        group["advancedConfiguration"][key] for key in ("productionListenerRule", "alternateTargetGroupArn")
    )
    elb = client(stack, "elbv2")
    health = elb.describe_target_health(TargetGroupArn=group["targetGroupArn"])
    targets = [item["Target"] for item in health["TargetHealthDescriptions"]]
    elb.register_targets(TargetGroupArn=green, Targets=targets)
    elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "TargetGroupArn": green}])

    again = stack.up()
    stack.configure(multidev=["carol"])
    refused = stack.run("up")

    assert again.changed == set()
    assert refused.code == 1
    assert "web-carol: users are at target group" in refused.text
    assert elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]["TargetGroupArn"] == green
    assert stack.get(f"carol.{DOMAIN}").status == 200


def test_an_alarm_that_rings_already_is_named(stack: Project) -> None:
    """ECS ignores it for all of the deployment, so nobody must count on it."""
    stack.configure(multidev=[], alarms={"enabled": True})
    stack.up()
    cloudwatch = client(stack, "cloudwatch")
    errors = next(
        alarm["AlarmName"]
        for alarm in cloudwatch.describe_alarms()["MetricAlarms"]
        if alarm["AlarmName"].startswith("web-errors")
    )
    cloudwatch.set_alarm_state(AlarmName=errors, StateValue="ALARM", StateReason="a test")

    nothing = stack.up()
    stack.configure(multidev=[], alarms={"enabled": True}, stop_timeout_seconds=31)
    changed = stack.up()

    warning = f"web: {errors} rang before this deployment began"
    assert warning not in nothing.text
    assert warning in changed.text


def test_what_the_autoscaler_did_stays(stack: Project) -> None:
    scaled = {"enabled": True, "min-count": 1, "max-count": 5}
    stack.configure(multidev=[], autoscaling=scaled)
    stack.up()
    service = service_of(stack)
    client(stack, "ecs").update_service(
        cluster=service["clusterArn"], service=service["serviceArn"], desiredCount=2
    )

    nothing = stack.up()
    after_nothing = service_of(stack)["desiredCount"]
    stack.configure(multidev=[], autoscaling=scaled, stop_timeout_seconds=30)
    something = stack.up()
    after_something = service_of(stack)["desiredCount"]
    stack.configure(multidev=[])
    stack.up()

    assert nothing.changed == set()
    assert "Service web" in something.changed
    assert (after_nothing, after_something) == (2, 2)
    # Without autoscaling the count is the configuration's again.
    assert service_of(stack)["desiredCount"] == 1
