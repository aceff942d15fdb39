"""Values that the official provider considers the same are equal here, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.resources.base import UNKNOWN
from local.resources.comparison import normal, normal_json, normal_policy

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (None, False),
        (None, {"a": [], "b": {"c": 0}}),
        ({"a": 1, "b": None}, {"a": 1.0}),
        ([{"a": 1, "b": ""}], [{"a": 1}]),
    ],
)
def test_none_zero_false_and_empty_are_equal(one: Any, other: Any) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"), [([1, 2], [2, 1]), ([1], [1, 1]), ({"a": 1}, {"a": 2}), (None, [0]), ("a", UNKNOWN)]
)
def test_other_values_differ(one: Any, other: Any) -> None:
    assert normal(one) != normal(other)


def test_sets_are_equal_in_any_order_at_any_depth() -> None:
    one, other = [{"values": ["a", "b"]}, {"values": ["c"]}], [{"values": ["c"]}, {"values": ["b", "a"]}]

    assert normal(one, unordered=True) == normal(other, unordered=True)
    assert normal(["a", "a"], unordered=True) != normal(["a"], unordered=True)


def test_json_is_compared_by_content_and_other_text_literally() -> None:
    assert normal_json('{"a": 1, "b": 2}') == normal_json('{"b":2,"a":1}')
    assert normal_json('{"a": 1}') != normal_json('{"a":2}')
    assert normal_json("no json") != normal_json("other")
    assert normal_json("") == normal_json(None)


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", **more, "Statement": list(statements)})


READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
TLS = {"Bool": {"aws:SecureTransport": "false"}, "StringLike": {"aws:sub": ["a", "b"]}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (policy(READ, TRUST), policy(TRUST, READ)),
        (
            policy(READ),
            policy({**READ, "Action": READ["Action"][::-1], "Resource": ["*"], "Effect": "allow"}),
        ),
        (policy(READ), json.dumps({"Statement": READ, "Version": "2012-10-17"}, indent=2)),
        (policy(TRUST), policy({**TRUST, "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}})),
        (
            policy({**READ, "Condition": TLS}),
            policy({**READ, "Condition": {"StringLike": {"aws:sub": ["b", "a"]}, "Bool": TLS["Bool"]}}),
        ),
    ],
)
def test_equivalent_policies_are_equal(one: str, other: str) -> None:
    assert normal_policy(one) == normal_policy(other)


@pytest.mark.parametrize(
    "other",
    [
        policy({**READ, "Action": ["s3:GetObject"]}),
        policy({**READ, "Effect": "Deny"}),
        policy({**READ, "Sid": "Read"}),
        policy({**READ, "Condition": TLS}),
        policy(READ, TRUST),
        policy(READ, Id="other"),
        "no policy",
    ],
)
def test_other_policies_differ(other: str) -> None:
    assert normal_policy(policy(READ)) != normal_policy(other)
