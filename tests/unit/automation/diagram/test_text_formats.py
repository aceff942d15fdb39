"""Pictures for Graphviz and Mermaid."""

from __future__ import annotations

import re
from collections.abc import Callable

from automation.diagram.model import Picture
from automation.diagram.text_formats import dot, mermaid
from tests.unit.automation.diagram.conftest import drawn, service, subnet


def test_dot_has_nodes_and_edges(picture: Callable[[str], Picture]) -> None:
    text = dot(picture("prod"))

    assert text.startswith('digraph "prod" {\n')
    assert text.count("{") == text.count("}")
    assert '"listener load-balancer-https" -> "service web" [label="www.example.com"];' in text
    assert '"load balancer load-balancer" -> "listener load-balancer-https";' in text
    assert 'subgraph "cluster cluster" { label="ECS cluster Container Insights enabled";' in text


def test_mermaid_has_nodes_and_edges(picture: Callable[[str], Picture]) -> None:
    text = mermaid(picture("prod"))
    numbers = dict(re.findall(r'(n\d+)\["([^"<]*)', text))
    edges = re.findall(r"(n\d+) -->(?:\|\"(.*?)\"\|)? (n\d+)", text)

    assert text.startswith("flowchart TB\n")
    assert text.count("subgraph ") == text.count("\n  end")
    assert ("HTTPS 443", "www.example.com", "web") in [
        (numbers[a], label, numbers[b]) for a, label, b in edges
    ]


def test_the_label_of_a_service_has_its_subnets() -> None:
    """A service is in several zones, and a node in Graphviz only within one other."""
    picture = drawn(subnet("a"), subnet("b"), service("web", "a", "b"))

    assert r"web\n1 task\nFargate\nprivate subnets in a, b" in dot(picture)
    assert "web<br>1 task<br>Fargate<br>private subnets in a, b" in mermaid(picture)


def test_quotes_in_names_are_escaped() -> None:
    picture = drawn(service('a"b'))

    assert r'"service a\"b"' in dot(picture)
    assert '["a#quot;b<br>' in mermaid(picture)
