"""The gate after a rollout, in the program: on every update, in no preview, in front of the addresses."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.rollout.gate import RolloutError
from infra.rollout.look import Target
from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.recorder import Graph


class Follower:
    """Stands for following: keeps what it is asked, and answers what it is told to."""

    def __init__(self, failures: dict[str, list[str]] | None = None) -> None:
        self.failures = failures or {}
        self.targets: list[Target] = []
        self.clients: Any = None

    async def __call__(self, clients: Any, targets: list[Target], _say: Any) -> dict[str, list[str]]:
        self.clients, self.targets = clients, targets
        return self.failures


def test_every_service_is_followed_to_the_version_that_was_asked_for(declare_stack: DeclareStack) -> None:
    follower = Follower()

    graph = declare_stack("dev", follow_all=follower)

    names = ["web", "web-alice", "web-bob"]
    assert [one.name for one in follower.targets] == names
    assert [one.service for one in follower.targets] == [
        graph.exports["service_names"][name] for name in names
    ]
    assert {one.cluster for one in follower.targets} == {graph.exports["cluster_arn"]}
    assert {one.log_group for one in follower.targets} == {graph.exports["log_group_name"]}
    assert all(one.task_definition == _definition(graph, one.name) for one in follower.targets), (
        follower.targets
    )


@pytest.mark.parametrize("minutes", [1, 45])
def test_how_long_a_rollout_may_take_is_the_configuration_s(
    declare_stack: DeclareStack, minutes: int
) -> None:
    follower = Follower()

    declare_stack("dev", {"rollout-timeout-minutes": minutes}, follow_all=follower)

    assert {one.seconds for one in follower.targets} == {minutes * 60}


def test_a_preview_asks_nobody_and_shows_the_addresses(declare_stack: DeclareStack) -> None:
    follower = Follower({"web": ["it would fail"]})

    graph = declare_stack("dev", dry_run=True, follow_all=follower)

    assert follower.targets == []
    assert graph.exports["url"] == "https://dev.example.com"


def test_one_error_names_all_that_failed_and_why(declare_stack: DeclareStack) -> None:
    follower = Follower({"web": ["rolled back", "stopped: task 1", "  | no database"], "web-bob": ["gone"]})

    with pytest.raises(pulumi.RunError) as raised:
        declare_stack("dev", follow_all=follower)

    assert isinstance(raised.value, RolloutError)
    assert str(raised.value) == (
        "2 of 3 services do not run what this update asked for.\n"
        "\n"
        "web: rolled back\n"
        "  stopped: task 1\n"
        "    | no database\n"
        "\n"
        "web-bob: gone\n"
    )


def _definition(graph: Graph, name: str) -> str:
    return graph.component_outputs("node-on-ecs:infra:TaskDefinition", name)["arn"]
