"""Policies of what stacks share: who may use the state's bucket and key, and copy images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from account.statements import Condition, Statement, allow, deny, document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pulumi

    from account.place import Place

# https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go
_STATE_FOLDERS: Final = {"stacks": ".json*", "history": "/*", "backups": "/*", "locks/organization": "/*"}
"""The folders of a stack's state, and how the objects of a stack go on after its name."""
STATE_REQUESTS: Final = "requests-for-state/"
"""Where in the log bucket the requests for the state are."""
STATE_READ: Final = ["s3:GetObject"]
STATE_WRITE: Final = ["s3:PutObject", "s3:DeleteObject"]
KEY_READ: Final = ["kms:Decrypt", "kms:DescribeKey"]
KEY_WRITE: Final = ["kms:Encrypt", "kms:GenerateDataKey"]


def state_of(
    place: Place, bucket: str, key_arn: pulumi.Input[str], writes: Sequence[str] = ()
) -> Iterator[Statement]:
    """Yield statements for a role that reads the state of all the project's stacks, and writes that of some.

    Args:
        place: has the project's name.
        bucket: where the state is.
        key_arn: encrypts the state, and the secrets in it.
        writes: names or patterns of stacks.
    """
    objects = f"arn:{place.partition}:s3:::{bucket}"
    yield allow("ListState", ["s3:ListBucket"], objects)
    yield allow(
        "ReadState",
        STATE_READ,
        [
            f"{objects}/.pulumi/meta.yaml",
            *(f"{objects}/.pulumi/{folder}/{place.project}/*" for folder in _STATE_FOLDERS),
        ],
    )
    yield allow("ReadSecrets", KEY_READ, key_arn)
    if writes:
        yield allow(
            "WriteState",
            STATE_WRITE,
            [
                f"{objects}/.pulumi/{folder}/{place.project}/{stack}{ending}"
                for stack in writes
                for folder, ending in _STATE_FOLDERS.items()
            ],
        )
        yield allow("WriteSecrets", KEY_WRITE, key_arn)


def bucket_policy(place: Place, bucket: str, trusted_accounts: Sequence[str]) -> dict[str, Any]:
    """Return the state bucket's policy: TLS only, and other accounts' roles of the same project."""
    objects = f"arn:{place.partition}:s3:::{bucket}"
    statements = _tls_only(objects)
    if trusted_accounts:
        trusted = _trusted(place, trusted_accounts)
        reaches = f"{objects}/.pulumi/*"
        statements += [
            {**allow("ListFromOtherAccounts", ["s3:ListBucket"], objects), **trusted},
            {**allow("UseFromOtherAccounts", [*STATE_READ, *STATE_WRITE], reaches), **trusted},
        ]
    return document(statements)


def key_policy(place: Place, trusted_accounts: Sequence[str]) -> dict[str, Any]:
    """Return the key's policy: this account's IAM decides, and other accounts' roles may use it."""
    statements: list[Statement] = [
        # Without it nobody could ever change the key again.
        {**allow("Account", ["kms:*"], "*"), "Principal": {"AWS": place.iam_arn("root")}},
    ]
    if trusted_accounts:
        use = allow("UseFromOtherAccounts", [*KEY_READ, *KEY_WRITE], "*")
        statements.append({**use, **_trusted(place, trusted_accounts)})
    return document(statements)


def log_bucket_policy(place: Place, bucket: str, state_bucket: str | None) -> dict[str, Any]:
    """Return the log bucket's policy: load balancers, AWS's delivery of logs and S3 write, by TLS.

    Args:
        place: the account and region.
        bucket: the log bucket.
        state_bucket: the one whose requests S3 logs here; None for none.
    """
    arn = f"arn:{place.partition}:s3:::{bucket}"
    # Each stack has a prefix of its own.
    objects = f"{arn}/*/AWSLogs/{place.account}/*"
    delivery = {"Principal": {"Service": "delivery.logs.amazonaws.com"}}
    of_this_account = {
        "StringEquals": {"aws:SourceAccount": place.account},
        "ArnLike": {"aws:SourceArn": place.arn("logs", "*")},
    }
    writes = {**of_this_account["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}
    of_state: list[Statement] = []
    if state_bucket is not None:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
        source: Condition = {
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": f"arn:{place.partition}:s3:::{state_bucket}"},
        }
        requests = allow("RequestsForState", ["s3:PutObject"], f"{arn}/{STATE_REQUESTS}*", source)
        of_state.append({**requests, "Principal": {"Service": "logging.s3.amazonaws.com"}})
    return document(
        [
            *_tls_only(arn),
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
            {
                **allow("ApplicationLoadBalancers", ["s3:PutObject"], objects),
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            },
            # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html; network load
            # balancers go the same way.
            {
                **allow("Deliveries", ["s3:PutObject"], objects, {**of_this_account, "StringEquals": writes}),
                **delivery,
            },
            {**allow("DeliveriesLook", ["s3:GetBucketAcl"], arn, of_this_account), **delivery},
            *of_state,
        ],
    )


def log_key_policy(place: Place) -> dict[str, Any]:
    """Return the policy of the key for log groups and alarms: AWS's own services use it for this account."""
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return document(
        [
            {**allow("Account", ["kms:*"], "*"), "Principal": {"AWS": place.iam_arn("root")}},
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
            {
                **allow(
                    "LogGroups",
                    [*use, "kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey"],
                    "*",
                    {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
                ),
                "Principal": {"Service": f"logs.{place.region}.amazonaws.com"},
            },
            {
                **allow("Alarms", use, "*", {"StringEquals": {"aws:SourceAccount": place.account}}),
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
            },
            # EventBridge gives no source to compare:
            # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            {**allow("Events", use, "*"), "Principal": {"Service": "events.amazonaws.com"}},
        ],
    )


def topic_policy(place: Place, topic_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the topic's policy: CloudWatch and EventBridge publish, by TLS, and nobody else does."""
    publish = ["sns:Publish"]
    return document(
        [
            {
                **deny("TlsOnly", publish, topic_arn),
                "Principal": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                **allow("Alarms", publish, topic_arn, {"StringEquals": {"aws:SourceAccount": place.account}}),
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
            },
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
            {**allow("Events", publish, topic_arn), "Principal": {"Service": "events.amazonaws.com"}},
        ],
    )


def _tls_only(bucket_arn: str) -> list[Statement]:
    everything = [bucket_arn, f"{bucket_arn}/*"]
    return [
        {
            **deny("TlsOnly", ["s3:*"], everything),
            "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            **deny("ModernTlsOnly", ["s3:*"], everything),
            "Principal": "*",
            "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
        },
    ]


def replication_policy(place: Place, source: str, repository: str) -> dict[str, Any]:
    """Return the registry's policy that lets another account copy its images here."""
    return document(
        [
            {
                **allow("Copy", ["ecr:ReplicateImage"], place.arn("ecr", f"repository/{repository}")),
                "Principal": {"AWS": f"arn:{place.partition}:iam::{source}:root"},
            },
        ],
    )


def _trusted(place: Place, accounts: Sequence[str]) -> dict[str, Any]:
    # By account and condition: AWS refuses a policy that names a role before the role exists.
    return {
        "Principal": {"AWS": [f"arn:{place.partition}:iam::{account}:root" for account in accounts]},
        "Condition": {
            "ArnLike": {
                "aws:PrincipalArn": [
                    f"arn:{place.partition}:iam::{account}:role{place.iam_path}*" for account in accounts
                ],
            },
        },
    }
