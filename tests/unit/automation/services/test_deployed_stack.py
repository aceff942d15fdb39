"""The services of a stack, found in its state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedStack
from tests.unit.automation.fakes import (
    CLUSTER,
    OUTPUTS,
    FakeStacks,
    deployed,
    no_service,
    resources,
    service_resource,
)
from tests.unit.infra.rollout.aws import NEW, OLD, Aws, service


def found(stacks: FakeStacks, stack: str = "dev") -> DeployedStack:
    return DeployedStack.of(stacks, stack)  # type: ignore[arg-type]


def test_services_have_their_physical_names_cluster_and_task_definition() -> None:
    service = deployed(Aws()).services["web-alice"]

    assert (service.service, service.cluster, service.task_definition) == ("web-alice-1a2b3c4", CLUSTER, NEW)


def test_services_are_found_after_a_failed_update_that_left_no_outputs() -> None:
    """Status and logs are needed most then."""
    logs = {
        "type": "aws:cloudwatch/logGroup:LogGroup",
        "urn": "urn:logs",
        "outputs": {"name": "logs-1a2b3c4"},
    }

    stack = found(FakeStacks(state=[service_resource(), logs]))

    assert (list(stack.services), stack.log_group, stack.urls) == (["web"], "logs-1a2b3c4", {})


def test_the_task_definition_is_the_updates_own_after_a_rollback() -> None:
    stack = found(FakeStacks(state=[service_resource(taskDefinition=OLD)]))

    assert stack.service("web").task_definition == NEW


@pytest.mark.parametrize("state", [[], resources(OUTPUTS, "web")[:1]], ids=["no stack", "no services"])
def test_a_stack_without_services_is_an_error_that_names_the_command(state: list[dict[str, object]]) -> None:
    with pytest.raises(AutomationError, match="`python -m automation up dev` creates them"):
        found(FakeStacks(state=state))


def test_the_main_service_is_the_default() -> None:
    assert deployed(Aws()).service(None).name == "web"


def test_an_unknown_service_is_rejected_with_the_existing_ones() -> None:
    with pytest.raises(AutomationError, match="has no service 'bob': there are web, web-alice"):
        deployed(Aws()).service("bob")


def test_local_addresses_are_those_of_this_machine() -> None:
    stack = found(FakeStacks(is_local=True))

    assert stack.urls["web"] == "https://dev.example.com.local"


def test_the_health_check_url_is_its_path_at_the_services_address() -> None:
    """An API may not answer at its root."""
    assert deployed(Aws()).health_check_url("web-alice") == "https://alice.dev.example.com/readyz"


@pytest.mark.parametrize(
    "changes",
    [
        {"exposure": "tcp"},
        {"protocol_version": "grpc"},
        {"health_check_port": 9000},
        {"paths": ("/api/*",)},
    ],
)
def test_services_whose_address_does_not_serve_the_health_check_have_no_url(changes: dict[str, Any]) -> None:
    stack = deployed(Aws())
    main = stack.settings.main.model_copy(update=changes)
    changed = replace(stack, settings=stack.settings.model_copy(update={"main": main}))

    assert changed.health_check_url("web") is None


@pytest.mark.parametrize(("attached_to", "base"), [("staging", "staging"), (None, "dev")])
def test_a_preview_stack_without_a_file_is_in_the_account_of_its_base(
    tmp_path: Path, attached_to: str | None, base: str
) -> None:
    stacks = FakeStacks(state=resources({**OUTPUTS, "attached_to": attached_to}), root=tmp_path)

    found(stacks, "pr-12")

    assert stacks.requested_settings == [base]


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("nope", "stack 'nope' has no file Pulumi.nope.yaml: there are dev, prod, staging; "),
        ("prod", "stack 'prod' has no services yet: `python -m automation up prod` creates them"),
        ("pr-7", "stack 'pr-7' has no services yet: `python -m automation up pr-7` creates them"),
    ],
)
def test_an_unknown_stack_is_rejected_and_up_is_proposed_only_for_known_ones(
    stack: str, message: str
) -> None:
    with pytest.raises(AutomationError) as raised:
        found(FakeStacks(state=[]), stack)

    assert message in str(raised.value)


def test_describing_a_service_that_ecs_does_not_have_is_an_error_that_names_the_command() -> None:
    stack = deployed(Aws(describe_services=no_service()))

    with pytest.raises(AutomationError, match="`python -m automation up --refresh dev` creates it again"):
        stack.describe_existing(stack.service("web"))


def test_all_services_are_described_ten_at_a_time() -> None:
    names = [f"web-{number:02}" for number in range(11)]

    def describe(request: dict[str, Any]) -> dict[str, Any]:
        return {"services": [service(serviceName=name)["services"][0] for name in request["services"]]}

    aws = Aws(describe_services=describe)
    stack = replace(
        deployed(aws),
        services={name: replace(deployed(aws).services["web"], name=name, service=name) for name in names},
    )

    assert list(stack.describe_all()) == names
    assert [len(request["services"]) for request in aws.requests("describe_services")] == [10, 1]
