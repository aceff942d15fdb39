"""Which services a stack has, by its state, and which one is meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedStack
from tests.unit.automation.fakes import CLUSTER, OUTPUTS, FakeStacks, deployed, resources, service_resource
from tests.unit.infra.rollout.aws import NEW, OLD, Aws


def found(stacks: FakeStacks, stack: str = "dev") -> DeployedStack:
    return DeployedStack.of(stacks, stack)  # type: ignore[arg-type]


def test_services_have_the_names_that_ecs_gave_them() -> None:
    service = deployed(Aws()).services["web-alice"]

    assert (service.service, service.cluster, service.task_definition) == ("web-alice-1a2b3c4", CLUSTER, NEW)


def test_after_an_update_that_failed_they_are_found_though_the_stack_has_no_outputs() -> None:
    """That is when one needs their status and logs most."""
    logs = {
        "type": "aws:cloudwatch/logGroup:LogGroup",
        "urn": "urn:logs",
        "outputs": {"name": "logs-1a2b3c4"},
    }

    stack = found(FakeStacks(state=[service_resource(), logs]))

    assert (list(stack.services), stack.log_group, stack.urls) == (["web"], "logs-1a2b3c4", {})


def test_the_task_definition_is_the_one_that_was_asked_for_whatever_ecs_rolled_back_to() -> None:
    stack = found(FakeStacks(state=[service_resource(taskDefinition=OLD)]))

    assert stack.service("web").task_definition == NEW


@pytest.mark.parametrize("state", [[], resources(OUTPUTS, "web")[:1]], ids=["no stack", "no services"])
def test_a_stack_without_services_says_what_creates_them(state: list[dict[str, object]]) -> None:
    with pytest.raises(AutomationError, match="`python -m automation up dev` creates them"):
        found(FakeStacks(state=state))


def test_without_a_name_the_stacks_own_service_is_meant() -> None:
    assert deployed(Aws()).service(None).name == "web"


def test_a_service_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(AutomationError, match="has no service 'bob': there are web, web-alice"):
        deployed(Aws()).service("bob")


def test_addresses_are_those_that_work_on_this_machine() -> None:
    stack = found(FakeStacks(is_local=True))

    assert stack.urls["web"] == "https://dev.example.com.here"


def test_the_health_check_is_asked_at_the_services_address() -> None:
    """An API without a page answers there, and not at its root."""
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
def test_a_health_check_that_the_address_does_not_answer_is_not_asked_there(changes: dict[str, Any]) -> None:
    stack = deployed(Aws())
    main = stack.settings.main.model_copy(update=changes)
    changed = replace(stack, settings=stack.settings.model_copy(update={"main": main}))

    assert changed.health_check_url("web") is None


@pytest.mark.parametrize(("attached_to", "base"), [("staging", "staging"), (None, "dev")])
def test_a_pull_requests_stack_without_its_file_is_in_the_account_of_its_base(
    tmp_path: Path, attached_to: str | None, base: str
) -> None:
    stacks = FakeStacks(state=resources({**OUTPUTS, "attached_to": attached_to}), root=tmp_path)

    found(stacks, "pr-12")

    assert stacks.asked_settings == [base]


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        ("nope", "stack 'nope' has no file Pulumi.nope.yaml: there are dev, prod, staging; "),
        ("prod", "stack 'prod' has no services yet: `python -m automation up prod` creates them"),
        ("pr-7", "stack 'pr-7' has no services yet: `python -m automation up pr-7` creates them"),
    ],
)
def test_a_stack_that_up_could_not_create_is_not_to_be_created_by_it(stack: str, says: str) -> None:
    with pytest.raises(AutomationError) as refused:
        found(FakeStacks(state=[]), stack)

    assert says in str(refused.value)
