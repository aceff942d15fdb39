"""Machines outside AWS: activation, registration command, permissions."""

from __future__ import annotations

from typing import Any

from infra.settings import ExternalCapacity
from tests.unit.infra.cluster.capacity import ATTACHED, PROVIDER, declare_capacity
from tests.unit.infra.recorder import Graph, Secret, once

ACTIVATION = "aws:ssm/activation:Activation"


@once
def _rack(**changes: Any) -> Graph:
    return declare_capacity("rack", ExternalCapacity(**{"type": "external", **changes}))


def test_activation_limits_machines_and_names_the_role_with_its_path() -> None:
    """SSM wants the path and the name, without the leading slash."""
    activation = _rack(machines=3, expires="2026-12-24T12:00:00Z").one(ACTIVATION, "cluster-capacity-rack")

    assert activation.inputs == {
        "description": "Registers machines outside AWS with an ECS cluster",
        "iamRole": "node-on-ecs-test/cluster-capacity-rack-machine-1a2b3c4",
        "registrationLimit": 3,
        "expirationDate": "2026-12-24T12:00:00Z",
    }


def test_registration_command_is_a_secret() -> None:
    command = _rack().exports["registration_command"]

    assert isinstance(command, Secret)
    assert command.value == (
        "curl --proto '=https' -fsSLo /tmp/ecs-anywhere-install.sh "
        "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh && "
        "sudo bash /tmp/ecs-anywhere-install.sh --region us-east-1 --cluster cluster-1a2b3c4 "
        "--activation-id cluster-capacity-rack-id --activation-code a-code-of-twenty-chars"
    )


def test_external_machines_have_no_capacity_provider() -> None:
    graph = _rack()

    assert graph.all(PROVIDER) == []
    assert graph.one(ATTACHED).inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert graph.one(ATTACHED).inputs.get("defaultCapacityProviderStrategies", []) == []


def test_machine_may_renew_its_registration_but_not_read_parameters() -> None:
    graph = _rack()
    actions = [
        action
        for statement in graph.statements("cluster-capacity-rack-machine").values()
        for action in statement["Action"]
    ]

    assert graph.trust("cluster-capacity-rack-machine")["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert {"ecs:RegisterContainerInstance", "ssm:UpdateInstanceInformation"} <= set(actions)
    assert not [action for action in actions if action.startswith("ssm:GetParameter") or "*" in action]
