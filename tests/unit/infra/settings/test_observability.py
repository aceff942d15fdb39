"""Who is told, and what is seen: which values there may be."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.unit.infra.settings_fixtures import refuses, settings_of

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
ELSEWHERE = "arn:aws:sns:eu-west-1:123456789012:alarms"


def test_nobody_is_told_unless_a_topic_is_named() -> None:
    assert settings_of({}).observability.notifications.topic_arn is None


@pytest.mark.parametrize(
    ("notifications", "at", "says"),
    [
        ({"topic-arn": "alarms"}, "notifications.topic-arn", "the ARN of an SNS topic that is not FIFO"),
        ({"topic-arn": f"{TOPIC}.fifo"}, "notifications.topic-arn", "that is not FIFO"),
        ({"topic-arn": ELSEWHERE}, "notifications.topic-arn", "a topic in us-east-1"),
        (
            {"topic-arn": TOPIC, "urgent-topic-arn": ELSEWHERE},
            "notifications.urgent-topic-arn",
            "a topic in us-east-1",
        ),
        ({"urgent-topic-arn": TOPIC}, "notifications.urgent-topic-arn", "only beside `topic-arn`"),
        ({"topic-arn": TOPIC, "cpu-percent": 101}, "notifications.cpu-percent", "100"),
        ({"topic-arn": TOPIC, "minutes": 0}, "notifications.minutes", "1"),
    ],
)
def test_a_mistake_is_named(notifications: dict[str, Any], at: str, says: str) -> None:
    refuses({"notifications": notifications}, at, says)


@pytest.mark.parametrize(
    ("service", "counts", "may_sleep"),
    [
        ({}, range(1, 2), False),
        ({"desired-count": 0}, range(1), False),
        ({"autoscaling": {"enabled": True, "max-count": 3}}, range(1, 4), False),
        (
            {
                "autoscaling": {
                    "enabled": True,
                    "max-count": 3,
                    "schedule": [{"name": "night", "cron": "0 20 ? * * *", "min-count": 0, "max-count": 0}],
                }
            },
            range(4),
            True,
        ),
    ],
)
def test_a_service_sleeps_only_by_its_schedule(
    service: dict[str, Any], counts: range, may_sleep: Literal[True, False]
) -> None:
    main = settings_of(service).main

    assert (main.counts, main.may_sleep) == (counts, may_sleep)
