"""Which load balancer a host leads to, from what Route 53 and the load balancers tell."""

from __future__ import annotations

from typing import Any, cast

import pytest

from local import routes
from local.resources.cloud import Cloud

NAME = "web-1.us-east-1.elb.amazonaws.com"
HTTP = {"ListenerArn": "http", "Port": 80, "Protocol": "HTTP"}
HTTPS = {"ListenerArn": "https", "Port": 443, "Protocol": "HTTPS"}


class Told:
    """Stands for the clients of a cloud that tells these things."""

    def __init__(
        self,
        *,
        records: dict[str, str] | None = None,
        listeners: list[dict[str, Any]] | None = None,
        rules: list[dict[str, Any]] | None = None,
    ) -> None:
        self._answers: dict[str, dict[str, Any]] = {
            "describe_load_balancers": {
                "LoadBalancers": [{"LoadBalancerArn": "arn", "LoadBalancerName": "web", "DNSName": NAME}],
            },
            "describe_listeners": {"Listeners": [HTTP] if listeners is None else listeners},
            "describe_rules": {"Rules": rules or []},
            "list_hosted_zones": {"HostedZones": [{"Id": "zone"}]},
            "list_resource_record_sets": {
                "ResourceRecordSets": [
                    {"Name": "example.com.", "Type": "NS", "ResourceRecords": []},
                    *(
                        {"Name": name, "Type": "A", "AliasTarget": {"DNSName": target}}
                        for name, target in (records or {}).items()
                    ),
                ],
            },
        }

    def client(self, _service: str) -> Told:
        return self

    def get_paginator(self, operation: str) -> Any:
        answer = self._answers[operation]

        class Pages:
            def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
                return [answer]

        return Pages()


def read(**told: Any) -> routes.Routes:
    return routes.read(cast("Cloud", Told(**told)))


def rule(
    priority: int, conditions: dict[str, list[str]], rewrite: tuple[str, str] | None = None
) -> dict[str, Any]:
    transforms: list[dict[str, Any]] = []
    if rewrite is not None:
        config = {"Rewrites": [{"Regex": rewrite[0], "Replace": rewrite[1]}]}
        transforms = [{"Type": "url-rewrite", "UrlRewriteConfig": config}]
    return {
        "Priority": str(priority),
        "IsDefault": False,
        "Conditions": [{"Field": field, "Values": values} for field, values in conditions.items()],
        "Transforms": transforms,
    }


def rewrite(path: str, *rules: dict[str, Any], host: str = NAME) -> str:
    default = {"Priority": "default", "IsDefault": True, "Conditions": []}
    route = read(rules=[default, *rules]).find(NAME)
    assert route is not None
    return route.rewrite(host, path)


@pytest.mark.parametrize("target", [NAME, f"{NAME}.", f"dualstack.{NAME}.", NAME.upper()])
def test_an_alias_record_leads_to_the_load_balancer_that_it_names(target: str) -> None:
    route = read(records={"dev.example.com.": target}).find("dev.example.com")

    assert route is not None
    assert route.load_balancer == "web"


def test_a_record_that_names_no_load_balancer_leads_nowhere() -> None:
    assert (
        read(records={"dev.example.com.": "gone.us-east-1.elb.amazonaws.com."}).find("dev.example.com")
        is None
    )


def test_a_wildcard_takes_what_has_no_record_of_its_own() -> None:
    told = read(records={"\\052.example.com.": NAME})

    assert told.find("a.example.com") is not None
    assert told.find("a.b.example.com") is not None
    assert told.find("example.com") is None


def test_a_load_balancers_own_name_leads_to_it() -> None:
    assert read().find(NAME) is not None


@pytest.mark.parametrize("listeners", [[HTTP, HTTPS], [HTTPS, HTTP]])
def test_the_https_listener_comes_first_as_after_the_redirect(listeners: list[dict[str, Any]]) -> None:
    route = read(listeners=listeners).find(NAME)

    assert route is not None
    assert (route.listener_port, route.tls) == (443, True)


def test_a_stack_without_https_is_served_by_its_http_listener() -> None:
    route = read(listeners=[{**HTTP, "Port": 8443}, HTTP]).find(NAME)

    assert route is not None
    assert (route.listener_port, route.tls) == (80, False)


def test_a_load_balancer_without_listeners_leads_nowhere() -> None:
    assert read(listeners=[]).find(NAME) is None


def test_hosts_are_named_and_a_load_balancer_only_when_no_record_leads_to_it() -> None:
    assert read(
        records={"b.example.com.": NAME, "a.example.com.": NAME, "\\052.example.com.": NAME}
    ).hosts == (
        "a.example.com",
        "b.example.com",
    )
    assert read().hosts == (NAME,)


ALICE = rule(7, {"path-pattern": ["/alice", "/alice/*"]}, ("^/alice/?(.*)$", "/$1"))


@pytest.mark.parametrize(
    ("path", "target"),
    [("/alice", "/"), ("/alice/", "/"), ("/alice/a/b", "/a/b"), ("/alicex", "/alicex"), ("/", "/")],
)
def test_a_rule_rewrites_the_paths_that_it_takes(path: str, target: str) -> None:
    assert rewrite(path, ALICE) == target


def test_the_rule_with_the_lowest_number_decides() -> None:
    assert rewrite("/alice/a", ALICE, rule(3, {"path-pattern": ["/alice/*"]})) == "/alice/a"


def test_a_rule_for_another_host_rewrites_nothing() -> None:
    other = rule(1, {"host-header": ["a.example.com"]}, ("^/(.*)$", "/a/$1"))

    assert rewrite("/x", other, host="b.example.com") == "/x"
    assert rewrite("/x", other, host="a.example.com") == "/a/x"


def test_a_rule_with_a_condition_that_cannot_be_judged_here_is_left_out() -> None:
    assert rewrite("/alice/a", rule(1, {"http-header": ["x"], "path-pattern": ["/*"]}), ALICE) == "/a"
