"""What goes wrong reaches the topic: every alarm, and a task that crashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.project import DOMAIN, Project
from tests.integration.test_stack import client, eventually

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("notifications")]

TOPIC = "arn:aws:sns:us-east-1:000000000000:on-call"


class Inbox:
    """A queue that is subscribed to the topic."""

    def __init__(self, project: Project) -> None:
        sns = client(project, "sns")
        self._sqs = client(project, "sqs")
        assert sns.create_topic(Name="on-call")["TopicArn"] == TOPIC
        self._url = self._sqs.create_queue(QueueName="on-call")["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue["Attributes"]["QueueArn"])
        self._got: list[dict[str, Any]] = []

    def messages(self) -> list[dict[str, Any]]:
        """Return all that came until now."""
        while found := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for one in found:
                self._got.append(json.loads(json.loads(one["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=one["ReceiptHandle"])
        return self._got

    def rang(self, state: str) -> set[str]:
        """Return the alarms in that state."""
        return {str(one["AlarmName"]) for one in self.messages() if one.get("NewStateValue") == state}

    def ended(self) -> list[dict[str, Any]]:
        """Return the tasks of which a message came."""
        return [
            one["detail"]
            for one in self.messages()
            if one.get("detail-type") == "ECS Task State Change" and "drill" not in one["detail"]
        ]


@pytest.fixture(scope="module")
def stack(copy_project: Callable[[], Project]) -> Project:
    """A stack that notifies a topic, with a worker that exits on request."""
    project = copy_project()
    project.write(
        "dev",
        domain=DOMAIN,
        nat="none",
        notifications={"topic-arn": TOPIC},
        dashboard=True,
        log_bucket="logs-of-all",
        flow_logs="bucket",
        log_key_arn="arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555",
        interface_endpoints=["ecr.api", "logs"],
        services={"worker": {"exposure": "none"}},
    )
    project.up()
    return project


@pytest.fixture(scope="module")
def inbox(stack: Project) -> Inbox:
    return Inbox(stack)


def test_every_alarm_notifies_the_topic_when_it_starts_and_ends(stack: Project, inbox: Inbox) -> None:
    """Those by which a deployment is taken back do so through the composite one, of which they are a part."""
    cloudwatch = client(stack, "cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    notifying = {one["AlarmName"] for one in alarms["MetricAlarms"] if one["AlarmActions"]}
    (composite,) = (one["AlarmName"] for one in alarms["CompositeAlarms"])
    silent = {one["AlarmName"] for one in alarms["MetricAlarms"]} - notifying

    for state in ("ALARM", "OK"):
        for name in [*notifying, *silent]:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a drill")

    assert len(notifying) == 9, notifying
    assert {name.rpartition("-")[0] for name in silent} == {"web-errors", "web-latency", "web-unhealthy"}
    for state in ("ALARM", "OK"):
        assert eventually(lambda state=state: inbox.rang(state) >= {*notifying, composite}), inbox.messages()
        assert inbox.rang(state) == {*notifying, composite}


def test_a_crashed_task_notifies_the_topic(stack: Project, inbox: Inbox) -> None:
    cluster = stack.outputs()["cluster_arn"]

    run = stack.run("run", "dev", "--service", "worker", "--", "node", "-e", "process.exit(3)")
    good = stack.run("run", "dev", "--service", "worker", "--", "node", "-e", "process.exit(0)")

    assert run.code != 0, run.text
    assert good.code == 0, good.text
    assert eventually(lambda: bool(inbox.ended())), inbox.messages()
    assert [
        (
            one["clusterArn"],
            one["lastStatus"],
            one["stopCode"],
            [part["exitCode"] for part in one["containers"]],
        )
        for one in inbox.ended()
    ] == [(cluster, "STOPPED", "EssentialContainerExited", [3])]


def test_every_event_rule_notifies_the_topic(stack: Project, inbox: Inbox) -> None:
    """Nobody but AWS may send as `aws.ecs`, so each rule listens to a drill meanwhile."""
    cluster = stack.outputs()["cluster_arn"]
    stopped = {"clusterArn": cluster, "lastStatus": "STOPPED"}
    sent = {
        "deployment-failed": ("ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED"}),
        "task-placement-failed": (
            "ECS Service Action",
            {"clusterArn": cluster, "eventName": "SERVICE_TASK_PLACEMENT_FAILURE"},
        ),
        "task-not-started": ("ECS Task State Change", {**stopped, "stopCode": "TaskFailedToStart"}),
        "task-crashed": (
            "ECS Task State Change",
            {**stopped, "stopCode": "EssentialContainerExited", "containers": [{"exitCode": 137}]},
        ),
    }
    events = client(stack, "events")
    rules = {
        one["Name"].removeprefix("on-call-events-").rpartition("-")[0]: one
        for one in events.list_rules()["Rules"]
        if one["Name"].startswith("on-call-events-")
    }
    assert rules.keys() == sent.keys()

    for kind, (meaning, detail) in sent.items():
        rule = {key: rules[kind][key] for key in ("Name", "Description", "EventPattern")}
        drill = {**json.loads(rule["EventPattern"]), "source": ["a-drill"]}
        events.put_rule(**{**rule, "EventPattern": json.dumps(drill)})
        entry = {"Source": "a-drill", "DetailType": meaning, "Detail": json.dumps({**detail, "drill": kind})}
        service = f"{cluster.replace(':cluster/', ':service/')}/web"
        answer = events.put_events(Entries=[{**entry, "Resources": [service]}])
        events.put_rule(**rule)
        assert answer["FailedEntryCount"] == 0, answer

    def drills() -> set[str]:
        return {one["detail"]["drill"] for one in inbox.messages() if "drill" in one.get("detail", ())}

    assert eventually(lambda: drills() == sent.keys()), inbox.messages()


def test_a_second_up_changes_nothing_and_there_is_no_drift(stack: Project) -> None:
    run = stack.up()
    drift = stack.run("drift", "dev")

    assert run.changed == set()
    assert (drift.code, drift.out) == (0, "dev: no drift\n"), drift.text
