"""IAM policies that stand alone, with their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.resources import tags as tagging
from local.resources.aws_calls import code_of, explained, tolerating
from local.resources.base import Handler, Properties
from local.resources.iam import document_text, name_of, retag
from local.resources.shape import json_as_asked

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_MISSING = "NoSuchEntity"
_POLICY_VERSIONS = 5
_POLICY_SOURCE = "hashicorp/aws internal/service/iam/policy.go: ForceNew"


class Policy(Handler):
    """A managed policy of one's own; its id is its ARN."""

    token = "aws:iam/policy:Policy"
    force_new = dict.fromkeys(("name", "namePrefix", "path", "description"), _POLICY_SOURCE)
    in_place = frozenset({"policy", "tags"})
    settled_at_creation = frozenset({"delayAfterPolicyCreationInMs"})
    json_properties = frozenset({"policy"})
    name_property = "name"
    name_max_length = 128
    tagged = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag: the name has a random end."""
        del inputs
        iam = cloud.client("iam")
        with explained("look for a policy of an interrupted run"):
            for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
                for policy in page["Policies"]:
                    arn = str(policy["Arn"])
                    if cloud.is_known(self.token, arn):
                        continue
                    with tolerating(_MISSING):
                        listed = iam.list_policy_tags(PolicyArn=arn)["Tags"]
                        if tagging.carries(tagging.from_pairs(listed), urn):
                            return arn
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the policy."""
        name = name_of(inputs)
        arguments: dict[str, Any] = {
            "PolicyName": name,
            "PolicyDocument": inputs["policy"],
            "Tags": tagging.pairs(tagging.with_urn(inputs.get("tags"), urn)),
        }
        for key, argument in (("path", "Path"), ("description", "Description")):
            if inputs.get(key) is not None:
                arguments[argument] = inputs[key]
        with explained(f"create IAM policy {name!r}"):
            return str(cloud.client("iam").create_policy(**arguments)["Policy"]["Arn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the policy with its default version, or None."""
        iam = cloud.client("iam")
        with explained(f"read IAM policy {id}"):
            try:
                policy = iam.get_policy(PolicyArn=id)["Policy"]
                version = iam.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])
                tags = tagging.visible(tagging.from_pairs(iam.list_policy_tags(PolicyArn=id)["Tags"]))
            except ClientError as error:
                if code_of(error) == _MISSING:
                    return None
                raise
        document = document_text(version["PolicyVersion"]["Document"])
        return {
            "arn": id,
            "attachmentCount": policy.get("AttachmentCount", 0),
            "description": policy.get("Description") or None,
            "name": policy["PolicyName"],
            "namePrefix": inputs.get("namePrefix"),
            "path": policy["Path"],
            "policy": json_as_asked(inputs.get("policy"), document),
            "policyId": policy["PolicyId"],
            "tags": tags,
            "tagsAll": tags,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Make a new default version, and room for it: IAM keeps five."""
        iam = cloud.client("iam")
        with explained(f"update IAM policy {id}"):
            if "policy" in changed:
                versions = iam.list_policy_versions(PolicyArn=id)["Versions"]
                if len(versions) >= _POLICY_VERSIONS:
                    spare = [version for version in versions if not version["IsDefaultVersion"]]
                    oldest = min(spare, key=lambda version: int(str(version["VersionId"])[1:]))
                    iam.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
                iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
            if "tags" in changed:
                retag(iam.tag_policy, iam.untag_policy, {"PolicyArn": id}, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the policy and its versions."""
        del outputs
        iam = cloud.client("iam")
        with (
            explained(f"delete IAM policy {id}", "Detach it from its roles first"),
            tolerating(_MISSING),
        ):
            for version in iam.list_policy_versions(PolicyArn=id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
            iam.delete_policy(PolicyArn=id)
