"""Following a deployment to its end: what passes, what fails, and what is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.rollout.clock import Clock
from infra.rollout.follow import follow_all
from infra.rollout.verdict import STAYS_UP_SECONDS
from tests.unit.infra.rollout.aws import (
    NEW,
    NOW,
    OLD,
    Answer,
    Aws,
    Hours,
    Refused,
    by_api,
    deployment,
    lines,
    no_service,
    service,
    service_deployment,
    target,
    task,
    tasks,
)


class Followed:
    """What came of following one service."""

    def __init__(self, aws: Aws, **changes: Any) -> None:
        self.aws = aws
        self.hours = Hours()
        self.said: list[str] = []
        self.warned: list[str] = []
        followed = follow_all(
            aws,  # type: ignore[arg-type]
            [target(**changes)],
            lambda _, progress: self.said.append(progress),
            lambda _, warning: self.warned.append(warning),
            self.hours.clock,
        )
        self.story = asyncio.run(followed).get("web", [])

    @property
    def reason(self) -> str:
        return self.story[0]


def _nothing(*_: Any) -> None:
    pass


def follow(**operations: Answer | list[Answer]) -> Followed:
    return Followed(Aws(**{"describe_services": service(), **tasks(task()), **operations}))


GOOD_END = {"describe_services": service(deployment(NEW, "COMPLETED"))}
GOING_ON = service(deployment(NEW, "IN_PROGRESS"), deployment(OLD, status="ACTIVE", age=9000))


# By the service-deployment API.


ASLEEP = {**service(deployment(desiredCount=0, runningCount=0))["services"][0], "desiredCount": 0}


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_service_that_its_schedule_has_put_to_sleep_is_out_and_said_to_sleep(*, scheduled: bool) -> None:
    """An update at night must neither fail nor look as if somebody had seen the new version run."""
    aws = Aws(
        **{
            "describe_services": {"services": [ASLEEP]},
            **tasks(),
            **by_api(service_deployment("SUCCESSFUL")),
        }
    )

    followed = Followed(aws, scheduled=scheduled)

    assert followed.story == []
    assert [warning.partition(":")[0] for warning in followed.warned] == (
        ["sleeps by its schedule"] if scheduled else []
    )


def test_a_service_that_runs_is_not_said_to_sleep() -> None:
    aws = Aws(**{**GOOD_END, **tasks(task()), **by_api(service_deployment("SUCCESSFUL"))})

    assert Followed(aws, scheduled=True).warned == []


def test_a_deployment_is_followed_until_ecs_says_that_it_succeeded() -> None:
    followed = follow(
        describe_services=[GOING_ON, GOING_ON, service()],
        **by_api(*[service_deployment("PENDING"), service_deployment(), service_deployment("SUCCESSFUL")]),
    )

    assert followed.story == []
    assert len(followed.aws.questions("describe_service_deployments")) == 3


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ROLLBACK_SUCCESSFUL", "ECS went back to the version before: the reason"),
        ("ROLLBACK_FAILED", "ECS gave up, and could not go back to a version before: the reason"),
        ("STOPPED", "the deployment was stopped: the reason"),
    ],
)
def test_every_bad_end_fails_with_ecs_s_reason(status: str, words: str) -> None:
    followed = follow(**by_api(service_deployment(status, statusReason="the reason")))

    assert followed.reason == words


def test_a_rollback_is_waited_for_before_it_is_told() -> None:
    """Who reads that the old version serves again shall find it so."""
    rollback = {"rollback": {"reason": "Service deployment rolled back because of alarms"}}

    followed = follow(
        **by_api(
            service_deployment("IN_PROGRESS"),
            service_deployment("ROLLBACK_IN_PROGRESS", **rollback),
            service_deployment(
                "ROLLBACK_SUCCESSFUL", **rollback, alarms={"triggeredAlarmNames": ["web-5xx", "web-p99"]}
            ),
        )
    )

    assert followed.reason == (
        "ECS went back to the version before: Service deployment rolled back because of alarms: "
        "alarms: web-5xx, web-p99"
    )
    assert any(words.startswith("goes back: ") for words in followed.said)


def test_an_older_deployment_that_succeeded_is_not_taken_for_this_one() -> None:
    """The list may be a moment behind the update: the old success stands there while the new one begins."""
    before = service_deployment("SUCCESSFUL", number=1, age=9000)
    after = service_deployment("ROLLBACK_SUCCESSFUL", number=2, statusReason="unhealthy")

    followed = follow(
        describe_services=[service(deployment(NEW, "IN_PROGRESS")), service(deployment(OLD, "COMPLETED"))],
        **by_api(before, after),
    )

    assert followed.reason.endswith("unhealthy")


def test_a_deployment_of_something_else_takes_its_place() -> None:
    operations = by_api(service_deployment("IN_PROGRESS"), service_deployment("IN_PROGRESS", number=2))
    operations["describe_service_revisions"] = [
        {"serviceRevisions": [{"taskDefinition": NEW}]},
        {"serviceRevisions": [{"taskDefinition": OLD}]},
    ]

    followed = follow(**operations)

    assert followed.reason == (
        "another deployment took its place: ECS was told to run web:6 instead of web:7"
    )
    assert followed.aws.questions("stop_service_deployment") == [], "it is not ours to stop"


def test_the_same_version_deployed_once_more_takes_its_place_too() -> None:
    """It may differ in all but the version: its network, its count, its strategy."""
    followed = follow(
        **by_api(service_deployment("IN_PROGRESS"), service_deployment("IN_PROGRESS", number=2))
    )

    assert "deploy the same version once more" in followed.reason


def test_where_the_api_may_not_be_asked_the_service_itself_is() -> None:
    followed = follow(list_service_deployments=Refused("AccessDeniedException"))

    assert followed.story == []


def test_traffic_and_bake_time_are_told() -> None:
    canary = {
        "lifecycleStage": "PRODUCTION_TRAFFIC_SHIFT",
        "target": {"requestedProductionTrafficWeight": 25.0},
    }
    bake = {"lifecycleStage": "BAKE_TIME"}

    followed = follow(
        describe_services=[*[GOING_ON] * 40, service()],
        **by_api(
            *[service_deployment(**canary) for _ in range(20)],
            *[service_deployment(**bake) for _ in range(20)],
            service_deployment("SUCCESSFUL"),
        ),
    )

    assert followed.said[0] == "1 of 1 tasks run the new version, 25 % of the traffic, bakes for 10 min more"
    assert "1 of 1 tasks run the new version, 25 % of the traffic, bakes for 9 min more" in followed.said
    assert "1 of 1 tasks run the new version, 100 % of the traffic, bakes for 5 min more" in followed.said


def test_the_same_words_are_not_told_over_and_over() -> None:
    followed = follow(
        describe_services=[*[GOING_ON] * 30, service()],
        **by_api(
            *[service_deployment(strategy="ROLLING") for _ in range(30)], service_deployment("SUCCESSFUL")
        ),
    )

    assert len(followed.said) < 15
    assert followed.hours.seconds > 100


@pytest.mark.parametrize("strategy", ["CANARY", "LINEAR", "BLUE_GREEN"])
def test_when_time_is_up_a_deployment_that_nothing_would_end_is_told_to_go_back(strategy: str) -> None:
    def state(question: dict[str, Any]) -> dict[str, Any]:
        stopped = aws.questions("stop_service_deployment")
        status = "ROLLBACK_SUCCESSFUL" if stopped else "IN_PROGRESS"
        return {
            "serviceDeployments": [
                service_deployment(status, strategy=strategy, statusReason="stopped" if stopped else "")
            ]
        }

    aws = Aws(
        **{
            **by_api(service_deployment()),
            **tasks(task()),
            "describe_services": GOING_ON,
            "describe_service_deployments": state,
            "stop_service_deployment": {"serviceDeploymentArn": "arn:of:deployment:1"},
        }
    )
    followed = Followed(aws, seconds=600.0)

    assert aws.questions("stop_service_deployment") == [
        {"serviceDeploymentArn": "arn:of:deployment:1", "stopType": "ROLLBACK"}
    ]
    assert followed.story[:2] == [
        "it is not done after 10 minutes: 1 of 1 tasks run the new version, 100 % of the traffic",
        "ECS went back to the version before: stopped",
    ]


def test_that_it_may_not_be_told_to_go_back_hides_no_reason() -> None:
    aws = Aws(
        describe_services=GOING_ON,
        stop_service_deployment=Refused("AccessDeniedException"),
        **tasks(task()),
        **by_api(service_deployment()),
    )

    followed = Followed(aws, seconds=60.0)

    assert followed.reason.startswith("it is not done after 1 minutes: ")
    assert followed.story[1].startswith("it could not be told to go back, and goes on: ")


def test_when_time_is_up_a_rolling_deployment_is_left_to_its_circuit_breaker() -> None:
    followed = Followed(
        Aws(
            describe_services=GOING_ON,
            **by_api(
                service_deployment(strategy="ROLLING", deploymentCircuitBreaker={"status": "MONITORING"})
            ),
        ),
        seconds=60.0,
    )

    assert followed.reason.startswith("it is not done after 1 minutes: ")
    assert followed.aws.questions("stop_service_deployment") == []


def test_ctrl_c_tells_a_canary_to_go_back() -> None:
    """Nobody would be there to end it: half of the users would stay with a version that nobody watches."""
    aws = Aws(
        describe_services=GOING_ON,
        stop_service_deployment={"serviceDeploymentArn": "arn:of:deployment:1"},
        **tasks(task()),
        **{
            **by_api(service_deployment()),
            "describe_service_deployments": lambda _: {
                "serviceDeployments": [
                    service_deployment(
                        "ROLLBACK_SUCCESSFUL" if aws.questions("stop_service_deployment") else "IN_PROGRESS"
                    )
                ]
            },
        },
    )

    async def interrupted() -> None:
        waiting = asyncio.Event()

        async def sleep(_seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        clock = Clock(sleep=sleep)
        following = asyncio.create_task(follow_all(aws, [target()], _nothing, _nothing, clock))  # type: ignore[arg-type]
        await waiting.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following

    asyncio.run(interrupted())

    assert len(aws.questions("stop_service_deployment")) == 1


def test_tasks_of_a_canary_that_keep_restarting_end_it() -> None:
    """It has no circuit breaker."""
    crashed = [task(number, stopped="Essential container exited") for number in range(3)]

    followed = follow(
        describe_services=GOING_ON,
        stop_service_deployment={},
        **tasks(*crashed),
        **by_api(service_deployment(), service_deployment("ROLLBACK_SUCCESSFUL", statusReason="stopped")),
    )

    assert followed.reason == "its tasks keep restarting: 3 of them ended while this was watched"
    assert followed.story[1] == "ECS went back to the version before: stopped"


def test_what_ended_in_an_earlier_deployment_of_the_same_version_does_not_count() -> None:
    """A second try must not fail for the first one's tasks, which ECS remembers for an hour."""
    crashed = [task(number, stopped="Essential container exited", age=600) for number in range(9)]

    followed = follow(
        describe_services=[GOING_ON, service()],
        **tasks(task(99), *crashed),
        **by_api(service_deployment(age=60), service_deployment("SUCCESSFUL", age=60)),
    )

    assert followed.story == []


def test_a_deployment_that_waits_for_a_person_says_so_and_until_when() -> None:
    hook = {
        "hookId": "pause-1",
        "targetType": "PAUSE",
        "status": "AWAITING_ACTION",
        "expiresAt": datetime(2030, 1, 2, 14, 30, tzinfo=UTC),
        "timeoutAction": "ROLLBACK",
    }
    waits = service_deployment(lifecycleStage="POST_TEST_TRAFFIC_SHIFT", lifecycleHookDetails=[hook])

    followed = follow(
        describe_services=[GOING_ON, service()], **by_api(waits, service_deployment("SUCCESSFUL"))
    )

    assert followed.story == []
    assert (
        "paused at POST_TEST_TRAFFIC_SHIFT until somebody goes on (hook pause-1), else rollback at 14:30 UTC"
        in followed.said[0]
    )


# Alarms that ECS ignores because they ring already.


def alarm(name: str, minutes_before: float) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "StateValue": "ALARM",
        "StateTransitionedTimestamp": NOW - timedelta(seconds=60 + 60 * minutes_before),
    }


def test_an_alarm_that_rang_before_the_deployment_began_is_named() -> None:
    followed = follow_with_alarms(
        ["queue", "web-errors", "all"],
        describe_alarms={
            "MetricAlarms": [alarm("web-errors", minutes_before=5)],
            "CompositeAlarms": [alarm("all", minutes_before=1)],
        },
    )

    (question,) = followed.aws.questions("describe_alarms")
    assert question["AlarmNames"] == ["queue", "web-errors", "all"]
    assert set(question["AlarmTypes"]) == {"MetricAlarm", "CompositeAlarm"}
    assert question["StateValue"] == "ALARM"
    (warning,) = followed.warned
    assert warning.startswith("all, web-errors rang before this deployment began: ")
    assert followed.story == []


def test_an_alarm_that_the_deployment_itself_set_off_is_not_named() -> None:
    """That one ECS listens to."""
    followed = follow_with_alarms(
        ["web-errors"], describe_alarms={"MetricAlarms": [alarm("web-errors", minutes_before=-0.5)]}
    )

    assert followed.warned == []


def test_alarms_that_may_not_be_asked_for_fail_nothing() -> None:
    followed = follow_with_alarms(["web-errors"], describe_alarms=Refused("AccessDenied"))

    assert followed.warned[0].startswith("whether its alarms ring already could not be found out: ")
    assert followed.story == []


def test_without_a_deployment_or_alarms_no_alarm_is_asked_for() -> None:
    unchanged = Followed(Aws(describe_services=service(), **tasks(task())), alarms=["web-errors"])
    changed = follow(describe_services=[GOING_ON, service()])

    assert unchanged.aws.questions("describe_alarms") == []
    assert changed.aws.questions("describe_alarms") == []


def follow_with_alarms(names: list[str], **operations: Answer) -> Followed:
    going_on = [service_deployment(), service_deployment(), service_deployment("SUCCESSFUL")]
    services: list[Answer] = [GOING_ON, GOING_ON, service()]
    return Followed(
        Aws(describe_services=services, **tasks(task()), **by_api(*going_on), **operations),  # type: ignore[arg-type]
        alarms=names,
    )


# By the service itself, as in the emulator.


def test_a_rollout_is_done_when_the_new_version_is_the_primary_and_complete() -> None:
    followed = follow(describe_services=[GOING_ON, GOING_ON, service()])

    assert followed.story == []


def test_a_failed_deployment_is_told_when_the_old_version_is_back() -> None:
    failed = deployment(
        NEW, "FAILED", status="ACTIVE", age=60, rolloutStateReason="circuit breaker", runningCount=0
    )

    followed = follow(
        describe_services=[
            GOING_ON,
            service(failed, deployment(OLD, "IN_PROGRESS", age=9000)),
            service(failed, deployment(OLD, "COMPLETED", age=9000)),
        ]
    )

    assert followed.reason == "ECS went back to the version before: circuit breaker"
    assert followed.said[-1].startswith("goes back")


def test_a_failed_deployment_of_an_earlier_update_does_not_count() -> None:
    """The emulator keeps it in the list for ever."""
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=900)

    followed = follow(describe_services=service(deployment(NEW, "COMPLETED", age=30), failed))

    assert followed.story == []


def test_a_rollback_that_ended_before_the_first_look_is_seen() -> None:
    failed = deployment(NEW, "FAILED", status="ACTIVE", age=60, rolloutStateReason="circuit breaker")

    followed = follow(describe_services=service(deployment(OLD, "COMPLETED", age=10), failed))

    assert followed.reason == "ECS went back to the version before: circuit breaker"


def test_a_first_deployment_that_failed_has_nothing_to_go_back_to() -> None:
    followed = follow(describe_services=service(deployment(NEW, "FAILED", rolloutStateReason="breaker")))

    assert followed.reason == "ECS gave up, and could not go back to a version before: breaker"


def test_a_second_update_that_changes_nothing_fails_again() -> None:
    """There is nothing to deploy: it would pass for unchanged."""
    aws = Aws(describe_services=service(deployment(NEW, "FAILED", rolloutStateReason="breaker", age=3600)))

    assert Followed(aws).reason == Followed(aws).reason != ""


def test_another_version_is_told_by_name() -> None:
    followed = follow(describe_services=service(deployment(OLD)))

    assert "ECS was told to run web:6 instead of web:7" in followed.reason


def test_a_list_that_is_behind_for_a_moment_is_not_taken_for_another_s_deployment() -> None:
    followed = follow(describe_services=[service(deployment(OLD)), no_service(), GOING_ON, service()])

    assert followed.story == []


def test_a_service_that_is_gone_is_told() -> None:
    assert follow(describe_services=no_service()).reason == "ECS does not have this service any more"


def test_tasks_have_to_stay_up_for_a_moment() -> None:
    """In the emulator a first deployment is complete from the start, whatever its tasks do."""
    young = tasks(task(age=0))

    followed = follow(**young)

    assert followed.story == []
    assert STAYS_UP_SECONDS <= followed.hours.seconds < STAYS_UP_SECONDS + 0.1


def test_an_unchanged_service_takes_one_look() -> None:
    followed = follow()

    assert followed.story == []
    assert followed.hours.seconds == 0


def test_a_service_without_tasks_is_fine() -> None:
    followed = follow(describe_services=service(desiredCount=0), **tasks())

    assert followed.story == []


def restarting(*, first: int) -> dict[str, Answer]:
    """A task that ends as soon as it runs, over and over; `first` of them before the first look."""
    ended = [task(number, stopped="Essential container exited") for number in range(first)]

    def list_tasks(question: dict[str, Any]) -> dict[str, Any]:
        if question["desiredStatus"] == "RUNNING":
            ended.append(task(len(ended), stopped="Essential container exited"))
            return {"taskArns": []}
        return {"taskArns": [one["taskArn"] for one in ended]}

    def describe_tasks(question: dict[str, Any]) -> dict[str, Any]:
        return {"tasks": [one for one in ended if one["taskArn"] in question["tasks"]]}

    return {"list_tasks": list_tasks, "describe_tasks": describe_tasks}


def test_tasks_that_keep_restarting_are_told_with_exit_codes_and_last_lines() -> None:
    followed = follow(**restarting(first=1), get_log_events=lines("starting", "no database\n"))

    assert followed.reason == "its tasks keep restarting: 3 of them ended while this was watched"
    assert followed.story[1] == (
        "stopped: task 00000000: Essential container exited; web ended with exit code 3"
    )
    assert followed.story[-2:] == ["  | starting", "  | no database"]


def test_one_task_that_ended_long_ago_is_forgiven() -> None:
    crashed = [task(number, stopped="Essential container exited", age=600) for number in (2, 3, 4)]

    followed = follow(describe_services=service(deployment(age=9000)), **tasks(task(1), *crashed))

    assert followed.story == []


def test_a_big_service_may_lose_more_tasks_than_a_small_one() -> None:
    """As ECS's circuit breaker counts: half of the tasks, three at least."""
    ecs = {
        **restarting(first=0),
        "describe_services": service(desiredCount=20),
    }

    followed = follow(**ecs)

    assert "10 of them ended" in followed.reason


# What it says of a failure.


def test_a_log_that_arrives_late_is_waited_for() -> None:
    followed = follow(
        **restarting(first=0),
        get_log_events=[Refused("ResourceNotFoundException"), lines(), lines("at last")],
    )

    assert followed.story[-1] == "  | at last"


def test_failing_health_checks_are_told() -> None:
    unhealthy = {
        "Target": {"Id": "10.0.0.7", "Port": 3000},
        "TargetHealth": {
            "State": "unhealthy",
            "Reason": "Target.ResponseCodeMismatch",
            "Description": "Health checks failed with these codes: [503]",
        },
    }

    followed = Followed(
        Aws(
            describe_services=GOING_ON,
            describe_target_health={"TargetHealthDescriptions": [unhealthy]},
        ),
        seconds=30.0,
    )

    assert followed.story[-1] == "unhealthy: 10.0.0.7: Health checks failed with these codes: [503]"


def test_a_task_that_failed_its_health_checks_counts_as_one_that_ended() -> None:
    stopped = task(
        1,
        stopped="Task failed ELB health checks in (target-group arn:web)",
        stopCode="ServiceSchedulerInitiated",
        containers=[{"name": "web"}],
    )

    followed = follow(
        describe_services=service(deployment(NEW, "FAILED", rolloutStateReason="breaker")), **tasks(stopped)
    )

    assert followed.story[1] == (
        "stopped: task 00000000: Task failed ELB health checks in (target-group arn:web)"
    )


def test_where_no_task_was_ever_started_the_service_s_events_are_told() -> None:
    event = {"id": "1", "message": "(service web) was unable to place a task"}
    failed = service(deployment(NEW, "FAILED"), events=[event])

    followed = follow(describe_services=failed, **tasks())

    assert followed.story[-1] == "ECS says: (service web) was unable to place a task"


def test_a_failure_is_told_even_if_its_reasons_may_not_be_asked_for() -> None:
    failed = service(deployment(NEW, "FAILED", rolloutStateReason="breaker"))

    followed = follow(describe_services=failed, list_tasks=Refused("AccessDeniedException", "not you"))

    assert "breaker" in followed.reason
    assert "more could not be found out: " in followed.story[1]


def test_aws_that_cannot_be_asked_is_a_failure_that_says_so() -> None:
    followed = follow(describe_services=EndpointConnectionError(endpoint_url="https://ecs"))

    assert followed.reason.startswith("it could not be followed: Could not connect to the endpoint URL")


# Several at once.


def test_ten_services_wait_no_longer_than_one() -> None:
    """Nobody goes on before all ten have looked and wait: one after the other, the first would wait for ever."""

    async def ten() -> dict[str, list[str]]:
        all_wait = asyncio.Barrier(10)

        async def sleep(_seconds: float) -> None:
            await all_wait.wait()

        aws = Aws(**tasks(task()), describe_services=_per_service([GOING_ON, service()]))
        targets = [target(f"web-{number}") for number in range(10)]
        following = follow_all(aws, targets, _nothing, _nothing, Clock(sleep=sleep))  # type: ignore[arg-type]
        return await asyncio.wait_for(following, timeout=20)

    assert asyncio.run(ten()) == {}


def test_all_that_failed_are_named_and_no_others() -> None:
    broken = service(deployment(NEW, "FAILED", rolloutStateReason="breaker"))
    aws = Aws(
        **tasks(task()),
        describe_services=lambda question: service() if question["services"] == ["b-1a2b3c4"] else broken,
    )
    targets = [target(name) for name in ("a", "b", "c")]

    stories = asyncio.run(follow_all(aws, targets, _nothing, _nothing, Hours().clock))  # type: ignore[arg-type]

    assert list(stories) == ["a", "c"]


def _per_service(answers: list[dict[str, Any]]) -> Any:
    left: dict[str, list[dict[str, Any]]] = {}

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        mine = left.setdefault(question["services"][0], list(answers))
        return mine.pop(0) if len(mine) > 1 else mine[0]

    return answer
