"""The state of stacks: a bucket, and the key for the bucket and the secrets in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from account.buckets import private_bucket
from account.resource_policies import state_bucket_policy, state_key_policy

if TYPE_CHECKING:
    from account.account import Account
    from account.settings import Settings

_RETAINED_VERSIONS: Final = 10
"""Earlier versions that are kept at any age, for stacks that rarely change."""


class State(pulumi.ComponentResource):
    """A bucket with versioning and TLS only, encrypted by a key with yearly rotation.

    With `state-bucket` it creates nothing, and refers to the bucket and key of another account.
    """

    bucket: str
    key_arn: pulumi.Output[str]
    backend_url: str
    """For `pulumi login`."""
    secrets_provider: str
    """For `pulumi stack init --secrets-provider`."""

    def __init__(
        self, name: str, settings: Settings, account: Account, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs-bootstrap:account:State", name, None, opts)
        bucket, key_arn = settings.state_bucket, settings.state_key_arn

        if bucket is None or key_arn is None:
            # A predictable name: users type it for `pulumi login`.
            self.bucket = f"{account.project}-state-{account.id}-{account.region}"
            self.key_arn = self._key(name, settings, account)
            self._create_bucket(name, settings, account)
            region, key = account.region, f"alias/{account.project}"
        else:
            self.bucket = bucket
            self.key_arn = pulumi.Output.from_input(key_arn)
            # Aliases are resolved in the caller's account only.
            region, key = key_arn.split(":")[3], f"/{key_arn}"

        self.backend_url = f"s3://{self.bucket}?region={region}"
        self.secrets_provider = f"awskms://{key}?region={region}"
        self.register_outputs(
            {
                "bucket": self.bucket,
                "key_arn": self.key_arn,
                "backend_url": self.backend_url,
                "secrets_provider": self.secrets_provider,
            }
        )

    def _key(self, name: str, settings: Settings, account: Account) -> pulumi.Output[str]:
        key = aws.kms.Key(
            name,
            description=f"State of {account.project}, and the secrets in it",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(state_key_policy(account, settings.trusted_accounts)),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{account.project}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn

    def _create_bucket(self, name: str, settings: Settings, account: Account) -> None:
        private_bucket(
            name,
            self.bucket,
            encryption={
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": "aws:kms",
                    "kms_master_key_id": self.key_arn,
                },
                "bucket_key_enabled": True,
            },
            lifecycle={
                "id": "earlier-versions",
                "noncurrent_version_expiration": {
                    "noncurrent_days": settings.state_history_days,
                    "newer_noncurrent_versions": _RETAINED_VERSIONS,
                },
                "expiration": {"expired_object_delete_marker": True},
            },
            policy=state_bucket_policy(account, self.bucket, settings.trusted_accounts),
            versioned=True,
            parent=self,
        )
