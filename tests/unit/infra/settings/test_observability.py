"""Notifications, dashboards, logs and alarms: allowed values."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tests.unit.infra.settings_fixtures import SUBNETS, refuses, settings_of

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
ELSEWHERE = "arn:aws:sns:eu-west-1:123456789012:alarms"
NIGHT = {"name": "night", "cron": "0 20 ? * * *", "min-count": 0, "max-count": 0}


@pytest.mark.parametrize(
    ("notifications", "message"),
    [
        ({"topic-arn": "alarms"}, "notifications.topic-arn … the ARN of an SNS topic that is not FIFO"),
        ({"topic-arn": f"{TOPIC}.fifo"}, "notifications.topic-arn … that is not FIFO"),
        ({"topic-arn": ELSEWHERE}, "notifications.topic-arn … one in us-east-1"),
        (
            {"topic-arn": TOPIC, "urgent-topic-arn": ELSEWHERE},
            "notifications.urgent-topic-arn … one in us-east-1",
        ),
        ({"urgent-topic-arn": TOPIC}, "notifications.urgent-topic-arn … only valid together with"),
        ({"topic-arn": TOPIC, "cpu-percent": 101}, "notifications.cpu-percent … 100"),
        ({"topic-arn": TOPIC, "minutes": 0}, "notifications.minutes … 1"),
    ],
)
def test_invalid_notifications_are_refused(notifications: dict[str, Any], message: str) -> None:
    refuses({"notifications": notifications}, message)


@pytest.mark.parametrize(
    ("service", "counts", "scales_to_zero"),
    [
        ({}, range(1, 2), False),
        ({"desired-count": 0}, range(1), False),
        ({"autoscaling": {"enabled": True, "max-count": 3}}, range(1, 4), False),
        ({"autoscaling": {"enabled": True, "max-count": 3, "schedule": [NIGHT]}}, range(4), True),
    ],
)
def test_a_service_sleeps_only_by_its_schedule(
    service: dict[str, Any], counts: range, scales_to_zero: Literal[True, False]
) -> None:
    main = settings_of(service).main

    assert (main.counts, main.scales_to_zero) == (counts, scales_to_zero)


BUCKET = "node-on-ecs-logs"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234"
VPC = {
    "vpc-id": "vpc-0123456789abcdef0",
    "public-subnet-ids": list(SUBNETS[:2]),
    "private-subnet-ids": list(SUBNETS[2:4]),
}


def test_notifications_logs_and_endpoints_are_off_by_default() -> None:
    settings = settings_of({})
    own = settings.observability

    assert (own.notifications.topic_arn, own.log_bucket, own.log_key_arn) == (None, None, None)
    assert (own.flow_logs, settings.network.interface_endpoints) == ("none", ())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"log-bucket": "Logs"}, "log-bucket … the name of an S3 bucket"),
        ({"log-key-arn": "alias/logs"}, "log-key-arn … the ARN of a KMS key"),
        ({"flow-logs": "bucket"}, "flow-logs … or with a `log-bucket`"),
        ({"flow-logs": "s3"}, "flow-logs … one of none, bucket, log-group"),
        ({**VPC, "flow-logs": "log-group"}, "flow-logs … are its owner's"),
        ({**VPC, "interface-endpoints": ["logs"]}, "interface-endpoints … the endpoints of the existing VPC"),
        ({"interface-endpoints": ["s3"]}, "interface-endpoints[0] … S3 has an endpoint always"),
        ({"interface-endpoints": ["logs", "logs"]}, "interface-endpoints[1] … each once"),
    ],
)
def test_invalid_logs_and_endpoints_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_log_bucket_key_and_endpoints_are_accepted() -> None:
    settings = settings_of(
        {
            "log-bucket": BUCKET,
            "log-key-arn": KEY,
            "flow-logs": "bucket",
            "interface-endpoints": ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages"],
        }
    )

    assert (settings.observability.log_bucket, settings.observability.log_key_arn) == (BUCKET, KEY)
    assert len(settings.network.interface_endpoints) == 6
