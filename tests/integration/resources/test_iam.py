"""IAM beyond the life cycle of all types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.resources.base import ResourceError
from local.resources.registry import HANDLERS
from tests.integration.resources.examples_services import ROLE, ROLE_POLICY, make_role, policy_text, trust

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench

ANY_LOG = policy_text(Resource="*")


def test_an_inline_policy_with_a_configured_name_is_found(bench: Workbench) -> None:
    role = make_role(bench)
    made = bench.make(ROLE_POLICY, {"role": role.id, "policy": ANY_LOG, "name": "chosen"}, name=bench.name)

    assert HANDLERS[ROLE_POLICY].find(bench.cloud, urn=made.urn, inputs=made.inputs) == f"{role.id}:chosen"


def test_another_resources_inline_policy_is_not_adopted(bench: Workbench) -> None:
    inputs = {"role": make_role(bench).id, "policy": ANY_LOG}
    bench.make(ROLE_POLICY, inputs, name="web-more")

    urn = f"urn:pulumi:test::node-on-ecs::{ROLE_POLICY}::web"

    assert HANDLERS[ROLE_POLICY].find(bench.cloud, urn=urn, inputs=inputs) is None


def test_deleting_a_role_with_policies_is_an_error_with_advice(bench: Workbench) -> None:
    role = make_role(bench)
    bench.make(ROLE_POLICY, {"role": role.id, "policy": ANY_LOG})

    with pytest.raises(ResourceError, match="Delete or detach its policies first"):
        HANDLERS[ROLE].delete(bench.cloud, id=role.id, outputs=role.outputs)


def test_an_equivalent_policy_is_no_drift(bench: Workbench) -> None:
    role = make_role(bench)
    written = trust().replace('"sts:AssumeRole"', '["sts:AssumeRole"]')
    bench.cloud.client("iam").update_assume_role_policy(RoleName=role.id, PolicyDocument=written)

    outputs = HANDLERS[ROLE].read(bench.cloud, id=role.id, inputs=role.inputs)

    assert outputs is not None
    assert outputs["assumeRolePolicy"] == role.inputs["assumeRolePolicy"]
