"""Where logs and alarms go: AWS alone writes there, and what stacks need to say is told."""

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


def test_load_balancers_and_aws_s_delivery_write_below_the_prefix_of_a_stack(graph: Graph) -> None:
    policy = _policy(graph, f"{S3}Policy:BucketPolicy")
    objects = f"arn:aws:s3:::{BUCKET}/*/AWSLogs/{ACCOUNT}/*"
    here = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
    }

    assert policy.keys() == {
        "TlsOnly",
        "ModernTlsOnly",
        "ApplicationLoadBalancers",
        "Deliveries",
        "DeliveriesLook",
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
            **here,
            "StringEquals": {"aws:SourceAccount": ACCOUNT, "s3:x-amz-acl": "bucket-owner-full-control"},
        },
    }
    assert (policy["DeliveriesLook"]["Action"], policy["DeliveriesLook"]["Condition"]) == (
        ["s3:GetBucketAcl"],
        here,
    )


def test_requests_for_the_state_are_logged(graph: Graph) -> None:
    """By them one finds out who has read a secret."""
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
        {
            "state-bucket": "elsewhere",
            "state-key-arn": "arn:aws:kms:us-east-1:111111111111:key/1234",
        },
    ],
    ids=["without a log bucket", "with the state in another account"],
)
def test_nothing_is_logged_of_a_bucket_that_is_another_s_or_has_no_place_for_it(
    declare_account: DeclareAccount, changes: dict[str, Any]
) -> None:
    graph = declare_account(changes)

    assert graph.all(f"{S3}Logging:BucketLogging") == []
    assert not [one for one in graph.all(f"{S3}Policy:BucketPolicy") if "logging.s3" in one.inputs["policy"]]


def test_the_log_bucket_is_encrypted_as_load_balancers_need_it_and_never_public(graph: Graph) -> None:
    token = f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = graph.one(token, "logs").inputs["rules"]
    block = graph.one(f"{S3}PublicAccessBlock:BucketPublicAccessBlock", "logs").inputs

    assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    assert sum(value is True for value in block.values()) == 4
    assert graph.one(f"{S3}:Bucket", "logs").protect


def test_logs_go_after_a_while(declare_account: DeclareAccount) -> None:
    token = f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = declare_account({"log-days": 90}).one(token, "logs").inputs["rules"]

    assert rule["expiration"] == {"days": 90}


def test_alarms_and_events_alone_publish_and_by_tls(graph: Graph) -> None:
    policy = _policy(graph, "aws:sns/topicPolicy:TopicPolicy")

    assert {sid: one.get("Principal") for sid, one in policy.items()} == {
        "TlsOnly": "*",
        "Alarms": {"Service": "cloudwatch.amazonaws.com"},
        "Events": {"Service": "events.amazonaws.com"},
    }
    assert policy["TlsOnly"]["Effect"] == "Deny"
    assert {one["Resource"] for one in policy.values()} == {TOPIC_ARN}
    assert policy["Alarms"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_topic_is_encrypted_by_a_key_that_its_publishers_may_use(graph: Graph) -> None:
    """With AWS's own key for SNS, CloudWatch publishes nothing, and says so nowhere."""
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


def test_people_are_subscribed_by_e_mail(declare_account: DeclareAccount) -> None:
    graph = declare_account({"alarm-emails": ["on-call@example.com"]})
    subscription = graph.one("aws:sns/topicSubscription:TopicSubscription").inputs

    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "on-call@example.com")
    assert subscription["topic"] == TOPIC_ARN


def test_no_bucket_of_the_account_can_be_public(declare_account: DeclareAccount, graph: Graph) -> None:
    token = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"

    assert sum(value is True for value in graph.one(token).inputs.values()) == 4
    assert declare_account({"block-public-buckets": False}).all(token) == []


def test_what_stack_files_have_to_say_is_told(graph: Graph) -> None:
    assert graph.exports["stack_keys"] == {
        "node-on-ecs:notifications": {"topic-arn": TOPIC_ARN},
        "node-on-ecs:log-bucket": BUCKET,
        "node-on-ecs:log-key-arn": KEY,
    }


def test_stacks_that_say_bootstrap_find_it_in_the_account(graph: Graph) -> None:
    """By the names that infra/bootstrapped.py reads."""
    told = {
        one.inputs["name"]: one.inputs["insecureValue"] for one in graph.all("aws:ssm/parameter:Parameter")
    }

    assert told == {
        "/bootstrap/node-on-ecs/log-bucket": BUCKET,
        "/bootstrap/node-on-ecs/log-key-arn": KEY,
        "/bootstrap/node-on-ecs/topic-arn": TOPIC_ARN,
    }


def test_bucket_and_key_are_made_only_where_they_are_wanted(declare_account: DeclareAccount) -> None:
    graph = declare_account({"log-days": 0, "log-key": False})

    assert graph.names(f"{S3}:Bucket") == ["state"]
    assert graph.names("aws:kms/key:Key") == ["state"]
    assert graph.exports["stack_keys"].keys() == {"node-on-ecs:notifications"}
    assert graph.names("aws:ssm/parameter:Parameter") == ["topic-arn"]


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("alarm-emails", ["nobody"], 'alarm-emails[0] = "nobody": e-mail addresses'),
        ("log-days", -1, "log-days = -1: a whole number, 0 or more"),
        ("log-key", "yes", "log-key = "),
    ],
)
def test_a_mistake_is_named(declare_account: DeclareAccount, key: str, value: Any, told: str) -> None:
    with pytest.raises(Exception, match=r"cannot be right") as raised:
        declare_account({key: value})

    assert told in str(raised.value)
