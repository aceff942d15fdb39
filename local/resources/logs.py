"""CloudWatch log groups."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.resources import tags as tagging
from local.resources.aws_calls import code_of, explained, tolerating
from local.resources.base import Handler, Properties

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_MISSING = "ResourceNotFoundException"
_SOURCE = "hashicorp/aws internal/service/logs/group.go: ForceNew"


class LogGroup(Handler):
    """A log group; its id is its name."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    force_new = dict.fromkeys(("name", "namePrefix", "logGroupClass", "region"), _SOURCE)
    in_place = frozenset({"kmsKeyId", "retentionInDays", "tags"})
    # The emulator has no deletion protection, so nothing is called for it.
    settled_at_creation = frozenset({"skipDestroy", "deletionProtectionEnabled"})
    name_property = "name"
    name_max_length = 512
    tagged = True

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Retention 0 is how the provider says for ever, and so is leaving it out."""
        if key == "retentionInDays":
            return (old or None) == (new or None)
        return super().same(key, old, new)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag: the name may have a random end."""
        del inputs
        logs = cloud.client("logs")
        with explained("look for a log group of an interrupted run"):
            for page in logs.get_paginator("describe_log_groups").paginate():
                for group in page["logGroups"]:
                    name = str(group["logGroupName"])
                    if cloud.is_known(self.token, name):
                        continue
                    with tolerating(_MISSING):
                        listed = logs.list_tags_for_resource(resourceArn=_bare_arn(group))["tags"]
                        if tagging.carries(listed, urn):
                            return name
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the group and its retention."""
        logs = cloud.client("logs")
        name = str(inputs.get("name") or f"{inputs['namePrefix']}{secrets.token_hex(6)}")
        arguments: dict[str, Any] = {
            "logGroupName": name,
            "tags": tagging.with_urn(inputs.get("tags"), urn),
        }
        for key in ("kmsKeyId", "logGroupClass"):
            if inputs.get(key):
                arguments[key] = inputs[key]
        with explained(f"create log group {name!r}", "Choose another name, or import the one that is there"):
            logs.create_log_group(**arguments)
        with explained(f"set the retention of log group {name!r}"):
            if inputs.get("retentionInDays"):
                logs.put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])
        return name

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the group, or None."""
        logs = cloud.client("logs")
        with explained(f"read log group {id!r}"):
            pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id)
            group = next(
                (group for page in pages for group in page["logGroups"] if group["logGroupName"] == id), None
            )
            if group is None:
                return None
            arn = _bare_arn(group)
            try:
                tags = tagging.visible(logs.list_tags_for_resource(resourceArn=arn)["tags"])
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return None
                raise
        return {
            "arn": arn,
            "deletionProtectionEnabled": inputs.get("deletionProtectionEnabled"),
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass", "STANDARD"),
            "name": id,
            "namePrefix": inputs.get("namePrefix"),
            "region": cloud.region,
            "retentionInDays": group.get("retentionInDays", 0),
            "skipDestroy": bool(inputs.get("skipDestroy", False)),
            "tags": tags,
            "tagsAll": tags,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change retention, key and tags."""
        logs = cloud.client("logs")
        with explained(f"update log group {id!r}"):
            if "retentionInDays" in changed:
                if new.get("retentionInDays"):
                    logs.put_retention_policy(logGroupName=id, retentionInDays=new["retentionInDays"])
                else:
                    logs.delete_retention_policy(logGroupName=id)
            if "kmsKeyId" in changed:
                if new.get("kmsKeyId"):
                    logs.associate_kms_key(logGroupName=id, kmsKeyId=new["kmsKeyId"])
                else:
                    logs.disassociate_kms_key(logGroupName=id)
            if "tags" in changed:
                to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
                if to_set:
                    logs.tag_resource(resourceArn=old["arn"], tags=to_set)
                if to_remove:
                    logs.untag_resource(resourceArn=old["arn"], tagKeys=to_remove)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the group with its streams, unless `skipDestroy` says otherwise."""
        if outputs.get("skipDestroy"):
            return
        with explained(f"delete log group {id!r}"), tolerating(_MISSING):
            cloud.client("logs").delete_log_group(logGroupName=id)


def _bare_arn(group: Properties) -> str:
    """The ARN without the `:*` at its end, as the provider shows it and the tag calls want it."""
    return str(group.get("logGroupArn") or group["arn"]).removesuffix(":*")
