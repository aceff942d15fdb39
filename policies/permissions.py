"""Controls of IAM and KMS, and of resource policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.control import Control, fault_if
from policies.resources import Declaration, Resource

POLICY: Final = "aws:iam/policy:Policy"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
KEY: Final = "aws:kms/key:Key"
KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
_DECRYPT: Final = frozenset({"kms:*", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncrypt*", "*"})
_SPECIFIC_PRINCIPALS: Final = "specific principals, or a condition"


def as_list(value: Any) -> list[Any]:
    """Return the values of a policy element that may be a single value or a list."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def statements(policy: Resource, effect: str) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a resource's `policy` with an effect, Allow or Deny."""
    document: dict[str, Any] = policy.document("policy") or {}
    return (one for one in as_list(document.get("Statement")) if one.get("Effect") == effect)


def _allows_anyone(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = cast("Mapping[str, Any]", principal).get("AWS")
    return "*" in as_list(principal) and not statement.get("Condition")


def _is_public(policy: Resource) -> bool:
    return any(map(_allows_anyone, statements(policy, "Allow")))


def _everything(policy: Resource, _: Declaration) -> Iterator[str]:
    for statement in statements(policy, "Allow"):
        if "*" in as_list(statement.get("Action")) and "*" in as_list(statement.get("Resource")):
            yield "allows every action on every resource"


def _entire_services(policy: Resource, _: Declaration) -> Iterator[str]:
    for statement in statements(policy, "Allow"):
        wildcards = [action for action in as_list(statement.get("Action")) if action.endswith(":*")]
        if wildcards and "*" in as_list(statement.get("Resource")):
            yield f"allows every action of a service: {', '.join(wildcards)}"


def _all_keys(policy: Resource, _: Declaration) -> Iterator[str]:
    for statement in statements(policy, "Allow"):
        resources = as_list(statement.get("Resource"))
        any_key = any(resource == "*" or resource.endswith(":key/*") for resource in resources)
        if any_key and {*as_list(statement.get("Action"))} & _DECRYPT:
            yield "allows decryption with every key"


CONTROLS: Final = (
    Control(
        id="IAM.1",
        title="No policy allows every action on every resource",
        types=(POLICY, ROLE_POLICY),
        check=_everything,
        fix="only the required actions and resources",
    ),
    Control(
        id="IAM.21",
        title="No policy allows every action of a service",
        types=(POLICY, ROLE_POLICY),
        check=_entire_services,
        fix="only the required actions",
    ),
    Control(
        id="KMS.1",
        title="No customer managed policy allows decryption with every key",
        types=(POLICY,),
        check=_all_keys,
        fix="kms-keys: the ARNs of the required keys",
    ),
    Control(
        id="KMS.2",
        title="No inline policy allows decryption with every key",
        types=(ROLE_POLICY,),
        check=_all_keys,
        fix="kms-keys: the ARNs of the required keys",
    ),
    Control(
        id="KMS.5",
        title="Keys are not public",
        types=(KEY, KEY_POLICY),
        check=fault_if(_is_public, "can be used by anyone"),
        fix="a key policy with specific principals",
    ),
    Control(
        id="SQS.3",
        title="Queues are not public",
        types=(QUEUE_POLICY,),
        check=fault_if(_is_public, "allows anyone to use the queue"),
        fix=_SPECIFIC_PRINCIPALS,
    ),
    Control(
        id="SNS.4",
        title="Topics are not public",
        types=(TOPIC_POLICY,),
        check=fault_if(_is_public, "allows anyone to use the topic"),
        fix=_SPECIFIC_PRINCIPALS,
    ),
)
