"""Controls of IAM and KMS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policies.control import Control
from policies.resources import Declaration, Resource

POLICY: Final = "aws:iam/policy:Policy"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
KEY: Final = "aws:kms/key:Key"
KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
_DECRYPT: Final = frozenset({"kms:*", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncrypt*", "*"})


def listed(value: Any) -> list[Any]:
    """Return what a policy has as one or as several."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def allowed(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a policy that allow something."""
    for statement in listed(cast("dict[str, Any]", document or {}).get("Statement")):
        if statement.get("Effect") == "Allow":
            yield statement


def is_public(statement: Mapping[str, Any]) -> bool:
    """Whether a statement allows anybody something, without any condition."""
    principal = statement.get("Principal")
    named = (
        listed(cast("dict[str, Any]", principal).get("AWS")) if isinstance(principal, dict) else [principal]
    )
    return "*" in named and not statement.get("Condition")


def _everything(policy: Resource, _: Declaration) -> Iterator[str]:
    for statement in allowed(policy.document("policy")):
        if "*" in listed(statement.get("Action")) and "*" in listed(statement.get("Resource")):
            yield "allows everything on everything"


def _whole_services(policy: Resource, _: Declaration) -> Iterator[str]:
    for statement in allowed(policy.document("policy")):
        whole = [one for one in listed(statement.get("Action")) if one.endswith(":*")]
        if whole and "*" in listed(statement.get("Resource")):
            yield f"allows all of a service: {', '.join(whole)}"


def _all_keys(policy: Resource, _: Declaration) -> Iterator[str]:
    for statement in allowed(policy.document("policy")):
        everywhere = any(one == "*" or one.endswith(":key/*") for one in listed(statement.get("Resource")))
        if everywhere and {*listed(statement.get("Action"))} & _DECRYPT:
            yield "decrypts with every key"


def _public_key(key: Resource, _: Declaration) -> Iterator[str]:
    if any(is_public(one) for one in allowed(key.document("policy"))):
        yield "can be used by anybody"


CONTROLS: Final = (
    Control(
        id="IAM.1",
        title="No policy allows everything",
        types=(POLICY, ROLE_POLICY),
        check=_everything,
        fix="the actions and resources that are needed",
    ),
    Control(
        id="IAM.21",
        title="No policy allows all of a service",
        types=(POLICY, ROLE_POLICY),
        check=_whole_services,
        fix="the actions that are needed",
    ),
    Control(
        id="KMS.1",
        title="No customer managed policy decrypts with every key",
        types=(POLICY,),
        check=_all_keys,
        fix="kms-keys: the ARNs of those that are needed",
    ),
    Control(
        id="KMS.2",
        title="No inline policy decrypts with every key",
        types=(ROLE_POLICY,),
        check=_all_keys,
        fix="kms-keys: the ARNs of those that are needed",
    ),
    Control(
        id="KMS.5",
        title="Keys are not public",
        types=(KEY, KEY_POLICY),
        check=_public_key,
        fix="a key policy with principals by name",
    ),
)
