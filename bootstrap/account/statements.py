"""Parts of IAM policies, and how long AWS lets a policy be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pulumi

Statement = dict[str, Any]
Condition = dict[str, dict[str, Any]]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LARGEST_MANAGED_POLICY: Final = 6_144
"""Characters. Whitespace does not count, so none is written."""
LARGEST_INLINE_POLICIES: Final = 10_240
"""Characters of all inline policies of a role."""
LARGEST_TRUST_POLICY: Final = 2_048
"""Characters."""


def allow(sid: str, actions: Sequence[str], resource: Any, condition: Condition | None = None) -> Statement:
    """Return a statement that allows actions."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def deny(sid: str, actions: Sequence[str], resource: Any) -> Statement:
    """Return a statement that denies actions, whatever else allows them."""
    return {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resource}


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return a policy of statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy_text(
    name: str, statements: Iterable[Statement], *, limit: int, shorten: str
) -> pulumi.Output[str]:
    """Return a policy as JSON.

    Args:
        name: whose policy it is, for the error.
        statements: the policy.
        limit: how many characters AWS takes.
        shorten: configuration that makes it long, for the error.

    Raises:
        pulumi.RunError: when the text is known, and longer than the limit.
    """

    def checked(text: str) -> str:
        if len(text) > limit:
            raise pulumi.RunError(
                f"{name}: the policy has {len(text)} characters, and AWS takes {limit}: shorten {shorten}"
            )
        return text

    return pulumi.Output.json_dumps(document(statements), separators=(",", ":")).apply(checked)
