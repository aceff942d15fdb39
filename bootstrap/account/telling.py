"""Where logs and alarms of all stacks go: a bucket, a topic, and the key of both log groups and topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account.resource_policies import STATE_REQUESTS, log_bucket_policy, log_key_policy, topic_policy

if TYPE_CHECKING:
    from account.place import Place
    from account.settings import Settings

BOOTSTRAP: Final = "bootstrap"
"""The value in stack files, and where its meaning is among the account's parameters."""


@dataclass(frozen=True, kw_only=True)
class TellingArgs:
    """What :class:`Telling` needs to know."""

    settings: Settings
    place: Place
    state_bucket: str | None = None
    """Bucket of the state, whose requests are logged; None where another account keeps the state."""


class Telling(pulumi.ComponentResource):
    """A bucket that AWS alone delivers logs to, and a topic that AWS alone publishes to."""

    keys: dict[str, Any]
    """What stack files say to use all of it, by key."""

    def __init__(self, name: str, args: TellingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs-bootstrap:account:Telling", name, None, opts)
        settings, project = args.settings, args.place.project

        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.keys = {}
        key_arn = self._key() if settings.log_key else None
        topic = self._topic(key_arn)
        self.keys[f"{project}:notifications"] = {"topic-arn": topic.arn}
        if settings.log_days:
            self.keys[f"{project}:log-bucket"] = self._bucket()
        if key_arn is not None:
            self.keys[f"{project}:log-key-arn"] = key_arn
        if settings.block_public_buckets:
            aws.s3.AccountPublicAccessBlock(
                "public-access",
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
                opts=self._child,
            )
        self._tell(key_arn=key_arn, topic_arn=topic.arn)
        self.register_outputs({"keys": self.keys})

    def _tell(self, *, key_arn: pulumi.Input[str] | None, topic_arn: pulumi.Input[str]) -> None:
        """Write down what stacks find by the value `bootstrap`, as infra/bootstrapped.py reads it."""
        project = self._args.place.project
        made = {
            "log-bucket": self.keys.get(f"{project}:log-bucket"),
            "log-key-arn": key_arn,
            "topic-arn": topic_arn,
        }
        for key, value in made.items():
            if value is not None:
                aws.ssm.Parameter(
                    key,
                    name=f"/{BOOTSTRAP}/{project}/{key}",
                    type="String",
                    # Names and ARNs, which are no secrets of the state.
                    insecure_value=value,
                    description=f"What `{key}: {BOOTSTRAP}` means in stack files of {project}",
                    opts=self._child,
                )

    def _key(self) -> pulumi.Output[str]:
        place = self._args.place
        key = aws.kms.Key(
            "logs",
            description=f"Log groups and alarms of {place.project}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(log_key_policy(place)),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias("logs", name=f"alias/{place.project}-logs", target_key_id=key.key_id, opts=self._child)
        return key.arn

    def _topic(self, key_arn: pulumi.Input[str] | None) -> aws.sns.Topic:
        place = self._args.place
        topic = aws.sns.Topic(
            "alarms", name=f"{place.project}-alarms", kms_master_key_id=key_arn, opts=self._child
        )
        aws.sns.TopicPolicy(
            "alarms",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(topic_policy(place, topic.arn)),
            opts=self._child,
        )
        for address in self._args.settings.alarm_emails:
            aws.sns.TopicSubscription(
                f"alarms-{address}",
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=self._child,
            )
        return topic

    def _bucket(self) -> str:
        place = self._args.place
        name = f"{place.project}-logs-{place.account}-{place.region}"
        bucket = aws.s3.Bucket("logs", bucket=name, opts=pulumi.ResourceOptions(parent=self, protect=True))
        block = aws.s3.BucketPublicAccessBlock(
            "logs",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketOwnershipControls(
            "logs",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "logs",
            bucket=bucket.bucket,
            # Load balancers deliver to no other:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._child,
        )
        aws.s3.BucketLifecycleConfiguration(
            "logs",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "old-logs",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": self._args.settings.log_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=self._child,
        )
        policy = aws.s3.BucketPolicy(
            "logs",
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(log_bucket_policy(place, name, self._args.state_bucket)),
            # S3 takes one change of a bucket at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )
        if self._args.state_bucket is not None:
            aws.s3.BucketLogging(
                "state",
                bucket=self._args.state_bucket,
                target_bucket=bucket.bucket,
                target_prefix=STATE_REQUESTS,
                # Else S3 refuses to deliver there.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        return name
