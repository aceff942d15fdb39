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

    async def __call__(self, clients: Any, targets: list[Target], *_: Any) -> dict[str, list[str]]:
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


def test_addresses_appear_only_when_all_is_well(declare_stack: DeclareStack) -> None:
    """Whoever reads the outputs must not find the address of a version that did not make it."""
    good, bad = Graph(), Graph()

    declare_stack("dev", follow_all=Follower(), graph=good)
    with pytest.raises(RolloutError):
        declare_stack("dev", follow_all=Follower({"web": ["rolled back"]}), graph=bad)

    assert _registered_by_stack(good)
    assert not _registered_by_stack(bad)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_alarms_that_the_service_listens_to_are_followed_too(
    declare_stack: DeclareStack, *, enabled: bool
) -> None:
    follower = Follower()

    graph = declare_stack(
        "dev",
        {"alarms": {"enabled": enabled, "extra": ["queue"]}, "multidev": []},
        follow_all=follower,
    )

    (target,) = follower.targets
    assert list(target.alarms) == graph.one("aws:ecs/service:Service").inputs["alarms"]["alarmNames"]
    assert ("queue" in target.alarms) is enabled


def test_only_a_service_with_a_schedule_may_be_asleep(declare_stack: DeclareStack) -> None:
    office, always = Follower(), Follower()
    evening = {"name": "evening", "cron": "0 18 ? * * *", "min-count": 0, "max-count": 0}
    declare_stack("dev", {"autoscaling": {"enabled": True, "schedule": [evening]}}, follow_all=office)
    declare_stack("prod", follow_all=always)

    assert {one.scheduled for one in office.targets} == {True}
    assert {one.scheduled for one in always.targets} == {False}


def test_a_strategy_that_waits_on_purpose_has_that_much_longer(declare_stack: DeclareStack) -> None:
    follower = Follower()
    pause = {"stages": ["POST_TEST_TRAFFIC_SHIFT"], "timeout-minutes": 60}
    canary = {"strategy": "canary", "canary-minutes": 10, "bake-minutes": 5, "hooks": [pause]}

    declare_stack("dev", {"rollout": canary, "rollout-timeout-minutes": 20}, follow_all=follower)

    assert {one.name: one.seconds / 60 for one in follower.targets} == {
        "web": 20 + 10 + 5 + 60,
        "web-alice": 20,
        "web-bob": 20,
    }


def test_a_rolling_deployment_has_the_time_that_its_alarms_take_to_ring(declare_stack: DeclareStack) -> None:
    """ECS waits for them before it calls the deployment done."""
    follower = Follower()
    alarms = {"enabled": True, "period-seconds": 300, "periods": 6}

    declare_stack("dev", {"alarms": alarms, "multidev": []}, follow_all=follower)

    assert [one.seconds / 60 for one in follower.targets] == [20 + 30]


def _registered_by_stack(graph: Graph) -> list[str]:
    return [urn for urn in graph.outputs if "::pulumi:pulumi:Stack::" in urn]


def _definition(graph: Graph, name: str) -> str:
    return graph.component_outputs("node-on-ecs:infra:TaskDefinition", name)["arn"]
