"""The stack dev with real containers: what a change of its file or of the app does to who is served."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.resources.cloud import Cloud
from tests.integration.project import DOMAIN, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]


def eventually(happened: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.2)  # a rollout goes on by itself: nothing tells when it is done but asking
    return False


def client(project: Project, service: Any) -> Any:
    return Cloud(project.endpoint).client(service)


def service_of(project: Project, name: str = "web") -> dict[str, Any]:
    """Return a service as ECS describes it."""
    service = project.resource("aws:ecs/service:Service", name)["outputs"]
    (found,) = client(project, "ecs").describe_services(
        cluster=service["cluster"], services=[service["name"]]
    )["services"]
    return found


def test_the_desired_count_is_the_number_of_tasks_that_answer(dev: Project) -> None:
    dev.configure(multidev=[], desired_count=3)
    more = dev.up()
    instances: set[str] = set()

    def three_answer() -> bool:
        instances.add(dev.get(DOMAIN).json["instance"])
        return len(instances) == 3

    assert more.changed == {"Service web"}
    assert eventually(three_answer), instances

    dev.configure(multidev=[], desired_count=0)
    none = dev.up()

    assert none.changed == {"Service web"}
    assert service_of(dev)["desiredCount"] == 0
    assert eventually(lambda: dev.get(DOMAIN).status == 503)


def test_changed_cpu_and_memory_are_deployed_as_a_new_revision(dev: Project) -> None:
    before = int(dev.get(DOMAIN).json["task"]["revision"])
    dev.configure(multidev=[], cpu=512, memory=1024)

    run = dev.up()

    assert "TaskDefinition web" in run.changed
    assert eventually(lambda: int(dev.get(DOMAIN).json["task"]["revision"]) > before)


def test_a_changed_app_is_deployed_and_its_earlier_version_again(dev: Project) -> None:
    def version() -> str:
        return dev.get(DOMAIN).json["version"]

    before = version()
    dev.change_app("a mistake")
    dev.up()
    changed = version()
    dev.restore_app()
    dev.up()

    assert changed != before
    assert version() == before


def test_a_repository_deleted_by_hand_is_created_and_filled_again(dev: Project) -> None:
    name = dev.resource("aws:ecr/repository:Repository", "app")["outputs"]["name"]
    client(dev, "ecr").delete_repository(repositoryName=name, force=True)

    drift = dev.run("drift", "dev", "--json")
    dev.done("up", "dev", "--refresh")

    assert {("delete", "app"), ("delete", "app-retention")} <= {
        (change["kind"], change["name"]) for change in drift.json["changes"]
    }
    assert dev.get(DOMAIN).status == 200


def test_updates_keep_the_count_that_autoscaling_chose_and_office_hours_stop_nothing_locally(
    dev: Project,
) -> None:
    """The emulator knows no schedule: the service answers at any hour."""
    night = {"name": "evening", "cron": "0 18 ? * * *", "min-count": 0, "max-count": 0}
    day = {"name": "morning", "cron": "0 8 ? * MON-FRI *", "min-count": 1, "max-count": 4}
    hours = {"enabled": True, "cpu-percent": 0, "memory-percent": 0, "schedule": [day, night]}
    dev.configure(multidev=[], autoscaling=hours)
    on = dev.up()
    service = service_of(dev)
    client(dev, "ecs").update_service(
        cluster=service["clusterArn"], service=service["serviceArn"], desiredCount=2
    )

    dev.configure(multidev=[], autoscaling=hours, stop_timeout_seconds=30)
    changed = dev.up()
    chosen, status = service_of(dev)["desiredCount"], dev.get(DOMAIN).status
    dev.configure(multidev=[])
    dev.up()

    assert {name.split()[0] for name in on.changed} == {"Target", "ScheduledAction"}
    assert "Service web" in changed.changed
    assert (chosen, status) == (2, 200)
    # Without autoscaling the count is the configuration's again.
    assert service_of(dev)["desiredCount"] == 1


def test_traffic_is_not_shifted_to_a_target_group_without_tasks(dev: Project) -> None:
    """On AWS each deployment moves users to the other target group; here it is done by hand."""
    dev.configure(multidev=[{"name": "carol", "rollout": {"strategy": "canary"}}])
    dev.up()
    group = service_of(dev, "web-carol")["loadBalancers"][0]
    rule, green = (
        group["advancedConfiguration"][key] for key in ("productionListenerRule", "alternateTargetGroupArn")
    )
    elb = client(dev, "elbv2")
    health = elb.describe_target_health(TargetGroupArn=group["targetGroupArn"])
    targets = [item["Target"] for item in health["TargetHealthDescriptions"]]
    elb.register_targets(TargetGroupArn=green, Targets=targets)
    elb.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "TargetGroupArn": green}])

    dev.configure(multidev=["carol"])
    refused = dev.run("up", "dev", "--refresh")

    assert refused.code == 1
    assert "web-carol: the load balancer routes users to target group" in refused.err
    assert elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"][0]["TargetGroupArn"] == green
    assert dev.get(f"carol.{DOMAIN}").status == 200


def test_every_up_names_an_alarm_that_is_in_alarm(dev: Project) -> None:
    """ECS ignores it for all of the deployment, so nobody must count on it."""
    dev.configure(multidev=[], alarms={"enabled": True})
    dev.up()
    alarm = dev.resource("aws:cloudwatch/metricAlarm:MetricAlarm", "web-errors")["outputs"]["name"]
    client(dev, "cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")

    run = dev.up()

    assert f"web: {alarm} is in alarm. ECS does not roll back for an alarm that was on" in run.err


def test_without_a_domain_copies_are_served_below_their_name(dev: Project) -> None:
    dev.configure("open", like="dev", domain="", zone="", multidev=["alice"])
    try:
        addresses = dev.done("up", "open", "--json").json["addresses"]

        main, alice = (dev.get_url(addresses[name]) for name in ("web", "web-alice"))
        assert main.json["service"] == "web"
        assert alice.json["service"] == "web-alice"
        assert dev.get_url(f"{addresses['web-alice']}/healthz").status == 200
    finally:
        dev.done("down", "open")
