"""Machines outside AWS: how they join, and what they may do."""

from __future__ import annotations

from typing import Any

from infra.settings import ExternalCapacity
from tests.unit.infra.cluster.capacity import ATTACHED, PROVIDER, declared, granted, trusts
from tests.unit.infra.recorder import Graph, Secret, once

ACTIVATION = "aws:ssm/activation:Activation"


@once
def _rack(**changes: Any) -> Graph:
    return declared("rack", ExternalCapacity(**{"type": "external", **changes}))


def test_so_many_machines_register_with_a_role_that_is_named_with_its_path() -> None:
    """SSM knows a role with a path by both, without the slash before them."""
    activation = _rack(machines=3, expires="2026-12-24T12:00:00Z").one(ACTIVATION, "cluster-capacity-rack")

    assert activation.inputs == {
        "description": "Registers machines outside AWS with an ECS cluster",
        "iamRole": "node-on-ecs-test/cluster-capacity-rack-machine-1a2b3c4",
        "registrationLimit": 3,
        "expirationDate": "2026-12-24T12:00:00Z",
    }


def test_the_command_by_which_a_machine_registers_is_a_secret() -> None:
    command = _rack().exports["registration_command"]

    assert isinstance(command, Secret)
    assert command.value == (
        "curl --proto '=https' -fsSLo /tmp/ecs-anywhere-install.sh "
        "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh && "
        "sudo bash /tmp/ecs-anywhere-install.sh --region us-east-1 --cluster cluster-1a2b3c4 "
        "--activation-id cluster-capacity-rack-id --activation-code a-code-of-twenty-chars"
    )


def test_there_is_no_provider_and_nothing_runs_there_by_default() -> None:
    graph = _rack()

    assert graph.all(PROVIDER) == []
    assert graph.one(ATTACHED).inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert graph.one(ATTACHED).inputs.get("defaultCapacityProviderStrategies", []) == []


def test_a_machine_keeps_itself_registered_and_reads_no_parameters() -> None:
    graph = _rack()
    actions = [
        action for one in granted(graph, "cluster-capacity-rack-machine").values() for action in one["Action"]
    ]

    assert trusts(graph, "cluster-capacity-rack-machine") == ["ssm.amazonaws.com"]
    assert {"ecs:RegisterContainerInstance", "ssm:UpdateInstanceInformation"} <= set(actions)
    assert not [action for action in actions if action.startswith("ssm:GetParameter") or "*" in action]
