"""Policies of shared resources: buckets, keys, the topic and the registry; and permissions for the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from account.statements import Condition, Statement, allow, deny, document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pulumi

    from account.account import Account

# https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go
_STATE_FOLDERS: Final = {"stacks": ".json*", "history": "/*", "backups": "/*", "locks/organization": "/*"}
"""Folders of the state, and the end of a stack's objects in them after the stack's name."""
STATE_LOG_PREFIX: Final = "requests-for-state/"
"""Prefix of the state bucket's access log in the log bucket."""
STATE_READ: Final = ["s3:GetObject"]
STATE_WRITE: Final = ["s3:PutObject", "s3:DeleteObject"]
KEY_READ: Final = ["kms:Decrypt", "kms:DescribeKey"]
KEY_WRITE: Final = ["kms:Encrypt", "kms:GenerateDataKey"]
_KEY_OF_TOPIC: Final = ["kms:Decrypt", "kms:GenerateDataKey*"]
_CLOUDWATCH: Final = {"Service": "cloudwatch.amazonaws.com"}
_EVENTS: Final = {"Service": "events.amazonaws.com"}
_NO_TLS: Final[Condition] = {"Bool": {"aws:SecureTransport": "false"}}


def state_permissions(
    account: Account, bucket: str, key_arn: pulumi.Input[str], writes: Sequence[str] = ()
) -> Iterator[Statement]:
    """Yield the permissions to read the state of all the project's stacks, and to write that of some.

    Args:
        account: of the role.
        bucket: of the state.
        key_arn: the key of the state and its secrets.
        writes: names or patterns of stacks.
    """
    state = f"{account.bucket_arn(bucket)}/.pulumi"
    yield allow("ListState", ["s3:ListBucket"], account.bucket_arn(bucket))
    yield allow(
        "ReadState",
        STATE_READ,
        [f"{state}/meta.yaml", *(f"{state}/{folder}/{account.project}/*" for folder in _STATE_FOLDERS)],
    )
    yield allow("ReadSecrets", KEY_READ, key_arn)
    if writes:
        yield allow(
            "WriteState",
            STATE_WRITE,
            [
                f"{state}/{folder}/{account.project}/{stack}{end}"
                for stack in writes
                for folder, end in _STATE_FOLDERS.items()
            ],
        )
        yield allow("WriteSecrets", KEY_WRITE, key_arn)


def state_bucket_policy(account: Account, bucket: str, trusted_accounts: Sequence[str]) -> dict[str, Any]:
    """Return the state bucket's policy: TLS only, and access for the project's roles in other accounts."""
    arn = account.bucket_arn(bucket)
    statements = _require_tls(arn)
    if trusted_accounts:
        roles = _project_roles(account, trusted_accounts)
        statements += [
            allow("ListFromOtherAccounts", ["s3:ListBucket"], arn, **roles),
            allow("UseFromOtherAccounts", [*STATE_READ, *STATE_WRITE], f"{arn}/.pulumi/*", **roles),
        ]
    return document(statements)


def state_key_policy(account: Account, trusted_accounts: Sequence[str]) -> dict[str, Any]:
    """Return the key's policy: access by IAM policies, and for the project's roles in other accounts."""
    statements = [_delegate_to_iam(account)]
    if trusted_accounts:
        roles = _project_roles(account, trusted_accounts)
        statements.append(allow("UseFromOtherAccounts", [*KEY_READ, *KEY_WRITE], "*", **roles))
    return document(statements)


def log_bucket_policy(account: Account, bucket: str, state_bucket: str | None) -> dict[str, Any]:
    """Return the log bucket's policy: TLS only; load balancers, AWS's log delivery and S3 write.

    Args:
        account: of the bucket.
        bucket: of the logs.
        state_bucket: the bucket whose access log S3 delivers to the log bucket; None for none.
    """
    arn = account.bucket_arn(bucket)
    # Each stack has its own prefix.
    objects = f"{arn}/*/AWSLogs/{account.id}/*"
    delivery = {"Service": "delivery.logs.amazonaws.com"}
    source = {"aws:SourceAccount": account.id}
    logs: Condition = {"ArnLike": {"aws:SourceArn": account.arn("logs", "*")}}
    statements = [
        *_require_tls(arn),
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        allow(
            "ApplicationLoadBalancers",
            ["s3:PutObject"],
            objects,
            principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        ),
        # Flow logs and network load balancers:
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
        allow(
            "Deliveries",
            ["s3:PutObject"],
            objects,
            {**logs, "StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}},
            principal=delivery,
        ),
        allow(
            "DeliveriesReadAcl",
            ["s3:GetBucketAcl"],
            arn,
            {**logs, "StringEquals": source},
            principal=delivery,
        ),
    ]
    if state_bucket is not None:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
        statements.append(
            allow(
                "RequestsForState",
                ["s3:PutObject"],
                f"{arn}/{STATE_LOG_PREFIX}*",
                {"StringEquals": source, "ArnLike": {"aws:SourceArn": account.bucket_arn(state_bucket)}},
                principal={"Service": "logging.s3.amazonaws.com"},
            )
        )
    return document(statements)


def log_key_policy(account: Account) -> dict[str, Any]:
    """Return the policy of the key for log groups and the topic: AWS services use it for this account."""
    logs = {"kms:EncryptionContext:aws:logs:arn": account.arn("logs", "log-group:*")}
    return document(
        [
            _delegate_to_iam(account),
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
            allow(
                "LogGroups",
                [*_KEY_OF_TOPIC, "kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey"],
                "*",
                {"ArnLike": logs},
                principal={"Service": f"logs.{account.region}.amazonaws.com"},
            ),
            allow("Alarms", _KEY_OF_TOPIC, "*", _from(account), principal=_CLOUDWATCH),
            # EventBridge has no source for a condition:
            # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            allow("Events", _KEY_OF_TOPIC, "*", principal=_EVENTS),
        ]
    )


def topic_policy(account: Account, topic_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the topic's policy: only CloudWatch and EventBridge publish, by TLS."""
    publish = ["sns:Publish"]
    return document(
        [
            deny("TlsOnly", publish, topic_arn, _NO_TLS, principal="*"),
            allow("Alarms", publish, topic_arn, _from(account), principal=_CLOUDWATCH),
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
            allow("Events", publish, topic_arn, principal=_EVENTS),
        ]
    )


def replication_policy(account: Account, source: str, repository: str) -> dict[str, Any]:
    """Return the registry's policy: another account replicates its images to this one."""
    arn = account.arn("ecr", f"repository/{repository}")
    return document(
        [allow("Copy", ["ecr:ReplicateImage"], arn, principal={"AWS": _root_arn(account, source)})]
    )


def _require_tls(bucket_arn: str) -> list[Statement]:
    resources = [bucket_arn, f"{bucket_arn}/*"]
    old_tls: Condition = {"NumericLessThan": {"s3:TlsVersion": 1.2}}
    return [
        deny("TlsOnly", ["s3:*"], resources, _NO_TLS, principal="*"),
        deny("ModernTlsOnly", ["s3:*"], resources, old_tls, principal="*"),
    ]


def _delegate_to_iam(account: Account) -> Statement:
    # Without this statement the key could never be changed again.
    return allow("Account", ["kms:*"], "*", principal={"AWS": account.iam_arn("root")})


def _from(account: Account) -> Condition:
    return {"StringEquals": {"aws:SourceAccount": account.id}}


def _project_roles(account: Account, accounts: Sequence[str]) -> dict[str, Any]:
    # By account and condition: AWS rejects a policy that names a role before the role exists.
    roles = [f"arn:{account.partition}:iam::{id_}:role{account.iam_path}*" for id_ in accounts]
    return {
        "principal": {"AWS": [_root_arn(account, id_) for id_ in accounts]},
        "condition": {"ArnLike": {"aws:PrincipalArn": roles}},
    }


def _root_arn(account: Account, account_id: str) -> str:
    return f"arn:{account.partition}:iam::{account_id}:root"
