"""Which listener rule takes a request, in which order, and what path its target gets."""

from __future__ import annotations

from typing import Any

import pytest

from local.front_door.rules import Rule, in_order

HOST = "dev.example.com"
TARGET = "/a/b%20c?v=2&w"


def described(
    priority: int | str = 1, /, conditions: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    """A rule as DescribeRules gives it."""
    return {
        "RuleArn": f"rule-{priority}",
        "Priority": str(priority),
        "IsDefault": priority == "default",
        "Conditions": list(conditions),
        "Actions": [{"Type": "forward", "TargetGroupArn": "group"}],
        **more,
    }


def takes(*conditions: dict[str, Any]) -> bool:
    return Rule.of(described(1, conditions)).takes(HOST, TARGET)


def rewritten(target: str, pattern: str, replacement: str) -> str:
    config = {"Rewrites": [{"Regex": pattern, "Replace": replacement}]}
    rule = Rule.of(described(Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": config}]))
    return rule.rewrite(target)


@pytest.mark.parametrize(
    "condition",
    [
        {"Field": "host-header", "Values": ["x.example.com", "*.Example.com"]},
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["dev.example.co?"]}},
        {"Field": "path-pattern", "Values": ["/a/b c"]},
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/x", "/a/*"]}},
    ],
)
def test_a_rule_takes_a_request_for_which_its_condition_holds(condition: dict[str, Any]) -> None:
    assert takes(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"Field": "host-header", "Values": ["example.com"]},
        {"Field": "path-pattern", "Values": ["/a"]},
        {"Field": "path-pattern", "Values": ["/A/*"]},
    ],
)
def test_a_rule_leaves_a_request_for_which_its_condition_does_not_hold(condition: dict[str, Any]) -> None:
    assert not takes(condition)


def test_all_conditions_have_to_hold() -> None:
    host, path = {"Field": "host-header", "Values": [HOST]}, {"Field": "path-pattern", "Values": ["/other"]}

    assert takes(host)
    assert not takes(host, path)


def test_the_lowest_number_comes_first_and_the_default_last() -> None:
    rules = in_order([described("default"), described(10), described(9)])

    assert [rule.arn for rule in rules] == ["rule-9", "rule-10", "rule-default"]


@pytest.mark.parametrize(
    ("target", "pattern", "replacement", "result"),
    [
        ("/alice", "^/alice/?(.*)$", "/$1", "/"),
        ("/alice/a%2Fb?q=/alice", "^/alice/?(.*)$", "/$1", "/a%2Fb?q=/alice"),
        ("/x/y", "^/([^/]*)/([^/]*)$", "/$2/$1", "/y/x"),
        ("/other", "^/alice/?(.*)$", "/$1", "/other"),
        ("/a", "^/a$", r"/\d", r"/\d"),
    ],
)
def test_a_rule_rewrites_the_path_and_nothing_of_the_query(
    target: str, pattern: str, replacement: str, result: str
) -> None:
    assert rewritten(target, pattern, replacement) == result


def test_a_rule_without_a_rewrite_leaves_the_path() -> None:
    assert Rule.of(described()).rewrite("/a?b") == "/a?b"
