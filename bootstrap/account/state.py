"""Where stacks keep their state: a bucket, and the key for it and for the secrets in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from account.resource_policies import bucket_policy, key_policy

if TYPE_CHECKING:
    from account.place import Place
    from account.settings import Settings

_VERSIONS_KEPT: Final = 10
"""However old they are: a stack that seldom changes has a history too."""


@dataclass(frozen=True, kw_only=True)
class StateArgs:
    """What a :class:`State` needs to know."""

    settings: Settings
    place: Place


class State(pulumi.ComponentResource):
    """A bucket that keeps earlier versions and speaks TLS only, encrypted by a key that turns every year.

    Or, where another account keeps the state, only the names of both.
    """

    bucket: str
    key_arn: pulumi.Output[str]
    backend_url: str
    """For `pulumi login`."""
    secrets_provider: str
    """For `pulumi stack init --secrets-provider`."""

    def __init__(self, name: str, args: StateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs-bootstrap:account:State", name, None, opts)
        place, bucket, key_arn = args.place, args.settings.state_bucket, args.settings.state_key_arn

        if bucket is None or key_arn is None:
            # By name: people write it into `pulumi login`.
            self.bucket = f"{place.project}-state-{place.account}-{place.region}"
            self.key_arn = self._key(name, args)
            self._bucket(name, args)
            region, key = place.region, f"alias/{place.project}"
        else:
            self.bucket = bucket
            self.key_arn = pulumi.Output.from_input(key_arn)
            # An alias is looked for in one's own account alone.
            region, key = key_arn.split(":")[3], f"/{key_arn}"

        self.backend_url = f"s3://{self.bucket}?region={region}"
        self.secrets_provider = f"awskms://{key}?region={region}"
        self.register_outputs(
            {
                "bucket": self.bucket,
                "key_arn": self.key_arn,
                "backend_url": self.backend_url,
                "secrets_provider": self.secrets_provider,
            },
        )

    def _key(self, name: str, args: StateArgs) -> pulumi.Output[str]:
        key = aws.kms.Key(
            name,
            description=f"State of {args.place.project}, and the secrets in it",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(key_policy(args.place, args.settings.trusted_accounts)),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{args.place.project}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn

    def _bucket(self, name: str, args: StateArgs) -> None:
        bucket = aws.s3.Bucket(
            name, bucket=self.bucket, opts=pulumi.ResourceOptions(parent=self, protect=True)
        )
        child = pulumi.ResourceOptions(parent=self)
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self.key_arn,
                    },
                    "bucket_key_enabled": True,
                },
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "earlier-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {
                        "noncurrent_days": args.settings.state_history_days,
                        "newer_noncurrent_versions": _VERSIONS_KEPT,
                    },
                    "expiration": {"expired_object_delete_marker": True},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                },
            ],
            # S3 takes rules for versions only where there are some.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(
                bucket_policy(args.place, self.bucket, args.settings.trusted_accounts)
            ),
            opts=child,
        )
