"""Names, versions and leftovers of IAM, where one example is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from local.resources.iam_policy import Policy

from local.resources.base import ResourceError
from local.resources.iam import Role, RolePolicy
from tests.integration.resources.examples_services import (
    POLICY,
    ROLE,
    ROLE_POLICY,
    make_role,
    policy_text,
    trust,
)

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench


BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"


def test_an_inline_policy_with_a_name_of_its_own_is_found_again(bench: Workbench) -> None:
    role = make_role(bench)
    made = bench.make(
        ROLE_POLICY, {"role": role.id, "policy": policy_text(Resource="*"), "name": "chosen"}, name=bench.name
    )

    assert RolePolicy().find(bench.cloud, urn=made.urn, inputs=made.inputs) == f"{role.id}:chosen"


def test_another_resources_inline_policy_is_not_taken_for_it(bench: Workbench) -> None:
    role = make_role(bench)
    text = policy_text(Resource="*")
    bench.make(ROLE_POLICY, {"role": role.id, "policy": text}, name="web-more")

    urn = f"urn:pulumi:test::node-on-ecs::{ROLE_POLICY}::web"

    assert RolePolicy().find(bench.cloud, urn=urn, inputs={"role": role.id, "policy": text}) is None


def test_a_role_with_policies_is_not_deleted_and_says_why(bench: Workbench) -> None:
    role = make_role(bench)
    bench.make(ROLE_POLICY, {"role": role.id, "policy": policy_text(Resource="*")})

    with pytest.raises(ResourceError, match="Delete or detach its policies first"):
        Role().delete(bench.cloud, id=role.id, outputs=role.outputs)


def test_a_role_may_take_its_policies_with_it(bench: Workbench) -> None:
    role = bench.make(ROLE, {"assumeRolePolicy": trust(), "forceDetachPolicies": True})
    bench.make(ROLE_POLICY, {"role": role.id, "policy": policy_text(Resource="*")})

    Role().delete(bench.cloud, id=role.id, outputs=role.outputs)

    assert Role().read(bench.cloud, id=role.id, inputs=role.inputs) is None


def test_a_policy_can_be_changed_more_often_than_iam_keeps_versions(bench: Workbench) -> None:
    made = bench.make(POLICY, {"policy": policy_text(Resource="*")})

    for number in range(7):
        new = {**made.inputs, "policy": policy_text(f"logs:Action{number}", Resource="*")}
        Policy().update(bench.cloud, id=made.id, old=made.outputs, new=new, changed=("policy",))

    outputs = Policy().read(bench.cloud, id=made.id, inputs=new)
    assert outputs is not None
    assert outputs["policy"] == new["policy"]


def test_a_prefix_is_where_the_name_begins(bench: Workbench) -> None:
    made = bench.make(ROLE, {"assumeRolePolicy": trust(), "namePrefix": "begins-"})

    assert made.outputs["name"].startswith("begins-")
    assert made.outputs["namePrefix"] == "begins-"


def test_a_boundary_is_given_exchanged_and_taken_away_in_place(bench: Workbench) -> None:
    """A role of another name would be another task definition, and new tasks."""
    made = bench.make(ROLE, {"assumeRolePolicy": trust()})
    handler = Role()
    seen: list[object] = [made.outputs["permissionsBoundary"]]

    old, outputs = made.inputs, made.outputs
    for boundary in (BOUNDARY, f"{BOUNDARY}-2", None):
        new = dict(made.inputs)
        if boundary:
            new["permissionsBoundary"] = boundary
        difference = handler.diff(old, new)
        assert (difference.changed, difference.replace) == (("permissionsBoundary",), ())
        handler.update(bench.cloud, id=made.id, old=outputs, new=new, changed=difference.changed)
        read = handler.read(bench.cloud, id=made.id, inputs=new)
        assert read is not None
        old, outputs = new, read
        seen.append(outputs["permissionsBoundary"])

    assert seen == [None, BOUNDARY, f"{BOUNDARY}-2", None]


def test_a_role_is_made_with_its_boundary_and_shows_that_it_has_lost_it(bench: Workbench) -> None:
    made = bench.make(ROLE, {"assumeRolePolicy": trust(), "permissionsBoundary": BOUNDARY})
    bench.cloud.client("iam").delete_role_permissions_boundary(RoleName=made.id)

    outputs = Role().read(bench.cloud, id=made.id, inputs=made.inputs)

    assert made.outputs["permissionsBoundary"] == BOUNDARY
    assert outputs is not None
    assert outputs["permissionsBoundary"] is None
