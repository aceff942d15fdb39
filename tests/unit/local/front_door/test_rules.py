"""Matching of listener rules, their order, and rewritten paths."""

from __future__ import annotations

from typing import Any

import pytest

from local.front_door.rules import Rule, in_order

HOST = "dev.example.com"
TARGET = "/a/b%20c?v=2&w"


def described(
    priority: int | str = 1, /, conditions: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    """A rule as DescribeRules returns it."""
    return {
        "RuleArn": f"rule-{priority}",
        "Priority": str(priority),
        "IsDefault": priority == "default",
        "Conditions": list(conditions),
        "Actions": [{"Type": "forward", "TargetGroupArn": "group"}],
        **more,
    }


def matches(*conditions: dict[str, Any]) -> bool:
    return not Rule.of(described(1, conditions)).unmet(HOST, TARGET)


def rewritten(target: str, pattern: str, replacement: str) -> str:
    config = {"Rewrites": [{"Regex": pattern, "Replace": replacement}]}
    rule = Rule.of(described(Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": config}]))
    return rule.rewrite(target)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Field": "host-header", "Values": ["x.example.com", "*.Example.com"]}, True),
        ({"Field": "host-header", "HostHeaderConfig": {"Values": ["dev.example.co?"]}}, True),
        ({"Field": "path-pattern", "Values": ["/a/b c"]}, True),
        ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/x", "/a/*"]}}, True),
        ({"Field": "host-header", "Values": ["example.com"]}, False),
        ({"Field": "path-pattern", "Values": ["/a"]}, False),
        ({"Field": "path-pattern", "Values": ["/A/*"]}, False),
    ],
)
def test_a_rule_matches_when_its_condition_is_met(condition: dict[str, Any], *, expected: bool) -> None:
    assert matches(condition) is expected


def test_a_rule_matches_only_when_all_conditions_are_met() -> None:
    host, path = {"Field": "host-header", "Values": [HOST]}, {"Field": "path-pattern", "Values": ["/other"]}

    assert matches(host)
    assert not matches(host, path)


def test_rules_are_in_order_of_priority_with_the_default_last() -> None:
    rules = in_order([described("default"), described(10), described(9)])

    assert [rule.priority for rule in rules] == ["9", "10", "default"]


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
def test_a_rewrite_changes_the_path_and_keeps_the_query(
    target: str, pattern: str, replacement: str, result: str
) -> None:
    assert rewritten(target, pattern, replacement) == result


def test_a_rule_without_a_rewrite_keeps_the_path() -> None:
    assert Rule.of(described()).rewrite("/a?b") == "/a?b"
