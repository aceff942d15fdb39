"""Listener rules: which requests are a service's, and which are sent on."""

from __future__ import annotations

from typing import Any

import pytest

from infra.service.service import Service
from infra.settings.routing import redirect_priority
from tests.unit.infra.factories import held, service_args, service_settings
from tests.unit.infra.recorder import Graph, declare, once

RULE = "aws:lb/listenerRule:ListenerRule"


@once
def _graph(**settings: Any) -> Graph:
    return declare(lambda: Service("web", service_args(service_settings(**settings)), opts=held()))


@pytest.mark.parametrize(
    ("settings", "conditions"),
    [
        ({}, [{"hostHeader": {"values": ["www.example.com"]}}]),
        (
            {"aliases": ("example.com", "*.example.org")},
            [{"hostHeader": {"values": ["www.example.com", "example.com", "*.example.org"]}}],
        ),
        (
            {"paths": ("/api", "/api/*")},
            [
                {"hostHeader": {"values": ["www.example.com"]}},
                {"pathPattern": {"values": ["/api", "/api/*"]}},
            ],
        ),
        ({"host": None}, [{"pathPattern": {"values": ["/*"]}}]),
        ({"host": None, "paths": ("/api/*",)}, [{"pathPattern": {"values": ["/api/*"]}}]),
        ({"host": None, "path_prefix": "/alice"}, [{"pathPattern": {"values": ["/alice", "/alice/*"]}}]),
        (
            {"host": None, "path_prefix": "/alice", "paths": ("/api/*",)},
            [{"pathPattern": {"values": ["/alice/api/*"]}}],
        ),
    ],
)
def test_a_request_is_a_service_s_by_name_and_path(
    settings: dict[str, Any], conditions: list[dict[str, Any]]
) -> None:
    assert _graph(**settings).one(RULE, "web").inputs["conditions"] == conditions


def test_other_names_are_sent_on_with_path_and_query() -> None:
    graph = _graph(redirect_hosts=("example.com", "old.example.com"))
    rule = graph.one(RULE, "web-redirect").inputs

    assert rule == {
        "listenerArn": "arn:of:the:listener",
        "priority": redirect_priority(service_settings()),
        "conditions": [{"hostHeader": {"values": ["example.com", "old.example.com"]}}],
        # What is left out stays as it was asked for: #{protocol}, #{port}, #{path} and #{query}.
        "actions": [{"type": "redirect", "redirect": {"host": "www.example.com", "statusCode": "HTTP_301"}}],
    }
    assert rule["priority"] not in (graph.one(RULE, "web").inputs["priority"], 50_000)


def test_a_rule_that_moves_to_another_load_balancer_leaves_the_old_one_first() -> None:
    """A target group belongs to one load balancer at a time: with `internal` changed, the two would meet."""
    assert _graph().one(RULE, "web").delete_before_replace
