"""Policy documents are written as the provider writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.resources.base import ResourceError
from local.resources.cloud import Cloud
from local.resources.iam import Role
from local.resources.policy_document import get_policy_document

CLOUD = Cloud("http://127.0.0.1:1")


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return json.loads(get_policy_document(CLOUD, {"statements": list(statements)})["json"])


def test_one_value_stands_alone_and_several_are_a_list() -> None:
    statement = document({"actions": ["logs:PutLogEvents"], "resources": ["b", "a"]})["Statement"][0]

    assert statement == {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": ["a", "b"]}


def test_principals_are_gathered_by_type_and_anyone_is_a_star() -> None:
    service = {"type": "Service", "identifiers": ["ecs.amazonaws.com"]}
    anyone = {"type": "*", "identifiers": ["*"]}

    first, second = document({"principals": [service]}, {"principals": [anyone], "effect": "Deny"})[
        "Statement"
    ]

    assert first["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert (second["Principal"], second["Effect"]) == ("*", "Deny")


def test_conditions_are_gathered_by_test() -> None:
    condition = {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}

    assert document({"conditions": [condition]})["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "1"}
    }


def test_merging_documents_is_refused_instead_of_ignored() -> None:
    with pytest.raises(ResourceError, match="merging"):
        get_policy_document(CLOUD, {"sourcePolicyDocuments": ["{}"]})


@pytest.mark.parametrize("key", ["inlinePolicies", "managedPolicyArns"])
def test_a_role_with_policies_of_its_own_is_told_of_the_resource_for_them(key: str) -> None:
    with pytest.raises(ResourceError, match=r"use an aws\.iam\.RolePolicy"):
        Role().check(CLOUD, name="web", old=None, new={key: ["x"]}, random_hex="0123456")


def test_a_role_name_that_iam_does_not_take_is_refused_before_it_is_made() -> None:
    with pytest.raises(ResourceError, match="64"):
        Role().check(CLOUD, name="r" * 60, old=None, new={}, random_hex="0123456")
