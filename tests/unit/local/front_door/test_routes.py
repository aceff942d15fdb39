"""Load balancer and listener of a host, by Route 53's records and the load balancers."""

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


class FakeCloud:
    """One load balancer, and the records of one hosted zone."""

    def __init__(
        self,
        *,
        records: dict[str, str] | None = None,
        listeners: list[dict[str, Any]] | None = None,
        rules: list[dict[str, Any]] | None = None,
    ) -> None:
        balancer = {"LoadBalancerArn": "arn", "LoadBalancerName": "web", "DNSName": NAME}
        aliases = [
            {"Name": name, "Type": "A", "AliasTarget": {"DNSName": target}}
            for name, target in (records or {}).items()
        ]
        name_servers = {"Name": "example.com.", "Type": "NS", "ResourceRecords": []}
        self._pages: dict[str, dict[str, Any]] = {
            "describe_load_balancers": {"LoadBalancers": [balancer]},
            "describe_listeners": {"Listeners": [HTTP] if listeners is None else listeners},
            "describe_rules": {"Rules": rules or []},
            "list_hosted_zones": {"HostedZones": [{"Id": "zone"}]},
            "list_resource_record_sets": {"ResourceRecordSets": [name_servers, *aliases]},
        }

    def client(self, _service: str) -> FakeCloud:
        return self

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_arguments: [self._pages[operation]])


def read(**resources: Any) -> routes.Routes:
    return routes.read(cast("Cloud", FakeCloud(**resources)))


def rule(*hosts: str) -> dict[str, Any]:
    return {
        "Priority": "1",
        "IsDefault": False,
        "Conditions": [{"Field": "host-header", "Values": list(hosts)}],
        "Actions": [{"Type": "forward", "TargetGroupArn": "group"}],
    }


@pytest.mark.parametrize("target", [NAME, f"{NAME}.", f"dualstack.{NAME}.", NAME.upper()])
def test_an_alias_record_routes_to_its_load_balancer(target: str) -> None:
    route = read(records={"dev.example.com.": target}).find("dev.example.com")

    assert route is not None
    assert route.load_balancer == "web"


def test_a_record_of_a_missing_load_balancer_has_no_route() -> None:
    table = read(records={"dev.example.com.": "missing.us-east-1.elb.amazonaws.com."})

    assert table.find("dev.example.com") is None


def test_a_wildcard_record_covers_hosts_without_their_own_record() -> None:
    table = read(records={"\\052.example.com.": NAME})

    assert table.find("a.example.com") is not None
    assert table.find("a.b.example.com") is not None
    assert table.find("example.com") is None


def test_a_host_in_a_rule_needs_no_record() -> None:
    table = read(rules=[rule("own.example.org")])

    assert table.find("own.example.org") is not None
    assert table.find("other.example.org") is None


def test_a_load_balancers_own_name_routes_to_it() -> None:
    assert read().find(NAME) is not None


@pytest.mark.parametrize(
    ("listeners", "port", "tls"),
    [([HTTP, HTTPS], 443, True), ([HTTPS, HTTP], 443, True), ([{**HTTP, "Port": 8443}, HTTP], 80, False)],
)
def test_https_is_preferred_to_http_and_the_usual_port_to_others(
    listeners: list[dict[str, Any]], port: int, *, tls: bool
) -> None:
    route = read(listeners=listeners).find(NAME)

    assert route is not None
    assert (route.listener_port, route.tls) == (port, tls)


def test_a_load_balancer_without_listeners_has_no_route() -> None:
    assert read(listeners=[]).find(NAME) is None


def test_hosts_include_load_balancers_only_if_they_have_no_record() -> None:
    table = read(records={"b.example.com.": NAME, "a.example.com.": NAME, "\\052.example.com.": NAME})

    assert table.hosts.keys() == {"a.example.com", "b.example.com"}
    assert read().hosts.keys() == {NAME}


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        ({"Protocol": "HTTPS", "Port": "443"}, "https://dev.example.com:443/a?b=c"),
        ({"Host": "www.example.com"}, "http://www.example.com:80/a?b=c"),
        ({"Path": "/x/#{path}", "Query": "#{query}&d=e"}, "http://dev.example.com:80/x/a?b=c&d=e"),
        ({"Path": "/", "Query": ""}, "http://dev.example.com:80/"),
    ],
)
def test_a_redirect_keeps_the_parts_that_it_does_not_set(redirect: dict[str, str], location: str) -> None:
    route = read().find(NAME)

    assert route is not None
    assert route.redirect_location(redirect, "dev.example.com", "/a?b=c") == location


def test_a_load_balancer_that_is_deleted_while_routes_are_read_has_no_route() -> None:
    """Another stack may be destroyed at the same time."""

    class Deleting(FakeCloud):
        def get_paginator(self, operation: str) -> Any:
            if operation == "describe_listeners":
                raise ClientError({"Error": {"Code": "LoadBalancerNotFound"}}, operation)
            return super().get_paginator(operation)

    assert routes.read(cast("Cloud", Deleting())).hosts == {}


def test_other_errors_of_the_emulator_are_raised() -> None:
    class Failing(FakeCloud):
        def get_paginator(self, operation: str) -> Any:
            raise ClientError({"Error": {"Code": "InternalFailure"}}, operation)

    with pytest.raises(ClientError):
        routes.read(cast("Cloud", Failing()))


def test_a_deleted_target_group_has_no_targets_and_no_stack() -> None:
    def refuse(**_arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "TargetGroupNotFound"}}, "Describe")

    elbv2 = SimpleNamespace(describe_target_health=refuse, describe_tags=refuse)
    cloud: Any = SimpleNamespace(client=lambda _service: elbv2)

    assert routes.targets(cloud, "group") == frozenset()
    assert routes.stack_of_group(cloud, "group") == ""
