"""The one place where roles are made, so that none goes without the boundary that the account asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.task import Account


def make_role(
    name: str,
    account: Account,
    *,
    description: str,
    trust: pulumi.Input[str],
    parent: pulumi.Resource,
) -> aws.iam.Role:
    """Return a new role.

    Args:
        name: its logical name.
        account: says what no role may exceed.
        description: whose it is and what for.
        trust: who may take it, as a policy document.
        parent: the component that it belongs to.
    """
    return aws.iam.Role(
        name,
        # By which the account tells the roles of its stacks apart: bootstrap/account/place.py.
        path=account.role_path,
        description=description,
        assume_role_policy=trust,
        permissions_boundary=account.permissions_boundary,
        opts=pulumi.ResourceOptions(parent=parent),
    )
