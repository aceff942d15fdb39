"""IAM policies, their statements and their maximum lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import pulumi

Statement = dict[str, Any]
Condition = dict[str, dict[str, Any]]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LARGEST_MANAGED_POLICY: Final = 6_144
"""Characters; whitespace does not count, and policies are written without it."""
LARGEST_INLINE_POLICIES: Final = 10_240
"""Characters of all inline policies of a role."""
LARGEST_TRUST_POLICY: Final = 2_048
"""Characters."""


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[str],
    resource: Any,
    condition: Condition | None = None,
    *,
    principal: Any = None,
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": effect, "Action": actions, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    if principal:
        statement["Principal"] = principal
    return statement


allow = partial(_statement, "Allow")
"""Return a statement that allows actions; those of resource policies have a principal."""
deny = partial(_statement, "Deny")
"""Return a statement that denies actions, which overrides all statements that allow them."""


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return a policy of statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy_text(
    name: str, statements: Iterable[Statement], *, limit: int, shorten: str
) -> pulumi.Output[str]:
    """Return a policy as JSON.

    Args:
        name: of the policy, for the error.
        statements: the policy.
        limit: AWS's maximum length in characters.
        shorten: the configuration that makes it long, for the error.

    Raises:
        pulumi.RunError: the policy exceeds the limit; raised when its Outputs are resolved.
    """

    def checked(text: str) -> str:
        if len(text) > limit:
            raise pulumi.RunError(
                f"{name}: the policy has {len(text)} characters, and AWS accepts {limit}: shorten {shorten}"
            )
        return text

    return pulumi.Output.json_dumps(document(statements), separators=(",", ":")).apply(checked)
