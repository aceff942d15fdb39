"""Policy documents are written as the provider writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.resources.base import ResourceError
from local.resources.cloud import Cloud
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
