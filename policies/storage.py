"""Controls of file systems, buckets, queues and topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import control
from policies.permissions import as_list, statements
from policies.resources import SUBNET, Declaration, Resource

FILE_SYSTEM: Final = "aws:efs/fileSystem:FileSystem"
BACKUPS: Final = "aws:efs/backupPolicy:BackupPolicy"
ACCESS_POINT: Final = "aws:efs/accessPoint:AccessPoint"
MOUNT_TARGET: Final = "aws:efs/mountTarget:MountTarget"
BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
PUBLIC_ACCESS_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLES: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
QUEUE: Final = "aws:sqs/queue:Queue"
TOPIC: Final = "aws:sns/topic:Topic"
_BLOCKED: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@control("EFS.1", FILE_SYSTEM, fix="encrypted true")
def file_system_key(files: Resource, _: Declaration) -> Iterator[str]:
    """File systems are encrypted with KMS."""
    if files.get("encrypted") is not True:
        yield "is not encrypted"


@control("EFS.2", FILE_SYSTEM, fix="volumes.<name>.efs.backup: true")
def backup_plans(files: Resource, declaration: Declaration) -> Iterator[str]:
    """File systems are in backup plans."""
    backups = declaration.related(files, "fileSystemId", BACKUPS)
    if not any(policy.get("backupPolicy.status") == "ENABLED" for policy in backups):
        yield "has no automatic backups"


@control("EFS.3", ACCESS_POINT, fix="rootDirectory.path other than /")
def root_directory(point: Resource, _: Declaration) -> Iterator[str]:
    """Access points have a root directory."""
    if (point.get("rootDirectory.path") or "/") == "/":
        yield "exposes the root of the file system"


@control("EFS.4", ACCESS_POINT, fix="posixUser")
def access_point_user(point: Resource, _: Declaration) -> Iterator[str]:
    """Access points enforce a user."""
    if not point.get("posixUser"):
        yield "does not enforce a user"


@control("EFS.6", MOUNT_TARGET, fix="mapPublicIpOnLaunch false of the subnet")
def public_mount_targets(target: Resource, declaration: Declaration) -> Iterator[str]:
    """Mount targets are in no subnet that assigns public addresses."""
    subnet_id = target.inputs.get("subnetId")
    for subnet in declaration.all(SUBNET):
        is_own = subnet.id and subnet_id in (subnet.id, subnet.outputs.get("id"))
        if is_own and subnet.get("mapPublicIpOnLaunch"):
            yield f"is in a subnet that assigns public addresses ({subnet.name})"


automatic_backups = control(
    "EFS.7", FILE_SYSTEM, fix=backup_plans.fix, title="File systems have automatic backups"
)(backup_plans.check)
file_system_encryption = control(
    "EFS.8", FILE_SYSTEM, fix=file_system_key.fix, title="File systems are encrypted"
)(file_system_key.check)


@control("S3.5", *BUCKETS, fix="a bucket policy that denies aws:SecureTransport false")
def bucket_tls(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    """Buckets require TLS."""
    conditions = [
        condition
        for policy in declaration.related(bucket, "bucket", BUCKET_POLICY)
        for statement in statements(policy, "Deny")
        for condition in as_list(statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport"))
    ]
    if "false" not in [str(condition).lower() for condition in conditions]:
        yield "accepts requests without TLS"


@control("S3.8", *BUCKETS, fix="a BucketPublicAccessBlock with all four options")
def public_buckets(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    """Buckets block public access."""
    blocks = declaration.related(bucket, "bucket", PUBLIC_ACCESS_BLOCK)
    if not any(all(block.get(key) is True for key in _BLOCKED) for block in blocks):
        yield "does not block public access"


@control("S3.12", *BUCKETS, fix="objectOwnership BucketOwnerEnforced")
def access_control_lists(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    """Buckets have no access control lists."""
    ownership = declaration.related(bucket, "bucket", OWNERSHIP)
    # Buckets created since April 2023 have no ACLs by default.
    has_acls = any(controls.get("rule.objectOwnership") != "BucketOwnerEnforced" for controls in ownership)
    if has_acls or bucket.get("acl"):
        yield "has access control lists"


@control("S3.13", *BUCKETS, fix="a BucketLifecycleConfiguration")
def bucket_lifecycle(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    """Buckets have a lifecycle configuration."""
    if not (bucket.get("lifecycleRules") or declaration.related(bucket, "bucket", *LIFECYCLES)):
        yield "has no lifecycle configuration"


@control("SQS.1", QUEUE, fix="sqsManagedSseEnabled true, or a key")
def queue_encryption(queue: Resource, _: Declaration) -> Iterator[str]:
    """Queues are encrypted."""
    # AWS encrypts new queues by default; Security Hub reads the configured values.
    if queue.get("sqsManagedSseEnabled") is not True and not queue.get("kmsMasterKeyId"):
        yield "does not configure encryption"


@control("SNS.1", TOPIC, fix="kmsMasterKeyId")
def topic_encryption(topic: Resource, _: Declaration) -> Iterator[str]:
    """Topics are encrypted (not in FSBP)."""
    if not topic.get("kmsMasterKeyId"):
        yield "is not encrypted"
