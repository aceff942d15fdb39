"""Destinations of logs and alarms: only AWS can write there, and stacks find them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.bootstrap.conftest import BUCKET as STATE
from tests.unit.bootstrap.conftest import KEY, DeclareAccount, statements
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

S3 = "aws:s3/bucket"
TOPIC = "aws:sns/topic:Topic"
BUCKET = f"node-on-ecs-logs-{ACCOUNT}-{REGION}"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:node-on-ecs-alarms"


def _policy(graph: Graph, token: str) -> dict[str, dict[str, Any]]:
    names = {f"{S3}Policy:BucketPolicy": "logs", "aws:kms/key:Key": "logs"}
    return statements(graph.one(token, names.get(token)).inputs["policy"])


def test_load_balancers_and_log_delivery_can_write_to_the_log_bucket(graph: Graph) -> None:
    policy = _policy(graph, f"{S3}Policy:BucketPolicy")
    objects = f"arn:aws:s3:::{BUCKET}/*/AWSLogs/{ACCOUNT}/*"
    from_this_account = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
    }

    assert policy.keys() == {
        "TlsOnly",
        "ModernTlsOnly",
        "ApplicationLoadBalancers",
        "Deliveries",
        "DeliveriesReadAcl",
        "RequestsForState",
    }
    assert policy["ApplicationLoadBalancers"] == {
        "Sid": "ApplicationLoadBalancers",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": objects,
    }
    assert policy["Deliveries"] == {
        "Sid": "Deliveries",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": objects,
        "Condition": {
            **from_this_account,
            "StringEquals": {"aws:SourceAccount": ACCOUNT, "s3:x-amz-acl": "bucket-owner-full-control"},
        },
    }
    assert (policy["DeliveriesReadAcl"]["Action"], policy["DeliveriesReadAcl"]["Condition"]) == (
        ["s3:GetBucketAcl"],
        from_this_account,
    )


def test_requests_for_the_state_are_logged(graph: Graph) -> None:
    """The log shows who has read secrets."""
    logging = graph.one(f"{S3}Logging:BucketLogging").inputs
    statement = _policy(graph, f"{S3}Policy:BucketPolicy")["RequestsForState"]

    assert logging == {"bucket": STATE, "targetBucket": BUCKET, "targetPrefix": "requests-for-state/"}
    assert statement == {
        "Sid": "RequestsForState",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": f"arn:aws:s3:::{BUCKET}/requests-for-state/*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{STATE}"},
        },
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"log-days": 0},
        {"state-bucket": "elsewhere", "state-key-arn": "arn:aws:kms:us-east-1:111111111111:key/1234"},
    ],
    ids=["without a log bucket", "with the state in another account"],
)
def test_requests_for_the_state_are_not_logged(
    declare_account: DeclareAccount, changes: dict[str, Any]
) -> None:
    graph = declare_account(changes)

    assert graph.all(f"{S3}Logging:BucketLogging") == []
    assert "logging.s3" not in "".join(p.inputs["policy"] for p in graph.all(f"{S3}Policy:BucketPolicy"))


def test_log_bucket_is_private_and_encrypted_with_s3_s_key(graph: Graph) -> None:
    token = f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = graph.one(token, "logs").inputs["rules"]
    block = graph.one(f"{S3}PublicAccessBlock:BucketPublicAccessBlock", "logs").inputs

    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    assert sum(value is True for value in block.values()) == 4
    assert graph.one(f"{S3}:Bucket", "logs").protect


def test_logs_expire(declare_account: DeclareAccount) -> None:
    token = f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = declare_account({"log-days": 90}).one(token, "logs").inputs["rules"]

    assert rule["expiration"] == {"days": 90}


def test_only_alarms_and_events_can_publish_by_tls(graph: Graph) -> None:
    policy = _policy(graph, "aws:sns/topicPolicy:TopicPolicy")

    assert {sid: statement.get("Principal") for sid, statement in policy.items()} == {
        "TlsOnly": "*",
        "Alarms": {"Service": "cloudwatch.amazonaws.com"},
        "Events": {"Service": "events.amazonaws.com"},
    }
    assert policy["TlsOnly"]["Effect"] == "Deny"
    assert {statement["Resource"] for statement in policy.values()} == {TOPIC_ARN}
    assert policy["Alarms"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_topic_is_encrypted_with_a_key_that_publishers_can_use(graph: Graph) -> None:
    """With SNS's AWS managed key CloudWatch cannot publish, without any error."""
    key = graph.one("aws:kms/key:Key", "logs")
    policy = _policy(graph, "aws:kms/key:Key")

    assert graph.one(TOPIC).inputs["kmsMasterKeyId"] == KEY
    assert key.inputs["enableKeyRotation"] is True
    assert key.protect
    for sid in ("Alarms", "Events"):
        assert policy[sid]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert policy["LogGroups"]["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert policy["LogGroups"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"}
    }


def test_alarm_emails_are_subscribed(declare_account: DeclareAccount) -> None:
    graph = declare_account({"alarm-emails": ["on-call@example.com"]})
    subscription = graph.one("aws:sns/topicSubscription:TopicSubscription").inputs

    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "on-call@example.com")
    assert subscription["topic"] == TOPIC_ARN


def test_public_buckets_can_be_blocked_in_the_account(declare_account: DeclareAccount, graph: Graph) -> None:
    token = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"

    assert sum(value is True for value in graph.one(token).inputs.values()) == 4
    assert declare_account({"block-public-buckets": False}).all(token) == []


def test_output_has_the_keys_of_stack_files(graph: Graph) -> None:
    assert graph.exports["stack_keys"] == {
        "node-on-ecs:notifications": {"topic-arn": TOPIC_ARN},
        "node-on-ecs:log-bucket": BUCKET,
        "node-on-ecs:log-key-arn": KEY,
    }


def test_parameters_have_the_meaning_of_the_value_bootstrap(graph: Graph) -> None:
    """infra/bootstrapped.py reads these names."""
    parameters = {
        parameter.inputs["name"]: parameter.inputs["insecureValue"]
        for parameter in graph.all("aws:ssm/parameter:Parameter")
    }

    assert parameters == {
        "/bootstrap/node-on-ecs/log-bucket": BUCKET,
        "/bootstrap/node-on-ecs/log-key-arn": KEY,
        "/bootstrap/node-on-ecs/topic-arn": TOPIC_ARN,
    }


def test_bucket_and_key_are_optional(declare_account: DeclareAccount) -> None:
    graph = declare_account({"log-days": 0, "log-key": False})

    assert graph.names(f"{S3}:Bucket") == ["state"]
    assert graph.names("aws:kms/key:Key") == ["state"]
    assert graph.exports["stack_keys"].keys() == {"node-on-ecs:notifications"}
    assert graph.names("aws:ssm/parameter:Parameter") == ["topic-arn"]
