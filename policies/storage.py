"""Controls of file systems, buckets, queues and topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.control import Control, fault_if, fault_without
from policies.permissions import statements
from policies.resources import Declaration, Resource

FILE_SYSTEM: Final = "aws:efs/fileSystem:FileSystem"
BACKUPS: Final = "aws:efs/backupPolicy:BackupPolicy"
ACCESS_POINT: Final = "aws:efs/accessPoint:AccessPoint"
MOUNT_TARGET: Final = "aws:efs/mountTarget:MountTarget"
SUBNET: Final = "aws:ec2/subnet:Subnet"
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

_not_encrypted = fault_if(lambda files: files.get("encrypted") is not True, "is not encrypted")
_no_backups = fault_without(
    "has no automatic backups",
    BACKUPS,
    key="fileSystemId",
    where=lambda backups: backups.get("backupPolicy.status") == "ENABLED",
)


def _public_subnet(target: Resource, declaration: Declaration) -> Iterator[str]:
    subnet_id = target.inputs.get("subnetId")
    for subnet in declaration.all(SUBNET):
        is_own = subnet.id and subnet_id in (subnet.id, subnet.outputs.get("id"))
        if is_own and subnet.get("mapPublicIpOnLaunch"):
            yield f"is in a subnet that assigns public addresses ({subnet.name})"


def _denies_http(bucket_policy: Resource) -> bool:
    conditions = [
        statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        for statement in statements(bucket_policy, "Deny")
    ]
    return "false" in [str(condition).lower() for condition in conditions]


def _access_control_lists(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    ownership = declaration.related(bucket, "bucket", OWNERSHIP)
    # Buckets created since April 2023 have no ACLs by default.
    if bucket.get("acl") or any(
        one.get("rule.objectOwnership") != "BucketOwnerEnforced" for one in ownership
    ):
        yield "has access control lists"


CONTROLS: Final = (
    Control(
        id="EFS.1",
        title="File systems are encrypted with KMS",
        types=(FILE_SYSTEM,),
        check=_not_encrypted,
        fix="encrypted true",
    ),
    Control(
        id="EFS.2",
        title="File systems are in backup plans",
        types=(FILE_SYSTEM,),
        check=_no_backups,
        fix="volumes.<name>.efs.backups: true",
    ),
    Control(
        id="EFS.3",
        title="Access points have a root directory",
        types=(ACCESS_POINT,),
        check=fault_if(
            lambda point: (point.get("rootDirectory.path") or "/") == "/",
            "exposes the root of the file system",
        ),
        fix="rootDirectory.path other than /",
    ),
    Control(
        id="EFS.4",
        title="Access points enforce a user",
        types=(ACCESS_POINT,),
        check=fault_if(lambda point: not point.get("posixUser"), "does not enforce a user"),
        fix="posixUser",
    ),
    Control(
        id="EFS.6",
        title="Mount targets are in no subnet that assigns public addresses",
        types=(MOUNT_TARGET,),
        check=_public_subnet,
        fix="mapPublicIpOnLaunch false of the subnet",
    ),
    Control(
        id="EFS.7",
        title="File systems have automatic backups",
        types=(FILE_SYSTEM,),
        check=_no_backups,
        fix="volumes.<name>.efs.backups: true",
    ),
    Control(
        id="EFS.8",
        title="File systems are encrypted",
        types=(FILE_SYSTEM,),
        check=_not_encrypted,
        fix="encrypted true",
    ),
    Control(
        id="S3.5",
        title="Buckets require TLS",
        types=BUCKETS,
        check=fault_without("accepts requests without TLS", BUCKET_POLICY, key="bucket", where=_denies_http),
        fix="a bucket policy that denies aws:SecureTransport false",
    ),
    Control(
        id="S3.8",
        title="Buckets block public access",
        types=BUCKETS,
        check=fault_without(
            "does not block public access",
            PUBLIC_ACCESS_BLOCK,
            key="bucket",
            where=lambda block: all(block.get(key) is True for key in _BLOCKED),
        ),
        fix="a BucketPublicAccessBlock with all four options",
    ),
    Control(
        id="S3.12",
        title="Buckets have no access control lists",
        types=BUCKETS,
        check=_access_control_lists,
        fix="objectOwnership BucketOwnerEnforced",
    ),
    Control(
        id="S3.13",
        title="Buckets have a lifecycle configuration",
        types=BUCKETS,
        check=fault_without(
            "has no lifecycle configuration",
            *LIFECYCLES,
            key="bucket",
            applies=lambda bucket: not bucket.get("lifecycleRules"),
        ),
        fix="a BucketLifecycleConfiguration",
    ),
    Control(
        id="SQS.1",
        title="Queues are encrypted",
        types=(QUEUE,),
        # AWS encrypts new queues by default; Security Hub reads the configured values.
        check=fault_if(
            lambda queue: queue.get("sqsManagedSseEnabled") is not True and not queue.get("kmsMasterKeyId"),
            "does not configure encryption",
        ),
        fix="sqsManagedSseEnabled true, or a key",
    ),
    Control(
        id="SNS.1",
        title="Topics are encrypted (not in FSBP)",
        types=(TOPIC,),
        check=fault_if(lambda topic: not topic.get("kmsMasterKeyId"), "is not encrypted"),
        fix="kmsMasterKeyId",
    ),
)
