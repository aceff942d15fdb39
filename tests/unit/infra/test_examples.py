"""Every example in the documents is a stack that the real program declares."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.unit.infra.conftest import ROOT, DeclareStack
from tests.unit.infra.recorder import Graph

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))
SERVICE = "aws:ecs/service:Service"


def declare_example(declare_stack: DeclareStack, path: Path) -> Graph:
    """Declare an example as a stack of its own."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    keys = {name.removeprefix("node-on-ecs:"): value for name, value in config.items()}
    return declare_stack("example", keys, stack=path.stem)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_declares_services(declare_stack: DeclareStack, path: Path) -> None:
    graph = declare_example(declare_stack, path)

    assert graph.all(SERVICE)


def test_several_services_are_reached_by_paths_or_not_at_all(declare_stack: DeclareStack) -> None:
    graph = declare_example(declare_stack, ROOT / "docs" / "examples" / "several-services.yaml")
    rules = {
        one.name: [next(iter(condition.items())) for condition in one.inputs["conditions"]]
        for one in graph.all("aws:lb/listenerRule:ListenerRule")
    }

    assert rules == {
        "web": [("hostHeader", {"values": ["dev.example.com"]})],
        "api": [
            ("hostHeader", {"values": ["dev.example.com"]}),
            ("pathPattern", {"values": ["/api/*"]}),
        ],
        "web-alice": [("hostHeader", {"values": ["alice.dev.example.com"]})],
        "api-alice": [
            ("hostHeader", {"values": ["alice.dev.example.com"]}),
            ("pathPattern", {"values": ["/api/*"]}),
        ],
    }
    assert {one.name for one in graph.all(SERVICE)} == {"web", "api", "worker", "web-alice", "api-alice"}
    assert {one.name for one in graph.all("docker-build:index:Image")} == {"app", "api-image"}
    assert graph.exports["urls"] == {
        "web": "https://dev.example.com",
        "api": "https://dev.example.com/api/",
        "web-alice": "https://alice.dev.example.com",
        "api-alice": "https://alice.dev.example.com/api/",
    }
