"""Controls of IAM and KMS, and of resource policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.control import control
from policies.resources import Declaration, Resource

POLICY: Final = "aws:iam/policy:Policy"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
KEY: Final = "aws:kms/key:Key"
KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
_DECRYPT: Final = frozenset({"kms:*", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncrypt*", "*"})
_REQUIRED_KEYS: Final = "kms-keys: the ARNs of the required keys"
_SPECIFIC_PRINCIPALS: Final = "specific principals, or a condition"


def as_list(value: Any) -> list[Any]:
    """Return the values of a policy element that may be a single value or a list."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def statements(policy: Resource, effect: str) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a resource's `policy` with an effect, Allow or Deny."""
    document: dict[str, Any] = policy.document("policy") or {}
    every = as_list(document.get("Statement"))
    return (statement for statement in every if statement.get("Effect") == effect)


def _allows_anyone(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = cast("Mapping[str, Any]", principal).get("AWS")
    return "*" in as_list(principal) and not statement.get("Condition")


@control("IAM.1", POLICY, ROLE_POLICY, fix="only the required actions and resources")
def everything(policy: Resource, _: Declaration) -> Iterator[str]:
    """No policy allows every action on every resource."""
    for statement in statements(policy, "Allow"):
        if "*" in as_list(statement.get("Action")) and "*" in as_list(statement.get("Resource")):
            yield "allows every action on every resource"


@control("IAM.21", POLICY, ROLE_POLICY, fix="only the required actions")
def entire_services(policy: Resource, _: Declaration) -> Iterator[str]:
    """No policy allows every action of a service."""
    for statement in statements(policy, "Allow"):
        wildcards = [action for action in as_list(statement.get("Action")) if action.endswith(":*")]
        if wildcards and "*" in as_list(statement.get("Resource")):
            yield f"allows every action of a service: {', '.join(wildcards)}"


@control("KMS.1", POLICY, fix=_REQUIRED_KEYS)
def decryption_by_managed_policy(policy: Resource, _: Declaration) -> Iterator[str]:
    """No customer managed policy allows decryption with every key."""
    for statement in statements(policy, "Allow"):
        resources = as_list(statement.get("Resource"))
        any_key = any(resource == "*" or resource.endswith(":key/*") for resource in resources)
        if any_key and {*as_list(statement.get("Action"))} & _DECRYPT:
            yield "allows decryption with every key"


decryption_by_inline_policy = control(
    "KMS.2", ROLE_POLICY, fix=_REQUIRED_KEYS, title="No inline policy allows decryption with every key"
)(decryption_by_managed_policy.check)


@control("KMS.5", KEY, KEY_POLICY, fix="a key policy with specific principals")
def public_key(key: Resource, _: Declaration) -> Iterator[str]:
    """Keys are not public."""
    if any(map(_allows_anyone, statements(key, "Allow"))):
        yield "can be used by anyone"


@control("SQS.3", QUEUE_POLICY, fix=_SPECIFIC_PRINCIPALS)
def public_queue(policy: Resource, _: Declaration) -> Iterator[str]:
    """Queues are not public."""
    if any(map(_allows_anyone, statements(policy, "Allow"))):
        yield "allows anyone to use the queue"


@control("SNS.4", TOPIC_POLICY, fix=_SPECIFIC_PRINCIPALS)
def public_topic(policy: Resource, _: Declaration) -> Iterator[str]:
    """Topics are not public."""
    if any(map(_allows_anyone, statements(policy, "Allow"))):
        yield "allows anyone to use the topic"
