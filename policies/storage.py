"""Controls of file systems, buckets, queues and topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.control import Control
from policies.permissions import allowed, is_public, listed
from policies.resources import Declaration, Resource

FILE_SYSTEM: Final = "aws:efs/fileSystem:FileSystem"
BACKUPS: Final = "aws:efs/backupPolicy:BackupPolicy"
ACCESS_POINT: Final = "aws:efs/accessPoint:AccessPoint"
MOUNT_TARGET: Final = "aws:efs/mountTarget:MountTarget"
SUBNET: Final = "aws:ec2/subnet:Subnet"
BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BLOCKS: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLES: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
QUEUE: Final = "aws:sqs/queue:Queue"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
_BLOCKED: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _plain_files(files: Resource, _: Declaration) -> Iterator[str]:
    if files.get("encrypted") is not True:
        yield "is not encrypted"


def _no_backups(files: Resource, declaration: Declaration) -> Iterator[str]:
    policies = declaration.related(files, "fileSystemId", BACKUPS)
    if not any(one.get("backupPolicy.status") == "ENABLED" for one in policies):
        yield "has no backups"


def _whole_tree(point: Resource, _: Declaration) -> Iterator[str]:
    if (point.get("rootDirectory.path") or "/") == "/":
        yield "leads to the root of the file system"


def _any_user(point: Resource, _: Declaration) -> Iterator[str]:
    if not point.get("posixUser"):
        yield "does not fix the user"


def _in_open_subnet(target: Resource, declaration: Declaration) -> Iterator[str]:
    for subnet in declaration.all(SUBNET):
        named = target.inputs.get("subnetId") in (subnet.id, subnet.outputs.get("id")) and subnet.id
        if named and subnet.get("mapPublicIpOnLaunch"):
            yield f"is in a subnet that gives out public addresses ({subnet.name})"


def _public_bucket(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    blocks = declaration.related(bucket, "bucket", BLOCKS)
    if not any(all(one.get(key) is True for key in _BLOCKED) for one in blocks):
        yield "does not refuse public access"


def _plain_requests(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    for policy in declaration.related(bucket, "bucket", BUCKET_POLICY):
        document: dict[str, Any] = policy.document("policy") or {}
        for statement in listed(document.get("Statement")):
            plain = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
            if statement.get("Effect") == "Deny" and str(plain).lower() == "false":
                return
    yield "takes requests without TLS"


def _acls(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    owners = declaration.related(bucket, "bucket", OWNERSHIP)
    # Buckets made since April 2023 have no ACLs unless somebody asks for them.
    if any(one.get("rule.objectOwnership") != "BucketOwnerEnforced" for one in owners) or bucket.get("acl"):
        yield "has access control lists"


def _everlasting(bucket: Resource, declaration: Declaration) -> Iterator[str]:
    if not (bucket.get("lifecycleRules") or declaration.related(bucket, "bucket", *LIFECYCLES)):
        yield "keeps its objects for ever"


def _plain_queue(queue: Resource, _: Declaration) -> Iterator[str]:
    # Without either AWS encrypts new queues; the control reads what is said.
    if queue.get("sqsManagedSseEnabled") is not True and not queue.get("kmsMasterKeyId"):
        yield "does not say that it is encrypted"


def _plain_topic(topic: Resource, _: Declaration) -> Iterator[str]:
    if not topic.get("kmsMasterKeyId"):
        yield "is not encrypted"


def _public_policy(policy: Resource, _: Declaration) -> Iterator[str]:
    if any(is_public(one) for one in allowed(policy.document("policy"))):
        yield "allows anybody to use it"


CONTROLS: Final = (
    Control(
        id="EFS.1",
        title="File systems are encrypted with KMS",
        types=(FILE_SYSTEM,),
        check=_plain_files,
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
        title="Access points lead to a folder",
        types=(ACCESS_POINT,),
        check=_whole_tree,
        fix="rootDirectory.path other than /",
    ),
    Control(
        id="EFS.4",
        title="Access points fix the user",
        types=(ACCESS_POINT,),
        check=_any_user,
        fix="posixUser",
    ),
    Control(
        id="EFS.6",
        title="Mount targets are in no subnet that gives out public addresses",
        types=(MOUNT_TARGET,),
        check=_in_open_subnet,
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
        check=_plain_files,
        fix="encrypted true",
    ),
    Control(
        id="S3.5",
        title="Buckets take requests by TLS alone",
        types=BUCKETS,
        check=_plain_requests,
        fix="a bucket policy that denies aws:SecureTransport false",
    ),
    Control(
        id="S3.8",
        title="Buckets refuse public access",
        types=BUCKETS,
        check=_public_bucket,
        fix="a BucketPublicAccessBlock with all four",
    ),
    Control(
        id="S3.12",
        title="Buckets have no access control lists",
        types=BUCKETS,
        check=_acls,
        fix="objectOwnership BucketOwnerEnforced",
    ),
    Control(
        id="S3.13",
        title="Buckets have a lifecycle",
        types=BUCKETS,
        check=_everlasting,
        fix="a BucketLifecycleConfiguration",
    ),
    Control(
        id="SQS.1",
        title="Queues are encrypted",
        types=(QUEUE,),
        check=_plain_queue,
        fix="sqsManagedSseEnabled true, or a key",
    ),
    Control(
        id="SQS.3",
        title="Queues are not public",
        types=(QUEUE_POLICY,),
        check=_public_policy,
        fix="principals by name, or a condition",
    ),
    Control(
        id="SNS.1",
        title="Topics are encrypted (beside FSBP)",
        types=(TOPIC,),
        check=_plain_topic,
        fix="kmsMasterKeyId",
    ),
    Control(
        id="SNS.4",
        title="Topics are not public",
        types=(TOPIC_POLICY,),
        check=_public_policy,
        fix="principals by name, or a condition",
    ),
)
