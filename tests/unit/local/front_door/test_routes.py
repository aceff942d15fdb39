"""Which load balancer a host leads to, from what Route 53 and the load balancers tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from local.front_door import routes
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
        stacks: dict[str, str] | None = None,
    ) -> None:
        self._stacks = stacks or {}
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

    def describe_tags(self, ResourceArns: list[str]) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        assert len(ResourceArns) <= 20
        return {
            "TagDescriptions": [
                {"ResourceArn": arn, "Tags": [{"Key": "Stack", "Value": self._stacks[arn]}]}
                for arn in ResourceArns
                if arn in self._stacks
            ]
        }

    def get_paginator(self, operation: str) -> Any:
        answer = self._answers[operation]

        class Pages:
            def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
                return [answer]

        return Pages()


def read(**told: Any) -> routes.Routes:
    return routes.read(cast("Cloud", Told(**told)))


def rule(arn: str, *hosts: str) -> dict[str, Any]:
    return {
        "RuleArn": arn,
        "Priority": "1",
        "IsDefault": False,
        "Conditions": [{"Field": "host-header", "Values": list(hosts)}],
        "Actions": [{"Type": "forward", "TargetGroupArn": "group"}],
    }


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


def test_a_rule_leads_to_its_load_balancer_where_somebody_else_has_the_records() -> None:
    told = read(rules=[rule("rule", "own.example.org")])

    assert told.find("own.example.org") is not None
    assert told.find("other.example.org") is None


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
    told = read(records={"b.example.com.": NAME, "a.example.com.": NAME, "\\052.example.com.": NAME})

    assert told.hosts.keys() == {"a.example.com", "b.example.com"}
    assert read().hosts.keys() == {NAME}


def test_hosts_belong_to_the_stack_of_their_rule_or_else_of_their_load_balancer() -> None:
    """A preview's rule stands in the listener of the stack that it is attached to."""
    told = Told(
        records={f"{name}.example.com.": NAME for name in ("dev", "pr-7", "alice.dev")},
        rules=[rule("rule-dev", "dev.example.com"), rule("rule-pr", "pr-7.example.com")],
        stacks={"arn": "dev", "rule-dev": "dev", "rule-pr": "pr-7"},
    )
    cloud = cast("Cloud", told)

    assert routes.hosts_by_stack(cloud, routes.read(cloud)) == {
        "dev": ["alice.dev.example.com", "dev.example.com"],
        "pr-7": ["pr-7.example.com"],
    }


def test_hosts_of_a_load_balancer_without_tags_are_named_all_the_same() -> None:
    cloud = cast("Cloud", Told())

    assert routes.hosts_by_stack(cloud, routes.read(cloud)) == {"no stack": [NAME]}


def test_many_load_balancers_are_asked_for_in_as_many_calls_as_aws_takes() -> None:
    names = [f"n{number}" for number in range(45)]
    told = Told(
        records={f"{name}.example.com.": NAME for name in names},
        rules=[rule(f"rule-{name}", f"{name}.example.com") for name in names],
        stacks={f"rule-{name}": "many" for name in names},
    )
    cloud = cast("Cloud", told)

    assert len(routes.hosts_by_stack(cloud, routes.read(cloud))["many"]) == 45


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        ({"Protocol": "HTTPS", "Port": "443"}, "https://dev.example.com:443/a?b=c"),
        ({"Host": "www.example.com"}, "http://www.example.com:80/a?b=c"),
        ({"Path": "/x/#{path}", "Query": "#{query}&d=e"}, "http://dev.example.com:80/x/a?b=c&d=e"),
        ({"Path": "/", "Query": ""}, "http://dev.example.com:80/"),
    ],
)
def test_a_redirect_keeps_what_it_does_not_name(redirect: dict[str, str], location: str) -> None:
    route = read().find(NAME)

    assert route is not None
    assert route.location(redirect, "dev.example.com", "/a?b=c") == location


def test_a_load_balancer_that_is_deleted_meanwhile_leads_nowhere() -> None:
    """Another stack goes down while this one is asked for."""

    class Going(Told):
        def get_paginator(self, operation: str) -> Any:
            if operation == "describe_listeners":
                raise ClientError({"Error": {"Code": "LoadBalancerNotFound"}}, operation)
            return super().get_paginator(operation)

    assert routes.read(cast("Cloud", Going())).hosts == {}


def test_another_error_of_the_emulator_is_not_taken_for_nothing() -> None:
    class Failing(Told):
        def get_paginator(self, operation: str) -> Any:
            raise ClientError({"Error": {"Code": "InternalFailure"}}, operation)

    with pytest.raises(ClientError):
        routes.read(cast("Cloud", Failing()))


def test_the_targets_of_a_deleted_group_are_none() -> None:
    def describe(**_arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "TargetGroupNotFound"}}, "DescribeTargetHealth")

    cloud: Any = SimpleNamespace(client=lambda _service: SimpleNamespace(describe_target_health=describe))

    assert routes.targets(cloud, "group") == frozenset()
