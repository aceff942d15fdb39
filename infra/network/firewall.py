"""AWS WAF at an application load balancer: its rules and its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from infra.settings import FirewallSettings

_FIVE_MINUTES: Final = 300
_TOO_MANY_REQUESTS: Final = 429
# Managed rule groups of AWS, each with the rules that only count requests.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
_GROUPS: Final = {
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    # It would block bodies above 8 KiB, such as uploads; the app has its own limit.
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
}
_SECRET_HEADERS: Final = ("authorization", "cookie")


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """Inputs of :class:`Firewall`."""

    settings: FirewallSettings
    load_balancer_arn: pulumi.Input[str]
    log_group_suffix: str
    """End of the log group's name: project and stack, such as node-on-ecs-prod."""
    log_retention_days: int
    log_key_arn: str | None = None
    """KMS key of the log group."""


class Firewall(pulumi.ComponentResource):
    """A web ACL for every request to a load balancer, with a log of blocked and counted requests.

    It does not apply to health checks, which the load balancer sends itself.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Firewall", name, None, opts)

        acl = aws.wafv2.WebAcl(
            name,
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[_rate_limit(args.settings), *_managed(args.settings)],
            visibility_config=_metrics(name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            # WAF accepts only log groups with this prefix:
            # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
            name=f"aws-waf-logs-{args.log_group_suffix}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.wafv2.WebAclLoggingConfiguration(
            name,
            resource_arn=acl.arn,
            log_destination_configs=[logs.arn],
            # The app logs allowed requests itself.
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [
                            {"action_condition": {"action": action}} for action in ("BLOCK", "COUNT")
                        ],
                    }
                ],
            },
            redacted_fields=[{"single_header": {"name": header}} for header in _SECRET_HEADERS],
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.wafv2.WebAclAssociation(
            name,
            web_acl_arn=acl.arn,
            resource_arn=args.load_balancer_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})


def _rate_limit(settings: FirewallSettings) -> aws.wafv2.WebAclRuleArgsDict:
    block: aws.wafv2.WebAclRuleActionArgsDict = {
        "block": {"custom_response": {"response_code": _TOO_MANY_REQUESTS}}
    }
    return {
        "name": "rate-limit",
        # First, so that no other rule evaluates the requests that it blocks.
        "priority": 0,
        "action": {"count": {}} if settings.count_only else block,
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": settings.requests_per_five_minutes,
                "evaluation_window_sec": _FIVE_MINUTES,
            }
        },
        "visibility_config": _metrics("rate-limit"),
    }


def _managed(settings: FirewallSettings) -> list[aws.wafv2.WebAclRuleArgsDict]:
    return [
        {
            "name": group,
            "priority": priority,
            "override_action": {"count": {}} if settings.count_only else {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": group,
                    "rule_action_overrides": [
                        {"name": rule, "action_to_use": {"count": {}}} for rule in counted
                    ],
                }
            },
            "visibility_config": _metrics(group),
        }
        for priority, (group, counted) in enumerate(_GROUPS.items(), start=1)
    ]


def _metrics(name: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgsDict:
    return {
        "metric_name": name,
        "cloudwatch_metrics_enabled": True,
        # Samples would show headers and addresses of users in the console.
        "sampled_requests_enabled": False,
    }
