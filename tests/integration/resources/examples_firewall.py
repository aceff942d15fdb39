"""Examples of the web firewall, which the local run only records."""

from __future__ import annotations

from local.resources.base import Properties
from tests.integration.resources.example import Example, Workbench, one_by_one

ACL = "aws:wafv2/webAcl:WebAcl"
ACL_ARN = "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/one/1"
BALANCER_ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/one/0123456789abcdef"
LOGS_ARN = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-one"


def _visible(metric: str) -> Properties:
    return {"metricName": metric, "cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": False}


def _rule(limit: int) -> Properties:
    return {
        "name": "rate-limit",
        "priority": 0,
        "action": {"block": {"customResponse": {"responseCode": 429}}},
        "statement": {
            "rateBasedStatement": {"aggregateKeyType": "IP", "limit": limit, "evaluationWindowSec": 300}
        },
        "visibilityConfig": _visible("rate-limit"),
    }


_COMMON = {
    "name": "common",
    "priority": 1,
    "overrideAction": {"none": {}},
    "statement": {
        "managedRuleGroupStatement": {
            "vendorName": "AWS",
            "name": "AWSManagedRulesCommonRuleSet",
            "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
        }
    },
    "visibilityConfig": _visible("common"),
}


def _acl(_bench: Workbench) -> Properties:
    return {
        "scope": "REGIONAL",
        "defaultAction": {"allow": {}},
        "rules": [_rule(2000), _COMMON],
        "visibilityConfig": _visible("firewall"),
    }


def _logging(_bench: Workbench) -> Properties:
    return {
        "resourceArn": ACL_ARN,
        "logDestinationConfigs": [LOGS_ARN],
        "loggingFilter": {
            "defaultBehavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [{"actionCondition": {"action": "BLOCK"}}],
                }
            ],
        },
        "redactedFields": [{"singleHeader": {"name": "cookie"}}],
    }


EXAMPLES = [
    Example(
        ACL,
        _acl,
        changes=one_by_one(
            rules=[_rule(500)],
            defaultAction={"block": {"customResponse": {"responseCode": 403}}},
            description="x",
            visibilityConfig=_visible("other"),
        ),
        replacements=one_by_one(name="chosen", scope="CLOUDFRONT"),
    ),
    Example(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        lambda _bench: {"webAclArn": ACL_ARN, "resourceArn": BALANCER_ARN},
        replacements=one_by_one(webAclArn=f"{ACL_ARN}2", resourceArn=f"{BALANCER_ARN}2"),
    ),
    Example(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        _logging,
        changes=one_by_one(
            logDestinationConfigs=[f"{LOGS_ARN}-2"],
            loggingFilter=None,
            redactedFields=[{"singleHeader": {"name": "authorization"}}],
        ),
        replacements=one_by_one(resourceArn=f"{ACL_ARN}2"),
    ),
]
