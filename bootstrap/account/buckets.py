"""Private buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping

PUBLIC_ACCESS_BLOCKED: Final[dict[str, Any]] = {
    "block_public_acls": True,
    "block_public_policy": True,
    "ignore_public_acls": True,
    "restrict_public_buckets": True,
}


def private_bucket(
    name: str,
    bucket_name: str,
    *,
    encryption: aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict,
    lifecycle: Mapping[str, Any],
    policy: Mapping[str, Any],
    versioned: bool = False,
    parent: pulumi.Resource,
) -> aws.s3.BucketPolicy:
    """Declare a protected bucket that can never be public, and return its policy.

    Args:
        name: logical name of its resources.
        bucket_name: its physical name.
        encryption: its encryption rule.
        lifecycle: its lifecycle rule, for all objects.
        policy: its bucket policy.
        versioned: whether it keeps earlier versions of objects.
        parent: the component.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(name, bucket=bucket_name, opts=pulumi.ResourceOptions(parent=parent, protect=True))
    block = aws.s3.BucketPublicAccessBlock(name, bucket=bucket.bucket, **PUBLIC_ACCESS_BLOCKED, opts=child)
    aws.s3.BucketOwnershipControls(
        name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
    )
    aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket.bucket, rules=[encryption], opts=child)
    versioning: list[pulumi.Resource] = []
    if versioned:
        enabled: aws.s3.BucketVersioningVersioningConfigurationArgsDict = {"status": "Enabled"}
        versioning = [
            aws.s3.BucketVersioning(name, bucket=bucket.bucket, versioning_configuration=enabled, opts=child)
        ]
    rule: Any = {
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        **lifecycle,
    }
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[rule],
        # S3 accepts rules for earlier versions only for versioned buckets.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=versioning),
    )
    return aws.s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=pulumi.Output.json_dumps(policy),
        # S3 accepts one change of a bucket's access at a time.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[block]),
    )
