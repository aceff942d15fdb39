"""Destinations of logs and alarms of all stacks: a bucket, a topic, and a key for topic and log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from account.buckets import PUBLIC_ACCESS_BLOCKED, private_bucket
from account.resource_policies import STATE_LOG_PREFIX, log_bucket_policy, log_key_policy, topic_policy

if TYPE_CHECKING:
    from account.account import Account
    from account.settings import Settings

BOOTSTRAP: Final = "bootstrap"
"""The value in stack files for the account's own resource, and the path of the account's parameters."""


class Observability(pulumi.ComponentResource):
    """A bucket to which only AWS delivers logs, and a topic to which only AWS publishes alarms and events."""

    stack_keys: dict[str, Any]
    """The configuration of stacks that use these resources, by key."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        account: Account,
        *,
        state_bucket: str | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the destinations.

        Args:
            name: of the component.
            settings: of the account.
            account: the account.
            state_bucket: the bucket whose requests are logged; None if another account has the state.
            opts: resource options.
        """
        super().__init__("node-on-ecs-bootstrap:account:Observability", name, None, opts)

        self._settings, self._account = settings, account
        self._child = pulumi.ResourceOptions(parent=self)
        key_arn = self._key() if settings.log_key else None
        topic = self._topic(key_arn)
        bucket = self._bucket(state_bucket) if settings.log_days else None
        if settings.block_public_buckets:
            aws.s3.AccountPublicAccessBlock("public-access", **PUBLIC_ACCESS_BLOCKED, opts=self._child)
        resources = {"log-bucket": bucket, "log-key-arn": key_arn, "topic-arn": topic.arn}
        for key, value in resources.items():
            if value is not None:
                self._parameter(key, value)

        self.stack_keys = {
            f"{account.project}:notifications": {"topic-arn": topic.arn},
            **({f"{account.project}:log-bucket": bucket} if bucket is not None else {}),
            **({f"{account.project}:log-key-arn": key_arn} if key_arn is not None else {}),
        }
        self.register_outputs({"stack_keys": self.stack_keys})

    def _parameter(self, key: str, value: pulumi.Input[str]) -> None:
        """Store the meaning of the value `bootstrap` of a key, which infra/bootstrapped.py reads."""
        project = self._account.project
        aws.ssm.Parameter(
            key,
            name=f"/{BOOTSTRAP}/{project}/{key}",
            type="String",
            # Names and ARNs are not secrets.
            insecure_value=value,
            description=f"What `{key}: {BOOTSTRAP}` means in stack files of {project}",
            opts=self._child,
        )

    def _key(self) -> pulumi.Output[str]:
        account = self._account
        key = aws.kms.Key(
            "logs",
            description=f"Log groups and alarms of {account.project}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(log_key_policy(account)),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(
            "logs", name=f"alias/{account.project}-logs", target_key_id=key.key_id, opts=self._child
        )
        return key.arn

    def _topic(self, key_arn: pulumi.Input[str] | None) -> aws.sns.Topic:
        account = self._account
        topic = aws.sns.Topic(
            "alarms", name=f"{account.project}-alarms", kms_master_key_id=key_arn, opts=self._child
        )
        aws.sns.TopicPolicy(
            "alarms",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(topic_policy(account, topic.arn)),
            opts=self._child,
        )
        for address in self._settings.alarm_emails:
            aws.sns.TopicSubscription(
                f"alarms-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=self._child
            )
        return topic

    def _bucket(self, state_bucket: str | None) -> str:
        account = self._account
        name = f"{account.project}-logs-{account.id}-{account.region}"
        policy = private_bucket(
            "logs",
            name,
            # Load balancers cannot deliver to a bucket with a KMS key:
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
            encryption={"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}},
            lifecycle={"id": "old-logs", "expiration": {"days": self._settings.log_days}},
            policy=log_bucket_policy(account, name, state_bucket),
            parent=self,
        )
        if state_bucket is not None:
            aws.s3.BucketLogging(
                "state",
                bucket=state_bucket,
                target_bucket=policy.bucket,
                target_prefix=STATE_LOG_PREFIX,
                # The policy allows S3 to deliver the log.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        return name
