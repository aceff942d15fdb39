"""The web ACL: its rules, its log and its load balancer."""

from __future__ import annotations

from typing import Any

import pytest

from infra.network.firewall import Firewall, FirewallArgs
from infra.settings import FirewallSettings, SettingsError
from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import Graph, declare, once

ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
BALANCER_ARN = "arn:of:the:load-balancer"


@once
def _graph(**settings: Any) -> Graph:
    args = FirewallArgs(
        settings=FirewallSettings(enabled=True, **settings),
        load_balancer_arn=BALANCER_ARN,
        log_group_suffix="node-on-ecs-prod",
        log_retention_days=90,
    )
    return declare(lambda: Firewall("firewall", args, opts=child_options()))


def _metrics(name: str) -> dict[str, Any]:
    return {"metricName": name, "cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": False}


def _group(name: str, priority: int, *counted: str) -> dict[str, Any]:
    return {
        "name": name,
        "priority": priority,
        "overrideAction": {"none": {}},
        "statement": {
            "managedRuleGroupStatement": {
                "vendorName": "AWS",
                "name": name,
                "ruleActionOverrides": [{"name": rule, "actionToUse": {"count": {}}} for rule in counted],
            }
        },
        "visibilityConfig": _metrics(name),
    }


def test_web_acl_blocks_floods_and_known_attacks_but_not_large_bodies() -> None:
    assert _graph().one(ACL, "firewall").inputs == {
        "scope": "REGIONAL",
        "defaultAction": {"allow": {}},
        "visibilityConfig": _metrics("firewall"),
        "rules": [
            {
                "name": "rate-limit",
                "priority": 0,
                "action": {"block": {"customResponse": {"responseCode": 429}}},
                "statement": {
                    "rateBasedStatement": {
                        "aggregateKeyType": "IP",
                        "limit": 2000,
                        "evaluationWindowSec": 300,
                    }
                },
                "visibilityConfig": _metrics("rate-limit"),
            },
            _group("AWSManagedRulesKnownBadInputsRuleSet", 1),
            _group("AWSManagedRulesCommonRuleSet", 2, "SizeRestrictions_BODY"),
        ],
    }


def test_count_only_blocks_nothing() -> None:
    rules = _graph(count_only=True).one(ACL).inputs["rules"]

    assert [rule.get("action") or rule["overrideAction"] for rule in rules] == [{"count": {}}] * 3


def test_rate_limit_is_configurable() -> None:
    rule = _graph(requests_per_five_minutes=500).one(ACL).inputs["rules"][0]

    assert rule["statement"]["rateBasedStatement"]["limit"] == 500


def test_blocked_requests_are_logged_without_credentials() -> None:
    graph = _graph()
    arn = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/firewall-1a2b3c4"

    assert graph.one("aws:cloudwatch/logGroup:LogGroup", "firewall-logs").inputs == {
        "name": "aws-waf-logs-node-on-ecs-prod",
        "retentionInDays": 90,
    }
    (destination,) = graph.one(LOGGING).inputs.pop("logDestinationConfigs")
    assert "log-group" in destination
    assert graph.one(LOGGING).inputs == {
        "resourceArn": arn,
        "loggingFilter": {
            "defaultBehavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [
                        {"actionCondition": {"action": "BLOCK"}},
                        {"actionCondition": {"action": "COUNT"}},
                    ],
                }
            ],
        },
        "redactedFields": [{"singleHeader": {"name": "authorization"}}, {"singleHeader": {"name": "cookie"}}],
    }
    assert graph.one(ASSOCIATION).inputs == {"webAclArn": arn, "resourceArn": BALANCER_ARN}


def test_log_group_has_the_key_of_the_stack(declare_stack: DeclareStack) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    graph = declare_stack("prod", {"log-key-arn": key})

    assert graph.one("aws:cloudwatch/logGroup:LogGroup", "firewall-logs").inputs["kmsKeyId"] == key


def test_web_acl_is_for_the_stacks_own_load_balancer(declare_stack: DeclareStack) -> None:
    graph = declare_stack("prod")

    assert graph.one(ASSOCIATION).inputs["resourceArn"] == graph.exports["load_balancer_arn"]
    assert declare_stack("dev").all(ACL) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"firewall": {"count-only": True}}, "only valid together with `enabled`"),
        ({"firewall": {"enabled": True, "requests-per-five-minutes": 5}}, "requests-per-five-minutes = 5"),
        (
            {
                "firewall": {"enabled": True},
                "listener-arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/"
                "0123456789abcdef/0123456789abcdef",
            },
            "firewall.enabled = true: false",
        ),
    ],
)
def test_invalid_settings_are_rejected(
    declare_stack: DeclareStack, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        declare_stack("dev", changes)

    assert message in str(raised.value)
