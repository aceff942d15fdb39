"""AWS's limits of policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.unit.bootstrap.conftest import ATTACHMENT, INLINE, POLICY, ROLE, DeclareAccount
from tests.unit.infra.recorder import Graph

LARGEST_MANAGED_POLICY = 6_144
LARGEST_INLINE_POLICIES = 10_240
LARGEST_TRUST_POLICY = 2_048
MOST_ATTACHED = 10


def _stack(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "domains": [f"{name}.example.com"], **more}


LONG_NAME = "a" * 24
LONGEST = {
    "project": LONG_NAME,
    "github-repository": f"{'o' * 39}/{'r' * 100}",
    "stacks": [
        _stack(
            "s" * 32,
            environments=["e" * 40, "f" * 40],
            previews="p" * 32 + "*",
            domains=[f"{letter * 63}.example.com" for letter in "abcd"],
            **{
                "task-role-statements": [
                    {"actions": ["s3:GetObject", "s3:PutObject"], "resources": [f"arn:aws:s3:::{'b' * 63}/*"]}
                ]
                * 4
            },
        )
    ],
}


@pytest.mark.parametrize("changes", [{}, LONGEST], ids=["default configuration", "long names"])
def test_policies_are_within_the_limits(declare_account: DeclareAccount, changes: dict[str, Any]) -> None:
    graph = declare_account(changes)
    sizes = {
        kind: {r.name: len(r.inputs[key]) for r in graph.all(kind)}
        for kind, key in ((POLICY, "policy"), (INLINE, "policy"), (ROLE, "assumeRolePolicy"))
    }

    assert [s for s in sizes[POLICY].items() if s[1] > LARGEST_MANAGED_POLICY] == []
    assert [s for s in sizes[INLINE].items() if s[1] > LARGEST_INLINE_POLICIES] == []
    assert [s for s in sizes[ROLE].items() if s[1] > LARGEST_TRUST_POLICY] == []


def test_role_has_one_inline_policy_and_few_managed_ones(graph: Graph) -> None:
    """One limit is for all inline policies of a role; ten managed policies can be attached."""
    for role in graph.all(ROLE):
        name = role.inputs["name"]
        assert sum(policy.inputs["role"] == name for policy in graph.all(INLINE)) == 1
        assert sum(policy.inputs["role"] == name for policy in graph.all(ATTACHMENT)) <= MOST_ATTACHED


@pytest.mark.parametrize(
    ("more", "policy", "limit", "key"),
    [
        ({"environments": [f"{n}-{'e' * 99}" for n in range(9)]}, "deploy-dev", 2048, "environments"),
        ({"domains": [f"{n}.{'e' * 63}.example.com" for n in range(40)]}, "deploy-dev", 10240, "domains"),
        (
            {"task-role-statements": [{"actions": ["s3:GetObject"], "resources": ["*"]}] * 60},
            "tasks-dev",
            6144,
            "task-role-statements",
        ),
    ],
)
def test_error_of_a_long_policy_names_the_key_to_shorten(
    declare_account: DeclareAccount, more: dict[str, Any], policy: str, limit: int, key: str
) -> None:
    """AWS's own error, during the update, would name only the limit."""
    with pytest.raises(pulumi.RunError) as raised:
        declare_account({"stacks": [_stack("dev", **more)]})

    assert str(raised.value).startswith(f"node-on-ecs-{policy}: the policy has ")
    assert f"characters, and AWS accepts {limit}: shorten `{key}` of dev" in str(raised.value)
