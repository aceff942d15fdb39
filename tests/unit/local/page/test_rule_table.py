"""The rule that applies to a request, and why the others do not."""

from __future__ import annotations

from typing import Any

import pytest

from local.front_door.routes import NetworkListener, Route
from local.page import rule_table
from tests.unit.local.page.fakes import FORWARD, GROUP, HOST, ROUTES, host_is, path_is, routes_of, rule

SERVICES = {GROUP: ("dev", "web")}
REWRITE = {"Rewrites": [{"Regex": "^/api/?(.*)$", "Replace": "/$1"}]}
RULES = routes_of(
    rule(5, FORWARD, host_is(HOST), path_is("/api", "/api/*"), Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": REWRITE}]),
    rule(9, {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", "Host": "new.example.com"}}, host_is(HOST)),
)  # fmt: skip


def outcomes(host: str, path: str) -> list[tuple[str, str, str]]:
    choice = rule_table.choose(RULES, host, path, SERVICES)
    (balancer,) = rule_table.balancers_of(RULES, {}, SERVICES, choice)
    return [(row.priority, row.outcome, row.why) for row in balancer.rows]


def test_every_rule_shows_why_it_applies_or_not() -> None:
    assert outcomes(HOST, "/x?y") == [
        ("5", "does not match", "the path /x is not /api or /api/*"),
        ("9", "applies", "host is dev.example.com"),
        ("default", "not reached", "an earlier rule matched"),
    ]


def test_a_rewritten_path_is_shown() -> None:
    choice = rule_table.choose(RULES, HOST, "/api/a?b=c", SERVICES)

    assert choice.sentence == (
        "Rule 5 of balancer-1 applies and forwards to web of dev. The task gets the path /a?b=c."
    )


def test_a_host_without_a_record_has_no_rule() -> None:
    choice = rule_table.choose(RULES, "other.example.com", "/", SERVICES)

    assert (choice.balancer, choice.sentence) == ("", "There is no DNS record for other.example.com.")


@pytest.mark.parametrize(
    ("host", "path", "normalized"),
    [
        (" DEV.example.com.localhost:8080 ", "x", (HOST, "/x")),
        ("https://dev.example.com/api?q=1", "", (HOST, "/api?q=1")),
        ("dev.example.com/api", "/", (HOST, "/api")),
        ("dev.example.com", "", (HOST, "/")),
    ],
)
def test_hosts_and_addresses_can_be_pasted_from_a_browser(
    host: str, path: str, normalized: tuple[str, str]
) -> None:
    choice = rule_table.choose(RULES, host, path, SERVICES)

    assert (choice.host, choice.target) == normalized


def test_the_front_doors_own_code_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "rule_for", lambda route, _host, _target: route.rules[-1])

    assert rule_table.choose(RULES, HOST, "/", SERVICES).sentence.startswith("The default rule")


def test_rules_are_shown_in_words() -> None:
    (balancer,) = rule_table.balancers_of(RULES, {}, SERVICES)

    assert [(row.conditions, row.action, row.service) for row in balancer.rows] == [
        (["host is dev.example.com", "path is /api or /api/*"], "forwards to web of dev", ("dev", "web")),
        (["host is dev.example.com"], "redirects with 302 to #{protocol}://new.example.com:#{port}/#{path}", None),
        ([], "responds with 404 “none”", None),
    ]  # fmt: skip


def test_a_network_load_balancer_shows_its_listeners_and_their_local_addresses() -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/balancer-2/3"
    network: Any = {NetworkListener(arn, 25, GROUP, ("mail.example.com",)): "tcp://127.0.0.1:40025"}

    *_, balancer = rule_table.balancers_of(ROUTES, network, SERVICES)

    assert (balancer.name, balancer.listeners) == (
        "balancer-2", ["port 25, here tcp://127.0.0.1:40025, forwards to service web of dev"]
    )  # fmt: skip
