"""Which target a request reaches past the emulated load balancer: rules in their order, as it judges them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from multidict import CIMultiDict, MultiDict

from local import direct
from local.routes import Route

HOST = "dev.example.com"
ROUTE = Route(
    load_balancer="web",
    dns_name="web-1.us-east-1.elb.amazonaws.com",
    listener_arn="listener",
    listener_port=443,
    tls=True,
    rules=(),
)
TARGETS = {"mine": [("172.17.0.2", 3000)], "other": [("172.17.0.9", 3000)], "empty": []}


def cloud(*rules: dict[str, Any]) -> Any:
    """An emulator with these rules, which every target of `TARGETS` is behind."""

    def health(TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        targets = TARGETS[TargetGroupArn]
        return {
            "TargetHealthDescriptions": [{"Target": {"Id": name, "Port": port}} for name, port in targets]
        }

    elbv2 = SimpleNamespace(
        describe_rules=lambda ListenerArn: {"Rules": list(rules)},  # noqa: N803 -- AWS's name
        describe_target_health=health,
    )
    return SimpleNamespace(client=lambda _service: elbv2)


def rule(priority: int | str, group: str = "mine", /, **condition: Any) -> dict[str, Any]:
    return {
        "Priority": str(priority),
        "IsDefault": priority == "default",
        "Conditions": [condition] if condition else [],
        "Actions": [{"Type": "forward", "TargetGroupArn": group}],
    }


def found(*rules: dict[str, Any], **asked: Any) -> str | None:
    basis: dict[str, Any] = {
        "host": HOST,
        "method": "GET",
        "path": "/a/b",
        "query": MultiDict(v="2"),
        "headers": CIMultiDict({"X-Beta": "yes please"}),
    }
    return direct.find(cloud(*rules), ROUTE, direct.Asked(**{**basis, **asked}))


@pytest.mark.parametrize(
    "condition",
    [
        {"Field": "host-header", "Values": ["x.example.com", "*.example.com"]},
        {"Field": "path-pattern", "Values": ["/a/*"]},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-beta", "Values": ["YES*"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "?"}]}},
        {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}},
    ],
)
def test_a_rule_whose_condition_holds_leads_to_its_target(condition: dict[str, Any]) -> None:
    assert found(rule(1, **condition), rule("default", "other")) == "172.17.0.2:3000"


@pytest.mark.parametrize(
    "condition",
    [
        {"Field": "host-header", "Values": ["example.com"]},
        {"Field": "path-pattern", "Values": ["/a"]},
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-gamma", "Values": ["*"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "3"}]}},
    ],
)
def test_a_rule_whose_condition_does_not_hold_is_passed_over(condition: dict[str, Any]) -> None:
    assert found(rule(1, **condition), rule("default", "other")) == "172.17.0.9:3000"


def test_the_lowest_priority_comes_first_by_number() -> None:
    assert found(rule("default", "empty"), rule(10, "other"), rule(9)) == "172.17.0.2:3000"


@pytest.mark.parametrize(
    "actions",
    [
        [{"Type": "fixed-response"}],
        [{"Type": "redirect"}],
        [{"Type": "authenticate-oidc"}, {"Type": "forward", "TargetGroupArn": "mine"}],
        [{"Type": "forward", "TargetGroupArn": "empty"}],
        [{"Type": "forward", "ForwardConfig": {"TargetGroups": []}}],
    ],
)
def test_what_is_not_a_targets_to_answer_is_left_to_the_emulator(actions: list[dict[str, Any]]) -> None:
    assert found({**rule(1), "Actions": actions}) is None


def test_a_target_is_told_who_asked_as_a_load_balancer_tells_it() -> None:
    headers = direct.headers_for(ROUTE, HOST, {"X-Forwarded-For": "192.0.2.1", "A": "b"}, "127.0.0.1")

    assert headers["X-Forwarded-For"] == "192.0.2.1, 127.0.0.1"
    assert (headers["Host"], headers["A"]) == (HOST, "b")
    assert (headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"]) == ("https", "443")
